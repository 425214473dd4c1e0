#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Memory for numbers: aligned to a cache line so that vector loads never straddle two, freed with its owner.
///
/// Not `Sendable`: whoever shares one says what keeps two threads from writing to the same place.
package final class AlignedBuffer<Element: BitwiseCopyable> {
    package let pointer: UnsafeMutablePointer<Element>
    package let count: Int

    /// - Throws: `outOfMemory` when the system has no such block.
    package init(zeros count: Int, purpose: String) throws(LeptonError) {
        let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        var block: UnsafeMutableRawPointer?
        guard !overflow, posix_memalign(&block, 64, bytes) == 0, let block else {
            throw LeptonError(
                .outOfMemory,
                "out of memory: \(purpose) needs \(count) elements of \(MemoryLayout<Element>.stride) bytes")
        }
        memset(block, 0, bytes)
        self.pointer = block.bindMemory(to: Element.self, capacity: max(count, 1))
        self.count = count
    }

    deinit { free(pointer) }

    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer, count: count * MemoryLayout<Element>.stride)
    }
}
