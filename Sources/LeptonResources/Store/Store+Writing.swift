import LeptonTensor

extension Store {
    /// Stores bytes and returns their name. Content that is there already is not written again; a stored copy that
    /// has been damaged is replaced.
    ///
    /// - Throws: `resourceExhausted` when it does not fit into `capacityBytes`; `io`, `permissionDenied` from the
    ///   system. The store is then as it was.
    public func put(_ bytes: UnsafeRawBufferPointer) throws(LeptonError) -> BlobDigest {
        let digest = ContentHasher.digest(of: bytes, key: vault?.blobNames)
        if try isIntact(digest), try keep(digest) { return digest }
        return try put { (writer) throws(LeptonError) in try writer.write(bytes) }
    }

    public func put(_ bytes: [UInt8]) throws(LeptonError) -> BlobDigest {
        try bytes.withBytes { (buffer) throws(LeptonError) in try put(buffer) }
    }

    /// Stores what `body` writes, piece by piece: for content that is larger than memory.
    ///
    /// - Throws: as `put(_:)`, and what `body` throws; the store is then as it was.
    public func put(
        streaming body: (inout BlobWriter) throws(LeptonError) -> Void
    ) throws(LeptonError) -> BlobDigest {
        var writer = try locked { (lock) throws(LeptonError) in
            var room: Int?
            if let capacityBytes { room = max(capacityBytes &- (try lock.bytesUsed()), 0) }
            return BlobWriter(
                store: self, piece: try StagedContent(in: stagingFolder, vault: vault, kind: .content), room: room)
        }
        try body(&writer)
        return try writer.commit()
    }

    /// The digest under which this store keeps given content.
    public func digest(of bytes: UnsafeRawBufferPointer) -> BlobDigest {
        ContentHasher.digest(of: bytes, key: vault?.blobNames)
    }

    private func isIntact(_ digest: BlobDigest) throws(LeptonError) -> Bool {
        do {
            _ = try map(digest)
            return true
        } catch  where error.code == .notFound || error.code == .corruptData {
            return false
        }
    }

    /// Makes sure that a blob which is there stays: on the disk, whoever wrote it may have crashed before that, and
    /// with the next garbage collection. False when it is gone meanwhile.
    private func keep(_ digest: BlobDigest) throws(LeptonError) -> Bool {
        try locked { (_) throws(LeptonError) in
            guard let path = try self.touch(digest) else { return false }
            try synchronizePlace(of: path)
            return true
        }
    }

    /// Begins a blob's time of protection anew, and says where it is; nil when it is gone.
    private func touch(_ digest: BlobDigest) throws(LeptonError) -> String? {
        for path in [path(of: digest), path(ofManifest: digest)]
        where try FileSystem.setChangeTime(path, nanoseconds: time.wall()) {
            return path
        }
        return nil
    }

    /// Puts a file's name on the disk, with the folder that it stands in.
    func synchronizePlace(of path: String) throws(LeptonError) {
        let folder = FileSystem.folder(of: path)
        try FileSystem.synchronize(folder: folder)
        try FileSystem.synchronize(folder: FileSystem.folder(of: folder))
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
}

// What a `BlobWriter` asks of its store.
extension Store {
    func makeStagingFolder() throws(LeptonError) -> StagingFolder {
        try locked { (_) throws(LeptonError) in try StagingFolder(in: stagingFolder) }
    }

    /// Gives the stored copy of a chunk a second name at `path`, which keeps it from the garbage collection; false when
    /// there is none that is intact.
    func keepStoredChunk(_ chunk: BlobManifest.Chunk, at path: String) throws(LeptonError) -> Bool {
        guard try FileSystem.link(self.path(ofChunk: chunk.digest), to: path) else { return false }
        do {
            let piece = StoredPiece(path: path, byteCount: chunk.byteCount, chunk: chunk.digest)
            let content = try MappedBlob(count: chunk.byteCount) { (buffer) throws(LeptonError) in
                try load(piece, into: buffer)
            }
            try check(content.bytes, ofChunk: chunk.digest)
            return true
        } catch  where error.code == .corruptData {
            _ = try FileSystem.removeFile(path)
            return false
        }
    }

    /// Moves a staged blob of one piece to its place.
    func commit(_ piece: inout StagedContent, as digest: BlobDigest) throws(LeptonError) {
        let target = path(of: digest)
        try locked { (lock) throws(LeptonError) in
            let (used, added) = (try lock.bytesUsed(), piece.file.byteCount)
            let replaced = try fileSize(target)
            try requireRoom(for: added, replacing: replaced, used: used)
            try makeFolder(for: target)
            try lock.forgetBytesUsed()
            try piece.file.setChangeTime(nanoseconds: time.wall())
            try piece.file.commit(to: target)
            lock.remember(bytesUsed: used &- replaced &+ added)
        }
    }

    /// Moves staged chunks to their places, and then the list of them, without which they are nothing.
    func commit(_ manifest: BlobManifest, from folder: StagingFolder) throws(LeptonError) {
        let target = path(ofManifest: manifest.digest)
        var list = try StagedContent(in: folder.path, vault: vault, kind: .manifest)
        try list.write(manifest.encoded)
        try list.finish()
        let chunks = Set(manifest.chunks.map(\.digest))
        try locked { (lock) throws(LeptonError) in
            let used = try lock.bytesUsed()
            var (added, replaced) = (list.file.byteCount, try fileSize(target))
            for chunk in chunks {
                added += try fileSize(folder.path + "/" + chunk.hexadecimal)
                replaced += try fileSize(path(ofChunk: chunk))
            }
            try requireRoom(for: added, replacing: replaced, used: used)
            try lock.forgetBytesUsed()
            try move(chunks, from: folder)
            try makeFolder(for: target)
            try list.file.setChangeTime(nanoseconds: time.wall())
            try list.file.commit(to: target)
            lock.remember(bytesUsed: used &- replaced &+ added)
        }
    }

    /// On failure those that were not there before are removed again.
    private func move(_ chunks: Set<BlobDigest>, from folder: StagingFolder) throws(LeptonError) {
        var undo = UndoList()
        do {
            var folders: Set<String> = []
            for chunk in chunks {
                let target = path(ofChunk: chunk)
                try makeFolder(for: target)
                let isNew = try FileSystem.status(target) == nil
                // A second name of the same file stays behind, and goes with the folder.
                try FileSystem.rename(folder.path + "/" + chunk.hexadecimal, to: target)
                if isNew { undo.add(target) }
                folders.insert(FileSystem.folder(of: target))
            }
            for folder in folders { try FileSystem.synchronize(folder: folder) }
        } catch {
            undo.removeAll()
            throw error
        }
    }

    private func makeFolder(for path: String) throws(LeptonError) {
        let folder = FileSystem.folder(of: path)
        if try FileSystem.createFolder(folder, mode: 0o700) {
            try FileSystem.synchronize(folder: FileSystem.folder(of: folder))
        }
    }
}
