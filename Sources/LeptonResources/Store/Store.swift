import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A folder that keeps datasets, parameters and checkpoints: blobs named by their content, and references, which are
/// names for blobs. docs/storage.md describes it for users, docs/security.md what encryption protects.
///
/// Layout of the folder:
///
///     lepton-store.json      says that the folder is a store, of which version, and whether and how it is sealed
///     lock                   locked (`flock`) for changes; holds the bytes used, or nothing after a crash
///     blobs/ab/cdef...       a blob of one piece, whose digest begins with "ab", read-only
///     chunks/ab/cdef...      a chunk of larger blobs
///     manifests/ab/cdef...   the chunks that a larger blob is made of
///     references/0123...     one reference: digest and name; the file's name is a digest of the reference's name
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
    /// The most bytes that the store's files may take together; nil: what the disk allows.
    public let capacityBytes: Int?
    /// The keys of a sealed store; nil keeps content as it is.
    let vault: Vault?
    /// Dates files, for the garbage collection.
    let time: TimeSource
    let plan: ChunkPlan

    /// Whether content is encrypted.
    public var isEncrypted: Bool { vault != nil }

    /// Opens the store in a folder, or makes one of a folder that is empty or does not exist yet. (The folder
    /// around it must exist.)
    ///
    /// - Parameters:
    ///   - capacityBytes: the most that its files may take.
    ///   - encryption: the key of a sealed store; for a new one this is what makes it sealed. A store is sealed or
    ///     not for all its life.
    /// - Throws: and leaves the folder as it was:
    ///   `invalidArgument` when something other than a folder is at `path`, there is no folder to put it in,
    ///   `capacityBytes` is negative, or a key is given for a store that is not sealed; `permissionDenied` when the
    ///   folder cannot be written to or holds files but no store, or the store is sealed and the key is missing or
    ///   another; `notSupported` for a store of another version; `corruptData` when its marker is damaged; what the
    ///   key's source throws; `io` for other reasons of the system, such as a full disk.
    public convenience init(
        path: String, capacityBytes: Int? = nil, encryption: StoreKey? = nil
    ) throws(LeptonError) {
        try self.init(path: path, capacityBytes: capacityBytes, encryption: encryption, time: .system)
    }

    package init(
        path: String, capacityBytes: Int? = nil, encryption: StoreKey? = nil, time: TimeSource,
        plan: ChunkPlan = ChunkPlan()
    ) throws(LeptonError) {
        try FileSystem.validate(path: path, argument: "store_path")
        if let capacityBytes { try requireAtLeast(0, capacityBytes, "capacity_bytes") }
        self.capacityBytes = capacityBytes
        self.time = time
        self.plan = plan
        var undo = UndoList()
        do {
            (self.path, vault) = try Store.prepareFolder(path, encryption, &undo)
        } catch {
            undo.removeAll()
            throw error
        }
        do {
            for folder in [blobsFolder, chunksFolder, manifestsFolder, referencesFolder, stagingFolder]
            where try FileSystem.createFolder(folder, mode: 0o700) {
                undo.add(folder)
            }
            // Also when nothing was made now: who made it may have crashed before this.
            try FileSystem.synchronize(folder: self.path)
            try synchronizeFolderAround()
            try recover(&undo)
        } catch {
            undo.removeAll()
            throw error
        }
    }

    /// The folder around it may be one that this process may not read; its owner's system syncs it then.
    private func synchronizeFolderAround() throws(LeptonError) {
        do {
            try FileSystem.synchronize(folder: FileSystem.folder(of: path))
        } catch  where error.code == .permissionDenied {}
    }

    // MARK: Places

    package var blobsFolder: String { path + "/blobs" }
    package var chunksFolder: String { path + "/chunks" }
    package var manifestsFolder: String { path + "/manifests" }
    package var referencesFolder: String { path + "/references" }
    package var stagingFolder: String { path + "/staging" }
    var lockPath: String { path + "/lock" }
    var markerPath: String { path + "/" + StoreMarker.fileName }

    package func path(of digest: BlobDigest) -> String { Store.place(of: digest, in: blobsFolder) }
    package func path(ofChunk digest: BlobDigest) -> String { Store.place(of: digest, in: chunksFolder) }
    package func path(ofManifest digest: BlobDigest) -> String { Store.place(of: digest, in: manifestsFolder) }

    /// Spread over 256 folders, which file systems find names in faster than in one.
    private static func place(of digest: BlobDigest, in folder: String) -> String {
        let digits = digest.hexadecimal
        return "\(folder)/\(digits.prefix(2))/\(digits.dropFirst(2))"
    }

    /// Every file of a folder that is spread like this, with its size and time.
    package func storedFiles(in folder: String) throws(LeptonError) -> [StoredFile] {
        var found: [StoredFile] = []
        for part in try FileSystem.names(inFolder: folder) {
            guard part.utf8.count == 2 else { continue }
            for name in try FileSystem.names(inFolder: folder + "/" + part) {
                let path = "\(folder)/\(part)/\(name)"
                guard Hexadecimal.bytes(part + name)?.count == 32, let status = try FileSystem.status(path) else {
                    continue
                }
                try found.append(
                    StoredFile(
                        digest: BlobDigest(hexadecimal: part + name), path: path, byteCount: Int(status.st_size),
                        changed: status.changeTime))
            }
        }
        return found
    }

    /// 0 when there is none.
    func fileSize(_ path: String) throws(LeptonError) -> Int {
        try FileSystem.status(path).map { Int($0.st_size) } ?? 0
    }
}

/// A file of a blob, a chunk or a manifest.
package struct StoredFile {
    package let digest: BlobDigest
    package let path: String
    package let byteCount: Int
    /// Nanoseconds since 1970-01-01 UTC.
    package let changed: Int64
}

extension stat {
    /// Nanoseconds since 1970-01-01 UTC.
    fileprivate var changeTime: Int64 {
        #if canImport(Darwin)
            let time = st_mtimespec
        #else
            let time = st_mtim
        #endif
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// What was created so far, to be removed when a later step fails.
struct UndoList {
    private var paths: [String] = []

    mutating func add(_ path: String) { paths.append(path) }

    /// Folders that others have filled meanwhile stay: only empty ones are removed. What cannot be removed stays too;
    /// the error that led here is the one to report.
    func removeAll() {
        for path in paths.reversed() {
            do {
                if let status = try FileSystem.status(path), FileSystem.isFolder(status) {
                    _ = try FileSystem.removeFolder(path)
                } else {
                    _ = try FileSystem.removeFile(path)
                }
            } catch { continue }
        }
    }
}
