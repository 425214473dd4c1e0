import LeptonTensor
import Testing

import LeptonResources

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a store has promised to hold.
private struct Promises {
    var blobs: [BlobDigest: [UInt8]] = [:]
    /// What a reference may stand for: one thing, or while it is being changed the old and the new.
    var references: [String: [BlobDigest?]] = [:]
    /// The keys that may open it, while they are being changed.
    var keys: [StoreKey?] = [nil]
    /// A blob that was damaged on purpose, until it is put again.
    var damaged: BlobDigest?
}

/// One kind of change, with what must hold before, in the middle and after.
enum StoreChange: String, CaseIterable, Sendable {
    case open, putSmall, putLarge, putSharing, putAgain, putOverDamage, setReference, swapReference, removeReference
    case removeBlob, collectGarbage, rotateKey
}

/// After a fault at any operation of any change, a store opens and holds everything that it has acknowledged.
@Suite struct StoreCrashTests {
    private static let keys = [
        StoreKey.bytes([UInt8](repeating: 7, count: 32)), StoreKey.bytes([UInt8](repeating: 8, count: 32)),
    ]
    private static let small = [UInt8](repeating: 5, count: 900)
    private static let large = (0..<14_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
    private static let sharing = Array(large[..<9000]) + [UInt8](repeating: 9, count: 6000)

    private static func openStore(_ path: String, _ key: StoreKey?) throws(LeptonError) -> Store {
        try Store(path: path, encryption: key, time: .system, plan: ChunkPlan(first: 4096))
    }

    /// A store with something in it, before the change.
    private static func prepare(_ path: String, for change: StoreChange, _ key: StoreKey?) throws -> Promises {
        var promises = Promises()
        promises.keys = [key]
        guard change != .open else { return promises }
        let store = try openStore(path, key)
        for content in [[1, 2, 3], large] {
            let digest = try store.put(content)
            promises.blobs[digest] = content
            try store.setReference("kept/\(content.count)", digest)
            promises.references["kept/\(content.count)"] = [digest]
        }
        switch change {
        case .collectGarbage, .removeBlob:
            _ = try store.put(small)
            _ = try store.put(sharing)
        case .putAgain:
            promises.blobs[try store.put(small)] = small
        case .putOverDamage:
            let before = Set(try store.storedFiles(in: store.chunksFolder).map(\.path))
            promises.damaged = try store.put(sharing)
            let own = try store.storedFiles(in: store.chunksFolder).map(\.path).filter { !before.contains($0) }
            let file = try #require(own.first)
            try FileSystem.writeAtomically(file, Array(FileSystem.readFile(file, maximumBytes: 1 << 20).dropLast()))
        default: break
        }
        return promises
    }

    /// Makes the change, and says in `promises` what may be expected meanwhile and afterwards.
    private static func perform(
        _ change: StoreChange, _ path: String, _ key: StoreKey?, _ promises: inout Promises
    ) throws(LeptonError) {
        let store = try openStore(path, key)
        let kept: BlobDigest? = promises.references["kept/3"]?.first ?? nil
        func put(_ content: [UInt8]) throws(LeptonError) {
            let digest = try store.put { (writer) throws(LeptonError) in
                for start in stride(from: 0, to: content.count, by: 3000) {
                    try writer.write(Array(content[start..<min(start + 3000, content.count)]))
                }
            }
            promises.blobs[digest] = content
        }
        func refer(_ value: BlobDigest?, _ body: () throws(LeptonError) -> Void) throws(LeptonError) {
            let before = promises.references["kept/14000"] ?? []
            // What it stood for has no other name.
            for case let old? in before { promises.blobs[old] = nil }
            promises.references["kept/14000"] = before + [value]
            try body()
            promises.references["kept/14000"] = [value]
        }
        switch change {
        case .open: break
        case .putSmall: try put(small)
        case .putLarge: try put(large + small)
        case .putSharing, .putOverDamage:
            try put(sharing)
            promises.damaged = nil
        case .putAgain: promises.blobs[try store.put(small)] = small
        case .setReference:
            try refer(kept) { () throws(LeptonError) in if let kept { try store.setReference("kept/14000", kept) } }
        case .swapReference:
            let old = try store.reference("kept/14000")
            try refer(kept) { () throws(LeptonError) in
                if let kept { try store.setReference("kept/14000", kept, expecting: old) }
            }
        case .removeReference:
            try refer(nil) { () throws(LeptonError) in try store.removeReference("kept/14000") }
        case .removeBlob:
            for content in [small, sharing] {
                try store.removeBlob(content.withUnsafeBufferPointer { store.digest(of: UnsafeRawBufferPointer($0)) })
            }
        case .collectGarbage: try store.collectGarbage(olderThan: 0)
        case .rotateKey:
            promises.keys = [key, keys[1]]
            try store.rotateKey(to: keys[1])
            promises.keys = [keys[1]]
        }
    }

    /// The store opens, holds what it promised, finds nothing wrong with itself, and can be used.
    private static func check(_ path: String, _ promises: Promises, _ what: String) throws {
        var opened: Store?
        var fitting: StoreKey?
        for key in promises.keys where opened == nil {
            do throws(LeptonError) {
                opened = try openStore(path, key)
                fitting = key
            } catch {
                #expect(error.code == .permissionDenied, "\(what): \(error)")
            }
        }
        let store = try #require(opened, "\(what): no key opens the store")
        for (digest, content) in promises.blobs { #expect(try store.get(digest) == content, "\(what)") }
        for (name, allowed) in promises.references {
            #expect(try allowed.contains(store.reference(name)), "\(what): \(name)")
        }
        let damages: [StoreDamage] = try store.verify()
        #expect(damages.filter { $0.name != promises.damaged?.hexadecimal } == [], "\(what)")
        #expect(try FileSystem.names(inFolder: store.stagingFolder) == [], "\(what)")
        let used = try store.bytesUsed()
        #expect(try store.put([4, 4, 4]).hexadecimal.isEmpty == false)
        try store.collectGarbage(olderThan: 0)
        #expect(try store.bytesUsed() <= used, "\(what)")
        #expect(try openStore(path, fitting).isEncrypted == store.isEncrypted)
    }

    /// The number of operations that a change takes when all goes well.
    private static func countOperations(_ change: StoreChange, _ key: StoreKey?) throws -> Int {
        let folder = TemporaryFolder(inMemory: true)
        var promises = try prepare(folder.path + "/store", for: change, key)
        let disk = FaultyDisk()
        try FileSystem.$witness.withValue(disk) { try perform(change, folder.path + "/store", key, &promises) }
        return disk.count
    }

    @Test(arguments: StoreChange.allCases, [false, true])
    func aCrashAtAnyOperationLosesNothing(change: StoreChange, sealed: Bool) throws {
        guard sealed || change != .rotateKey else { return }
        let key = sealed ? Self.keys[0] : nil
        let total = try Self.countOperations(change, key)
        #expect(total > 0)
        for at in 0...total {
            let folder = TemporaryFolder(inMemory: true)
            let path = folder.path + "/store"
            var promises = try Self.prepare(path, for: change, key)
            let disk = FaultyDisk(.crash(at: at))
            disk.adopt(folder.path)
            do {
                try FileSystem.$witness.withValue(disk) { try Self.perform(change, path, key, &promises) }
            } catch let error as LeptonError {
                #expect(at < total, "\(error)")
            }
            try disk.copySafeContent(of: folder.path, to: folder.path + "-power")
            try disk.copyNamesWithSafeContent(of: folder.path, to: folder.path + "-names")
            defer {
                TemporaryFolder.remove(folder.path + "-power")
                TemporaryFolder.remove(folder.path + "-names")
            }
            let what = "\(change) stopped before operation \(at) of \(total)"
            try Self.check(folder.path + "-power/store", promises, what + ", power lost")
            try Self.check(folder.path + "-names/store", promises, what + ", unsynced content lost")
            try Self.check(path, promises, what)
            #expect(openFiles(under: folder.path).isEmpty)
        }
    }

    @Test(arguments: StoreChange.allCases, [false, true])
    func aFailureAtAnyOperationIsReportedAndCanBeRepeated(change: StoreChange, sealed: Bool) throws {
        guard sealed || change != .rotateKey else { return }
        let key = sealed ? Self.keys[0] : nil
        let total = try Self.countOperations(change, key)
        for at in 0..<total {
            for (code, length) in [(EIO, 1), (ENOSPC, Int.max / 2)] {
                let folder = TemporaryFolder(inMemory: true)
                let path = folder.path + "/store"
                var promises = try Self.prepare(path, for: change, key)
                let disk = FaultyDisk(.fail(at: at, code: code, for: length))
                let what = "\(change) with failing operation \(at) of \(total)"
                var failed: LeptonError?
                do {
                    try FileSystem.$witness.withValue(disk) { try Self.perform(change, path, key, &promises) }
                } catch let error as LeptonError {
                    failed = error
                    #expect(error.code == .io, "\(what): \(error)")
                }
                try Self.check(path, promises, what)
                // Nothing is in the way of doing it again, unless it was done.
                if failed != nil, ![.removeBlob, .removeReference, .rotateKey].contains(change) {
                    try Self.perform(change, path, key, &promises)
                    try Self.check(path, promises, what + ", repeated")
                }
                #expect(openFiles(under: folder.path).isEmpty)
            }
        }
    }
}
