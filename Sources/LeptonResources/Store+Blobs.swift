import Crypto
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Store {
    /// Stores bytes and returns their name. Content that is there already is not written again; a stored copy that
    /// has been damaged is replaced.
    ///
    /// - Throws: `resourceExhausted` when it does not fit into `capacityBytes`; `io`, `permissionDenied` from the
    ///   system. The store is then as it was.
    public func put(_ bytes: UnsafeRawBufferPointer) throws(LeptonError) -> BlobDigest {
        let digest = BlobDigest(of: bytes)
        if try isIntact(digest) { return digest }
        // What is there under this name is damaged, and makes room for its replacement.
        let replaced = try storedBytes(digest)
        return try put(replacing: replaced) { (writer) throws(LeptonError) in try writer.write(bytes) }
    }

    public func put(_ bytes: [UInt8]) throws(LeptonError) -> BlobDigest {
        try bytes.withUnsafeBufferPointer { (buffer) throws(LeptonError) in
            try put(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Stores what `body` writes, piece by piece: for content that is larger than memory.
    ///
    /// - Throws: as `put(_:)`, and what `body` throws; the store is then as it was.
    public func put(
        streaming body: (inout BlobWriter) throws(LeptonError) -> Void
    ) throws(LeptonError) -> BlobDigest {
        try put(replacing: 0, body)
    }

    private func put(
        replacing: Int, _ body: (inout BlobWriter) throws(LeptonError) -> Void
    ) throws(LeptonError) -> BlobDigest {
        var writer = try locked { (lock) throws(LeptonError) in
            var room: Int?
            if let capacityBytes { room = max(capacityBytes &- (try lock.bytesUsed() &- replacing), 0) }
            return BlobWriter(file: try AtomicFile.temporary(in: stagingFolder, mode: 0o400), room: room)
        }
        try body(&writer)
        // The long wait for the disk comes before the lock is taken.
        try writer.file.synchronize()
        let digest = BlobDigest(writer.hasher.finalize())
        try locked { (lock) throws(LeptonError) in
            let (used, replaced, added) = (try lock.bytesUsed(), try storedBytes(digest), writer.byteCount)
            try requireRoom(for: added, replacing: replaced, used: used)
            if try FileSystem.createFolder(folder(of: digest), mode: 0o700) {
                try FileSystem.synchronize(folder: blobsFolder)
            }
            try lock.forgetBytesUsed()
            try writer.file.commit(to: path(of: digest))
            lock.remember(bytesUsed: used &- replaced &+ added)
        }
        return digest
    }

    /// The content of a blob, checked against its digest.
    ///
    /// - Throws: `notFound`; `corruptData` when the bytes are not those that were stored; `outOfMemory`.
    public func get(_ digest: BlobDigest) throws(LeptonError) -> [UInt8] {
        let bytes: [UInt8]
        do {
            bytes = try FileSystem.readFile(path(of: digest), maximumBytes: Int.max)
        } catch  where error.code == .notFound {
            throw notFound(digest)
        }
        let found = bytes.withUnsafeBytes { BlobDigest(of: $0) }
        guard found == digest else { throw damaged(digest, found) }
        return bytes
    }

    /// A blob mapped into memory, checked against its digest; its pages are read as they are used.
    ///
    /// - Throws: as `get`.
    public func map(_ digest: BlobDigest) throws(LeptonError) -> MappedBlob {
        let blob: MappedBlob
        do {
            blob = try MappedBlob(path: path(of: digest))
        } catch  where error.code == .notFound {
            throw notFound(digest)
        }
        let found = BlobDigest(of: blob.bytes)
        guard found == digest else { throw damaged(digest, found) }
        return blob
    }

    public func contains(_ digest: BlobDigest) throws(LeptonError) -> Bool {
        try FileSystem.status(path(of: digest)) != nil
    }

    /// The size of a blob in bytes.
    /// - Throws: `notFound`.
    public func byteCount(of digest: BlobDigest) throws(LeptonError) -> Int {
        guard let status = try FileSystem.status(path(of: digest)) else { throw notFound(digest) }
        return Int(status.st_size)
    }

    /// Bytes that all blobs take together.
    public func bytesUsed() throws(LeptonError) -> Int {
        try locked { (lock) throws(LeptonError) in try lock.bytesUsed() }
    }

    /// Removes a blob. Who has it mapped keeps it until the mapping goes away.
    ///
    /// - Throws: `notFound`; `invalidState` while a reference names it.
    public func removeBlob(_ digest: BlobDigest) throws(LeptonError) {
        try locked { (lock) throws(LeptonError) in
            guard try contains(digest) else { throw notFound(digest) }
            if let reference = try readReferences().first(where: { $0.digest == digest }) {
                throw LeptonError(
                    .invalidState, "blob \(digest) is named by the reference '\(reference.name)': remove that first")
            }
            let used = try lock.bytesUsed()
            let removed = try storedBytes(digest)
            try lock.forgetBytesUsed()
            _ = try FileSystem.removeFile(path(of: digest))
            try FileSystem.synchronize(folder: folder(of: digest))
            lock.remember(bytesUsed: used &- removed)
        }
    }

    private func storedBytes(_ digest: BlobDigest) throws(LeptonError) -> Int {
        try FileSystem.status(path(of: digest)).map { Int($0.st_size) } ?? 0
    }

    private func isIntact(_ digest: BlobDigest) throws(LeptonError) -> Bool {
        do {
            _ = try map(digest)
            return true
        } catch  where error.code == .notFound || error.code == .corruptData {
            return false
        }
    }

    private func requireRoom(for asked: Int, replacing: Int, used: Int) throws(LeptonError) {
        guard let capacityBytes else { return }
        let free = max(capacityBytes &- (used &- replacing), 0)
        guard asked <= free else { throw Store.full(asked: asked, free: free) }
    }

    static func full(asked: Int, free: Int) -> LeptonError {
        LeptonError(
            .resourceExhausted, argument: Resource.storage.name,
            expected: "at most \(free) bytes, all that is free in the store", received: "\(asked) bytes")
    }

    func notFound(_ digest: BlobDigest) -> LeptonError {
        LeptonError(.notFound, "there is no blob \(digest) in the store '\(path)'")
    }

    private func damaged(_ digest: BlobDigest, _ found: BlobDigest) -> LeptonError {
        LeptonError(
            .corruptData, argument: path(of: digest), expected: "content with the SHA-256 \(digest)",
            received: "content with \(found)")
    }
}

/// Takes the content of a blob piece by piece; see `Store.put(streaming:)`.
public struct BlobWriter: ~Copyable {
    var file: AtomicFile
    var hasher = SHA256()
    /// Bytes that may be written; nil for any number.
    private let room: Int?

    init(file: consuming AtomicFile, room: Int?) {
        self.file = file
        self.room = room
    }

    /// Bytes written so far.
    public var byteCount: Int { file.byteCount }

    /// Adds bytes at the end.
    ///
    /// - Throws: `resourceExhausted` when the store's capacity is used up; `io` from the system.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LeptonError) {
        if let room, bytes.count > room - byteCount {
            throw Store.full(asked: byteCount &+ bytes.count, free: room)
        }
        try file.write(bytes)
        hasher.update(bufferPointer: bytes)
    }

    public mutating func write(_ bytes: [UInt8]) throws(LeptonError) {
        try bytes.withUnsafeBufferPointer { (buffer) throws(LeptonError) in
            try write(UnsafeRawBufferPointer(buffer))
        }
    }
}

/// A blob in memory, mapped read-only from its file; unmapped when the last reference goes away.
///
/// The store never changes a blob's file, and removing it leaves the mapping intact. Another program that cuts
/// the file short while it is mapped makes access to the missing pages a bus error.
public final class MappedBlob: Sendable {
    private let address: UInt
    /// Bytes.
    public let count: Int

    fileprivate init(path: String) throws(LeptonError) {
        let file = try FileSystem.open(path, O_RDONLY)
        let size = Int(try FileSystem.status(of: file, path: path).st_size)
        count = size
        guard size > 0 else {
            // An empty range cannot be mapped.
            address = 0
            return
        }
        guard let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file.raw, 0), start != MAP_FAILED else {
            throw FileSystem.systemError(errno, "map", path)
        }
        address = UInt(bitPattern: start)
    }

    deinit {
        if count > 0 { munmap(UnsafeMutableRawPointer(bitPattern: address), count) }
    }

    /// The content; valid as long as this object, which the caller must keep.
    public var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: address), count: count)
    }

    /// Gives `body` the content and keeps the mapping until it returns.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(self) {} }
        return try body(bytes)
    }
}
