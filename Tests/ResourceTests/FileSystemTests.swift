import LeptonTensor
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct FileSystemTests {
    private let folder = TemporaryFolder()

    private func read(_ path: String) throws(LeptonError) -> [UInt8] {
        try FileSystem.readFile(path, maximumBytes: 1 << 20)
    }

    @Test func aFileIsReplacedAsAWhole() throws {
        let path = folder.path + "/model"
        try FileSystem.writeAtomically(path, [1, 2, 3])
        chmod(path, 0o640)
        try FileSystem.writeAtomically(path, [4])
        #expect(try read(path) == [4])
        #expect(try FileSystem.status(path).map { $0.st_mode & 0o777 } == 0o640)
        #expect(try FileSystem.names(inFolder: folder.path) == ["model"])
    }

    @Test func anUncommittedFileLeavesTheOldOne() throws {
        let path = folder.path + "/model"
        try FileSystem.writeAtomically(path, [1, 2, 3])
        do {
            var file = try AtomicFile(replacing: path)
            try [UInt8](repeating: 9, count: 100_000).withUnsafeBytes { try file.write($0) }
            #expect(file.byteCount == 100_000)
            #expect(try FileSystem.names(inFolder: folder.path).contains { AtomicFile.isTemporaryName($0) })
        }
        #expect(try read(path) == [1, 2, 3])
        #expect(try FileSystem.names(inFolder: folder.path) == ["model"])
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func aSymbolicLinkIsFollowed() throws {
        let path = folder.path + "/real"
        try FileSystem.writeAtomically(path, [1])
        #expect(symlink(path, folder.path + "/link") == 0)
        try FileSystem.writeAtomically(folder.path + "/link", [2])
        #expect(try read(path) == [2])
        #expect(try FileSystem.resolve(folder.path + "/link") == FileSystem.resolve(path))
    }

    @Test func whatIsNoFileIsNotReplaced() {
        expectError(.invalidArgument) { () throws(LeptonError) in try FileSystem.writeAtomically("/dev/null", [1]) }
        expectError(.invalidArgument) { () throws(LeptonError) in try FileSystem.writeAtomically(folder.path, [1]) }
        expectError(.invalidArgument) { () throws(LeptonError) in try FileSystem.writeAtomically("", [1]) }
        expectError(.invalidArgument) { () throws(LeptonError) in try FileSystem.writeAtomically("a\0b", [1]) }
        let error = expectError(.notFound) { () throws(LeptonError) in
            try FileSystem.writeAtomically(folder.path + "/none/model", [1])
        }
        #expect(error.received == "no folder '\(folder.path)/none'")
    }

    @Test func readingHasALimit() throws {
        let path = folder.path + "/data"
        let content = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        try FileSystem.writeAtomically(path, content)
        #expect(try FileSystem.readFile(path, maximumBytes: 100_000) == content)
        let error = expectError(.invalidArgument) { () throws(LeptonError) in
            try FileSystem.readFile(path, maximumBytes: 99_999)
        }
        #expect(error.expected == "a file of at most 99999 bytes")
        try FileSystem.writeAtomically(path, [])
        #expect(try FileSystem.readFile(path, maximumBytes: 0) == [])
    }

    @Test func filesThatStateNoSizeAreReadToTheirEnd() throws {
        guard try FileSystem.status("/proc/self/status") != nil else { return }
        #expect(try read("/proc/self/status").count > 100)
        expectError(.invalidArgument) { () throws(LeptonError) in
            try FileSystem.readFile("/proc/self/status", maximumBytes: 10)
        }
    }

    @Test func onlyFilesAreRead() {
        expectError(.notFound) { () throws(LeptonError) in try read(folder.path + "/none") }
        expectError(.invalidArgument) { () throws(LeptonError) in try read(folder.path) }
        let pipe = folder.path + "/pipe"
        #expect(mkfifo(pipe, 0o600) == 0)
        // Must not wait for a writer.
        let error = expectError(.invalidArgument) { () throws(LeptonError) in try read(pipe) }
        #expect(error.received == "a named pipe")
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func absurdSizesAreAnErrorNotATrap() throws {
        // Beyond what an address can be.
        expectError(.outOfMemory) { () throws(LeptonError) in try FileSystem.checkMemory(1 << 50) }
        let path = folder.path + "/sparse"
        try FileSystem.writeAtomically(path, [])
        // Takes no disk; some file systems refuse it.
        guard truncate(path, 1 << 50) == 0 else { return }
        expectError(.outOfMemory) { () throws(LeptonError) in try FileSystem.readFile(path, maximumBytes: .max) }
    }

    @Test func systemErrorsSayPathAndReason() {
        let error = FileSystem.systemError(ENOSPC, "write to", "/data/x")
        #expect(error.code == .io)
        #expect(error.message == "cannot write to '/data/x': No space left on device")
        #expect(FileSystem.systemError(EROFS, "open", "/x").code == .permissionDenied)
        #expect(FileSystem.systemError(EACCES, "open", "/x").code == .permissionDenied)
        #expect(FileSystem.systemError(ENOENT, "open", "/x").code == .notFound)
    }
}
