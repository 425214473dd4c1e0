import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Store {
    /// The content of a blob, checked against its digest.
    ///
    /// - Throws: `notFound`; `corruptData` when the bytes are not those that were stored; `outOfMemory`.
    public func get(_ digest: BlobDigest) throws(LeptonError) -> [UInt8] {
        let pieces = try pieces(of: digest)
        let total = pieces.reduce(0) { $0 + $1.byteCount }
        try FileSystem.checkMemory(total)
        var failure: LeptonError?
        let bytes = [UInt8](unsafeUninitializedCapacity: total) { buffer, count in
            do throws(LeptonError) {
                // Sized by hand: the capacity may be larger than what was asked for.
                let target = UnsafeMutableRawBufferPointer(
                    rebasing: UnsafeMutableRawBufferPointer(buffer)[..<total])
                try load(pieces, of: digest, into: target)
                count = total
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// A blob in memory, checked against its digest. In a plain store it is mapped from its files, so that all
    /// processes that map it share one copy; of a sealed store each has a decrypted copy of its own.
    ///
    /// - Throws: as `get`.
    public func map(_ digest: BlobDigest) throws(LeptonError) -> MappedBlob {
        let pieces = try pieces(of: digest)
        let blob: MappedBlob
        if vault == nil, MappedBlob.canMap(pieces) {
            do {
                blob = try MappedBlob(mapping: pieces)
            } catch {
                throw try explain(error, digest)
            }
            try check(blob.bytes, digest, pieces)
        } else {
            blob = try MappedBlob(count: pieces.reduce(0) { $0 + $1.byteCount }) { (buffer) throws(LeptonError) in
                try load(pieces, of: digest, into: buffer)
            }
        }
        return blob
    }

    public func contains(_ digest: BlobDigest) throws(LeptonError) -> Bool {
        if try FileSystem.status(path(of: digest)) != nil { return true }
        return try FileSystem.status(path(ofManifest: digest)) != nil
    }

    /// The size of a blob in bytes.
    /// - Throws: `notFound`; `corruptData` when the list of its chunks is damaged.
    public func byteCount(of digest: BlobDigest) throws(LeptonError) -> Int {
        try pieces(of: digest).reduce(0) { $0 + $1.byteCount }
    }

    /// Bytes that all files of blobs take together.
    public func bytesUsed() throws(LeptonError) -> Int {
        try locked { (lock) throws(LeptonError) in try lock.bytesUsed() }
    }

    func notFound(_ digest: BlobDigest) -> LeptonError {
        LeptonError(.notFound, "there is no blob \(digest) in the store '\(path)'")
    }
}

/// A file that holds a blob, or a part of one.
struct StoredPiece {
    let path: String
    /// Bytes of content.
    let byteCount: Int
    /// Of a chunk; nil when the file is the whole blob.
    let chunk: BlobDigest?
}

extension Store {
    /// The files that make up a blob.
    func pieces(of digest: BlobDigest) throws(LeptonError) -> [StoredPiece] {
        let path = path(of: digest)
        if let status = try FileSystem.status(path) {
            let size = Int(status.st_size)
            guard let count = vault == nil ? size : SealedFormat.contentSize(ofFile: size) else {
                throw Unsealer.tampered(path, "\(size) bytes")
            }
            return [StoredPiece(path: path, byteCount: count, chunk: nil)]
        }
        guard let manifest = try readManifest(digest) else { throw notFound(digest) }
        return manifest.chunks.map {
            StoredPiece(path: self.path(ofChunk: $0.digest), byteCount: $0.byteCount, chunk: $0.digest)
        }
    }

    /// nil when the blob has none.
    func readManifest(_ digest: BlobDigest) throws(LeptonError) -> BlobManifest? {
        let path = path(ofManifest: digest)
        guard let bytes = try readSmallFile(path, kind: .manifest) else { return nil }
        guard let manifest = BlobManifest(decoding: bytes, of: digest) else {
            throw LeptonError(
                .corruptData, argument: path, expected: "the list of the chunks of \(digest)",
                received: "\(bytes.count) other bytes")
        }
        return manifest
    }

    /// A file that is read as a whole, opened when the store is sealed; nil when there is none.
    func readSmallFile(_ path: String, kind: SealedKind) throws(LeptonError) -> [UInt8]? {
        guard let vault else {
            do {
                return try FileSystem.readFile(path, maximumBytes: 1 << 30)
            } catch {
                if error.code == .notFound { return nil }
                throw error.code == .invalidArgument ? LeptonError(.corruptData, error.message) : error
            }
        }
        guard let status = try FileSystem.status(path) else { return nil }
        guard let count = SealedFormat.contentSize(ofFile: Int(status.st_size)), count <= 1 << 30 else {
            throw Unsealer.tampered(path, "\(status.st_size) bytes")
        }
        let file = try FileSystem.open(path, O_RDONLY | O_NONBLOCK)
        try FileSystem.checkMemory(count)
        var bytes = [UInt8](repeating: 0, count: count)
        try bytes.withMutableBytes { (buffer) throws(LeptonError) in
            try Unsealer(vault: vault, kind: kind).open(file, path: path, into: buffer)
        }
        return bytes
    }

    /// Reads a blob into memory of its size and checks it.
    private func load(
        _ pieces: [StoredPiece], of digest: BlobDigest, into buffer: UnsafeMutableRawBufferPointer
    ) throws(LeptonError) {
        var offset = 0
        for piece in pieces {
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[offset..<offset + piece.byteCount])
            do {
                try load(piece, into: part)
            } catch {
                throw try explain(error, digest)
            }
            offset += piece.byteCount
        }
        try check(UnsafeRawBufferPointer(buffer), digest, pieces)
    }

    func load(_ piece: StoredPiece, into buffer: UnsafeMutableRawBufferPointer) throws(LeptonError) {
        let file = try FileSystem.open(piece.path, O_RDONLY | O_NONBLOCK)
        let size = Int(try FileSystem.status(of: file, path: piece.path).st_size)
        guard (vault == nil ? size : SealedFormat.contentSize(ofFile: size)) == piece.byteCount else {
            throw Store.wrongSize(piece, fileSize: size)
        }
        if let vault {
            return try Unsealer(vault: vault, kind: .content).open(file, path: piece.path, into: buffer)
        }
        guard try FileSystem.read(file, at: 0, into: buffer, path: piece.path) else {
            throw Store.wrongSize(piece, fileSize: size)
        }
    }

    static func wrongSize(_ piece: StoredPiece, fileSize: Int) -> LeptonError {
        LeptonError(
            .corruptData, argument: piece.path, expected: "a file with \(piece.byteCount) bytes of content",
            received: "a file of \(fileSize) bytes")
    }

    /// A file that is gone means that the blob was removed meanwhile, or else that it is damaged.
    private func explain(_ error: LeptonError, _ digest: BlobDigest) throws(LeptonError) -> LeptonError {
        guard error.code == .notFound else { return error }
        return try contains(digest)
            ? LeptonError(.corruptData, "blob \(digest) is damaged: \(error.message)") : notFound(digest)
    }

    /// Compares content with the digest that it is stored under, and names the file at fault.
    private func check(
        _ bytes: UnsafeRawBufferPointer, _ digest: BlobDigest, _ pieces: [StoredPiece]
    ) throws(LeptonError) {
        let found = ContentHasher.digest(of: bytes, key: vault?.blobNames)
        guard found != digest else { return }
        var offset = 0
        for piece in pieces {
            let part = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + piece.byteCount])
            if let chunk = piece.chunk { try check(part, ofChunk: chunk) }
            offset += piece.byteCount
        }
        let path = pieces.count == 1 && pieces[0].chunk == nil ? pieces[0].path : path(ofManifest: digest)
        throw Store.otherContent(path, digest, found)
    }

    func check(_ bytes: UnsafeRawBufferPointer, ofChunk digest: BlobDigest) throws(LeptonError) {
        let found = ContentHasher.digest(of: bytes, key: vault?.chunkNames)
        if found != digest { throw Store.otherContent(path(ofChunk: digest), digest, found) }
    }

    private static func otherContent(_ path: String, _ digest: BlobDigest, _ found: BlobDigest) -> LeptonError {
        LeptonError(
            .corruptData, argument: path, expected: "content with the digest \(digest)",
            received: "content with \(found)")
    }
}
