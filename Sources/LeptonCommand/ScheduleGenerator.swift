import LeptonResources

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014): a mix of a
/// counter, the same on every machine.
struct ScheduleRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In [0, 1).
    mutating func uniform() -> Double { Double(next() >> 11) / Double(UInt64(1) << 53) }

    /// Pareto with exponent `alpha` between two bounds.
    mutating func pareto(_ alpha: Double, _ low: Double, _ high: Double) -> Double {
        let (a, b) = (pow(low, -alpha), pow(high, -alpha))
        return pow(a - uniform() * (a - b), -1 / alpha)
    }

    mutating func logNormal(median: Double, sigma: Double) -> Double {
        // Box and Muller; 1 - u is never 0.
        let radius = sqrt(-2 * log(1 - uniform()))
        return median * exp(sigma * radius * cos(2 * Double.pi * uniform()))
    }

    mutating func choose<Value>(_ weighted: [(Double, Value)], otherwise: Value) -> Value {
        var rest = uniform() * weighted.reduce(0) { $0 + $1.0 }
        for (weight, value) in weighted {
            rest -= weight
            if rest < 0 { return value }
        }
        return otherwise
    }
}

/// Traces with the shapes of published ones; `docs/scheduling.md` has the parameters and where they come from.
enum ScheduleShape: String, CaseIterable {
    case google, azure, alibaba, mixed, tenants

    /// The machines: cores, memory in GiB, accelerators, and what share of all is like that.
    var machines: [(cores: Int, memory: Int, accelerators: Int, share: Double)] {
        switch self {
        case .google: [(96, 384, 0, 0.5), (64, 512, 0, 0.3), (48, 128, 0, 0.2)]
        case .azure: [(64, 512, 0, 1)]
        case .alibaba, .tenants: [(96, 384, 0, 1)]
        case .mixed: [(96, 384, 0, 0.55), (64, 512, 0, 0.25), (48, 128, 0, 0.15), (96, 768, 8, 0.05)]
        }
    }

    func cluster(nodes: Int) -> [Scheduler.NodeSpec] {
        let machines = machines
        // Kinds alternate, as in rows of racks that grew over the years, and each has its share at any number.
        var given = machines.map { _ in 0.0 }
        return (0..<nodes).map { node in
            let behind = machines.indices.map { machines[$0].share * Double(node + 1) - given[$0] }
            let kind = behind.indices.max { behind[$0] < behind[$1] } ?? 0
            given[kind] += 1
            return Scheduler.NodeSpec(
                capacity: ResourceShape(
                    cores: machines[kind].cores * Int(ScheduleTrace.coresToUnits),
                    memoryBytes: machines[kind].memory << 30, accelerators: machines[kind].accelerators))
        }
    }

    /// - Parameters:
    ///   - load: work offered over what the cluster can do, of the resource that is asked for the most.
    ///   - seconds: of arrivals.
    func trace(jobs: Int, nodes: Int, load: Double, seconds: Double, seed: UInt64) -> ScheduleTrace {
        var random = ScheduleRandom(seed: seed)
        var trace = ScheduleTrace()
        trace.tenants = tenantNames
        // Durations in units of their own at first.
        var drawn = (0..<jobs).map { _ in draw(&random) }
        let scale = timeScale(drawn, nodes: nodes, load: load, seconds: seconds)
        let arrivals = self == .tenants ? drawn.map { _ in 0 } : arrivalTimes(jobs, seconds, &random)
        for index in drawn.indices {
            drawn[index].job.arrival = arrivals[index]
            // Nothing lasts longer than a quarter of the time, or the end of the trace would be all that it is.
            let duration = min(drawn[index].duration * scale, seconds / 4)
            drawn[index].job.duration = max(Int(duration * ScheduleTrace.secondsToTicks), 1)
        }
        trace.jobs = drawn.map(\.job)
        return trace
    }

    /// What durations are multiplied with for the work to be `load` of what the cluster can do. Found by halving, as
    /// the longest are cut off.
    private func timeScale(_ drawn: [Drawn], nodes: Int, load: Double, seconds: Double) -> Double {
        let total = cluster(nodes: nodes).reduce(into: (cores: 0.0, memory: 0.0, accelerators: 0.0)) {
            $0.cores += Double($1.capacity.cores)
            $0.memory += Double($1.capacity.memoryBytes)
            $0.accelerators += Double($1.capacity.accelerators)
        }
        func offered(_ scale: Double) -> Double {
            var work = (cores: 0.0, memory: 0.0, accelerators: 0.0)
            for entry in drawn {
                let time = min(entry.duration * scale, seconds / 4) * Double(entry.job.nodes)
                work.cores += time * Double(entry.job.shape.cores)
                work.memory += time * Double(entry.job.shape.memoryBytes)
                work.accelerators += time * Double(entry.job.shape.accelerators)
            }
            let most = max(work.cores / total.cores, work.memory / total.memory)
            return (total.accelerators > 0 ? max(most, work.accelerators / total.accelerators) : most) / seconds
        }
        var (low, high) = (1e-6, 1e12)
        for _ in 0..<60 {
            let middle = sqrt(low * high)
            if offered(middle) < load { low = middle } else { high = middle }
        }
        return high
    }

    /// Poisson arrivals whose rate swings by 30 % around its mean over each day, sorted.
    private func arrivalTimes(_ count: Int, _ seconds: Double, _ random: inout ScheduleRandom) -> [Int] {
        var times: [Int] = []
        times.reserveCapacity(count)
        while times.count < count {
            let time = random.uniform() * seconds
            let rate = (1 + 0.3 * sin(2 * Double.pi * time / 86_400)) / 1.3
            if random.uniform() < rate { times.append(Int(time * ScheduleTrace.secondsToTicks)) }
        }
        return times.sorted()
    }

    struct Drawn {
        var job: ScheduleJob
        var duration: Double
    }
}
