import LeptonResources
import LeptonTensor
import Testing

@Suite struct PlacementTests {
    private func cluster(_ count: Int, cores: Int = 4, memory: Int = 16) throws -> PlacementModel {
        var model = PlacementModel()
        let node = Scheduler.NodeSpec(capacity: ResourceShape(cores: cores, memoryBytes: memory))
        try model.add(Array(repeating: node, count: count))
        return model
    }

    private func request(_ queue: Int, cores: Int, memory: Int = 0, priority: Int32 = 0) -> Scheduler.RequestSpec {
        Scheduler.RequestSpec(
            queue: queue, shape: ResourceShape(cores: cores, memoryBytes: memory), priority: priority)
    }

    /// The example of the paper: 9 cores and 18 GB, tasks of <1, 4> and <3, 1>. A gets three, B two.
    @Test func theExampleOfDominantResourceFairnessComesOut() throws {
        var model = try cluster(1, cores: 9, memory: 18)
        try model.add(Scheduler.QueueSpec(name: "a"))
        try model.add(Scheduler.QueueSpec(name: "b"))
        for _ in 0..<6 {
            _ = try model.submit(request(0, cores: 1, memory: 4))
            _ = try model.submit(request(1, cores: 3, memory: 1))
        }
        model.decide()
        let used = [model.scheduler.used(byQueue: 0), model.scheduler.used(byQueue: 1)]
        #expect(used == [ResourceShape(cores: 3, memoryBytes: 12), ResourceShape(cores: 6, memoryBytes: 2)])
        try model.check()
    }

    /// With many small tasks, weighted shares differ by no more than one task.
    @Test func sharesFollowWeights() throws {
        var model = try cluster(1, cores: 1000, memory: 1000)
        for (index, weight) in [1, 2, 5].enumerated() {
            try model.add(Scheduler.QueueSpec(name: "\(index)", weight: weight))
            for _ in 0..<1000 { _ = try model.submit(request(index, cores: 1)) }
        }
        model.decide()
        let held = (0..<3).compactMap { model.scheduler.used(byQueue: $0)?.cores }
        #expect(held == [125, 250, 625])
    }

    @Test func aRequestIsPlacedAsAWholeOrNotAtAll() throws {
        var model = try cluster(3)
        try model.add(Scheduler.QueueSpec(name: "a"))
        var large = request(0, cores: 3)
        large.nodes = 4...4
        let id = try model.submit(large)
        model.decide()
        #expect(model.known[id]?.state == .pending)
        try model.check()
        try model.add([Scheduler.NodeSpec(capacity: ResourceShape(cores: 3, memoryBytes: 1))])
        model.decide()
        #expect(model.known[id]?.state == .running)
        try model.check()
    }

    @Test func theLeastValuableLeavesAndNoMoreThanNeeded() throws {
        var model = try cluster(2)
        try model.add(Scheduler.QueueSpec(name: "a"))
        let lowOld = try model.submit(request(0, cores: 2, priority: 1))
        model.decide()
        let lowest = try model.submit(request(0, cores: 2, priority: 0))
        let lowYoung = try model.submit(request(0, cores: 4, priority: 1))
        model.decide()
        let high = try model.submit(request(0, cores: 2, priority: 2))
        model.decide()
        let states = [lowOld, lowest, lowYoung, high].map { model.known[$0]?.state }
        #expect(states == [.running, .leaving, .running, .pending])
        // It starts when the other has gone, not before.
        try model.check()
        model.giveWay(lowest)
        model.decide()
        #expect(model.known[high]?.state == .running && model.known[lowest]?.state == .pending)
        try model.check()
    }

    @Test func aCheckpointSavesFromHavingToLeave() throws {
        var model = try cluster(2)
        try model.add(Scheduler.QueueSpec(name: "a"))
        let first = try model.submit(request(0, cores: 4))
        let second = try model.submit(request(0, cores: 4))
        model.decide()
        // The second started last; then the first saved its state, and loses the least.
        model.scheduler.noteCheckpoint(first)
        _ = try model.submit(request(0, cores: 4, priority: 1))
        model.decide()
        #expect(model.known[first]?.state == .leaving && model.known[second]?.state == .running)
    }

    @Test func whatIsBorrowedGoesBackAndNoMoreThanThat() throws {
        var model = try cluster(4)
        let half = ResourceShape(cores: 8, memoryBytes: 32)
        try model.add(Scheduler.QueueSpec(name: "owner", quota: half))
        try model.add(Scheduler.QueueSpec(name: "guest", quota: half))
        let guests = try (0..<4).map { _ in try model.submit(request(1, cores: 4)) }
        model.decide()
        for _ in 0..<3 { _ = try model.submit(request(0, cores: 4)) }
        model.decide()
        // Two nodes were borrowed; the third request of the owner is beyond its own quota.
        #expect(guests.count(where: { model.known[$0]?.state == .leaving }) == 2)
        try model.check()
    }

    @Test func limitsHold() throws {
        var model = try cluster(4)
        try model.add(
            Scheduler.QueueSpec(
                name: "a", quota: ResourceShape(cores: 4, memoryBytes: 16),
                borrowing: ResourceShape(cores: 4, memoryBytes: 16)))
        for _ in 0..<4 { _ = try model.submit(request(0, cores: 4)) }
        model.decide()
        let used = model.scheduler.used(byQueue: 0)
        #expect(used?.cores == 8)
        try model.check()
    }

    @Test func nodesThatShrinkingLeavesAreTheEmptiest() throws {
        var model = try cluster(2)
        try model.add(Scheduler.QueueSpec(name: "a"))
        _ = try model.submit(request(0, cores: 2))
        model.decide()
        var spread = request(0, cores: 2)
        spread.nodes = 1...3
        let id = try model.submit(spread)
        model.decide()
        let taken = try model.scheduler.shrink(id, to: 1)
        #expect(taken == [Scheduler.Part(node: 0, count: 2)])
        let left = model.scheduler.parts(of: id)
        #expect(left == [Scheduler.Part(node: 1, count: 1)])
    }

    /// Small ones come and go for ever; the large one of another queue is placed all the same.
    @Test func reservingEndsStarvation() throws {
        var model = PlacementModel(reserving: true)
        try model.add([Scheduler.NodeSpec(capacity: ResourceShape(cores: 4))])
        try model.add(Scheduler.QueueSpec(name: "small"))
        try model.add(Scheduler.QueueSpec(name: "large"))
        var running = try (0..<4).map { _ in try model.submit(request(0, cores: 1)) }
        model.decide()
        let large = try model.submit(request(1, cores: 3))
        for _ in 0..<8 {
            running.append(try model.submit(request(0, cores: 1)))
            model.release(running.removeFirst())
            model.decide()
            try model.check()
        }
        #expect(model.known[large]?.state == .running)
    }

    @Test func badInputIsRefused() throws {
        var model = try cluster(1)
        try model.add(Scheduler.QueueSpec(name: "a"))
        var bad: [(String, Scheduler.RequestSpec)] = []
        bad.append(("queue", request(1, cores: 1)))
        bad.append(("queue", request(-1, cores: 1)))
        bad.append(("shape", request(0, cores: -1)))
        bad.append(("shape", request(0, cores: .max)))
        var spec = request(0, cores: 1)
        spec.nodes = 0...1
        bad.append(("nodes", spec))
        spec.nodes = 1...(.max)
        bad.append(("nodes", spec))
        spec = request(0, cores: 1)
        spec.sharedStorage = -1
        bad.append(("storage_bytes", spec))
        for (argument, spec) in bad {
            do throws(LeptonError) {
                _ = try model.scheduler.submit(spec)
                Issue.record("\(argument) was not refused")
            } catch {
                #expect(error.code == .invalidArgument && error.argument == argument)
            }
        }
        let waiting = model.scheduler.waitingCount
        #expect(waiting == 0)
    }
}
