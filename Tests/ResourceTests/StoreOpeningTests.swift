import LeptonTensor
import Testing

import LeptonResources

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct StoreOpeningTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.path + "/store" }

    @Test func makesAndReopensAStore() throws {
        let digest = try Store(path: path).put([1, 2, 3])
        let again = try Store(path: path + "/../store/")
        #expect(again.path == (try FileSystem.resolve(path)))
        #expect(try again.get(digest) == [1, 2, 3])
        #expect(try again.bytesUsed() == 3)
        #expect(try FileSystem.status(path).map { $0.st_mode & 0o777 } == 0o700)
    }

    @Test func anEmptyFolderBecomesAStore() throws {
        mkdir(path, 0o755)
        // A fresh volume, and what a crash in the middle of making a store leaves.
        mkdir(path + "/lost+found", 0o700)
        try FileSystem.writeAtomically(path + "/.lepton-12ab.tmp", [1])
        _ = try Store(path: path)
        _ = try Store(path: path)
    }

    @Test func aFolderOfSomeoneElseIsRefusedAndUntouched() throws {
        mkdir(path, 0o755)
        try FileSystem.writeAtomically(path + "/thesis.txt", [1])
        let before = try snapshot(folder.path)
        let error = expectError(.permissionDenied) { () throws(LeptonError) in try Store(path: path) }
        #expect(error.message.contains("thesis.txt"))
        #expect(try snapshot(folder.path) == before)
    }

    @Test func unknownVersionsAndDamagedMarkersAreRefused() throws {
        _ = try Store(path: path)
        let marker = path + "/lepton-store.json"
        let cases: [(String, LeptonError.Code)] = [
            (#"{"format": "lepton-store", "version": 3}"#, .notSupported),
            (#"{"format": "lepton-store"}"#, .corruptData), (#"{"format": "other", "version": 2}"#, .corruptData),
            ("", .corruptData), ("{", .corruptData), ("[1]", .corruptData),
        ]
        for (text, code) in cases {
            try FileSystem.writeAtomically(marker, Array(text.utf8))
            let before = try snapshot(path)
            expectError(code) { () throws(LeptonError) in try Store(path: path) }
            #expect(try snapshot(path) == before)
        }
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func placesWithoutAFolderAreRefused() throws {
        try FileSystem.writeAtomically(folder.path + "/file", [1])
        let before = try snapshot(folder.path)
        let isFile = expectError(.invalidArgument) { () throws(LeptonError) in
            try Store(path: folder.path + "/file")
        }
        #expect(isFile.received?.contains("a file") == true)
        let noParent = expectError(.invalidArgument) { () throws(LeptonError) in
            try Store(path: folder.path + "/none/store")
        }
        #expect(noParent.received?.contains("no folder") == true)
        expectError(.io) { () throws(LeptonError) in try Store(path: folder.path + "/file/store") }
        for bad in ["", "a\0b"] {
            let error = expectError(.invalidArgument) { () throws(LeptonError) in try Store(path: bad) }
            #expect(error.argument == "store_path")
        }
        let capacity = expectError(.invalidArgument) { () throws(LeptonError) in
            try Store(path: path, capacityBytes: -1)
        }
        #expect(capacity.argument == "capacity_bytes")
        #expect(try snapshot(folder.path) == before)
    }

    // Permissions do not bind the superuser.
    @Test(.enabled(if: geteuid() != 0)) func aReadOnlyFolderIsRefusedAndUntouched() throws {
        chmod(folder.path, 0o500)
        defer { chmod(folder.path, 0o700) }
        let error = expectError(.permissionDenied) { () throws(LeptonError) in try Store(path: path) }
        #expect(error.message.contains("Permission denied"))
        chmod(folder.path, 0o700)
        let store = try Store(path: path)
        let before = try snapshot(path)
        chmod(path + "/staging", 0o500)
        defer { chmod(path + "/staging", 0o700) }
        expectError(.permissionDenied) { () throws(LeptonError) in try store.put([1]) }
        #expect(try snapshot(path) == before)
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func leftoversOfACrashAreRemoved() throws {
        let store = try Store(path: path)
        let digest = try store.put([1, 2, 3])
        try FileSystem.writeAtomically(store.stagingFolder + "/.lepton-dead.tmp", [9, 9])
        // A crash between a rename and the new count leaves the lock file empty.
        #expect(truncate(path + "/lock", 0) == 0)
        #expect(try store.bytesUsed() == 3)
        let again = try Store(path: path)
        #expect(try FileSystem.names(inFolder: again.stagingFolder).isEmpty)
        #expect(try again.bytesUsed() == 3)
        #expect(try again.get(digest) == [1, 2, 3])
    }

    @Test func openingDoesNotDisturbAWriter() throws {
        let store = try Store(path: path)
        let digest = try store.put { (writer) throws(LeptonError) in
            try writer.write([1, 2])
            let other = try Store(path: path)
            _ = try other.put([5])
            try writer.write([3])
        }
        #expect(try store.get(digest) == [1, 2, 3])
        #expect(try store.bytesUsed() == 4)
    }

    #if os(Linux)
        @Test func aFullDiskIsReportedAndLeavesTheStoreAsItWas() throws {
            let disk = folder.path + "/disk"
            mkdir(disk, 0o700)
            // Needs the right to mount; without it there is nothing to test.
            guard mount("tmpfs", disk, "tmpfs", 0, "size=256k") == 0 else { return }
            defer { umount(disk) }
            let store = try Store(path: disk + "/store")
            let kept = try store.put([1, 2, 3])
            let before = try snapshot(disk)
            let error = expectError(.io) { () throws(LeptonError) in
                try store.put([UInt8](repeating: 7, count: 1 << 20))
            }
            #expect(error.message.contains("No space left on device"))
            #expect(try snapshot(disk) == before)
            #expect(try store.get(kept) == [1, 2, 3])
            #expect(openFiles(under: disk).isEmpty)
            // Nor can a store be made where there is no room for it.
            var filler = [UInt8](repeating: 1, count: 4096)
            for index in 0..<1000 {
                filler[0] = UInt8(truncatingIfNeeded: index)
                do { try FileSystem.writeAtomically(disk + "/filler\(index)", filler) } catch { break }
            }
            expectError(.io) { () throws(LeptonError) in try Store(path: disk + "/second") }
            #expect(try FileSystem.status(disk + "/second") == nil)
        }
    #endif
}
