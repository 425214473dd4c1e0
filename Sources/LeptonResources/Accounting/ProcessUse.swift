import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What this process has really used, by the system's own account (`getrusage`).
public struct ProcessUse: Sendable, Hashable {
    /// Of all threads, in user and system mode.
    public let cpuSeconds: Double
    /// The most memory that was resident at once.
    public let peakMemoryBytes: Int

    /// Up to now.
    public static var now: ProcessUse {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(Int32(bitPattern: UInt32(RUSAGE_SELF.rawValue)), &usage)
            let unit = 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            let unit = 1
        #endif
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let (bytes, overflow) = Int(usage.ru_maxrss).multipliedReportingOverflow(by: unit)
        return ProcessUse(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            peakMemoryBytes: overflow ? Int.max : bytes)
    }

    /// Processor time since `before`, against what was allocated in that time.
    public func json(since before: ProcessUse, allocatedCoreNanoseconds: UInt128) -> JSONValue {
        let used = max(cpuSeconds - before.cpuSeconds, 0)
        let allocated = Double(allocatedCoreNanoseconds) / 1e9
        return [
            "cpu_seconds": .number(used), "allocated_core_seconds": .number(allocated),
            "used_share": .number(allocated > 0 ? used / allocated : 0),
            "peak_memory_bytes": .integer(Int64(peakMemoryBytes)),
        ]
    }
}
