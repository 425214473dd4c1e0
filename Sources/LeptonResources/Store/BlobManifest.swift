import Crypto
import LeptonTensor

/// Where a large blob is cut into chunks.
///
/// Chunks have fixed places rather than places that the content decides. What changes between two checkpoints are
/// numbers in place, never lengths before them, so a fixed cut finds every chunk that is equal; and because each
/// chunk is a whole number of pages, chunks can be mapped one behind the other into one piece of memory, shared
/// between processes and without a copy, which chunks of any length cannot.
///
/// Chunk sizes double every 1024 chunks, up to 64 MiB: 1 MiB shares finely where checkpoints are, and a data set of a
/// terabyte still stays within the number of mappings that a process may have (65530 on Linux).
package struct ChunkPlan: Sendable {
    /// Bytes of the first chunk, and the most that a blob of one piece has.
    let first: Int
    private static let chunksOfOneSize = 1024
    private static let doublings = 6

    /// - Parameter first: a whole number of pages. A store can be read whatever it was when it was written.
    package init(first: Int = 1 << 20) { self.first = first }

    func size(ofChunk index: Int) -> Int { first << min(index / ChunkPlan.chunksOfOneSize, ChunkPlan.doublings) }
}

/// What a large blob is made of: its chunks in order.
///
/// Layout, little-endian: "LPTMANF1", the blob's digest (32 bytes), the number of chunks (8), for each chunk its
/// digest (32) and its bytes (8), and the SHA-256 of all this, so that damage to the list itself is found before
/// anything is looked for under a wrong name.
struct BlobManifest {
    struct Chunk {
        let digest: BlobDigest
        let byteCount: Int
    }

    let digest: BlobDigest
    let chunks: [Chunk]
    let byteCount: Int

    private static let magic = Array("LPTMANF1".utf8)
    private static let headerSize = 8 + 32 + 8
    private static let chunkSize = 32 + 8

    init(digest: BlobDigest, chunks: [Chunk]) {
        self.digest = digest
        self.chunks = chunks
        byteCount = chunks.reduce(0) { $0 + $1.byteCount }
    }

    var encoded: [UInt8] {
        var bytes = BlobManifest.magic + digest.bytes + BlobManifest.integer(chunks.count)
        for chunk in chunks { bytes += chunk.digest.bytes + BlobManifest.integer(chunk.byteCount) }
        return bytes + Array(SHA256.hash(data: bytes))
    }

    /// nil unless the bytes are a whole manifest of the blob.
    init?(decoding bytes: [UInt8], of digest: BlobDigest) {
        let end = bytes.count - 32
        guard end >= BlobManifest.headerSize, (end - BlobManifest.headerSize) % BlobManifest.chunkSize == 0,
            Array(SHA256.hash(data: bytes[..<end])) == Array(bytes[end...]),
            Array(bytes[..<8]) == BlobManifest.magic, Array(bytes[8..<40]) == digest.bytes,
            BlobManifest.integer(bytes[40..<48]) == (end - BlobManifest.headerSize) / BlobManifest.chunkSize
        else { return nil }
        var chunks: [Chunk] = []
        var total = 0
        for start in stride(from: BlobManifest.headerSize, to: end, by: BlobManifest.chunkSize) {
            guard let count = BlobManifest.integer(bytes[start + 32..<start + 40]), count > 0 else { return nil }
            let (sum, overflow) = total.addingReportingOverflow(count)
            guard !overflow else { return nil }
            total = sum
            chunks.append(Chunk(digest: BlobDigest(bytes: bytes[start..<start + 32]), byteCount: count))
        }
        self.digest = digest
        self.chunks = chunks
        byteCount = total
    }

    private static func integer(_ value: Int) -> [UInt8] {
        withUnsafeBytes(of: UInt64(value).littleEndian) { Array($0) }
    }

    /// nil when it is no count that an Int holds.
    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int? {
        Int(exactly: bytes.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
    }
}
