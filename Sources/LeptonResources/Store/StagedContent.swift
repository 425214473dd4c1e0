import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A file of the store that is being written: content as it is, or sealed.
struct StagedContent: ~Copyable {
    var file: AtomicFile
    private var sealer: Sealer?
    /// Bytes of content, which in a sealed file are fewer than the file's.
    private(set) var byteCount = 0

    init(in folder: String, vault: Vault?, kind: SealedKind) throws(LeptonError) {
        // Only its owner may read it, and nobody may write to it.
        var file = try AtomicFile.temporary(in: folder, mode: 0o400)
        var sealer: Sealer?
        if let vault {
            let made = try Sealer(vault: vault, kind: kind)
            try made.header.withBytes { (bytes) throws(LeptonError) in try file.write(bytes) }
            sealer = made
        }
        self.file = file
        self.sealer = sealer
    }

    mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LeptonError) {
        byteCount += bytes.count
        guard sealer != nil else { return try file.write(bytes) }
        try sealer?.seal(bytes) { (segment) throws(LeptonError) in
            try segment.withBytes { (bytes) throws(LeptonError) in try file.write(bytes) }
        }
    }

    mutating func write(_ bytes: [UInt8]) throws(LeptonError) {
        try bytes.withBytes { (buffer) throws(LeptonError) in try write(buffer) }
    }

    /// Ends the content and puts it on the disk, so that the rename that follows has little left to wait for.
    mutating func finish() throws(LeptonError) {
        if let last = try sealer?.finish() {
            try last.withBytes { (bytes) throws(LeptonError) in try file.write(bytes) }
        }
        try file.synchronize()
    }
}

/// A folder in `staging` for the chunks of one blob. It holds a lock (`flock`) while it lives, by which leftovers of a
/// crash can be told from blobs that are being written, and is removed with all it holds at the end.
final class StagingFolder {
    let path: String
    private let file: FileSystem.Descriptor

    /// The store's lock must be held, so that nobody takes the folder for a leftover before it is locked.
    init(in folder: String) throws(LeptonError) {
        path = folder + "/" + AtomicFile.makeTemporaryName()
        guard try FileSystem.createFolder(path, mode: 0o700) else {
            throw FileSystem.systemError(EEXIST, "create the folder", path)
        }
        file = try FileSystem.open(path, O_RDONLY | O_DIRECTORY)
        guard try FileSystem.tryLock(file, path: path) else {
            throw FileSystem.systemError(EWOULDBLOCK, "lock", path)
        }
    }

    deinit {
        // Nobody is left to tell when it fails; the next one who opens the store removes what stays.
        do { try StagingFolder.remove(path) } catch {}
    }

    /// Removes a folder and the files in it.
    static func remove(_ path: String) throws(LeptonError) {
        for name in try FileSystem.names(inFolder: path) { _ = try FileSystem.removeFile(path + "/" + name) }
        _ = try FileSystem.removeFolder(path)
    }
}

// The standard library's `withUnsafeBytes` does not carry the type of what is thrown; that of buffers does.
extension [UInt8] {
    func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        try withUnsafeBufferPointer { (buffer) throws(LeptonError) in try body(UnsafeRawBufferPointer(buffer)) }
    }

    mutating func withMutableBytes<Result>(
        _ body: (UnsafeMutableRawBufferPointer) throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        try withUnsafeMutableBufferPointer { (buffer) throws(LeptonError) in
            try body(UnsafeMutableRawBufferPointer(buffer))
        }
    }
}
