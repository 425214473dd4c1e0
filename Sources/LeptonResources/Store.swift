import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder that keeps datasets and parameters: blobs named by the SHA-256 of their content, and references, which
/// are names for blobs.
///
/// Layout of the folder:
///
///     lepton-store.json      says that the folder is a store, and of which version
///     lock                   locked (`flock`) for changes; holds the bytes used, or nothing after a crash
///     blobs/ab/cdef...       the blob whose digest begins with "ab", read-only
///     references/0123...     one reference: digest and name; the file's name is the SHA-256 of the reference's name
///     staging/               files that are being written, one `flock` each
///
/// Every file is written to `staging` under a temporary name, synced, and renamed into place, and the folder is
/// synced: after a crash a blob or a reference is there as a whole or not at all. Leftovers in `staging` are
/// removed when the store is next opened. Equal content is stored once.
///
/// The folder and its files are readable by their owner only. Changing files inside other than through this class
/// is detected (blobs are checked against their digest when read), not prevented.
///
/// Threads and processes: any number of either may use one folder at the same time, through one object or several.
public final class Store: Sendable {
    /// The folder, as an absolute path without symbolic links, so that a later change of the working folder
    /// does not matter.
    public let path: String
    /// The most bytes that the blobs may take together; nil: what the disk allows.
    public let capacityBytes: Int?

    static let markerName = "lepton-store.json"
    static let version = 1
    // A file system's own entry in a fresh volume does not make it someone's.
    private static let ignoredNames: Set<String> = ["lost+found"]

    /// Opens the store in a folder, or makes one of a folder that is empty or does not exist yet. (The folder
    /// around it must exist.)
    ///
    /// - Throws: and leaves the folder as it was:
    ///   `invalidArgument` when something other than a folder is at `path`, there is no folder to put it in, or
    ///   `capacityBytes` is negative; `permissionDenied` when the folder cannot be written to or holds files but
    ///   no store; `notSupported` for a store of another version; `corruptData` when its marker is damaged; `io`
    ///   for other reasons of the system, such as a full disk.
    public init(path: String, capacityBytes: Int? = nil) throws(LeptonError) {
        try FileSystem.validate(path: path, argument: "store_path")
        if let capacityBytes { try requireAtLeast(0, capacityBytes, "capacity_bytes") }
        self.capacityBytes = capacityBytes
        var undo = UndoList()
        do {
            self.path = try Store.prepareFolder(path, &undo)
        } catch {
            undo.removeAll()
            throw error
        }
        do {
            for folder in ["blobs", "references", "staging"] {
                let folder = self.path + "/" + folder
                if try FileSystem.createFolder(folder, mode: 0o700) { undo.add(folder) }
            }
            if !undo.isEmpty {
                try FileSystem.synchronize(folder: self.path)
                // The folder around it may be one that this process may not read; its owner's system syncs it then.
                try? FileSystem.synchronize(folder: FileSystem.folder(of: self.path))
            }
            try recover(&undo)
        } catch {
            undo.removeAll()
            throw error
        }
    }

    /// Makes sure that there is a folder with our marker in it.
    private static func prepareFolder(_ path: String, _ undo: inout UndoList) throws(LeptonError) -> String {
        do {
            if try FileSystem.createFolder(path, mode: 0o700) { undo.add(path) }
        } catch  where error.code == .notFound {
            throw LeptonError(
                .invalidArgument, argument: "store_path", expected: "a folder, or a new name in an existing folder",
                received: "'\(path)', and there is no folder '\(FileSystem.folder(of: path))'")
        }
        guard let status = try FileSystem.status(path), FileSystem.isFolder(status) else {
            throw LeptonError(
                .invalidArgument, argument: "store_path", expected: "a folder", received: "a file at '\(path)'")
        }
        let root = try FileSystem.resolve(path)
        let names = try FileSystem.names(inFolder: root)
        let marker = root + "/" + markerName
        guard !names.contains(markerName) else {
            try checkMarker(marker)
            return root
        }
        // Temporary names are what a crash leaves of a marker that was about to be written.
        let foreign = names.filter { !ignoredNames.contains($0) && !AtomicFile.isTemporaryName($0) }
        guard foreign.isEmpty else {
            throw LeptonError(
                .permissionDenied, argument: "store_path", expected: "an empty folder or a Lepton store",
                received: "'\(path)', which holds other files ('\(foreign[0])' is one of \(foreign.count))")
        }
        let text = JSONValue.object(["format": "lepton-store", "version": .integer(Int64(version))]).text
        try FileSystem.writeAtomically(marker, Array((text + "\n").utf8))
        undo.add(marker)
        return root
    }

    private static func checkMarker(_ marker: String) throws(LeptonError) {
        let found: JSONValue
        do {
            found = try JSONValue(parsing: try FileSystem.readFile(marker, maximumBytes: 65_536))
        } catch {
            throw error.adding(context: marker)
        }
        guard let object = found.objectValue, object["format"]?.stringValue == "lepton-store",
            let version = object["version"]?.intValue
        else {
            throw LeptonError(
                .corruptData, argument: marker, expected: "the marker of a Lepton store", received: found.kindName)
        }
        guard version == Store.version else {
            throw LeptonError(
                .notSupported, argument: "store_path", expected: "a store of version \(Store.version)",
                received: "version \(version); use the release of the SDK that made it")
        }
    }

    // MARK: Places

    package var blobsFolder: String { path + "/blobs" }
    package var referencesFolder: String { path + "/references" }
    package var stagingFolder: String { path + "/staging" }
    private var lockPath: String { path + "/lock" }

    package func folder(of digest: BlobDigest) -> String { blobsFolder + "/" + digest.hexadecimal.prefix(2) }
    package func path(of digest: BlobDigest) -> String { folder(of: digest) + "/" + digest.hexadecimal.dropFirst(2) }

    // MARK: The lock

    /// Proof of holding the store's lock, and the way to the count of bytes kept in the lock's file.
    struct Lock: ~Copyable {
        fileprivate let file: FileSystem.Descriptor
        fileprivate let store: Store

        /// Bytes that all blobs take together.
        ///
        /// The count is kept so that a write need not look at every blob. Whoever changes blobs empties the file
        /// first and writes the new count last, so a count that is there is right, and a crash in between makes
        /// the next user count anew. (It is not synced: opening a store always counts anew.)
        func bytesUsed() throws(LeptonError) -> Int {
            var text = [UInt8](repeating: 0, count: 32)
            let count = pread(file.raw, &text, text.count, 0)
            if count > 0, text[count - 1] == UInt8(ascii: "\n"),
                let used = Int(String(decoding: text[..<(count - 1)], as: UTF8.self)), used >= 0
            {
                return used
            }
            return try store.countBytes()
        }

        func forgetBytesUsed() throws(LeptonError) {
            guard ftruncate(file.raw, 0) == 0 else { throw FileSystem.systemError(errno, "write to", store.lockPath) }
        }

        /// A failure (a full disk) is no harm: an incomplete count is not believed.
        func remember(bytesUsed: Int) {
            let text = Array("\(bytesUsed)\n".utf8)
            _ = pwrite(file.raw, text, text.count, 0)
        }
    }

    /// Runs `body` while no other thread or process changes the store.
    func locked<Result: ~Copyable>(
        _ body: (borrowing Lock) throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        // A file description of its own for each call, so that flock also keeps threads apart.
        let file = try FileSystem.open(lockPath, O_RDWR | O_CREAT, mode: 0o600)
        while flock(file.raw, LOCK_EX) != 0 {
            let code = errno
            if code != EINTR { throw FileSystem.systemError(code, "lock", lockPath) }
        }
        return try body(Lock(file: file, store: self))
    }

    /// Removes what a crash has left behind and counts the blobs.
    private func recover(_ undo: inout UndoList) throws(LeptonError) {
        if try FileSystem.status(lockPath) == nil { undo.add(lockPath) }
        try locked { (lock) throws(LeptonError) in
            for name in try FileSystem.names(inFolder: stagingFolder) where AtomicFile.isTemporaryName(name) {
                try removeUnlessBeingWritten(stagingFolder + "/" + name)
            }
            try lock.forgetBytesUsed()
            lock.remember(bytesUsed: try countBytes())
        }
    }

    /// Staged files are created and locked while the store's lock is held, so one that is not locked has no writer.
    private func removeUnlessBeingWritten(_ path: String) throws(LeptonError) {
        let file = try FileSystem.open(path, O_RDONLY)
        if flock(file.raw, LOCK_EX | LOCK_NB) == 0 { _ = try FileSystem.removeFile(path) }
    }

    /// - Complexity: O(blobs).
    private func countBytes() throws(LeptonError) -> Int {
        var total = 0
        for folder in try FileSystem.names(inFolder: blobsFolder) {
            let folder = blobsFolder + "/" + folder
            for name in try FileSystem.names(inFolder: folder) {
                guard let status = try FileSystem.status(folder + "/" + name) else { continue }
                let (sum, overflow) = total.addingReportingOverflow(Int(status.st_size))
                total = overflow ? Int.max : sum
            }
        }
        return total
    }
}

/// What was created so far, to be removed when a later step fails.
private struct UndoList {
    private var paths: [String] = []

    var isEmpty: Bool { paths.isEmpty }

    mutating func add(_ path: String) { paths.append(path) }

    /// Folders that others have filled meanwhile stay: `rmdir` removes empty ones only.
    func removeAll() {
        for path in paths.reversed() where unlink(path) != 0 { rmdir(path) }
    }
}
