import LeptonResources
import LeptonTensor
import Testing

/// SplitMix64 (Steele, Lea and Flood, OOPSLA 2014): the same numbers in each run.
struct TestRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Keeps its own books of what a scheduler was told and what it decided, in the simplest way, and compares.
struct PlacementModel: ~Copyable {
    struct Known {
        var spec: Scheduler.RequestSpec
        var state = Scheduler.State.pending
        var cause: Scheduler.RequestID?
    }

    var scheduler: Scheduler
    var queues: [Scheduler.QueueSpec] = []
    /// By number; nil for nodes that were lost.
    var nodes: [Scheduler.NodeSpec?] = []
    var known: [Scheduler.RequestID: Known] = [:]
    /// In the order of their submission, so that a random choice is the same in each run.
    var ids: [Scheduler.RequestID] = []
    var log: [Scheduler.Decision] = []
    var sharedStorage = 0

    init(policy: Scheduler.Policy = .packed, reserving: Bool = false) {
        scheduler = Scheduler(policy: policy, reserving: reserving)
    }

    mutating func add(_ queue: Scheduler.QueueSpec) throws {
        let number = try scheduler.addQueue(queue)
        #expect(number == queues.count)
        queues.append(queue)
    }

    mutating func add(_ specs: [Scheduler.NodeSpec]) throws {
        let added = try scheduler.addNodes(specs)
        #expect(added == nodes.count..<nodes.count + specs.count)
        nodes += specs
    }

    mutating func submit(_ spec: Scheduler.RequestSpec) throws -> Scheduler.RequestID {
        let id = try scheduler.submit(spec)
        let isNew = known[id] == nil
        #expect(isNew)
        known[id] = Known(spec: spec)
        ids.append(id)
        return id
    }

    mutating func release(_ id: Scheduler.RequestID) {
        let isReleased = scheduler.release(id)
        let isReleasedTwice = scheduler.release(id)
        #expect(isReleased && !isReleasedTwice)
        known[id] = nil
        ids.removeAll { $0 == id }
    }

    mutating func giveWay(_ id: Scheduler.RequestID) {
        let gaveWay = scheduler.giveWay(id)
        let wasLeaving = known[id]?.state == .leaving
        #expect(gaveWay == wasLeaving)
        if gaveWay { known[id]?.state = .pending }
    }

    mutating func decide() {
        var decisions: [Scheduler.Decision] = []
        scheduler.decide(into: &decisions)
        for decision in decisions { apply(decision) }
        log += decisions
    }

    private mutating func apply(_ decision: Scheduler.Decision) {
        guard let request = known[decision.request] else {
            // It was decided on a node's loss, and released before anybody heard of it.
            return
        }
        switch decision.kind {
        case .placed: known[decision.request]?.state = .running
        case .shrunk: #expect(decision.nodes >= request.spec.nodes.lowerBound)
        case .requeued: known[decision.request]?.state = .pending
        case .preempted:
            known[decision.request]?.state = .leaving
            guard let cause = decision.cause.flatMap({ known[$0] }) else {
                Issue.record("preempted for nobody")
                return
            }
            #expect(cause.spec.priority >= request.spec.priority)
            if cause.spec.priority == request.spec.priority {
                #expect(cause.spec.queue != request.spec.queue)
                let quotas = (queues[request.spec.queue].quota, queues[cause.spec.queue].quota)
                #expect(quotas.0 != nil && quotas.1 != nil)
            }
        }
    }

    /// Nothing is over-committed, nothing is lost, and nobody waits who need not.
    func check() throws {
        var held = nodes.map { _ in ResourceShape.zero }
        var promised = held
        var used = queues.map { _ in ResourceShape.zero }
        var shared = 0
        for (id, request) in known {
            let parts = scheduler.parts(of: id)
            let count = parts.reduce(0) { $0 + $1.count }
            let current = scheduler.state(of: id)
            let state = try #require(current)
            if state == .pending {
                #expect(count == 0)
            } else {
                #expect(request.spec.nodes.contains(count), "all or nothing")
                shared += request.spec.sharedStorage
                used[request.spec.queue].storageBytes += request.spec.sharedStorage
            }
            for part in parts {
                let node = nodes[part.node]
                let spec = try #require(node, "nothing is on a node that is lost")
                for (key, value) in request.spec.requiredLabels { #expect(spec.labels[key] == value) }
                for _ in 0..<part.count {
                    if state == .promised {
                        promised[part.node] = try promised[part.node].adding(request.spec.shape)
                    } else {
                        held[part.node] = try held[part.node].adding(request.spec.shape)
                    }
                    used[request.spec.queue] = try used[request.spec.queue].adding(request.spec.shape)
                }
            }
            if request.spec.spread == .nodes { #expect(Set(parts.map(\.node)).count == count) }
        }
        for (node, spec) in nodes.enumerated() {
            let free = scheduler.free(ofNode: node)
            guard let spec else {
                #expect(free == nil)
                continue
            }
            for resource in Resource.allCases {
                #expect(held[node][resource] <= spec.capacity[resource], "over-committed")
            }
            let rest = try spec.capacity.subtracting(held[node]).subtracting(promised[node])
            #expect(rest == free)
        }
        let (freeShared, allShared) = (scheduler.freeSharedStorage, sharedStorage)
        #expect(freeShared == allShared - shared && freeShared >= 0)
        for (queue, amount) in used.enumerated() {
            let told = scheduler.used(byQueue: queue)
            #expect(told == amount)
        }
        checkWaiting()
    }

    /// Every request that waits and may go anywhere has no room, or its queue is at its limit.
    private func checkWaiting() {
        var waiting = queues.map { _ in 0 }
        for (id, request) in known where scheduler.state(of: id) == .pending { waiting[request.spec.queue] += 1 }
        for (id, request) in known where scheduler.state(of: id) == .pending {
            guard request.spec.requiredLabels.isEmpty, request.spec.spread == .any, request.spec.tag == nil,
                request.spec.near == nil, request.spec.apart == nil, isWithinLimit(request.spec),
                // Those behind the first 64 of a queue are not looked at.
                waiting[request.spec.queue] <= 64
            else { continue }
            let least = request.spec.nodes.lowerBound
            let room = scheduler.room(for: request.spec.shape, atMost: least, whenEmpty: false)
            #expect(room < least, "waits although there is room")
        }
    }

    private func isWithinLimit(_ spec: Scheduler.RequestSpec) -> Bool {
        guard spec.sharedStorage <= scheduler.freeSharedStorage else { return false }
        guard let quota = queues[spec.queue].quota, let borrowing = queues[spec.queue].borrowing,
            let used = scheduler.used(byQueue: spec.queue)
        else { return true }
        return Resource.allCases.allSatisfy { resource in
            let more = spec.shape[resource] * spec.nodes.lowerBound + (resource == .storage ? spec.sharedStorage : 0)
            return used[resource] + more <= quota[resource] + borrowing[resource]
        }
    }
}
