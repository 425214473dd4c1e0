import CLeptonSystem
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Memory in whole pages, zero at first, of which pages that nobody touched cost nothing; shared with worker processes
/// through a file without a name, or this process's own.
///
/// Not `Sendable`: whoever shares one says what keeps two from writing to the same place.
final class MemoryRegion {
    let base: UnsafeMutableRawPointer
    let byteCount: Int
    /// Of the file; -1 for memory that is not shared.
    let descriptor: Int32

    private init(base: UnsafeMutableRawPointer, byteCount: Int, descriptor: Int32) {
        self.base = base
        self.byteCount = byteCount
        self.descriptor = descriptor
    }

    deinit {
        munmap(base, byteCount)
        if descriptor >= 0 { close(descriptor) }
    }

    /// - Throws: `outOfMemory`.
    convenience init(bytes: Int, isShared: Bool, purpose: String) throws(LeptonError) {
        let bytes = max(bytes, 1)
        var file: Int32 = -1
        if isShared {
            file = leptonsys_shared_memory(bytes)
            guard file >= 0 else {
                throw LeptonError(
                    .outOfMemory,
                    "out of memory: \(purpose) needs \(bytes) bytes that processes share (error \(-file))")
            }
        }
        let flags = isShared ? MAP_SHARED : MAP_PRIVATE | MAP_ANON | MAP_NORESERVE
        let mapped = mmap(nil, bytes, PROT_READ | PROT_WRITE, Int32(flags), file, 0)
        guard let mapped, mapped != MAP_FAILED else {
            if file >= 0 { close(file) }
            throw LeptonError(.outOfMemory, "out of memory: \(purpose) needs \(bytes) bytes")
        }
        self.init(base: mapped, byteCount: bytes, descriptor: file)
    }

    /// Maps a file that another process shares.
    ///
    /// - Parameter descriptor: closed with the object.
    /// - Throws: `corruptData` when the file is smaller: reading past its end would kill the process.
    convenience init(adopting descriptor: Int32, bytes: Int, isWritable: Bool) throws(LeptonError) {
        let bytes = max(bytes, 1)
        var status = stat()
        guard fstat(descriptor, &status) == 0, Int(status.st_size) >= bytes else {
            throw LeptonError(
                .corruptData, argument: "shared memory", expected: "\(bytes) bytes", received: "\(status.st_size)")
        }
        let mapped = mmap(nil, bytes, isWritable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, descriptor, 0)
        guard let mapped, mapped != MAP_FAILED else {
            throw LeptonError(.outOfMemory, "out of memory: \(bytes) bytes cannot be mapped")
        }
        self.init(base: mapped, byteCount: bytes, descriptor: descriptor)
    }
}

/// Lays blocks one after another, each at a cache line.
struct RegionLayout {
    private(set) var byteCount = 0
    private var hasOverflowed = false

    /// - Returns: where a block of so many elements of so many bytes begins.
    mutating func place(_ count: Int, bytesEach: Int) -> Int {
        let begin = byteCount
        let (bytes, overflow) = count.multipliedReportingOverflow(by: bytesEach)
        let (end, overflow2) = begin.addingReportingOverflow(bytes)
        if overflow || overflow2 || end > Int.max - 64 {
            hasOverflowed = true
        } else {
            byteCount = (end + 63) / 64 * 64
        }
        return begin
    }

    /// - Throws: `outOfMemory` when the sum does not fit in a number.
    func checkedBytes(_ purpose: String) throws(LeptonError) -> Int {
        guard !hasOverflowed else {
            throw LeptonError(.outOfMemory, "out of memory: \(purpose) is larger than any memory")
        }
        return byteCount
    }
}
