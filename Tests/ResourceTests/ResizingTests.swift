import LeptonResources
import LeptonTensor
import Testing

/// Allocations that grow and shrink while they are held.
@Suite struct ResizingTests {
    private let clock = ManualClock()
    private let allocator: LocalAllocator
    private let meter: Meter

    init() throws {
        allocator = try LocalAllocator(
            nodes: 4, coresPerNode: 2, memoryPerNode: 1000, storageBytes: 1000, time: clock.source)
        meter = Meter(time: clock.source)
    }

    @Test func growsAndShrinksAndIsBilledForEachSecondOnce() throws {
        let allocation = try allocator.allocate(ResourceRequest(nodes: 2, coresPerNode: 2), meter: meter)
        let first = Set(allocation.nodes.map(\.id))
        clock.advance(seconds: 10)
        try allocation.resize(nodes: 4)
        #expect(allocation.totalCores == 8)
        #expect(Set(allocation.nodes.map(\.id)).isSuperset(of: first))
        #expect(allocator.allocated.cores == 8)
        clock.advance(seconds: 5)
        try allocation.resize(nodes: 1)
        #expect(allocator.allocated.cores == 2)
        clock.advance(seconds: 1)
        try allocation.close()
        let record = try #require(meter.records().first)
        #expect(record.coreNanoseconds == (4 * 10 + 8 * 5 + 2 * 1) * 1_000_000_000)
        #expect(record.durationNanoseconds == 16_000_000_000)
    }

    @Test func refusalsLeaveTheAllocationAsItWas() throws {
        let allocation = try allocator.allocate(
            ResourceRequest(nodes: 2, minimumNodes: 2, maximumNodes: 8, coresPerNode: 2), meter: meter)
        let nodes = allocation.nodes
        let tooMany = expectError(.resourceExhausted) { () throws(LeptonError) in try allocation.resize(nodes: 5) }
        #expect(tooMany.expected?.contains("at most 4 (2 more are free now)") == true, "\(tooMany.message)")
        let below = expectError(.invalidArgument) { () throws(LeptonError) in try allocation.resize(nodes: 1) }
        #expect(below.argument == "nodes" && below.message.contains("2 to 8"))
        expectError(.invalidArgument) { () throws(LeptonError) in try allocation.resize(nodes: 9) }
        expectError(.invalidArgument) { () throws(LeptonError) in try allocation.resize(nodes: 0) }
        expectError(.invalidArgument) { () throws(LeptonError) in try allocation.resize(nodes: .max) }
        #expect(allocation.nodes == nodes)
        #expect(allocator.allocated.cores == 4)
        try allocation.close()
        expectError(.invalidState) { () throws(LeptonError) in try allocation.resize(nodes: 3) }
    }

    @Test func fewerNodesWillDo() throws {
        let other = try allocator.allocate(ResourceRequest(nodes: 3, coresPerNode: 2), meter: meter)
        let elastic = try allocator.allocate(
            ResourceRequest(nodes: 3, minimumNodes: 1, coresPerNode: 2), meter: meter)
        #expect(elastic.nodeCount == 1)
        try other.close()
        try elastic.resize(nodes: 3)
        #expect(elastic.nodeCount == 3)
    }

    @Test func eventsTellWhatHappened() throws {
        let allocation = try allocator.allocate(ResourceRequest(nodes: 1, leaseSeconds: 60), meter: meter)
        try allocation.resize(nodes: 3)
        try allocation.renew(seconds: 30)
        clock.advance(seconds: 31)
        #expect(allocation.state == .expired)
        var seen: [AllocationEvent] = []
        while let event = allocation.nextEvent(after: seen.last?.sequence ?? 0, seconds: 0) { seen.append(event) }
        #expect(seen.map(\.state) == [.pending, .active, .active, .active, .expired])
        #expect(seen.map(\.kind) == [.stateChanged, .stateChanged, .resized, .renewed, .stateChanged])
        #expect(seen.map(\.nodes) == [0, 1, 3, 3, 3])
        #expect(seen.map(\.sequence) == [1, 2, 3, 4, 5])
    }

    @Test func observersAreToldOnTheThreadThatActs() throws {
        let allocation = try allocator.allocate(ResourceRequest(nodes: 1), meter: meter)
        let seen = Recorder()
        let number = allocation.addObserver { seen.append("\($0.state) \($0.nodes)") }
        try allocation.resize(nodes: 2)
        allocation.removeObserver(number)
        try allocation.resize(nodes: 3)
        #expect(seen.texts == ["active 2"])
    }

    @Test func aLostNodeLeavesTheOthers() throws {
        let allocation = try allocator.allocate(
            ResourceRequest(nodes: 3, minimumNodes: 1, coresPerNode: 2), meter: meter)
        let lost = try #require(allocation.nodes.first)
        try allocator.loseNode(#require(Int(lost.id.dropFirst("compute-".count))))
        #expect(allocation.state == .active)
        #expect(allocation.nodeCount == 2)
        #expect(!allocation.nodes.contains(lost))
        #expect(allocation.nextEvent(after: 2, seconds: 0)?.kind == .nodesLost)
    }

    @Test func requestsThatContradictThemselvesAreRefused() throws {
        for (minimum, maximum) in [(3, 4), (1, 1)] {
            expectError(.invalidArgument) { () throws(LeptonError) in
                try ResourceRequest(nodes: 2, minimumNodes: minimum, maximumNodes: maximum)
            }
        }
        let error = expectError(.invalidArgument) { () throws(LeptonError) in try ResourceRequest(priority: 1001) }
        #expect(error.argument == "priority")
    }
}
