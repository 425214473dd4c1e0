import LeptonTensor

/// Grants the resources of this machine, or of as many nodes as one declares: threads stand for the nodes then,
/// and declared cores may exceed the machine's.
///
/// Where requested nodes go, and whose turn it is, is the placement core's decision (`Scheduler`): several requested
/// nodes may share one node of the pool. A request that is made with `grant` gets its answer at once; one that is
/// made with `submit` waits in its queue, and may make those of a lower priority, or those that borrow, give way.
///
/// Leases that have run out are reclaimed at the next call. Threads: concurrent.
public final class LocalAllocator: ResourceAllocator {
    /// More nodes than this, in the pool or in one allocation, are refused: each is an object in this process.
    package static let maximumNodes = 65_536
    /// How long the holder of a grant that has to give way may take to bring its work to rest.
    package static let noticeSeconds = 30.0

    private let lock = Lock()
    /// Guarded by `lock`.
    private nonisolated(unsafe) var state: State
    private let pool: Room
    private let time: TimeSource

    private struct State: ~Copyable {
        var scheduler = Scheduler()
        var queues: [String: Int] = [:]
        var held: [String: Held] = [:]
        var names: [Scheduler.RequestID: String] = [:]
        /// No lease or notice ends before this; nil when none ends at all.
        var nextDeadline: UInt64?
        /// What is to be told once the lock is free.
        var messages: [Message] = []
    }

    /// - Parameters:
    ///   - nodes: compute nodes to simulate; nil: one node that is this machine.
    ///   - coresPerNode: nil: 1 when `nodes` is given, otherwise the cores this process may run on (its CPU
    ///     affinity and its control group's quota taken into account).
    ///   - memoryPerNode: bytes; nil: the machine's memory (or the control group's limit) shared evenly.
    ///   - acceleratorsPerNode: accelerators that nodes are declared to have.
    ///   - storageBytes: nil: what is free on the disk of `storageFolder` now.
    ///   - storageFolder: the folder of the store; nil: the working folder.
    ///   - queues: beside "default", which is there when it is not given.
    /// - Throws: `invalidArgument` for counts below 1, negative sizes, more than 65,536 nodes, totals beyond a quarter
    ///   of 64 bits, and two queues of one name; what the system says when the folder's disk cannot be asked.
    public convenience init(
        nodes: Int? = nil, coresPerNode: Int? = nil, memoryPerNode: Int? = nil, acceleratorsPerNode: Int = 0,
        storageBytes: Int? = nil, storageFolder: String? = nil, queues: [ResourceQueue] = []
    ) throws(LeptonError) {
        try self.init(
            nodes: nodes, coresPerNode: coresPerNode, memoryPerNode: memoryPerNode,
            acceleratorsPerNode: acceleratorsPerNode, storageBytes: storageBytes, storageFolder: storageFolder,
            queues: queues, time: .system)
    }

    package init(
        nodes: Int? = nil, coresPerNode: Int? = nil, memoryPerNode: Int? = nil, acceleratorsPerNode: Int = 0,
        storageBytes: Int? = nil, storageFolder: String? = nil, queues: [ResourceQueue] = [], time: TimeSource
    ) throws(LeptonError) {
        let count = nodes ?? 1
        try requireAtLeast(1, count, "nodes")
        guard count <= LocalAllocator.maximumNodes else {
            throw LeptonError(
                .invalidArgument, argument: "nodes", expected: "at most \(LocalAllocator.maximumNodes) nodes",
                received: "\(count)")
        }
        let cores = coresPerNode ?? (nodes == nil ? Machine.availableCores() : 1)
        try requireAtLeast(1, cores, "cores_per_node")
        let memory = memoryPerNode ?? Machine.memoryBytes() / count
        try requireAtLeast(0, memory, "memory_per_node")
        try requireAtLeast(0, acceleratorsPerNode, "accelerators_per_node")
        let storage: Int
        if let storageBytes { storage = storageBytes } else { storage = try Machine.freeDisk(storageFolder ?? ".") }
        try requireAtLeast(0, storage, "storage_bytes")
        try requireTotal(count, cores, "cores_per_node")
        try requireTotal(count, memory, "memory_per_node")
        try requireTotal(count, acceleratorsPerNode, "accelerators_per_node")

        let node = ResourceShape(cores: cores, memoryBytes: memory, accelerators: acceleratorsPerNode)
        // What is beyond the bound is nobody's to ask for; a disk is never so large.
        pool = Room(nodes: Array(repeating: node, count: count), storage: min(storage, largestTotal))
        self.time = time
        state = State()
        try state.scheduler.addNodes(pool.nodes.map { Scheduler.NodeSpec(capacity: $0) })
        try state.scheduler.addSharedStorage(pool.storage)
        for queue in queues { try addQueue(queue) }
        if state.queues[ResourceRequest.defaultQueue] == nil {
            try addQueue(ResourceQueue(name: ResourceRequest.defaultQueue))
        }
    }

    private func addQueue(_ queue: ResourceQueue) throws(LeptonError) {
        state.queues[queue.name] = try state.scheduler.addQueue(
            Scheduler.QueueSpec(
                name: queue.name, weight: queue.weight, quota: queue.quota, borrowing: queue.borrowing))
    }

    public var capacity: ResourceShape { pool.total }

    public var allocated: ResourceShape {
        refresh()
        let (total, free) = (pool.total, lock.withLock { room.total })
        // Free amounts lie between 0 and the total, so the differences fit.
        return ResourceShape(
            cores: total.cores &- free.cores, memoryBytes: total.memoryBytes &- free.memoryBytes,
            storageBytes: total.storageBytes &- free.storageBytes,
            accelerators: total.accelerators &- free.accelerators)
    }

    // MARK: Requests

    public func grant(_ request: ResourceRequest) throws(LeptonError) -> Grant {
        let id = UniqueID.make()
        return try changing { () throws(LeptonError) in
            guard hasRoom(for: request) else {
                let free = room
                // Where something is promised to others, there may be room that is not to be had.
                throw free.fits(request) ? turnRefusal(request) : refusal(of: request, free: free, pool: pool)
            }
            try enter(request, id: id, observer: nil)
            settle()
            guard let held = state.held[id], state.scheduler.state(of: held.request) == .running else {
                drop(id)
                throw turnRefusal(request)
            }
            return Grant(id: id, nodes: held.nodes(of: request), leaseSeconds: request.leaseSeconds)
        }
    }

    public func submit(_ request: ResourceRequest, id: String, observer: any GrantObserver) throws(LeptonError) {
        try changing { () throws(LeptonError) in
            guard pool.fits(request) else { throw refusal(of: request, free: pool, pool: pool) }
            try enter(request, id: id, observer: observer)
        }
    }

    public func observe(_ id: String, _ observer: any GrantObserver) {
        changing {
            state.held[id]?.observer = observer
            // It may have been asked to give way before anybody listened.
            if let held = state.held[id], state.scheduler.state(of: held.request) == .leaving {
                state.messages.append(Message(observer, .preempted("its nodes are needed elsewhere")))
            }
        }
    }

    public func release(_ id: String) { changing { drop(id) } }

    public func renew(_ id: String, seconds: Double) throws(LeptonError) {
        _ = try Lease.validated(seconds: seconds, argument: "seconds")
        let deadline = Lease.deadline(from: time.monotonic(), seconds: seconds)
        try changing { () throws(LeptonError) in
            guard state.held[id] != nil else { throw LocalAllocator.unknown(id) }
            state.held[id]?.deadline = deadline
            noteDeadline(deadline)
        }
    }

    public func resize(_ id: String, nodes count: Int) throws(LeptonError) -> [Node] {
        try changing { () throws(LeptonError) in
            guard let held = state.held[id] else { throw LocalAllocator.unknown(id) }
            guard count <= LocalAllocator.maximumNodes else { throw LocalAllocator.tooMany(count) }
            let present = held.places.count
            let least = min(held.asked.grantableNodes.lowerBound, count)
            state.scheduler.setBounds(of: held.request, to: least...max(present, count))
            if count < present {
                for part in try state.scheduler.shrink(held.request, to: count) {
                    state.held[id]?.remove(part.count, from: part.node)
                }
            } else if count > present {
                let added = try state.scheduler.grow(held.request, to: count)
                guard added == count - present else {
                    _ = try state.scheduler.shrink(held.request, to: present)
                    state.scheduler.setBounds(of: held.request, to: least...present)
                    throw growthRefusal(held.asked, from: present, to: count)
                }
                let parts = state.scheduler.parts(of: held.request)
                state.held[id]?.place(on: parts)
            }
            // What it was resized to is what it gets again after it had to give way.
            state.scheduler.setBounds(of: held.request, to: least...count)
            return state.held[id]?.nodes(of: held.asked) ?? []
        }
    }

    public func requeue(_ id: String) throws(LeptonError) {
        try changing { () throws(LeptonError) in
            guard let held = state.held[id] else { throw LocalAllocator.unknown(id) }
            state.scheduler.giveWay(held.request)
            state.held[id]?.places = []
            state.held[id]?.noticeEnd = nil
        }
    }

    /// Takes a node of the pool away, as when a machine fails: grants that keep their least number of nodes go on, the
    /// others wait for new ones.
    ///
    /// - Parameter index: nodes are counted from 0.
    /// - Throws: `notFound` for a node that there is not, or not any more.
    package func loseNode(_ index: Int) throws(LeptonError) {
        try changing { () throws(LeptonError) in try state.scheduler.loseNode(index) }
    }

    public func refresh() { changing {} }

    // MARK: With the lock held

    /// Those who name a tenant and no queue wait in one of the tenant's own, so that tenants are fair to each other.
    private func queueName(_ request: ResourceRequest) -> String {
        guard request.queue == ResourceRequest.defaultQueue, !request.tenant.isEmpty else { return request.queue }
        return state.queues[request.tenant] == nil ? "tenant \(request.tenant)" : request.tenant
    }

    private func enter(
        _ request: ResourceRequest, id: String, observer: (any GrantObserver)?
    ) throws(LeptonError) {
        guard request.nodes <= LocalAllocator.maximumNodes else { throw LocalAllocator.tooMany(request.nodes) }
        let name = queueName(request)
        if state.queues[name] == nil {
            guard name != request.queue else {
                // Tenants' own come and go with their requests; the others are what one may choose from.
                throw LeptonError(
                    .notFound, argument: "queue",
                    expected: "one of \(state.queues.keys.sorted().map { "'\($0)'" }.joined(separator: ", "))",
                    received: "'\(name)'")
            }
            state.queues[name] = try state.scheduler.addQueue(Scheduler.QueueSpec(name: name))
        }
        let number = try state.scheduler.submit(
            Scheduler.RequestSpec(
                queue: state.queues[name] ?? 0, nodes: request.grantableNodes, shape: request.nodeShape,
                sharedStorage: request.storageBytes, priority: Int32(truncatingIfNeeded: request.priority)))
        state.names[number] = id
        let deadline = observer == nil ? Lease.deadline(from: time.monotonic(), seconds: request.leaseSeconds) : nil
        state.held[id] = Held(request: number, asked: request, observer: observer, deadline: deadline)
        noteDeadline(deadline)
    }

    private func drop(_ id: String) {
        guard let held = state.held.removeValue(forKey: id) else { return }
        state.names[held.request] = nil
        state.scheduler.release(held.request)
    }

    private func noteDeadline(_ deadline: UInt64?) {
        guard let deadline else { return }
        state.nextDeadline = min(state.nextDeadline ?? deadline, deadline)
    }

    /// Whether the request fits without anybody having to give way.
    private func hasRoom(for request: ResourceRequest) -> Bool {
        let least = request.grantableNodes.lowerBound
        return request.storageBytes <= state.scheduler.freeSharedStorage
            && state.scheduler.room(for: request.nodeShape, atMost: least, whenEmpty: false) >= least
    }

    /// What is free, node by node.
    private var room: Room {
        var nodes: [ResourceShape] = []
        for node in 0..<state.scheduler.nodeCount {
            guard var free = state.scheduler.free(ofNode: node) else { continue }
            // Less than nothing where something is promised that others still hold.
            for resource in Resource.allCases { free[resource] = max(free[resource], 0) }
            nodes.append(free)
        }
        return Room(nodes: nodes, storage: state.scheduler.freeSharedStorage)
    }

    /// Runs a change, takes the decisions that follow from it and from the time, and tells those whom they concern
    /// once the lock is free.
    private func changing<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        var messages: [Message] = []
        defer { for message in messages { message.deliver() } }
        return try lock.withLock { () throws(Failure) in
            defer { messages = takeMessages() }
            reclaim()
            return try body()
        }
    }

    private func takeMessages() -> [Message] {
        settle()
        defer { state.messages = [] }
        return state.messages
    }

    /// What ended with time: leases and notices.
    private func reclaim() {
        let now = time.monotonic()
        guard Lease.isOver(state.nextDeadline, now: now) else { return }
        for (id, held) in state.held {
            if Lease.isOver(held.noticeEnd, now: now) {
                let reason = "it did not give way within \(LocalAllocator.noticeSeconds) seconds"
                state.messages.append(Message(held.observer, .ended(reason)))
                drop(id)
            } else if Lease.isOver(held.deadline, now: now) {
                drop(id)
            }
        }
        state.nextDeadline = state.held.values.flatMap { [$0.deadline, $0.noticeEnd] }.compactMap(\.self).min()
    }

    /// Lets the core decide, and turns its decisions into messages.
    private func settle() {
        var decisions: [Scheduler.Decision] = []
        state.scheduler.decide(into: &decisions)
        for decision in decisions {
            guard let id = state.names[decision.request], let held = state.held[id] else { continue }
            state.messages.append(Message(held.observer, apply(decision, to: held, id: id)))
        }
    }

    private func apply(_ decision: Scheduler.Decision, to held: Held, id: String) -> Message.Content {
        switch decision.kind {
        case .placed:
            let parts = state.scheduler.parts(of: decision.request)
            state.held[id]?.place(on: parts)
            if held.observer != nil, held.deadline == nil {
                let deadline = Lease.deadline(from: time.monotonic(), seconds: held.asked.leaseSeconds)
                state.held[id]?.deadline = deadline
                noteDeadline(deadline)
            }
            let nodes = state.held[id]?.nodes(of: held.asked) ?? []
            return .granted(Grant(id: id, nodes: nodes, leaseSeconds: held.asked.leaseSeconds))
        case .preempted:
            let end = Lease.deadline(from: time.monotonic(), seconds: LocalAllocator.noticeSeconds)
            state.held[id]?.noticeEnd = end
            noteDeadline(end)
            let cause = decision.cause.flatMap { state.names[$0] }.flatMap { state.held[$0]?.asked }
            let reason = cause.map { "its nodes are needed by a request of priority \($0.priority) in '\($0.queue)'" }
            return .preempted(reason ?? "its nodes are needed elsewhere")
        case .shrunk:
            let before = Set(held.nodes(of: held.asked).map(\.id))
            let parts = state.scheduler.parts(of: decision.request)
            state.held[id]?.place(on: parts)
            let after = Set(state.held[id]?.nodes(of: held.asked).map(\.id) ?? [])
            return .lost(before.subtracting(after))
        case .requeued:
            state.held[id]?.places = []
            return .preempted("too few of its nodes are left")
        }
    }

    private func turnRefusal(_ request: ResourceRequest) -> LeptonError {
        LeptonError(
            .resourceExhausted, argument: "queue",
            expected:
                "a request within the limits of the queue '\(queueName(request))', when those that wait have been "
                + "served (submit it to wait for its turn)",
            received: "\(request.nodes) nodes, which fit, but are not its to have now")
    }

    private func growthRefusal(_ request: ResourceRequest, from present: Int, to count: Int) -> LeptonError {
        let free = room.count(of: request.nodeShape)
        let waiting = state.scheduler.waitingCount
        let reason =
            free < count - present
            ? "\(free) more are free now"
            : waiting > 0 ? "\(waiting) requests wait, and go first" : "its queue's limit is reached"
        return LeptonError(
            .resourceExhausted, argument: "nodes",
            expected: "at most \(present + min(free, count - present)) (\(reason))",
            received: "\(count)")
    }

    private static func unknown(_ id: String) -> LeptonError {
        LeptonError(.notFound, "there is no allocation '\(id)': it was released, or its lease is over")
    }

    private static func tooMany(_ count: Int) -> LeptonError {
        LeptonError(
            .resourceExhausted, argument: "nodes", expected: "at most \(maximumNodes) nodes in one allocation",
            received: "\(count)")
    }
}
