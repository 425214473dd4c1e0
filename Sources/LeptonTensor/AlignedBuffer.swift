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
    private let block: UnsafeMutableRawPointer

    /// - Throws: `outOfMemory` when the system has no such block.
    package init(zeros count: Int, purpose: String) throws(LeptonError) {
        // From calloc, whose large blocks come as pages that cost nothing until they are touched.
        let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Element>.stride)
        guard !overflow, bytes <= Int.max - AlignedBuffer.alignment,
            let block = calloc(bytes + AlignedBuffer.alignment, 1)
        else {
            throw LeptonError(
                .outOfMemory,
                "out of memory: \(purpose) needs \(count) elements of \(MemoryLayout<Element>.stride) bytes")
        }
        self.block = block
        pointer = block.alignedUp(toMultipleOf: AlignedBuffer.alignment)
            .bindMemory(to: Element.self, capacity: max(count, 1))
        self.count = count
    }

    deinit { free(block) }

    private static var alignment: Int { 64 }

    package var bytes: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: pointer, count: count * MemoryLayout<Element>.stride)
    }
}
