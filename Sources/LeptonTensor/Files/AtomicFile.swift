#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file that appears whole or not at all: written under a temporary name, synced, renamed, its folder synced.
/// Until `commit` the target is untouched; without it the temporary file is removed.
///
/// A crash in the middle leaves a file whose name `isTemporaryName` recognises, and the target as it was.
/// Threads: one owner at a time.
package struct AtomicFile: ~Copyable {
    private let file: FileSystem.Descriptor
    private let temporaryPath: String
    private let target: String?
    private let mode: mode_t?
    private var isPending = true

    /// Bytes written so far.
    package private(set) var byteCount = 0

    /// Prepares to create or replace the file at `path`.
    ///
    /// A symbolic link is followed, and permissions of a file that is replaced are kept. Anything that is no
    /// regular file (a folder, a device such as /dev/null) is refused, since the rename would destroy it.
    package init(replacing path: String) throws(LeptonError) {
        try FileSystem.validate(path: path, argument: "path")
        let existing = try FileSystem.status(path)
        if let existing, !FileSystem.isRegularFile(existing) {
            throw LeptonError(
                .invalidArgument, argument: path, expected: "a regular file, or no file yet",
                received: FileSystem.kindName(existing))
        }
        let target = existing == nil ? path : try FileSystem.resolve(path)
        try self.init(
            folder: FileSystem.folder(of: target), target: target, keeping: existing.map { $0.st_mode & 0o777 },
            creating: 0o666)
    }

    /// A temporary file in `folder`, which must be on the same file system as the place it is later moved to.
    /// It holds a lock (`flock`) for as long as it is open, by which leftovers of a crash can be told from files
    /// that are being written.
    package static func temporary(in folder: String, mode: mode_t) throws(LeptonError) -> AtomicFile {
        let result = try AtomicFile(folder: folder, target: nil, keeping: nil, creating: mode)
        guard try FileSystem.tryLock(result.file, path: result.temporaryPath) else {
            throw FileSystem.systemError(EWOULDBLOCK, "lock", result.temporaryPath)
        }
        return result
    }

    private init(folder: String, target: String?, keeping: mode_t?, creating: mode_t) throws(LeptonError) {
        let name = AtomicFile.makeTemporaryName()
        temporaryPath = folder == "/" ? "/" + name : folder + "/" + name
        self.target = target
        mode = keeping
        do {
            file = try FileSystem.create(temporaryPath, mode: creating)
        } catch {
            // The temporary name would only puzzle the reader.
            throw error.code == .notFound
                ? LeptonError(
                    .notFound, argument: target ?? folder, expected: "a path in an existing folder",
                    received: "no folder '\(folder)'")
                : error
        }
    }

    deinit {
        // Nobody is left to tell when it fails; whoever owns the folder removes leftovers.
        if isPending { _ = FileSystem.change(.remove(temporaryPath)) { unlink(temporaryPath) } }
    }

    package static func makeTemporaryName() -> String {
        ".lepton-" + String(UInt64.random(in: .min ... .max), radix: 16) + ".tmp"
    }

    package static func isTemporaryName(_ name: String) -> Bool {
        name.hasPrefix(".lepton-") && name.hasSuffix(".tmp")
    }

    package mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LeptonError) {
        let code = FileSystem.write(bytes, to: file, path: temporaryPath)
        if code != 0 { throw FileSystem.systemError(code, "write to", target ?? temporaryPath) }
        byteCount += bytes.count
    }

    /// Sets the time of the file's last change, in nanoseconds since 1970-01-01 UTC.
    package func setChangeTime(nanoseconds: Int64) throws(LeptonError) {
        _ = try FileSystem.setChangeTime(temporaryPath, nanoseconds: nanoseconds)
    }

    /// Puts the content on disk under its temporary name, so that a later `commit` has little left to do.
    package func synchronize() throws(LeptonError) {
        try FileSystem.synchronize(file, path: target ?? temporaryPath, as: .synchronize(temporaryPath))
    }

    /// Gives the file its final name: the one it was created to replace.
    package mutating func commit() throws(LeptonError) {
        guard let target else {
            throw LeptonError(.internalError, "an unnamed temporary file needs a name to be committed to")
        }
        try commit(to: target)
    }

    /// - Parameter synchronizingFolder: false leaves it to the caller, who moves several files.
    package mutating func commit(to target: String, synchronizingFolder: Bool = true) throws(LeptonError) {
        guard isPending else { throw LeptonError(.internalError, "'\(target)' was committed twice") }
        if let mode {
            let raw = file.raw
            let code = FileSystem.change(.setAttributes(temporaryPath)) { fchmod(raw, mode) }
            if code != 0 { throw FileSystem.systemError(code, "set the permissions of", target) }
        }
        try synchronize()
        try FileSystem.rename(temporaryPath, to: target)
        isPending = false
        if synchronizingFolder { try FileSystem.synchronize(folder: FileSystem.folder(of: target)) }
    }
}

extension FileSystem {
    /// Creates or replaces a file in one step: readers see the old content or the new, never a part of it.
    ///
    /// - Throws: `notFound` when the folder does not exist, `permissionDenied`, `io` (a full disk among others),
    ///   `invalidArgument` when something other than a regular file is at `path`. The old file is then as it was.
    package static func writeAtomically(_ path: String, _ bytes: UnsafeRawBufferPointer) throws(LeptonError) {
        var file = try AtomicFile(replacing: path)
        try file.write(bytes)
        try file.commit()
    }

    package static func writeAtomically(_ path: String, _ bytes: [UInt8]) throws(LeptonError) {
        var file = try AtomicFile(replacing: path)
        try bytes.withUnsafeBufferPointer { (buffer) throws(LeptonError) in
            try file.write(UnsafeRawBufferPointer(buffer))
        }
        try file.commit()
    }
}
