import LeptonTensor

/// What is in a store.
public struct StoreStatistics: Sendable, Equatable {
    public var references = 0
    public var blobs = 0
    public var chunks = 0
    /// Bytes of content of all blobs, each counted in full.
    public var logicalBytes = 0
    /// Bytes of the files that hold them.
    public var storedBytes = 0
    /// Bytes of content of blobs that no reference names.
    public var unreferencedBytes = 0
    /// References and lists of chunks that cannot be read; `Store.verify` names them.
    public var damaged = 0

    /// How many bytes of content each stored byte stands for: 1 when no chunk is shared (a little less where content
    /// is sealed), and when there is nothing.
    public var deduplication: Double { storedBytes > 0 ? Double(logicalBytes) / Double(storedBytes) : 1 }
}

/// A blob in a list.
public struct StoredBlob: Sendable, Equatable {
    public let digest: BlobDigest
    /// Bytes of content.
    public let byteCount: Int
    /// 0 for a blob of one piece.
    public let chunks: Int
}

/// Something in a store that is not as it was written.
public struct StoreDamage: Sendable, Equatable {
    public enum Kind: String, Sendable {
        case blob, reference
    }

    public let kind: Kind
    /// The digest of a blob, the file of a reference.
    public let name: String
    public let message: String
}

extension Store {
    /// All blobs, by digest, without those whose list of chunks is damaged, which `verify` names.
    /// - Complexity: O(files).
    public func blobs() throws(LeptonError) -> [StoredBlob] {
        try listBlobs { _, _ in }
    }

    private func listBlobs(
        damaged: (BlobDigest, LeptonError) -> Void
    ) throws(LeptonError) -> [StoredBlob] {
        var found: [StoredBlob] = []
        for file in try storedFiles(in: blobsFolder) {
            guard let count = vault == nil ? file.byteCount : SealedFormat.contentSize(ofFile: file.byteCount) else {
                damaged(file.digest, Unsealer.tampered(file.path, "\(file.byteCount) bytes"))
                continue
            }
            found.append(StoredBlob(digest: file.digest, byteCount: count, chunks: 0))
        }
        for file in try storedFiles(in: manifestsFolder) {
            do {
                // One that is removed meanwhile is not there.
                guard let manifest = try readManifest(file.digest) else { continue }
                found.append(
                    StoredBlob(
                        digest: file.digest, byteCount: manifest.byteCount, chunks: manifest.chunks.count))
            } catch  where error.code == .corruptData {
                damaged(file.digest, error)
            }
        }
        return found.sorted { $0.digest.hexadecimal < $1.digest.hexadecimal }
    }

    /// Counts what is there. - Complexity: O(files).
    public func statistics() throws(LeptonError) -> StoreStatistics {
        var result = StoreStatistics()
        let named = try readReferences { _, _ in result.damaged += 1 }
        result.references = named.count
        let digests = Set(named.map(\.digest))
        for blob in try listBlobs(damaged: { _, _ in result.damaged += 1 }) {
            result.blobs += 1
            result.logicalBytes &+= blob.byteCount
            if !digests.contains(blob.digest) { result.unreferencedBytes &+= blob.byteCount }
        }
        result.chunks = try storedFiles(in: chunksFolder).count
        result.storedBytes = try bytesUsed()
        return result
    }

    /// Reads everything and compares it with its digests.
    ///
    /// - Parameter progress: told each thing that is not as it was written; returns false to stop.
    /// - Returns: how many blobs and references were looked at.
    /// - Throws: what the system refuses; damage is no error here.
    public func verify(_ progress: (StoreDamage) -> Bool) throws(LeptonError) -> Int {
        var damages: [StoreDamage] = []
        let named = try readReferences { path, error in
            damages.append(StoreDamage(kind: .reference, name: path, message: error.message))
        }
        var checked = named.count + damages.count
        for damage in damages where !progress(damage) { return checked }
        var digests: Set<BlobDigest> = []
        for folder in [blobsFolder, manifestsFolder] {
            for file in try storedFiles(in: folder) { digests.insert(file.digest) }
        }
        for digest in digests.sorted(by: { $0.hexadecimal < $1.hexadecimal }) {
            checked += 1
            guard let damage = try damage(of: digest) else { continue }
            if !progress(StoreDamage(kind: .blob, name: "\(digest)", message: damage)) { return checked }
        }
        for (name, digest) in named where !digests.contains(digest) {
            // It may have been put after the list of blobs was read.
            guard try !contains(digest) else { continue }
            let damage = StoreDamage(
                kind: .reference, name: path(ofReference: name), message: "'\(name)': \(notFound(digest).message)")
            if !progress(damage) { return checked }
        }
        return checked
    }

    /// The same as a list.
    public func verify() throws(LeptonError) -> [StoreDamage] {
        var found: [StoreDamage] = []
        _ = try verify { damage in
            found.append(damage)
            return true
        }
        return found
    }

    private func damage(of digest: BlobDigest) throws(LeptonError) -> String? {
        do {
            _ = try map(digest)
            return nil
        } catch {
            // One that is removed meanwhile is not there.
            if error.code == .notFound { return nil }
            guard error.code == .corruptData || error.code == .io else { throw error }
            return error.message
        }
    }
}
