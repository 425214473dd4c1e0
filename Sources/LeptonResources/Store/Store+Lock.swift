import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Store {
    /// Proof of holding the store's lock, and the way to the count of bytes kept in the lock's file.
    struct Lock: ~Copyable {
        fileprivate let file: FileSystem.Descriptor
        fileprivate let store: Store

        /// Bytes that all files of blobs take together.
        ///
        /// The count is kept so that a write need not look at every file. Whoever changes blobs empties the file
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

        func forgetBytesUsed() throws(LeptonError) { try FileSystem.truncate(file, path: store.lockPath) }

        /// A failure (a full disk) is no harm: an incomplete count is not believed.
        func remember(bytesUsed: Int) {
            do {
                try FileSystem.overwrite(file, with: Array("\(bytesUsed)\n".utf8), path: store.lockPath)
            } catch {}
        }
    }

    /// Runs `body` while no other thread or process changes the store.
    func locked<Result: ~Copyable>(
        _ body: (borrowing Lock) throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        // A file description of its own for each call, so that flock also keeps threads apart.
        let file = try FileSystem.openOrCreate(lockPath, mode: 0o600)
        try FileSystem.lock(file, path: lockPath)
        let lock = Lock(file: file, store: self)
        // Said rather than left to the closing of the file: a value that cannot be copied ends with its last use, which
        // may be before the end of a `body` that does not look at it.
        defer { FileSystem.unlock(lock.file) }
        return try body(lock)
    }

    /// Removes what a crash has left behind and counts the blobs.
    func recover(_ undo: inout UndoList) throws(LeptonError) {
        if try FileSystem.status(lockPath) == nil { undo.add(lockPath) }
        try locked { (lock) throws(LeptonError) in
            for name in try FileSystem.names(inFolder: stagingFolder) where AtomicFile.isTemporaryName(name) {
                try removeUnlessBeingWritten(stagingFolder + "/" + name)
            }
            for name in try FileSystem.names(inFolder: path) where AtomicFile.isTemporaryName(name) {
                // Markers are written with the lock held, or before there was a store.
                _ = try FileSystem.removeFile(path + "/" + name)
            }
            try lock.forgetBytesUsed()
            lock.remember(bytesUsed: try countBytes())
        }
    }

    /// Staged files are created and locked while the store's lock is held, so one that is not locked has no writer.
    private func removeUnlessBeingWritten(_ path: String) throws(LeptonError) {
        let file: FileSystem.Descriptor
        do {
            file = try FileSystem.open(path, O_RDONLY)
        } catch  where error.code == .notFound {
            // Its writer has just moved or removed it.
            return
        }
        guard try FileSystem.tryLock(file, path: path) else { return }
        if FileSystem.isFolder(try FileSystem.status(of: file, path: path)) {
            try StagingFolder.remove(path)
        } else {
            _ = try FileSystem.removeFile(path)
        }
    }

    /// - Complexity: O(files).
    func countBytes() throws(LeptonError) -> Int {
        var total = 0
        for folder in [blobsFolder, chunksFolder, manifestsFolder] {
            for file in try storedFiles(in: folder) {
                let (sum, overflow) = total.addingReportingOverflow(file.byteCount)
                total = overflow ? Int.max : sum
            }
        }
        return total
    }
}
