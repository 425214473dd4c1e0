import LeptonResources
import LeptonTensor
import Testing

/// Random sequences of everything that can be asked of a scheduler, compared with books kept beside it.
@Suite struct PlacementPropertyTests {
    @Test(arguments: 0..<24) func noSequenceBreaksTheBooks(seed: Int) throws {
        _ = try run(seed: UInt64(seed), steps: 400, policy: .packed)
    }

    @Test(arguments: Scheduler.Policy.allCases) func policiesKeepTheBooksToo(policy: Scheduler.Policy) throws {
        _ = try run(seed: 99, steps: 200, policy: policy)
    }

    @Test func theSameCallsGiveTheSameDecisions() throws {
        for seed in UInt64(100)..<104 {
            let first = try run(seed: seed, steps: 300, policy: .packed)
            let second = try run(seed: seed, steps: 300, policy: .packed)
            #expect(first == second)
            #expect(first.contains { $0.kind == .placed })
        }
    }

    private func run(seed: UInt64, steps: Int, policy: Scheduler.Policy) throws -> [Scheduler.Decision] {
        var random = TestRandom(state: seed)
        var model = PlacementModel(policy: policy, reserving: seed % 2 == 1)
        try model.add(Scheduler.QueueSpec(name: "free"))
        let quota = ResourceShape(cores: 40, memoryBytes: 400, storageBytes: 500, accelerators: 8)
        let borrowing = ResourceShape(cores: 60, memoryBytes: 600, storageBytes: 500, accelerators: 8)
        try model.add(Scheduler.QueueSpec(name: "held", weight: 3, quota: quota, borrowing: borrowing))
        try model.add(Scheduler.QueueSpec(name: "lent", weight: 2, quota: quota))
        try model.add((0..<12).map { _ in node(&random) })
        try model.scheduler.addSharedStorage(100)
        model.sharedStorage = 100
        for _ in 0..<steps {
            try step(&model, &random)
            if Int.random(in: 0..<3, using: &random) > 0 {
                model.decide()
                try model.check()
            }
        }
        // When all have gone, everything is there again.
        for id in model.ids { model.release(id) }
        model.decide()
        try model.check()
        for (index, spec) in model.nodes.enumerated() {
            let free = model.scheduler.free(ofNode: index)
            #expect(free == spec?.capacity)
        }
        return model.log
    }

    private func step(_ model: inout PlacementModel, _ random: inout TestRandom) throws {
        let id = model.ids.randomElement(using: &random)
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<9: _ = try model.submit(request(&random))
        case 9..<13: if let id { model.release(id) }
        case 13, 14:
            // Those who were asked to leave do so, sooner or later.
            for id in model.ids where model.known[id]?.state == .leaving && Bool.random(using: &random) {
                model.giveWay(id)
            }
        case 15: if let id { resize(id, &model, &random) }
        case 16: if let id { model.scheduler.noteCheckpoint(id) }
        case 17: try model.add([node(&random)])
        case 18:
            let node = Int.random(in: 0..<model.nodes.count, using: &random)
            guard model.nodes[node] != nil, model.nodes.count(where: { $0 != nil }) > 4 else { return }
            try model.scheduler.loseNode(node)
            model.nodes[node] = nil
            do throws(LeptonError) {
                try model.scheduler.loseNode(node)
                Issue.record("a node was lost twice")
            } catch { #expect(error.code == .notFound) }
            model.decide()
        default: for _ in 0..<10 { _ = try model.submit(request(&random)) }
        }
    }

    private func resize(_ id: Scheduler.RequestID, _ model: inout PlacementModel, _ random: inout TestRandom) {
        guard let request = model.known[id] else { return }
        let before = model.scheduler.parts(of: id).reduce(0) { $0 + $1.count }
        let target = Int.random(in: request.spec.nodes, using: &random)
        do throws(LeptonError) {
            if target >= before {
                let added = try model.scheduler.grow(id, to: target)
                #expect(added <= target - before)
            } else {
                let taken = try model.scheduler.shrink(id, to: target)
                #expect(taken.reduce(0) { $0 + $1.count } == before - target)
            }
        } catch {
            let state = model.scheduler.state(of: id)
            #expect(error.code == .invalidState && state != .running)
        }
    }

    private func node(_ random: inout TestRandom) -> Scheduler.NodeSpec {
        Scheduler.NodeSpec(
            capacity: ResourceShape(
                cores: [4, 8, 16].randomElement(using: &random) ?? 4,
                memoryBytes: Int.random(in: 20...120, using: &random), storageBytes: 50,
                accelerators: [0, 0, 0, 1, 4, 20].randomElement(using: &random) ?? 0),
            labels: ["zone": ["a", "b", "c"].randomElement(using: &random) ?? "a"])
    }

    private func request(_ random: inout TestRandom) -> Scheduler.RequestSpec {
        func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &random) == 0 }
        let least = oneIn(4) ? Int.random(in: 1...6, using: &random) : 1
        var spec = Scheduler.RequestSpec(
            queue: Int.random(in: 0..<3, using: &random),
            nodes: least...(least + (oneIn(4) ? 3 : 0)),
            shape: ResourceShape(
                cores: Int.random(in: 0...8, using: &random), memoryBytes: Int.random(in: 0...50, using: &random),
                storageBytes: oneIn(5) ? 20 : 0, accelerators: oneIn(6) ? Int.random(in: 1...4, using: &random) : 0),
            sharedStorage: oneIn(8) ? 30 : 0, priority: Int32.random(in: 0...3, using: &random))
        if oneIn(8) { spec.requiredLabels = ["zone": oneIn(2) ? "a" : "b"] }
        if oneIn(8) { spec.spread = oneIn(2) ? .nodes : .label("zone") }
        if oneIn(8) { spec.tag = oneIn(2) ? "x" : "y" }
        if oneIn(10) { spec.apart = "x" }
        if oneIn(12) { spec.near = "y" }
        return spec
    }
}
