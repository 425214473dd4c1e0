import LeptonTensor

/// Takes the content of a blob piece by piece; see `Store.put(streaming:)`.
///
/// Content is staged until it is complete. What exceeds one chunk is cut into chunks; a chunk that the store has
/// already is not kept a second time.
public struct BlobWriter: ~Copyable {
    private let store: Store
    /// Bytes that staged files may take; nil for any number.
    private let room: Int?
    private var hasher: ContentHasher
    private var chunkHasher: ContentHasher
    private var piece: StagedContent
    private var chunks: [BlobManifest.Chunk] = []
    private var folder: StagingFolder?
    /// Bytes of finished chunks that the store does not have yet.
    private var stagedBytes = 0

    /// Bytes written so far.
    public private(set) var byteCount = 0

    init(store: Store, piece: consuming StagedContent, room: Int?) {
        self.store = store
        self.room = room
        self.piece = piece
        hasher = ContentHasher(key: store.vault?.blobNames)
        chunkHasher = ContentHasher(key: store.vault?.chunkNames)
    }

    /// Adds bytes at the end.
    ///
    /// - Throws: `resourceExhausted` when the store's capacity is used up, at the end of the chunk in progress: before
    ///   that it is not known whether the store has it already; `io` from the system.
    public mutating func write(_ bytes: UnsafeRawBufferPointer) throws(LeptonError) {
        hasher.update(bytes)
        var rest = bytes
        while !rest.isEmpty {
            let limit = store.plan.size(ofChunk: chunks.count)
            // Only what more content follows is cut off, so that a small blob stays in one piece.
            if piece.byteCount == limit {
                try finishChunk()
                continue
            }
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(limit - piece.byteCount))
            try piece.write(part)
            chunkHasher.update(part)
            byteCount += part.count
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(part.count))
        }
    }

    public mutating func write(_ bytes: [UInt8]) throws(LeptonError) {
        try bytes.withBytes { (buffer) throws(LeptonError) in try write(buffer) }
    }
}

extension BlobWriter {
    /// Puts the blob into the store.
    mutating func commit() throws(LeptonError) -> BlobDigest {
        let digest = hasher.finalize()
        guard chunks.isEmpty else {
            try finishChunk(isLast: true)
            let manifest = BlobManifest(digest: digest, chunks: chunks)
            try store.commit(manifest, from: stagingFolder())
            return digest
        }
        try piece.finish()
        try store.commit(&piece, as: digest)
        return digest
    }

    /// Sets the chunk in progress aside under its digest, and begins the next.
    private mutating func finishChunk(isLast: Bool = false) throws(LeptonError) {
        let chunk = BlobManifest.Chunk(digest: chunkHasher.finalize(), byteCount: piece.byteCount)
        let folder = try stagingFolder()
        let path = folder.path + "/" + chunk.digest.hexadecimal
        chunks.append(chunk)
        let isStaged = try FileSystem.status(path) != nil
        if !isStaged, try !store.keepStoredChunk(chunk, at: path) {
            try piece.finish()
            // A chunk that is there and was not kept is damaged, and makes room for this one.
            stagedBytes += piece.file.byteCount - (try store.fileSize(store.path(ofChunk: chunk.digest)))
            if let room, stagedBytes > room { throw Store.full(asked: stagedBytes, free: room) }
            try piece.file.commit(to: path, synchronizingFolder: false)
        }
        chunkHasher = ContentHasher(key: store.vault?.chunkNames)
        // A piece that was not moved is removed here.
        if !isLast { piece = try StagedContent(in: folder.path, vault: store.vault, kind: .content) }
    }

    private mutating func stagingFolder() throws(LeptonError) -> StagingFolder {
        if let folder { return folder }
        let made = try store.makeStagingFolder()
        folder = made
        return made
    }
}
