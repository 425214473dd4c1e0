import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where the time comes from, so that a test can move it by hand.
///
/// Leases and usage are measured with the monotonic clock, which no correction of the system's date can move;
/// the wall clock only dates records.
package struct TimeSource: Sendable {
    /// Nanoseconds since an arbitrary start; never runs backwards.
    package let monotonic: @Sendable () -> UInt64
    /// Nanoseconds since 1970-01-01 UTC.
    package let wall: @Sendable () -> Int64

    package init(monotonic: @escaping @Sendable () -> UInt64, wall: @escaping @Sendable () -> Int64) {
        self.monotonic = monotonic
        self.wall = wall
    }

    package static let system = TimeSource(
        monotonic: {
            var time = timespec()
            clock_gettime(CLOCK_MONOTONIC, &time)
            return UInt64(truncatingIfNeeded: time.tv_sec) &* 1_000_000_000 &+ UInt64(truncatingIfNeeded: time.tv_nsec)
        },
        wall: {
            var time = timespec()
            clock_gettime(CLOCK_REALTIME, &time)
            return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        })
}

/// Arithmetic of leases.
enum Lease {
    /// About 292 years: what 63 bits of nanoseconds hold. Longer leases have no end.
    private static let longestSeconds = 9.2e9

    static func validated(seconds: Double, argument: String) throws(LeptonError) -> Double {
        guard seconds > 0 else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "seconds above 0, or infinity",
                received: "\(seconds)")
        }
        return seconds
    }

    /// The moment at which a lease of `seconds` that starts at `now` is over; nil when it has no end.
    static func deadline(from now: UInt64, seconds: Double) -> UInt64? {
        guard seconds < longestSeconds else { return nil }
        // Rounded up: the holder is never given less than was promised.
        let (deadline, overflow) = now.addingReportingOverflow(UInt64((seconds * 1e9).rounded(.up)))
        return overflow ? nil : deadline
    }

    static func remaining(until deadline: UInt64?, now: UInt64) -> Double {
        guard let deadline else { return .infinity }
        return deadline > now ? Double(deadline - now) / 1e9 : 0
    }

    static func isOver(_ deadline: UInt64?, now: UInt64) -> Bool { deadline.map { $0 <= now } ?? false }
}
