import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What a garbage collection removed, or would remove.
public struct StoreCollection: Sendable, Equatable {
    public var removedBlobs = 0
    /// Chunks that no blob has any more.
    public var removedChunks = 0
    /// Bytes of the files removed.
    public var freedBytes = 0
    /// Blobs without a reference that stay because they are too young.
    public var keptYoungBlobs = 0
}

extension Store {
    /// Removes the blobs that no reference names, and chunks that no blob has.
    ///
    /// A blob has no reference yet between `put` and `setReference`, perhaps in another process. So one that was put
    /// less than `olderThan` seconds ago stays, and so does one whose time lies in the future, as after a change of the
    /// system's clock. What is being written is not touched at all: its writer holds a lock on it.
    ///
    /// - Parameters:
    ///   - olderThan: seconds, 0 or more; an hour.
    ///   - dryRun: only says what would be removed.
    /// - Throws: `invalidArgument`; `corruptData`, and removes nothing, when a reference is damaged, or the list of the
    ///   chunks of a blob that stays: what they name is then not known.
    /// - Complexity: O(files), with the store locked.
    @discardableResult
    public func collectGarbage(
        olderThan seconds: Double = 3600, dryRun: Bool = false
    ) throws(LeptonError) -> StoreCollection {
        guard seconds >= 0 else {
            throw LeptonError(
                .invalidArgument, argument: "older_than", expected: "seconds, 0 or more", received: "\(seconds)")
        }
        return try locked { (lock) throws(LeptonError) in
            let now = time.wall()
            let named = Set(try intactReferences().map(\.digest))
            var result = StoreCollection()
            var garbage: [StoredFile] = []
            var chunksInUse: Set<BlobDigest> = []
            func stays(_ file: StoredFile) -> Bool {
                if named.contains(file.digest) { return true }
                if Double(now) - Double(file.changed) >= seconds * 1e9 { return false }
                result.keptYoungBlobs += 1
                return true
            }
            for file in try storedFiles(in: blobsFolder) where !stays(file) { garbage.append(file) }
            for file in try storedFiles(in: manifestsFolder) {
                guard stays(file) else {
                    garbage.append(file)
                    continue
                }
                for chunk in try readManifest(file.digest)?.chunks ?? [] { chunksInUse.insert(chunk.digest) }
            }
            result.removedBlobs = garbage.count
            let chunks = try storedFiles(in: chunksFolder).filter { !chunksInUse.contains($0.digest) }
            result.removedChunks = chunks.count
            result.freedBytes = (garbage + chunks).reduce(0) { $0 &+ $1.byteCount }
            // Lists before the chunks that they name, so that a crash in between leaves no blob without its chunks.
            if !dryRun {
                let used = try lock.bytesUsed()
                try lock.forgetBytesUsed()
                try remove(garbage)
                try remove(chunks)
                lock.remember(bytesUsed: used &- result.freedBytes)
            }
            return result
        }
    }

    /// Removes a blob, with the chunks that no other blob has. Who has it mapped keeps it until the mapping goes away.
    ///
    /// - Throws: `notFound`; `invalidState` while a reference names it; `corruptData` when a reference is damaged, so
    ///   that it is not known what it names.
    /// - Complexity: O(large blobs) for one that has chunks.
    public func removeBlob(_ digest: BlobDigest) throws(LeptonError) {
        try locked { (lock) throws(LeptonError) in
            guard try contains(digest) else { throw notFound(digest) }
            if let reference = try intactReferences().first(where: { $0.digest == digest }) {
                throw LeptonError(
                    .invalidState, "blob \(digest) is named by the reference '\(reference.name)': remove that first")
            }
            let used = try lock.bytesUsed()
            var own: [StoredFile] = []
            for path in [path(of: digest), path(ofManifest: digest)] {
                guard let status = try FileSystem.status(path) else { continue }
                own.append(StoredFile(digest: digest, path: path, byteCount: Int(status.st_size), changed: 0))
            }
            let chunks = try unsharedChunks(of: digest)
            try lock.forgetBytesUsed()
            // The list before the chunks that it names, so that a crash in between leaves no blob without its chunks.
            try remove(own)
            try remove(chunks)
            lock.remember(bytesUsed: used &- (own + chunks).reduce(0) { $0 &+ $1.byteCount })
        }
    }

    /// The chunks that only this blob has. None when that cannot be known, because a list is damaged; they are then
    /// left to the garbage collection, which says so.
    private func unsharedChunks(of digest: BlobDigest) throws(LeptonError) -> [StoredFile] {
        do {
            var chunks = Set(try readManifest(digest)?.chunks.map(\.digest) ?? [])
            guard !chunks.isEmpty else { return [] }
            for other in try storedFiles(in: manifestsFolder) where other.digest != digest {
                for chunk in try readManifest(other.digest)?.chunks ?? [] { chunks.remove(chunk.digest) }
            }
            return try chunks.map { (chunk) throws(LeptonError) in
                StoredFile(
                    digest: chunk, path: path(ofChunk: chunk), byteCount: try fileSize(path(ofChunk: chunk)),
                    changed: 0)
            }
        } catch  where error.code == .corruptData {
            return []
        }
    }

    private func remove(_ files: [StoredFile]) throws(LeptonError) {
        var folders: Set<String> = []
        for file in files {
            if try FileSystem.removeFile(file.path) { folders.insert(FileSystem.folder(of: file.path)) }
        }
        for folder in folders { try FileSystem.synchronize(folder: folder) }
    }
}
