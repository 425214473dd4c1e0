import LeptonTensor
import Synchronization
import Testing

import LeptonResources

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct StoreTests {
    private let folder = TemporaryFolder()
    private let store: Store

    init() throws {
        store = try Store(path: folder.path + "/store")
    }

    @Test func blobsAreNamedByTheirContent() throws {
        // The example of FIPS 180-4.
        let digest = try store.put(Array("abc".utf8))
        #expect("\(digest)" == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            store.path(of: digest).hasSuffix("/blobs/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        )
        #expect(try store.get(digest) == Array("abc".utf8))
        #expect(try store.contains(digest))
        #expect(try store.byteCount(of: digest) == 3)
    }

    @Test func equalContentIsStoredOnce() throws {
        let content = [UInt8](repeating: 3, count: 5000)
        let first = try store.put(content)
        let before = try snapshot(store.blobsFolder)
        let streamed = try store.put { (writer) throws(LeptonError) in
            for part in 0..<5 {
                try writer.write(Array(content[part * 1000..<(part + 1) * 1000]))
                #expect(writer.byteCount == (part + 1) * 1000)
            }
        }
        #expect(try store.put(content) == first)
        #expect(streamed == first)
        #expect(try snapshot(store.blobsFolder) == before)
        #expect(try store.bytesUsed() == 5000)
    }

    @Test func anEmptyBlobIsABlob() throws {
        let digest = try store.put([UInt8]())
        #expect(try store.get(digest) == [])
        let mapped = try store.map(digest)
        #expect(mapped.count == 0 && mapped.bytes.isEmpty)
    }

    @Test func aMappedBlobOutlivesItsFile() throws {
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let digest = try store.put(content)
        let mapped = try store.map(digest)
        try store.removeBlob(digest)
        #expect(mapped.withUnsafeBytes { Array($0) } == content)
        #expect(try store.contains(digest) == false)
        #expect(try store.bytesUsed() == 0)
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func absentBlobsAreNotFound() throws {
        let digest = try BlobDigest(hexadecimal: String(repeating: "A1", count: 32))
        #expect(digest.hexadecimal == String(repeating: "a1", count: 32))
        expectError(.notFound) { () throws(LeptonError) in try store.get(digest) }
        expectError(.notFound) { () throws(LeptonError) in try store.map(digest) }
        expectError(.notFound) { () throws(LeptonError) in try store.byteCount(of: digest) }
        expectError(.notFound) { () throws(LeptonError) in try store.removeBlob(digest) }
        expectError(.notFound) { () throws(LeptonError) in try store.setReference("x", digest) }
        for bad in ["", "ab", String(repeating: "g", count: 64), "../" + String(repeating: "a", count: 61)] {
            expectError(.invalidArgument) { () throws(LeptonError) in try BlobDigest(hexadecimal: bad) }
        }
    }

    @Test func damageIsDetectedAndRepairedByStoringAgain() throws {
        let content = [UInt8](repeating: 1, count: 1000)
        let digest = try store.put(content)
        let damaged: [[UInt8]] = [[2] + content.dropFirst(), Array(content.dropLast()), []]
        for bytes in damaged {
            try FileSystem.writeAtomically(store.path(of: digest), bytes)
            let error = expectError(.corruptData) { () throws(LeptonError) in try store.get(digest) }
            #expect(error.argument == store.path(of: digest))
            expectError(.corruptData) { () throws(LeptonError) in try store.map(digest) }
            #expect(openFiles(under: folder.path).isEmpty)
            #expect(try store.put(content) == digest)
            #expect(try store.get(digest) == content)
        }
        #expect(try Store(path: store.path).bytesUsed() == 1000)
    }

    @Test func theQuotaIsEnforced() throws {
        let small = try Store(path: folder.path + "/small", capacityBytes: 100)
        let kept = try small.put([UInt8](repeating: 1, count: 60))
        let before = try snapshot(small.blobsFolder)
        let error = expectError(.resourceExhausted) { () throws(LeptonError) in
            try small.put([UInt8](repeating: 2, count: 41))
        }
        #expect(error.argument == "storage")
        #expect(error.received == "41 bytes")
        #expect(error.expected?.contains("40 bytes") == true)
        expectError(.resourceExhausted) { () throws(LeptonError) in
            try small.put { (writer) throws(LeptonError) in
                try writer.write([UInt8](repeating: 3, count: 40))
                try writer.write([1])
            }
        }
        #expect(try snapshot(small.blobsFolder) == before)
        #expect(try FileSystem.names(inFolder: small.stagingFolder).isEmpty)
        #expect(try small.bytesUsed() == 60)
        // What is there already needs no room.
        #expect(try small.put([UInt8](repeating: 1, count: 60)) == kept)
        _ = try small.put([UInt8](repeating: 2, count: 40))
        try small.removeBlob(kept)
        _ = try small.put([UInt8](repeating: 4, count: 60))
        #expect(try small.bytesUsed() == 100)
    }

    @Test func aFailingWriterLeavesNothing() throws {
        let before = try snapshot(store.path)
        expectError(.cancelled) { () throws(LeptonError) in
            try store.put { (writer) throws(LeptonError) in
                try writer.write([1, 2, 3])
                throw LeptonError(.cancelled, "stop")
            }
        }
        #expect(try snapshot(store.path) == before)
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func referencesNameBlobs() throws {
        let (a, b) = (try store.put([1]), try store.put([2]))
        #expect(try store.reference("churn/x") == nil)
        try store.setReference("churn/x", a)
        try store.setReference("模型 1", b)
        #expect(try store.reference("churn/x") == a)
        try store.setReference("churn/x", b)
        #expect(try store.reference("churn/x") == b)
        #expect(try store.references() == ["churn/x", "模型 1"])
        let error = expectError(.invalidState) { () throws(LeptonError) in try store.removeBlob(b) }
        #expect(error.message.contains("'"))
        try store.removeReference("churn/x")
        try store.removeReference("模型 1")
        expectError(.notFound) { () throws(LeptonError) in try store.removeReference("churn/x") }
        try store.removeBlob(b)
        #expect(try store.references().isEmpty)
        #expect(try store.get(a) == [1])
    }

    @Test(arguments: [
        "", ".", "..", "../x", "a/../b", "/etc/passwd", "a//b", "a/", "a\0b", "a\nb",
        String(repeating: "x", count: 256),
    ])
    func badNamesAreRefused(name: String) throws {
        let digest = try store.put([1])
        let before = try snapshot(folder.path)
        for attempt in 0..<3 {
            let error = expectError(.invalidArgument) { () throws(LeptonError) in
                switch attempt {
                case 0: try store.setReference(name, digest)
                case 1: _ = try store.reference(name)
                default: try store.removeReference(name)
                }
            }
            #expect(error.argument == "name")
        }
        #expect(try snapshot(folder.path) == before)
    }

    @Test func aDamagedReferenceIsDetected() throws {
        let digest = try store.put([1])
        try store.setReference("model", digest)
        try store.setReference("other", digest)
        let files = try FileSystem.names(inFolder: store.referencesFolder).map { store.referencesFolder + "/" + $0 }
        for content in ["", "abc", "\(digest)\n", String(repeating: "x", count: 5000), "\(digest)\nwrong\n"] {
            for file in files { try FileSystem.writeAtomically(file, Array(content.utf8)) }
            expectError(.corruptData) { () throws(LeptonError) in try store.reference("model") }
        }
    }

    @Test func manyWritersOnTwoObjectsAgree() async throws {
        let other = try Store(path: store.path)
        let failures = Mutex<[LeptonError]>([])
        await onThreads(8) { [store] index in
            do throws(LeptonError) {
                for round in 0..<10 {
                    let store = index % 2 == 0 ? store : other
                    // Half of the contents are shared between threads.
                    let content = [UInt8](repeating: UInt8(round), count: 100) + [round % 2 == 0 ? 0 : UInt8(index)]
                    let digest = try store.put(content)
                    try store.setReference("name-\(round)", digest)
                    if try store.get(digest) != content { throw LeptonError(.corruptData, "other content") }
                }
            } catch {
                failures.withLock { $0.append(error) }
            }
        }
        #expect(failures.withLock { $0 } == [])
        // 5 shared blobs, and 5 of each of 8 threads.
        #expect(try store.bytesUsed() == 45 * 101)
        #expect(try Store(path: store.path).bytesUsed() == 45 * 101)
        #expect(try store.references().count == 10)
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func twoWritersCannotExceedTheQuotaTogether() async throws {
        let path = folder.path + "/shared"
        let stores = try (0..<2).map { _ in try Store(path: path, capacityBytes: 500) }
        await onThreads(8) { index in
            for round in 0..<4 {
                _ = try? stores[index % 2].put([UInt8](repeating: UInt8(index * 4 + round), count: 100))
            }
        }
        #expect(try stores[0].bytesUsed() == 500)
        #expect(try Store(path: path).bytesUsed() == 500)
    }
}
