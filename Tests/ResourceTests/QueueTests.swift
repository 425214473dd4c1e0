import LeptonResources
import LeptonTensor
import Synchronization
import Testing

/// Texts in the order in which they came, from any thread.
final class Recorder: Sendable {
    private let list = Mutex<[String]>([])
    func append(_ text: String) { list.withLock { $0.append(text) } }
    var texts: [String] { list.withLock { $0 } }
}

/// Requests that wait, and what makes others wait.
@Suite struct QueueTests {
    private let clock = ManualClock()
    private let meter: Meter

    init() { meter = Meter(time: clock.source) }

    private func pool(_ nodes: Int, queues: [ResourceQueue] = []) throws -> LocalAllocator {
        try LocalAllocator(
            nodes: nodes, coresPerNode: 1, memoryPerNode: 1000, storageBytes: 1000, queues: queues, time: clock.source)
    }

    @Test func aRequestWaitsForItsTurn() throws {
        let allocator = try pool(2)
        let holder = try allocator.allocate(ResourceRequest(nodes: 2), meter: meter)
        let waiting = try allocator.enqueue(ResourceRequest(nodes: 2), meter: meter)
        #expect(waiting.state == .pending)
        #expect(waiting.nodes.isEmpty && waiting.shape == .zero)
        expectError(.timedOut) { () throws(LeptonError) in try waiting.waitUntilActive(seconds: 0) }
        clock.advance(seconds: 7)
        try holder.close()
        #expect(waiting.state == .active)
        #expect(waiting.nodeCount == 2)
        clock.advance(seconds: 3)
        try waiting.close()
        // Waiting costs nothing.
        #expect(meter.records().map(\.durationNanoseconds) == [7_000_000_000, 3_000_000_000])
        #expect(allocator.allocated == .zero)
    }

    @Test func aWaitingRequestThatIsClosedOrForgottenGivesItsPlaceUp() throws {
        let allocator = try pool(1)
        let holder = try allocator.allocate(ResourceRequest(), meter: meter)
        let closed = try allocator.enqueue(ResourceRequest(), meter: meter)
        try closed.close()
        #expect(closed.state == .released)
        _ = try allocator.enqueue(ResourceRequest(), meter: meter)
        let last = try allocator.enqueue(ResourceRequest(), meter: meter)
        try holder.close()
        #expect(last.state == .active)
        #expect(closed.state == .released)
    }

    @Test func aWaitEndsWithTheHoldersLease() throws {
        let allocator = try pool(1)
        let holder = try allocator.allocate(ResourceRequest(leaseSeconds: 5), meter: meter)
        let waiting = try allocator.enqueue(ResourceRequest(), meter: meter)
        clock.advance(seconds: 6)
        try waiting.waitUntilActive(seconds: 1)
        #expect(holder.state == .expired)
    }

    @Test func theImportantGoFirst() throws {
        let allocator = try pool(1)
        let holder = try allocator.allocate(ResourceRequest(priority: 100), meter: meter)
        let low = try allocator.enqueue(ResourceRequest(priority: 1), meter: meter)
        let high = try allocator.enqueue(ResourceRequest(priority: 2), meter: meter)
        try holder.close()
        #expect([low.state, high.state] == [.pending, .active])
    }

    @Test func theLessImportantGiveWayAndComeBack() throws {
        let allocator = try pool(2)
        let low = try allocator.allocate(ResourceRequest(nodes: 2), meter: meter)
        try low.beginUse()
        let seen = Recorder()
        _ = low.addObserver { seen.append("\($0.state)") }
        let high = try allocator.enqueue(ResourceRequest(priority: 5), meter: meter)
        #expect(low.state == .draining)
        #expect(high.state == .pending)
        clock.advance(seconds: 2)
        // What the job does between two steps; its turn does not come while the other has a node.
        let cancelled = Mutex(false)
        let error = expectError(.cancelled) { () throws(LeptonError) in
            try low.yieldNodes { cancelled.withLock { $0 } || high.state == .active }
        }
        #expect(error.message.contains("cancelled"))
        #expect(high.state == .active)
        #expect(low.state == .pending)
        clock.advance(seconds: 10)
        try high.close()
        #expect(low.state == .active)
        #expect(low.nodeCount == 2)
        #expect(seen.texts == ["draining", "pending", "active"])
        low.endUse()
        clock.advance(seconds: 1)
        try low.close()
        let record = try #require(meter.records().first { $0.allocationID == low.id })
        // Two seconds before it gave way, one after it came back: the ten in between are not its own.
        #expect(record.coreNanoseconds == 6_000_000_000)
    }

    @Test func anIdleHolderGivesWayAtOnce() throws {
        let allocator = try pool(1)
        let low = try allocator.allocate(ResourceRequest(), meter: meter)
        let high = try allocator.enqueue(ResourceRequest(priority: 1), meter: meter)
        #expect(high.state == .active)
        #expect(low.state == .pending)
        try high.close()
        #expect(low.state == .active)
    }

    @Test func whoDoesNotGiveWayInTimeLosesItsNodes() throws {
        let allocator = try pool(1)
        let low = try allocator.allocate(ResourceRequest(), meter: meter)
        try low.beginUse()
        let high = try allocator.enqueue(ResourceRequest(priority: 1), meter: meter)
        clock.advance(seconds: LocalAllocator.noticeSeconds + 1)
        allocator.refresh()
        #expect(low.state == .failed)
        #expect(high.state == .active)
        expectError(.invalidState) { () throws(LeptonError) in try low.checkActive() }
    }

    @Test func anImmediateRequestDoesNotPushOthersAside() throws {
        let allocator = try pool(1)
        let low = try allocator.allocate(ResourceRequest(), meter: meter)
        expectError(.resourceExhausted) { () throws(LeptonError) in
            try allocator.allocate(ResourceRequest(priority: 9), meter: meter)
        }
        #expect(low.state == .active)
    }

    @Test func quotasBoundWhatAQueueHolds() throws {
        let quota = ResourceShape(cores: 1, memoryBytes: 1000, storageBytes: 1000, accelerators: 10)
        let allocator = try pool(
            3, queues: [ResourceQueue(name: "a", quota: quota, borrowing: .zero), ResourceQueue(name: "b")])
        let first = try allocator.allocate(ResourceRequest(queue: "a"), meter: meter)
        let error = expectError(.resourceExhausted) { () throws(LeptonError) in
            try allocator.allocate(ResourceRequest(queue: "a"), meter: meter)
        }
        #expect(error.message.contains("'a'"))
        let second = try allocator.enqueue(ResourceRequest(queue: "a"), meter: meter)
        #expect(second.state == .pending)
        #expect(try allocator.allocate(ResourceRequest(nodes: 2, queue: "b"), meter: meter).state == .active)
        try first.close()
        #expect(second.state == .active)
    }

    @Test func unknownQueuesAndImpossibleRequestsAreRefused() throws {
        let allocator = try pool(2)
        let unknown = try ResourceRequest(queue: "nowhere")
        let error = expectError(.notFound) { () throws(LeptonError) in try allocator.enqueue(unknown, meter: meter) }
        #expect(error.argument == "queue" && error.message.contains("'default'"))
        let large = try ResourceRequest(nodes: 3)
        let never = expectError(.resourceExhausted) { () throws(LeptonError) in
            try allocator.enqueue(large, meter: meter)
        }
        #expect(never.message.contains("never be granted"))
        expectError(.invalidArgument) { () throws(LeptonError) in
            try LocalAllocator(queues: [ResourceQueue(name: "x"), ResourceQueue(name: "x")])
        }
    }

    @Test func tenantsShareFairly() throws {
        let allocator = try pool(6)
        let holder = try allocator.allocate(ResourceRequest(nodes: 6), meter: meter)
        // One tenant asks first and for everything; the other's requests come last.
        var requests: [Allocation] = []
        for tenant in ["a", "a", "a", "a", "a", "a", "b", "b", "b"] {
            requests.append(try allocator.enqueue(ResourceRequest(tenant: tenant), meter: meter))
        }
        try holder.close()
        func active(_ tenant: String) -> Int {
            requests.count { $0.request.tenant == tenant && $0.state == .active }
        }
        #expect([active("a"), active("b")] == [3, 3])
    }

    @Test func concurrentClientsNeverOvercommit() async throws {
        let allocator = try pool(3)
        let meter = meter
        await withTaskGroup(of: Void.self) { group in
            for worker in 0..<6 {
                group.addTask {
                    for round in 0..<200 {
                        guard
                            let allocation = try? allocator.enqueue(
                                ResourceRequest(nodes: 1 + (worker + round) % 3, priority: round % 2), meter: meter)
                        else { continue }
                        #expect(allocator.allocated.cores <= 3)
                        try? allocation.resize(nodes: 1 + round % 3)
                        try? allocation.close()
                    }
                }
            }
        }
        #expect(allocator.allocated == .zero)
        #expect(meter.records().allSatisfy { !$0.isOpen })
    }
}
