import LeptonTensor

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

    private func remove(_ files: [StoredFile]) throws(LeptonError) {
        var folders: Set<String> = []
        for file in files {
            _ = try FileSystem.removeFile(file.path)
            folders.insert(FileSystem.folder(of: file.path))
        }
        for folder in folders { try FileSystem.synchronize(folder: folder) }
    }
}
