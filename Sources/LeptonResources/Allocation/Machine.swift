import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What this machine lets this process use.
package enum Machine {
    /// Cores this process may run on: online ones, its CPU affinity and its control group's quota respected.
    package static func availableCores() -> Int {
        let online = max(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 1)
        let allowed = [allowedCPUs(), quotaCores()].compactMap(\.self).filter { $0 > 0 }
        return max(min(online, allowed.min() ?? online), 1)
    }

    /// Physical memory in bytes, or the control group's limit when that is lower.
    package static func memoryBytes() -> Int {
        let pages = max(Int(sysconf(Int32(_SC_PHYS_PAGES))), 0)
        let pageSize = max(Int(sysconf(Int32(_SC_PAGESIZE))), 0)
        let (physical, overflow) = pages.multipliedReportingOverflow(by: pageSize)
        let limits = controlGroupFiles("memory.max", legacy: "memory/memory.limit_in_bytes").compactMap { Int($0) }
        return ([overflow ? Int.max : physical] + limits).min() ?? 0
    }

    /// Bytes that an ordinary user may still write to the disk that holds `path`.
    package static func freeDisk(_ path: String) throws(LeptonError) -> Int {
        try FileSystem.validate(path: path, argument: "store_path")
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            throw FileSystem.systemError(errno, "ask for the free space of", path)
        }
        let blocks = Int(clamping: status.f_bavail)
        let (bytes, overflow) = blocks.multipliedReportingOverflow(by: Int(clamping: status.f_frsize))
        return overflow ? Int.max : bytes
    }

    /// Linux: the size of the affinity mask, which /proc gives as "0-3,8". (`sched_getaffinity` is not visible
    /// to Swift.)
    private static func allowedCPUs() -> Int? {
        guard let status = text("/proc/self/status") else { return nil }
        let prefix = "Cpus_allowed_list:"
        guard let line = status.split(separator: "\n").first(where: { $0.hasPrefix(prefix) }) else { return nil }
        return cpuCount(list: line.dropFirst(prefix.count).filter { !$0.isWhitespace })
    }

    package static func cpuCount(list: String) -> Int? {
        var count = 0
        for range in list.split(separator: ",") {
            let ends = range.split(separator: "-").map { Int($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, (0...last).contains(first),
                last < 1 << 20
            else { return nil }
            count += last - first + 1
        }
        return count
    }

    /// Linux: the control group's CPU quota in whole cores, a part counted as one.
    private static func quotaCores() -> Int? {
        let modern = controlGroupFiles("cpu.max", legacy: nil).compactMap { quotaCores($0) }
        if let least = modern.min() { return least }
        guard let quota = text("/sys/fs/cgroup/cpu/cpu.cfs_quota_us"),
            let period = text("/sys/fs/cgroup/cpu/cpu.cfs_period_us")
        else { return nil }
        return quotaCores(quota + " " + period)
    }

    /// "200000 100000" is two cores; "max 100000" and "-1 100000" are no limit.
    package static func quotaCores(_ text: String) -> Int? {
        let numbers = text.split(whereSeparator: \.isWhitespace).map { Int($0) }
        guard numbers.count == 2, let quota = numbers[0], let period = numbers[1], quota > 0, period > 0 else {
            return nil
        }
        return quota / period + (quota % period == 0 ? 0 : 1)
    }

    /// A limit's file in this process's control group (version 2) and the groups around it, and the file of
    /// version 1, so far as they exist.
    private static func controlGroupFiles(_ name: String, legacy: String?) -> [String] {
        var found = legacy.flatMap { text("/sys/fs/cgroup/" + $0) }.map { [$0] } ?? []
        guard let groups = text("/proc/self/cgroup"),
            let line = groups.split(separator: "\n").first(where: { $0.hasPrefix("0::/") })
        else { return found }
        var folder = String(line.dropFirst("0::".count))
        while true {
            let separator = folder.hasSuffix("/") ? "" : "/"
            if let limit = text("/sys/fs/cgroup" + folder + separator + name) { found.append(limit) }
            guard folder.count > 1 else { return found }
            folder = FileSystem.folder(of: folder)
        }
    }

    /// A small text file of the system, its final newline removed; nil when it cannot be read.
    private static func text(_ path: String) -> String? {
        guard let bytes = try? FileSystem.readFile(path, maximumBytes: 1 << 20) else { return nil }
        var text = String(decoding: bytes, as: UTF8.self)
        while text.last?.isNewline == true { text.removeLast() }
        return text
    }
}
