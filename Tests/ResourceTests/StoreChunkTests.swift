import LeptonTensor
import Synchronization
import Testing

import LeptonResources

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Large blobs: what checkpoints share, and what damage to a part of one does.
@Suite struct StoreChunkTests {
    private let folder = TemporaryFolder()
    private let store: Store
    private static let chunk = 1 << 20

    init() throws {
        store = try Store(path: folder.path + "/store")
    }

    /// Content without repetition.
    private static func content(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
    }

    @Test(arguments: [1, chunk - 1, chunk, chunk + 1, 3 * chunk, 3 * chunk + 5])
    func whatIsPutIsFoundWhateverItsSize(count: Int) throws {
        let content = Self.content(count, seed: 1)
        let digest = try store.put(content)
        #expect(digest == content.withUnsafeBytes { BlobDigest(of: $0) })
        #expect(try store.get(digest) == content)
        #expect(try store.map(digest).withUnsafeBytes { Array($0) } == content)
        #expect(try store.byteCount(of: digest) == count)
        let chunks = count <= Self.chunk ? 0 : (count - 1) / Self.chunk + 1
        let listed = try store.blobs()
        #expect(listed.map(\.digest) == [digest] && listed.map(\.byteCount) == [count])
        #expect(listed.map(\.chunks) == [chunks])
        #expect(try Store(path: store.path).bytesUsed() == store.bytesUsed())
        #expect(try store.put(content) == digest)
        #expect(try store.statistics().blobs == 1)
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func checkpointsThatDifferLittleShareChunks() throws {
        var content = Self.content(6 * Self.chunk, seed: 2)
        try store.setReference("step/1", store.put(content))
        let before = try store.bytesUsed()
        content[2 * Self.chunk + 17] ^= 1
        try store.setReference("step/2", store.put(content))
        let statistics = try store.statistics()
        #expect(statistics.chunks == 7)
        #expect(statistics.logicalBytes == 12 * Self.chunk)
        #expect(try store.bytesUsed() - before < Self.chunk + 1000)
        #expect(statistics.deduplication > 1.7)
        #expect(try store.reference("step/2").map { try store.get($0) } == content)

        // Without the first, the chunk that only it had goes.
        try store.removeReference("step/1")
        let removed = try store.collectGarbage(olderThan: 0)
        #expect(removed.removedBlobs == 1 && removed.removedChunks == 1)
        #expect(try store.reference("step/2").map { try store.get($0) } == content)
        #expect(try store.bytesUsed() == Store(path: store.path).bytesUsed())
    }

    @Test func removingABlobFreesTheChunksThatOnlyItHas() throws {
        let content = Self.content(3 * Self.chunk, seed: 8)
        let first = try store.put(content)
        let used = try store.bytesUsed()
        let second = try store.put(Array(content[..<(2 * Self.chunk)]) + Self.content(Self.chunk, seed: 9))
        try store.removeBlob(second)
        #expect(try store.bytesUsed() == used)
        #expect(try store.get(first) == content)
        try store.removeBlob(first)
        #expect(try store.bytesUsed() == 0)
        #expect(try store.statistics().chunks == 0)
    }

    @Test func aDamagedChunkIsDetectedIsolatedAndReplaced() throws {
        let (first, second) = (Self.content(2 * Self.chunk, seed: 3), Self.content(2 * Self.chunk, seed: 4))
        let (a, b) = (try store.put(first), try store.put(second))
        try store.setReference("a", a)
        try store.setReference("b", b)
        let chunk = Array(first[Self.chunk...]).withUnsafeBytes { BlobDigest(of: $0) }
        let path = store.path(ofChunk: chunk)
        let intact = try FileSystem.readFile(path, maximumBytes: Self.chunk)
        for damage in [Array(intact.dropLast()), [], Array(intact.dropLast()) + [intact.last! ^ 1]] {
            try FileSystem.writeAtomically(path, damage)
            let error = expectError(.corruptData) { () throws(LeptonError) in try store.get(a) }
            #expect(error.argument == path)
            expectError(.corruptData) { () throws(LeptonError) in try store.map(a) }
            #expect(try store.get(b) == second)
            #expect(try store.references() == ["a", "b"])
            let damages: [StoreDamage] = try store.verify()
            #expect(damages.map(\.name) == ["\(a)"])
            #expect(try store.put(first) == a)
            #expect(try store.get(a) == first)
        }
        try FileSystem.writeAtomically(store.path(ofManifest: a), [1, 2, 3])
        expectError(.corruptData) { () throws(LeptonError) in try store.get(a) }
        #expect(try store.blobs().map(\.digest) == [b])
        #expect(try store.statistics().damaged == 1)
        // What a list that cannot be read names may not be removed.
        let used = try store.bytesUsed()
        expectError(.corruptData) { () throws(LeptonError) in try store.collectGarbage(olderThan: 0) }
        #expect(try store.bytesUsed() == used)
        #expect(try store.put(first) == a)
        #expect(unlink(path) == 0)
        expectError(.corruptData) { () throws(LeptonError) in try store.get(a) }
        #expect(try store.put(first) == a)
        #expect(try (store.verify() as [StoreDamage]).isEmpty)
    }

    @Test func theQuotaCountsWhatIsStored() throws {
        let content = Self.content(2 * Self.chunk, seed: 5)
        let small = try Store(path: folder.path + "/small", capacityBytes: 3 * Self.chunk)
        let digest = try small.put(content)
        let before = try snapshot(small.blobsFolder).count
        // Shares its first chunk, and would fit but for the rest.
        let error = expectError(.resourceExhausted) { () throws(LeptonError) in
            try small.put(Array(content[..<Self.chunk]) + Self.content(Self.chunk, seed: 6))
        }
        #expect(error.argument == "storage")
        #expect(try snapshot(small.blobsFolder).count == before)
        #expect(try FileSystem.names(inFolder: small.stagingFolder).isEmpty)
        // What the store has already needs no room.
        let streamed = try small.put { (writer) throws(LeptonError) in try writer.write(content) }
        #expect(streamed == digest)
        #expect(try small.bytesUsed() == Store(path: small.path).bytesUsed())
    }

    @Test func garbageIsYoungAtFirst() throws {
        let clock = ManualClock()
        // The wall clock of the manual source stands still; this one moves with its monotonic clock.
        let time = TimeSource(
            monotonic: clock.source.monotonic, wall: { Int64(clock.source.monotonic()) + 1_700_000_000_000_000_000 })
        let store = try Store(path: folder.path + "/aging", time: time)
        let digest = try store.put([1, 2, 3])
        try store.setReference("kept", store.put([4]))
        clock.advance(seconds: 3599)
        let young = try store.collectGarbage()
        #expect(young.keptYoungBlobs == 1 && young.removedBlobs == 0)
        // Putting it again begins its time anew.
        _ = try store.put([1, 2, 3])
        clock.advance(seconds: 3599)
        #expect(try store.collectGarbage().removedBlobs == 0)
        clock.advance(seconds: 2)
        let planned = try store.collectGarbage(dryRun: true)
        #expect(planned.removedBlobs == 1 && planned.freedBytes == 3)
        #expect(try store.contains(digest))
        #expect(try store.collectGarbage() == planned)
        #expect(try store.contains(digest) == false)
        #expect(try store.references() == ["kept"])
        expectError(.invalidArgument) { () throws(LeptonError) in try store.collectGarbage(olderThan: -1) }
        expectError(.invalidArgument) { () throws(LeptonError) in try store.collectGarbage(olderThan: .nan) }
    }

    @Test func garbageIsNotCollectedFromUnderAWriter() throws {
        let content = Self.content(3 * Self.chunk, seed: 7)
        _ = try store.put(content)
        // A second writer finds the first chunks there already; then they are collected; then it goes on.
        let digest = try store.put { (writer) throws(LeptonError) in
            try writer.write(Array(content[..<(2 * Self.chunk + 1)]))
            try Store(path: store.path).collectGarbage(olderThan: 0)
            try writer.write(Array(content[(2 * Self.chunk + 1)...]))
        }
        #expect(try store.get(digest) == content)
        #expect(try store.bytesUsed() == Store(path: store.path).bytesUsed())
    }

    @Test func referencesAreSwappedOnlyWhenTheyAreAsExpected() throws {
        let (a, b) = (try store.put([1]), try store.put([2]))
        try store.setReference("x", a, expecting: nil)
        let taken = expectError(.invalidState) { () throws(LeptonError) in
            try store.setReference("x", b, expecting: nil)
        }
        #expect(taken.argument == "expecting" && taken.received == "none")
        expectError(.invalidState) { () throws(LeptonError) in try store.setReference("x", b, expecting: b) }
        expectError(.invalidState) { () throws(LeptonError) in try store.setReference("y", b, expecting: a) }
        expectError(.invalidState) { () throws(LeptonError) in try store.removeReference("x", expecting: b) }
        #expect(try store.reference("x") == a)
        try store.setReference("x", b, expecting: a)
        try store.removeReference("x", expecting: b)
        #expect(try store.references().isEmpty)
    }

    @Test func oneOfManyWhoSwapAtOnceSucceeds() async throws {
        let contents = try (0..<40).map { try store.put([UInt8($0)]) }
        try store.setReference("count", contents[0])
        let other = try Store(path: store.path)
        let failures = Mutex<[LeptonError]>([])
        await onThreads(4) { [store] index in
            let store = index % 2 == 0 ? store : other
            for _ in 0..<5 {
                do throws(LeptonError) {
                    // A counter that is raised twenty times, by whoever comes first.
                    while try !StoreChunkTests.raise("count", of: store, contents) {}
                } catch {
                    failures.withLock { $0.append(error) }
                }
            }
        }
        #expect(failures.withLock { $0 } == [])
        #expect(try store.reference("count") == contents[20])
    }

    private static func raise(
        _ name: String, of store: Store, _ contents: [BlobDigest]
    ) throws(LeptonError) -> Bool {
        guard let now = try store.reference(name) else { return false }
        let number = Int(try store.get(now)[0])
        do {
            try store.setReference(name, contents[number + 1], expecting: now)
            return true
        } catch  where error.code == .invalidState {
            return false
        }
    }

    @Test func aDamagedReferenceKeepsGarbageAndOtherReferences() throws {
        try store.setReference("a", store.put([1]))
        try store.setReference("b", store.put([2]))
        let file = store.referencesFolder + "/" + (try FileSystem.names(inFolder: store.referencesFolder)[0])
        var bytes = try FileSystem.readFile(file, maximumBytes: 1000)
        // Another digit gives a digest that looks as good as the right one.
        bytes[3] = bytes[3] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        try FileSystem.writeAtomically(file, bytes)
        #expect(try store.references().count == 1)
        expectError(.corruptData) { () throws(LeptonError) in try store.collectGarbage(olderThan: 0) }
        let damages: [StoreDamage] = try store.verify()
        #expect(damages.map(\.kind) == [.reference])
        #expect(try store.statistics().blobs == 2)
    }
}
