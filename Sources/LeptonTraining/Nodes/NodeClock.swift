import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The time by which nodes are found to be late.
///
/// A virtual clock is for tests: it stands still while nodes compute, and jumps ahead when all that is left to wait for
/// is what a fault holds back. What follows from a stall then depends on no machine's speed, and takes no time.
public struct NodeClock: Sendable {
    /// Nanoseconds since an arbitrary start; never runs backwards.
    let now: @Sendable () -> UInt64
    /// Moves a virtual clock to a later time; nil for a real one, which moves by itself.
    let advance: (@Sendable (UInt64) -> Void)?

    /// The system's monotonic clock.
    public static let system = NodeClock(
        now: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
        }, advance: nil)

    /// A virtual clock that begins at 0.
    public static func virtual() -> NodeClock {
        let time = VirtualTime()
        return NodeClock(now: { time.now }, advance: { time.advance(to: $0) })
    }

    var isVirtual: Bool { advance != nil }
}

private final class VirtualTime: Sendable {
    private let time = Atomic<UInt64>(0)

    var now: UInt64 { time.load(ordering: .acquiring) }
    func advance(to moment: UInt64) { time.max(moment, ordering: .acquiringAndReleasing) }
}
