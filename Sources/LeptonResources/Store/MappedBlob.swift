import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A blob in memory that can only be read; given back when the last reference goes away.
///
/// Of a plain store it is mapped from the blob's files. The store never changes a blob's file, and removing it leaves
/// the mapping intact. Another program that cuts the file short while it is mapped makes access to the missing pages
/// a bus error.
public final class MappedBlob: Sendable {
    private let address: UInt
    /// Bytes.
    public let count: Int

    /// Whether the files make one piece of memory when they are mapped one behind the other: each but the last must
    /// fill its pages. (The chunks of another version of the SDK might not.)
    static func canMap(_ pieces: [StoredPiece]) -> Bool {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        return pieces.dropLast().allSatisfy { $0.byteCount % page == 0 }
    }

    /// Maps files that hold nothing but content.
    init(mapping pieces: [StoredPiece]) throws(LeptonError) {
        count = pieces.reduce(0) { $0 + $1.byteCount }
        guard count > 0 else {
            // An empty range cannot be mapped.
            address = 0
            return
        }
        // The range is taken first, so that nobody else's memory comes to lie in it.
        let start = try MappedBlob.reserve(count, PROT_NONE)
        var offset = 0
        do throws(LeptonError) {
            for piece in pieces {
                try MappedBlob.map(piece, at: start + offset)
                offset += piece.byteCount
            }
        } catch {
            munmap(start, count)
            throw error
        }
        // Last: an initialiser that throws before every property has a value does not come to `deinit`.
        address = UInt(bitPattern: start)
    }

    /// Memory of the process's own, filled by `body` and then made read-only.
    init(count: Int, _ body: (UnsafeMutableRawBufferPointer) throws(LeptonError) -> Void) throws(LeptonError) {
        self.count = count
        guard count > 0 else {
            address = 0
            try body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
            return
        }
        let start = try MappedBlob.reserve(count, PROT_READ | PROT_WRITE)
        do throws(LeptonError) {
            try body(UnsafeMutableRawBufferPointer(start: start, count: count))
        } catch {
            munmap(start, count)
            throw error
        }
        // Only keeps a mistake of the reader from changing it: a failure does no harm.
        mprotect(start, count, PROT_READ)
        address = UInt(bitPattern: start)
    }

    private static func reserve(_ count: Int, _ protection: Int32) throws(LeptonError) -> UnsafeMutableRawPointer {
        let start = mmap(nil, count, protection, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let start, start != MAP_FAILED else {
            throw LeptonError(.outOfMemory, "no memory for \(count) bytes")
        }
        return start
    }

    private static func map(_ piece: StoredPiece, at address: UnsafeMutableRawPointer) throws(LeptonError) {
        let file = try FileSystem.open(piece.path, O_RDONLY | O_NONBLOCK)
        let size = Int(try FileSystem.status(of: file, path: piece.path).st_size)
        // Pages beyond the end of a file that was cut short could not be read.
        guard size == piece.byteCount else { throw Store.wrongSize(piece, fileSize: size) }
        guard mmap(address, size, PROT_READ, MAP_PRIVATE | MAP_FIXED, file.raw, 0) != MAP_FAILED else {
            throw FileSystem.systemError(errno, "map", piece.path)
        }
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
