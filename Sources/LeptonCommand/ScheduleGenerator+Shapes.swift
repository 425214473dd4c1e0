import LeptonResources

extension ScheduleShape {
    var tenantNames: [ScheduleTenant] {
        switch self {
        case .google: ["production", "batch", "mid", "free"].map { ScheduleTenant(name: $0) }
        case .azure: [ScheduleTenant(name: "first-party"), ScheduleTenant(name: "third-party")]
        case .alibaba: [ScheduleTenant(name: "online"), ScheduleTenant(name: "batch")]
        case .mixed: ["services", "machines", "batch", "learning"].map { ScheduleTenant(name: $0) }
        case .tenants:
            [
                ScheduleTenant(name: "cores", weight: 1), ScheduleTenant(name: "memory", weight: 1),
                ScheduleTenant(name: "both", weight: 2), ScheduleTenant(name: "small", weight: 1),
            ]
        }
    }

    func draw(_ random: inout ScheduleRandom) -> Drawn {
        switch self {
        case .google: google(&random)
        case .azure: azure(&random)
        case .alibaba: alibaba(&random)
        case .mixed:
            switch random.uniform() {
            case ..<0.40: retenanted(google(&random), 0)
            case ..<0.65: retenanted(azure(&random), 1)
            case ..<0.997: retenanted(alibaba(&random), 2)
            default: learning(&random)
            }
        case .tenants: backlog(&random)
        }
    }

    private func retenanted(_ drawn: Drawn, _ tenant: Int) -> Drawn {
        var drawn = drawn
        drawn.job.tenant = tenant
        drawn.job.priority = 0
        return drawn
    }

    /// Four tiers by share of jobs; compute time is Pareto with exponent 0.69; few tasks mostly, hundreds sometimes.
    private func google(_ random: inout ScheduleRandom) -> Drawn {
        let tier = random.choose([(0.20, 0), (0.50, 1), (0.10, 2), (0.20, 3)], otherwise: 1)
        let mostTasks = [8.0, 64, 24, 12][tier]
        let tasks = random.uniform() < 0.8 ? 1 : Int(random.pareto(0.9, 1, mostTasks))
        let cores = min(random.logNormal(median: [1.5, 0.7, 0.8, 0.6][tier], sigma: 0.9), 32)
        // Memory goes along with cores, and differs by a factor besides.
        let memory = min(cores * random.logNormal(median: 3.6, sigma: 0.6), 192)
        return made(
            tenant: tier, nodes: max(tasks, 1), cores: cores, memory: memory, priority: [3, 1, 2, 0][tier],
            duration: random.pareto(0.69, 1, 1e5))
    }

    /// Sizes of virtual machines: most have 1 or 2 cores, all have a fixed ratio of memory to cores of a few; nine in
    /// ten live for less than a day, and the few others make up most of the time.
    private func azure(_ random: inout ScheduleRandom) -> Drawn {
        let cores = random.choose(
            [(0.48, 1.0), (0.32, 2), (0.12, 4), (0.05, 8), (0.02, 16), (0.01, 32)], otherwise: 1)
        let ratio = random.choose([(0.35, 1.75), (0.25, 3.5), (0.25, 7), (0.15, 14)], otherwise: 3.5)
        return made(
            tenant: random.uniform() < 0.5 ? 0 : 1, nodes: 1, cores: cores, memory: min(cores * ratio, 448),
            priority: random.uniform() < 0.25 ? 0 : 1, duration: random.pareto(0.5, 1, 1e4))
    }

    /// Containers of services that stay, of 4, 8 or 16 cores, and batch tasks of half a core or one with tens to
    /// hundreds of instances that are done soon.
    private func alibaba(_ random: inout ScheduleRandom) -> Drawn {
        if random.uniform() < 0.1 {
            let cores = random.choose([(0.55, 4.0), (0.35, 8), (0.1, 16)], otherwise: 4)
            let memory = random.choose([(0.5, 6.0), (0.35, 12), (0.15, 24)], otherwise: 6)
            return made(
                tenant: 0, nodes: 1, cores: cores, memory: memory, priority: 1, duration: random.pareto(0.6, 100, 1e5))
        }
        let cores = random.choose([(0.45, 0.5), (0.45, 1.0), (0.1, 2)], otherwise: 1)
        let instances = random.uniform() < 0.5 ? 1 : Int(random.pareto(0.8, 1, 100))
        return made(
            tenant: 1, nodes: max(instances, 1), cores: cores, memory: random.logNormal(median: 1.6, sigma: 0.7),
            priority: 0, duration: random.logNormal(median: 20, sigma: 1.3))
    }

    /// Training of networks: some accelerators of a machine, or whole machines of them.
    private func learning(_ random: inout ScheduleRandom) -> Drawn {
        let accelerators = random.choose([(0.6, 1), (0.15, 2), (0.15, 4), (0.1, 8)], otherwise: 1)
        let nodes = accelerators == 8 && random.uniform() < 0.3 ? 2 : 1
        var drawn = made(
            tenant: 3, nodes: nodes, cores: Double(accelerators) * 8, memory: Double(accelerators) * 60, priority: 0,
            duration: random.pareto(0.7, 10, 1e4))
        drawn.job.shape.accelerators = accelerators
        return drawn
    }

    /// Four tenants that want more than there is from the start, each with a demand of its own.
    private func backlog(_ random: inout ScheduleRandom) -> Drawn {
        // As many requests of each as make all of them last equally long at fair shares.
        let tenant = random.choose([(0.07, 0), (0.07, 1), (0.29, 2), (0.57, 3)], otherwise: 3)
        let (cores, memory) = [(8.0, 8.0), (2, 32), (4, 16), (1, 2)][tenant]
        return made(
            tenant: tenant, nodes: 1, cores: cores, memory: memory, priority: 0,
            duration: random.logNormal(median: 10, sigma: 0.5))
    }

    private func made(
        tenant: Int, nodes: Int, cores: Double, memory: Double, priority: Int32, duration: Double
    ) -> Drawn {
        // Hundredths of a core and 64 MiB are as fine as anybody asks.
        let shape = ResourceShape(
            cores: max(Int((cores * 100).rounded()), 1) * 10, memoryBytes: max(Int((memory * 16).rounded()), 1) << 26)
        return Drawn(
            job: ScheduleJob(arrival: 0, duration: 0, tenant: tenant, nodes: nodes, shape: shape, priority: priority),
            duration: duration)
    }
}
