import LeptonResources

/// What a simulation has seen: areas under curves, waiting times, times of decisions.
struct ScheduleRecord {
    /// Points of the curves over time.
    static let bins = 120
    /// The first part of a run fills the cluster, and is left out of means.
    static let warmup = 0.3

    let tenants: [ScheduleTenant]
    let capacity: ResourceShape
    let end: Int
    /// The shape that free cores are measured by.
    let ordinary: ResourceShape

    var preemptions = 0
    private(set) var placed = 0
    private(set) var placedNodes = 0
    private(set) var waiting = 0
    /// Microseconds from arrival to the first start, by tenant.
    private(set) var delays: [[Int]]
    /// Nanoseconds of calls of the core.
    private(set) var callTimes: [UInt32] = []
    private(set) var callTotal: UInt64 = 0
    /// For each bin and tenant: amounts held times microseconds.
    private(set) var areas: [[Area]]
    /// For each bin: what part of the free cores is of use.
    private(set) var usable: [Double?]

    /// For each tenant: requests that wait, and whether there were some at each end of a bin after the warm-up.
    private var queued: [Int]
    private var hasAlwaysWaited: [Bool]
    private var held: [Area]
    private var now = 0
    private var bin = 0

    /// Cores, memory and accelerators as floating-point numbers, for sums over time that are only looked at.
    struct Area {
        var cores = 0.0
        var memory = 0.0
        var accelerators = 0.0

        init() {}

        init(_ shape: ResourceShape, times factor: Double = 1) {
            cores = Double(shape.cores) * factor
            memory = Double(shape.memoryBytes) * factor
            accelerators = Double(shape.accelerators) * factor
        }

        mutating func add(_ other: Area, times factor: Double) {
            cores += other.cores * factor
            memory += other.memory * factor
            accelerators += other.accelerators * factor
        }

        var values: [Double] { [cores, memory, accelerators] }

        /// Each as a part of the other's; 0 of what the other has nothing of.
        func parts(of whole: Area) -> [Double] {
            zip(values, whole.values).map { $1 > 0 ? $0 / $1 : 0 }
        }
    }

    init(trace: ScheduleTrace, capacity: ResourceShape, end: Int) {
        tenants = trace.tenants
        self.capacity = capacity
        self.end = max(end, 1)
        delays = trace.tenants.map { _ in [] }
        held = trace.tenants.map { _ in Area() }
        queued = trace.tenants.map { _ in 0 }
        hasAlwaysWaited = trace.tenants.map { _ in true }
        areas = (0..<ScheduleRecord.bins).map { _ in trace.tenants.map { _ in Area() } }
        usable = (0..<ScheduleRecord.bins).map { _ in nil }
        callTimes.reserveCapacity(2 * trace.jobs.count)
        // The mean node of a request, weighted by what it takes: small ones do not hide that large ones find no room.
        var (weights, cores, memory) = (0.0, 0.0, 0.0)
        for job in trace.jobs where job.shape.accelerators == 0 {
            let weight = Double(job.nodes) * Double(job.duration) * Double(job.shape.cores)
            weights += weight
            cores += weight * Double(job.shape.cores)
            memory += weight * Double(job.shape.memoryBytes)
        }
        ordinary =
            weights > 0
            ? ResourceShape(cores: max(Int(cores / weights), 1), memoryBytes: Int(memory / weights))
            : ResourceShape(cores: 1)
    }

    func start(ofBin bin: Int) -> Int { Int(Double(end) * Double(bin) / Double(ScheduleRecord.bins)) }

    /// Lets time pass, at most to the end of a bin.
    ///
    /// - Returns: whether a bin ended, so that there is more to do.
    mutating func advance(to time: Int) -> Bool {
        let edge = bin + 1 < ScheduleRecord.bins ? start(ofBin: bin + 1) : Int.max
        let step = min(time, edge)
        guard now < step else { return false }
        for tenant in held.indices { areas[bin][tenant].add(held[tenant], times: Double(step - now)) }
        now = step
        return now == edge
    }

    /// Ends a bin: `part` of the free cores is of use for ordinary requests.
    mutating func closeBin(usable part: Double) {
        usable[bin] = part
        if warmBins.contains(bin) {
            for tenant in queued.indices where queued[tenant] == 0 { hasAlwaysWaited[tenant] = false }
        }
        bin += 1
    }

    mutating func took(_ nanoseconds: UInt64) {
        callTimes.append(UInt32(clamping: nanoseconds))
        callTotal &+= nanoseconds
    }

    /// A request waits: it is new, or has to leave.
    mutating func waits(_ job: ScheduleJob) { queued[job.tenant] += 1 }

    mutating func started(_ job: ScheduleJob, at time: Int, isFirst: Bool) {
        placed += 1
        queued[job.tenant] -= 1
        placedNodes += job.nodes
        if isFirst { delays[job.tenant].append(time - job.arrival) }
        held[job.tenant].add(Area(job.shape), times: Double(job.nodes))
    }

    mutating func stopped(_ job: ScheduleJob) {
        held[job.tenant].add(Area(job.shape), times: -Double(job.nodes))
    }

    mutating func close(waiting: Int) {
        self.waiting = waiting
        callTimes.sort()
        for tenant in delays.indices { delays[tenant].sort() }
    }
}

extension ScheduleRecord {
    /// Placements for each second that the core was busy.
    var decisionsPerSecond: Double { callTotal > 0 ? Double(placed) / (Double(callTotal) / 1e9) : 0 }
    var nodesPerSecond: Double { callTotal > 0 ? Double(placedNodes) / (Double(callTotal) / 1e9) : 0 }

    /// Of the calls that answer an arrival or a departure.
    func callMicroseconds(quantile: Double) -> Double {
        guard !callTimes.isEmpty else { return 0 }
        return Double(callTimes[min(Int(quantile * Double(callTimes.count)), callTimes.count - 1)]) / 1000
    }

    func delaySeconds(tenant: Int? = nil, quantile: Double) -> Double {
        let all = tenant.map { delays[$0] } ?? delays.flatMap(\.self).sorted()
        guard !all.isEmpty else { return 0 }
        return Double(all[min(Int(quantile * Double(all.count)), all.count - 1)]) / ScheduleTrace.secondsToTicks
    }

    /// Whether a tenant wanted more than it had all the time after the warm-up.
    func isBacklogged(tenant: Int) -> Bool { hasAlwaysWaited[tenant] }

    var meanDelaySeconds: Double {
        let count = delays.reduce(0) { $0 + $1.count }
        let sum = delays.reduce(0.0) { $0 + $1.reduce(0.0) { $0 + Double($1) } }
        return count > 0 ? sum / Double(count) / ScheduleTrace.secondsToTicks : 0
    }

    private var warmBins: Range<Int> { Int(ScheduleRecord.warmup * Double(ScheduleRecord.bins))..<ScheduleRecord.bins }

    /// Cores, memory and accelerators in use in one bin, of all there are.
    func utilisation(bin: Int) -> [Double] {
        let length = Double(start(ofBin: bin + 1) - start(ofBin: bin))
        var sum = Area()
        for area in areas[bin] { sum.add(area, times: 1) }
        return sum.parts(of: Area(capacity, times: max(length, 1)))
    }

    /// The same from the end of the warm-up on.
    var meanUtilisation: [Double] {
        mean(warmBins.map { utilisation(bin: $0) })
    }

    /// The mean of what part of the free cores is of no use to an ordinary request.
    var fragmentation: Double {
        let known = warmBins.compactMap { usable[$0] }
        return known.isEmpty ? 0 : 1 - known.reduce(0, +) / Double(known.count)
    }

    /// What a tenant holds of each resource, on average after the warm-up.
    func meanShares(ofTenant tenant: Int) -> [Double] {
        mean(
            warmBins.map { bin in
                let length = Double(start(ofBin: bin + 1) - start(ofBin: bin))
                return areas[bin][tenant].parts(of: Area(capacity, times: max(length, 1)))
            })
    }

    private func mean(_ rows: [[Double]]) -> [Double] {
        (0..<3).map { column in rows.reduce(0) { $0 + $1[column] } / Double(max(rows.count, 1)) }
    }
}
