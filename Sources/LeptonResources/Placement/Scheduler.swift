import LeptonTensor

/// Decides who gets which nodes: nodes, queues and requests go in, decisions come out.
///
/// It has no clock and no threads and does no input or output, so the same code serves one process and a simulated
/// data centre, and the same calls in the same order give the same decisions. All amounts are whole numbers. `docs/scheduling.md` has the rules and the reasons.
///
/// Threads: one at a time.
package struct Scheduler: ~Copyable {
    /// More nodes than this, in the pool or in one request, are refused.
    package static let maximumNodes = 1 << 24

    var index = FreeIndex()
    var fair = FairShares()
    var requests = Slab<RequestRecord>()
    var unusedRequests = Slab<Int32>()
    var parts = Slab<PartRecord>()
    var unusedParts = Slab<Int32>()
    var queues = Slab<QueueRecord>()
    var queueNames: [String] = []
    /// 64 entries for each queue.
    var windows = Slab<WindowEntry>()
    /// For each queue: what waits beyond its window, the highest priority first.
    var levels: [[PendingLevel]] = []
    /// Running requests by priority, the lowest first; in each list the one with the least work at risk is first.
    var running: [PendingLevel] = []
    /// Nodes that have more room than when waiting requests were last looked at.
    var freed = Slab<Int32>()
    /// Nodes marked with this number are in `freed`.
    var pass = 1
    /// Bounds the search for victims; see `preempt`.
    let victimLimit: Int
    let isReserving: Bool
    /// Some queue has a quota, so that there is something that counts as borrowed.
    var hasQuotas = false
    let policy: Policy
    var constraints = ConstraintTable()
    /// Decisions that came about outside of `decide`.
    var outbox: [Decision] = []
    var nextSequence = 0
    /// The least sequence that was given to a request that has run.
    var firstSequence = 0
    var runningCount = 0
    /// Counts requests that start, or save their work.
    var starts = 0
    var futile = Slab<FutileSearch>()
    var futileCount = 0
    /// Requests in the state `promised`.
    var promises = 0
    /// Requests that wait, over all queues.
    var pendingCount = 0
    var sharedTotal = 0
    var sharedFree = 0
    /// Something tagged came or went, or shared storage came back: see `reconsider`.
    var tagsChanged = false
    var sharedFreed = false

    /// - Parameters:
    ///   - victimLimit: how many places of running requests are looked at for one preemption; bounds its time.
    ///   - reserving: whether nodes are kept for those that would wait for ever; see `reserve`. Without it nobody is
    ///     promised anything but what others were asked to leave.
    package init(policy: Policy = .packed, victimLimit: Int = 256, reserving: Bool = false) {
        isReserving = reserving
        self.policy = policy
        self.victimLimit = victimLimit
    }

    // MARK: What there is

    /// - Returns: the number of the queue.
    /// - Throws: `invalidArgument` for a weight out of range, a negative quota, a name that is taken.
    package mutating func addQueue(_ spec: QueueSpec) throws(LeptonError) -> Int {
        guard (1...1_000_000).contains(spec.weight) else {
            throw LeptonError(
                .invalidArgument, argument: "weight", expected: "1 ... 1000000", received: "\(spec.weight)")
        }
        guard !queueNames.contains(spec.name) else {
            throw LeptonError(
                .invalidArgument, argument: "queue", expected: "a name of its own", received: "'\(spec.name)' again")
        }
        if let quota = spec.quota { try Scheduler.validate(quota, times: 1, argument: "quota") }
        if let borrowing = spec.borrowing { try Scheduler.validate(borrowing, times: 1, argument: "borrowing") }
        var record = QueueRecord()
        record.weight = spec.weight
        if let quota = spec.quota {
            record.hasQuota = true
            hasQuotas = true
            record.quota = Amounts(quota)
            if let borrowing = spec.borrowing { record.limit = Amounts(quota) &+ Amounts(borrowing) }
        }
        queues.append(record)
        windows.append(
            repeating: WindowEntry(demand: Amounts(), request: FreeIndex.none, missing: 0), count: QueueRecord.window)
        levels.append([])
        queueNames.append(spec.name)
        fair.add(weight: spec.weight)
        return queues.count - 1
    }

    /// - Returns: the numbers of the new nodes, which follow each other. They are never used again.
    /// - Throws: `invalidArgument` for negative amounts, and totals beyond a quarter of 64 bits.
    @discardableResult
    package mutating func addNodes(_ specs: [NodeSpec]) throws(LeptonError) -> Range<Int> {
        guard specs.count <= Scheduler.maximumNodes - index.nodes.count else {
            throw LeptonError(
                .invalidArgument, argument: "nodes", expected: "at most \(Scheduler.maximumNodes) in all",
                received: "\(index.nodes.count) and \(specs.count) more")
        }
        var total = index.total
        for spec in specs {
            try Scheduler.validate(spec.capacity, times: 1, argument: "capacity")
            // Neither exceeds a quarter of 64 bits.
            total = total &+ Amounts(spec.capacity)
            try Scheduler.validate(total.shape, times: 1, argument: "total capacity")
        }
        let added = index.add(specs.map { Amounts($0.capacity) })
        for spec in specs { constraints.addNode(labels: spec.labels) }
        for node in added { noteFreed(node) }
        refreshShares()
        return added
    }

    /// Storage that requests share, beside what nodes have: `bytes` more of it.
    package mutating func addSharedStorage(_ bytes: Int) throws(LeptonError) {
        let (sum, overflow) = sharedTotal.addingReportingOverflow(bytes)
        guard bytes >= 0, !overflow, sum <= Amounts.largest else {
            throw LeptonError(
                .invalidArgument, argument: "storage_bytes", expected: "0 ... \(Amounts.largest &- sharedTotal)",
                received: "\(bytes)")
        }
        sharedTotal = sum
        sharedFree &+= bytes
        sharedFreed = true
        refreshShares()
    }

    static func validate(_ shape: ResourceShape, times: Int, argument: String) throws(LeptonError) {
        for resource in Resource.allCases {
            let (product, overflow) = shape[resource].multipliedReportingOverflow(by: times)
            guard shape[resource] >= 0, !overflow, product <= Amounts.largest else {
                let all = times == 1 ? "" : " over all \(times) nodes"
                throw LeptonError(
                    .invalidArgument, argument: argument,
                    expected: "\(resource.name) of 0 ... \(Amounts.largest)\(all)",
                    received: "\(shape[resource])")
            }
        }
    }

    // MARK: What is known

    package var nodeCount: Int { index.nodes.count }
    package var capacity: ResourceShape { total.shape }
    package var waitingCount: Int { pendingCount }

    /// Everything there is, the shared storage with that of nodes.
    var total: Amounts {
        var total = index.total
        total.storage &+= sharedTotal
        return total
    }

    /// What is free of a node; less than nothing of what is promised to a request before it is there.
    package func free(ofNode node: Int) -> ResourceShape? {
        guard (0..<index.nodes.count).contains(node), index.nodes.base[node].isAlive else { return nil }
        return index.nodes.base[node].free.shape
    }

    package var freeSharedStorage: Int { sharedFree }

    /// What a queue holds, promises included.
    package func used(byQueue queue: Int) -> ResourceShape? {
        guard (0..<queues.count).contains(queue) else { return nil }
        return queues.base[queue].used.shape
    }

    /// The queue's dominant share, 0 ... 1, not divided by its weight.
    package func dominantShare(ofQueue queue: Int) -> Double? {
        guard (0..<queues.count).contains(queue) else { return nil }
        return Double(fair.share(queue)) / Double(FairShares.one)
    }

    package func state(of id: RequestID) -> State? { slot(of: id).map { requests.base[$0].state } }

    /// Where the nodes of a request are; empty for one that waits.
    package func parts(of id: RequestID) -> [Part] {
        guard let slot = slot(of: id) else { return [] }
        var found: [Part] = []
        var part = requests.base[slot].firstPart
        while part != FreeIndex.none {
            let record = parts.base[Int(part)]
            found.append(Part(node: Int(record.node), count: Int(record.count)))
            part = record.nextOfRequest
        }
        return found
    }

    /// Where the request's record is; nil when it has ended.
    func slot(of id: RequestID) -> Int? {
        let slot = Int(id.slot)
        guard (0..<requests.count).contains(slot), requests.base[slot].isAlive,
            requests.base[slot].generation == id.generation
        else { return nil }
        return slot
    }

    func id(of slot: Int) -> RequestID {
        RequestID(slot: Int32(truncatingIfNeeded: slot), generation: requests.base[slot].generation)
    }

    // MARK: Shares

    mutating func use(_ amounts: Amounts, queue: Int) {
        queues.base[queue].used = queues.base[queue].used &+ amounts
        fair.setShare(queue, FairShares.dominantShare(of: queues.base[queue].used, in: total))
    }

    func refreshedShare(_ queue: Int) -> UInt64 { FairShares.dominantShare(of: queues.base[queue].used, in: total) }

    mutating func refreshShares() {
        for queue in 0..<queues.count { fair.setShare(queue, refreshedShare(queue)) }
    }

    mutating func noteFreed(_ node: Int) {
        let record = index.nodes.base + node
        guard record.pointee.stamp != pass else { return }
        record.pointee.stamp = pass
        freed.append(Int32(truncatingIfNeeded: node))
    }
}
