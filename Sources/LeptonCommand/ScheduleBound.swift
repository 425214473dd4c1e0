import LeptonResources

/// What no scheduler can surpass: the cluster as one machine that works on parts of requests of any size.
///
/// Each resource is looked at on its own. By any moment t, no more can have been used than was offered by some earlier
/// moment s if every request had started at its arrival, and all of the cluster from s to t; the least of this over
/// all s is the bound. It is followed as a backlog that grows while more is offered than there is.
struct ScheduleBound {
    /// For each bin of a record: cores, memory and accelerators in use at most, as parts of all.
    private(set) var bins: [[Double]]
    /// The same from the end of the warm-up on.
    private(set) var mean: [Double]
    /// Work offered until the end over what the cluster can do by then.
    private(set) var load: [Double]

    init(trace: ScheduleTrace, capacity: ResourceShape, end: Int) {
        let whole = ScheduleRecord.Area(capacity).values
        var ends = trace.jobs.indices.map { (time: trace.jobs[$0].arrival &+ trace.jobs[$0].duration, job: $0) }
        ends.sort { $0.time < $1.time }
        bins = (0..<ScheduleRecord.bins).map { _ in [0, 0, 0] }
        load = [0, 0, 0]
        let length = Double(max(end, 1)) / Double(ScheduleRecord.bins)
        for resource in 0..<3 where whole[resource] > 0 {
            var flow = Flow(length: length, count: ScheduleRecord.bins)
            var (next, over) = (0, 0)
            while true {
                let arrival = next < trace.jobs.count ? trace.jobs[next].arrival : Int.max
                let leaving = over < ends.count ? ends[over].time : Int.max
                let now = min(arrival, leaving)
                flow.pass(to: Double(min(now, end)))
                guard now < end else { break }
                if arrival <= leaving {
                    flow.offered += trace.jobs[next].amount(resource) / whole[resource]
                    next += 1
                } else {
                    flow.offered -= trace.jobs[ends[over].job].amount(resource) / whole[resource]
                    over += 1
                }
            }
            for bin in 0..<ScheduleRecord.bins { bins[bin][resource] = min(flow.used[bin] / length, 1) }
            load[resource] = flow.total / Double(max(end, 1))
        }
        let warm = Int(ScheduleRecord.warmup * Double(ScheduleRecord.bins))
        let rows = bins[warm...]
        mean = (0..<3).map { resource in rows.reduce(0) { $0 + $1[resource] } / Double(rows.count) }
    }

    /// The resource that is asked for the most: the one that a saturated cluster runs out of.
    var scarce: Int { (0..<3).max { load[$0] < load[$1] } ?? 0 }

    /// One resource over time, as parts of the cluster.
    private struct Flow {
        let length: Double
        var used: [Double]
        /// In use if every request had started at its arrival.
        var offered = 0.0
        /// Offered, and not done yet for want of room.
        var backlog = 0.0
        var total = 0.0
        var now = 0.0

        init(length: Double, count: Int) {
            self.length = length
            used = Array(repeating: 0, count: count)
        }

        mutating func pass(to time: Double) {
            while now < time {
                let bin = min(Int(now / length), used.count - 1)
                let edge = bin + 1 < used.count ? length * Double(bin + 1) : time
                var step = min(time, max(edge, now.nextUp)) - now
                let isFull = backlog > 0 || offered > 1
                // A backlog that is worked off ends within the step.
                if isFull, offered < 1 { step = min(step, max(backlog / (1 - offered), 1e-3)) }
                used[bin] += step * (isFull ? 1 : max(offered, 0))
                if isFull { backlog = max(backlog + step * (offered - 1), 0) }
                total += step * max(offered, 0)
                now += step
            }
        }
    }
}

extension ScheduleJob {
    /// All its nodes together: cores, memory or accelerators.
    func amount(_ resource: Int) -> Double {
        Double(nodes) * Double([shape.cores, shape.memoryBytes, shape.accelerators][resource])
    }
}

/// How the tenants' shares compare with those of dominant resource fairness.
struct ScheduleFairness {
    /// For each tenant: its dominant share, on average after the warm-up.
    private(set) var shares: [Double]
    /// For each tenant: what it would have with nothing idle; nil for those that never had to wait, as they have all
    /// that they want.
    private(set) var ideal: [Double?]

    /// Tenants that wait for more have the same dominant share for each unit of weight, as large as what the others
    /// leave allows: progressive filling, in the proportions in which each uses the resources.
    init(_ record: ScheduleRecord) {
        let held = record.tenants.indices.map { record.meanShares(ofTenant: $0) }
        shares = held.map { $0.max() ?? 0 }
        ideal = held.map { _ in nil }
        let isWaiting = record.tenants.indices.map { record.isBacklogged(tenant: $0) && shares[$0] > 0 }
        var level = Double.infinity
        for resource in 0..<3 {
            var (taken, wanted) = (0.0, 0.0)
            for tenant in held.indices {
                let weight = Double(record.tenants[tenant].weight)
                if isWaiting[tenant] {
                    wanted += weight * held[tenant][resource] / shares[tenant]
                } else {
                    taken += held[tenant][resource]
                }
            }
            if wanted > 0 { level = min(level, max(1 - taken, 0) / wanted) }
        }
        guard level.isFinite else { return }
        for tenant in held.indices where isWaiting[tenant] {
            ideal[tenant] = level * Double(record.tenants[tenant].weight)
        }
    }

    /// The largest distance of a share from the ideal, as a part of it; nil when nobody had to wait.
    var worst: Double? {
        zip(shares, ideal).compactMap { share, ideal in
            ideal.flatMap { $0 > 0 ? abs(share / $0 - 1) : nil }
        }.max()
    }
}
