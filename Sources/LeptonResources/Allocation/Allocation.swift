import LeptonTensor
import Synchronization

/// Resources of one job, from the request to the end. They are given back by `close`, at the end of the lease, or
/// when the last reference to this object goes away, whichever comes first; the charge ends at the same moment.
///
/// Most allocations are granted at once. One that was put into a queue is `pending` until its turn comes, and may be
/// `draining` and then `pending` again when something more important needs its nodes.
///
/// Threads: every member may be used from several threads at once.
public final class Allocation: Sendable {
    /// Unique for its allocator, at most 36 bytes.
    public let id: String
    /// What was asked for.
    public let request: ResourceRequest

    let allocator: any ResourceAllocator
    let meter: Meter
    private let lock = Lock()
    /// Guarded by `lock`.
    private nonisolated(unsafe) var life: Life
    /// Grows by one with each event: a running job looks at it between two steps, without taking the lock.
    private let eventCount = Atomic<Int>(0)

    struct Life {
        var state: AllocationState
        var nodes: [Node] = []
        /// Monotonic nanoseconds; nil without an end.
        var deadline: UInt64?
        /// Jobs that run on these nodes now.
        var uses = 0
        /// Handles of other languages that stand for it: a request with an idempotency key may have given several.
        var handles = 0
        var account: Meter.Account?
        var log = EventLog()
        var observers: [Int: @Sendable (AllocationEvent) -> Void] = [:]
        var nextObserver = 0
    }

    init(grant: Grant, request: ResourceRequest, allocator: any ResourceAllocator, meter: Meter, start: UInt64) {
        id = grant.id
        self.request = request
        self.allocator = allocator
        self.meter = meter
        life = Life(state: .pending)
        _ = note(.stateChanged, "requested")
        _ = activate(grant, start: start, "granted")
    }

    init(waitingFor request: ResourceRequest, allocator: any ResourceAllocator, meter: Meter) {
        id = UniqueID.make()
        self.request = request
        self.allocator = allocator
        self.meter = meter
        life = Life(state: .pending)
        _ = note(.stateChanged, "waits in the queue '\(request.queue)'")
    }

    /// The allocator did not take the request: there is nothing to give back.
    func abandon() { lock.withLock { life.state = .failed } }

    deinit {
        guard !life.state.isFinal else { return }
        giveBack(at: meter.time.monotonic())
    }

    // MARK: What it is

    /// The nodes held now: compute nodes first. Empty while it waits.
    public var nodes: [Node] { refreshed().nodes }

    /// The labels of the request.
    public var labels: [String: String] { request.labels }

    /// Cores of all compute nodes together.
    public var totalCores: Int { lock.withLock { life.nodes.compute.count &* request.coresPerNode } }

    /// Compute nodes held now.
    public var nodeCount: Int { lock.withLock { life.nodes.compute.count } }

    /// What the allocation holds, as charged: the amounts requested for the nodes that it has.
    public var shape: ResourceShape {
        let life = refreshed()
        return life.state == .active || life.state == .draining
            ? request.total(nodes: life.nodes.compute.count) : .zero
    }

    public var state: AllocationState { refreshed().state }

    /// Seconds until the lease ends; infinity without an end, 0 once over or closed.
    public var leaseRemaining: Double {
        let now = meter.time.monotonic()
        let life = refreshed(at: now)
        return life.state.isFinal ? 0 : Lease.remaining(until: life.deadline, now: now)
    }

    // MARK: Changing it

    /// Moves the end of the lease to `seconds` from now, which may also shorten it; infinity for no end.
    ///
    /// - Throws: `invalidArgument` unless `seconds` is above 0, `timedOut` when the lease is over already,
    ///   `invalidState` when the allocation is closed, what the allocator throws when it refuses.
    public func renew(seconds: Double) throws(LeptonError) {
        _ = try Lease.validated(seconds: seconds, argument: "seconds")
        try checkActive()
        let now = meter.time.monotonic()
        do {
            try allocator.renew(id, seconds: seconds)
        } catch {
            // A close or the lease's end may have overtaken the renewal: that is then the better reason.
            try checkActive()
            throw error
        }
        let deadline = Lease.deadline(from: now, seconds: seconds)
        deliver {
            guard life.state == .active || life.state == .draining else { return nil }
            life.deadline = deadline
            if let account = life.account { meter.setDeadline(account, deadline) }
            return note(.renewed, "by \(seconds) seconds")
        }
        try checkActive()
    }

    /// Gives the job more nodes, or takes some away. A fit that runs on them goes on with the new number from its
    /// next step; what it computes does not depend on it.
    ///
    /// - Parameter nodes: between the request's minimum and maximum, where it has them.
    /// - Throws: `invalidArgument` outside of that range, `resourceExhausted` when there are not as many, `timedOut`
    ///   and `invalidState` as `renew`, `notSupported` when the allocator cannot. The allocation is then as it was.
    public func resize(nodes count: Int) throws(LeptonError) {
        try requireRange(count, request.resizableNodes, "nodes", "the request's min_nodes and max_nodes")
        try requireProduct(count, request.coresPerNode, "nodes")
        try requireProduct(count, request.memoryPerNode, "nodes")
        try requireProduct(count, request.acceleratorsPerNode, "nodes")
        try checkActive()
        // Before the allocator is asked when it shrinks and after it when it grows, the job's own view would be late:
        // in this process a step that began on the old nodes ends on them, which both sides allow for.
        let nodes = try allocator.resize(id, nodes: count)
        if let defect = nodes.defect(asAnswerTo: request, count: count...count) {
            fail("the allocator answered a resize with \(defect)")
            throw LeptonError(.internalError, "the allocator answered with \(defect)")
        }
        let now = meter.time.monotonic()
        deliver {
            guard life.state == .active || life.state == .draining else { return nil }
            return hold(nodes, at: now, .resized, "to \(count) \(count == 1 ? "node" : "nodes")")
        }
        try checkActive()
    }

    /// Gives the resources back now and ends the charge. Closing again, or after the lease's end, does nothing.
    ///
    /// - Throws: `invalidState` while a job runs on these nodes; the allocation stays as it was.
    public func close() throws(LeptonError) {
        let now = meter.time.monotonic()
        guard !refreshed(at: now).state.isFinal else { return }
        var uses = 0
        let wasClosed = deliver {
            uses = life.uses
            guard !life.state.isFinal, life.uses == 0 else { return nil }
            return end(.released, "closed")
        }
        if wasClosed { return giveBack(at: now) }
        guard uses == 0 else {
            throw LeptonError(
                .invalidState,
                "allocation \(id) is in use by \(uses) running \(uses == 1 ? "job" : "jobs"): close it when "
                    + "\(uses == 1 ? "it is" : "they are") done, or cancel \(uses == 1 ? "it" : "them") first")
        }
    }

    // MARK: Waiting

    /// Waits until the allocation is active.
    ///
    /// - Parameters:
    ///   - seconds: the longest wait; infinity for any.
    ///   - isCancelled: asked from time to time.
    /// - Throws: `timedOut` when it still waits, or when its lease is over; `cancelled`; `invalidState` when it was
    ///   closed, or its request dropped.
    package func waitUntilActive(
        seconds: Double = .infinity, isCancelled: () -> Bool = { false }
    ) throws(LeptonError) {
        let end = Lease.deadline(from: meter.time.monotonic(), seconds: max(seconds, 0))
        while true {
            let now = meter.time.monotonic()
            let seen = refreshed(at: now)
            if seen.state == .active { return }
            if seen.state.isFinal { return try requireUsable(seen) }
            if isCancelled() { throw LeptonError(.cancelled, "waiting for allocation \(id) was cancelled") }
            guard !Lease.isOver(end, now: now) else {
                throw LeptonError(
                    .timedOut, "allocation \(id) still waits in the queue '\(request.queue)' after \(seconds) seconds")
            }
            wait(after: seen.log.events.last?.sequence ?? 0, until: end, now: now)
        }
    }

    /// Waits for the first event after a number.
    ///
    /// - Parameter seconds: the longest wait; 0 only looks, infinity waits for any time.
    /// - Returns: nil when there was none in that time, or when the allocation has ended and there will be none.
    package func nextEvent(after sequence: Int, seconds: Double) -> AllocationEvent? {
        let end = Lease.deadline(from: meter.time.monotonic(), seconds: max(seconds, 0))
        while true {
            let now = meter.time.monotonic()
            let seen = refreshed(at: now)
            if let event = seen.log.first(after: sequence) { return event }
            guard !seen.state.isFinal, !Lease.isOver(end, now: now) else { return nil }
            wait(after: sequence, until: end, now: now)
        }
    }

    /// Sleeps until there is an event after `sequence`, the lease ends, or it is time to look around.
    private func wait(after sequence: Int, until end: UInt64?, now: UInt64) {
        allocator.refresh()
        // Cancellation is a flag that wakes nobody.
        let longest: UInt64 = 50_000_000
        lock.withLock {
            guard life.log.first(after: sequence) == nil else { return }
            let moments = [end, life.deadline].compactMap(\.self).map { $0 > now ? $0 - now : 0 }
            lock.wait(atMost: Double(min(moments.min() ?? longest, longest)) / 1e9)
        }
    }

    // MARK: Observing

    /// Calls `body` for each event from now on, on the thread that brings it about, until `removeObserver`.
    package func addObserver(_ body: @escaping @Sendable (AllocationEvent) -> Void) -> Int {
        lock.withLock {
            let number = life.nextObserver
            life.nextObserver += 1
            life.observers[number] = body
            return number
        }
    }

    package func removeObserver(_ number: Int) { lock.withLock { life.observers[number] = nil } }

    /// Grows with each event.
    package var version: Int { eventCount.load(ordering: .acquiring) }

    // MARK: Jobs

    /// Throws unless the allocation is usable: `timedOut` after the end of the lease, `invalidState` after
    /// `close`. A running job calls it between steps.
    package func checkActive() throws(LeptonError) {
        let now = meter.time.monotonic()
        // Most times nothing has ended: no copy of the whole state for that.
        let isUsable = lock.withLock { !life.state.isFinal && !Lease.isOver(life.deadline, now: now) }
        if !isUsable { try requireUsable(refreshed(at: now)) }
    }

    /// Marks the start of a job on these nodes. Each call that returns must be followed by one `endUse`.
    package func beginUse() throws(LeptonError) {
        _ = refreshed()
        let seen = lock.withLock { () -> Life in
            if !life.state.isFinal { life.uses += 1 }
            return life
        }
        try requireUsable(seen)
    }

    package func endUse() {
        lock.withLock { life.uses = max(life.uses - 1, 0) }
    }

    /// Another handle stands for the allocation.
    package func addHandle() { lock.withLock { life.handles += 1 } }

    /// A handle is gone; the last one closes the allocation. (In another language nobody sees Swift's references, of
    /// which a subscription may hold one for a moment longer.)
    package func removeHandle() throws(LeptonError) {
        let isLast = lock.withLock { () -> Bool in
            life.handles -= 1
            return life.handles == 0
        }
        if isLast { try close() }
    }

    /// Runs `body` as a job on these nodes.
    package func withUse<Result>(_ body: () throws(LeptonError) -> Result) throws(LeptonError) -> Result {
        try beginUse()
        defer { endUse() }
        return try body()
    }

    /// What a job does whose nodes are wanted by somebody else, once its work is at rest: gives them back, and waits
    /// for its turn.
    ///
    /// - Throws: as `waitUntilActive`.
    package func yieldNodes(isCancelled: () -> Bool) throws(LeptonError) {
        try handBack("its nodes were needed elsewhere")
        try waitUntilActive(isCancelled: isCancelled)
    }

    private func handBack(_ reason: String) throws(LeptonError) {
        let now = meter.time.monotonic()
        let wasDraining = deliver {
            guard life.state == .draining else { return nil }
            life.state = .pending
            return hold(life.nodes.filter { $0.kind == .storage }, at: now, .stateChanged, reason)
        }
        if wasDraining { try allocator.requeue(id) }
    }

    private func requireUsable(_ life: Life) throws(LeptonError) {
        switch life.state {
        case .active, .draining, .pending: return
        case .expired:
            throw LeptonError(
                .timedOut, "the lease of allocation \(id) is over: renew it in time, or allocate anew")
        case .failed:
            throw LeptonError(.invalidState, "allocation \(id) has failed: \(life.log.events.last?.reason ?? "")")
        case .released: throw LeptonError(.invalidState, "allocation \(id) is closed")
        }
    }

    // MARK: Changes of state

    private func refreshed() -> Life { refreshed(at: meter.time.monotonic()) }

    /// The present state, with the end of the lease noticed.
    private func refreshed(at now: UInt64) -> Life {
        var endedAt: UInt64?
        let isOver = deliver {
            guard !life.state.isFinal, Lease.isOver(life.deadline, now: now) else { return nil }
            endedAt = life.deadline
            return end(.expired, "its lease is over")
        }
        if isOver, let endedAt { giveBack(at: endedAt) }
        return lock.withLock { life }
    }

    /// Called once, by whoever brought the allocation to its end; outside the lock, because the allocator may be
    /// the host's code.
    private func giveBack(at moment: UInt64) {
        allocator.release(id)
        if let account = life.account { meter.close(account, at: moment) }
    }

    private func fail(_ reason: String) {
        let now = meter.time.monotonic()
        if deliver({ life.state.isFinal ? nil : end(.failed, reason) }) { giveBack(at: now) }
    }

    /// Runs a change under the lock and tells observers of its event afterwards.
    ///
    /// - Returns: whether there was an event.
    @discardableResult
    private func deliver(_ change: () -> AllocationEvent?) -> Bool {
        var observers: [@Sendable (AllocationEvent) -> Void] = []
        let event = lock.withLock { () -> AllocationEvent? in
            let event = change()
            if event != nil { observers = life.observers.sorted { $0.key < $1.key }.map(\.value) }
            return event
        }
        guard let event else { return false }
        for observer in observers { observer(event) }
        return true
    }

    // The following are called with the lock held, or before anybody else knows of the object.

    private func note(_ kind: AllocationEvent.Kind, _ reason: String) -> AllocationEvent {
        let event = life.log.append(
            kind, state: life.state, nodes: life.nodes.compute.count, reason: reason, time: meter.time.wall())
        eventCount.add(1, ordering: .acquiringAndReleasing)
        lock.wakeAll()
        return event
    }

    private func end(_ state: AllocationState, _ reason: String) -> AllocationEvent {
        life.state = state
        return note(.stateChanged, reason)
    }

    private func hold(
        _ nodes: [Node], at now: UInt64, _ kind: AllocationEvent.Kind, _ reason: String
    ) -> AllocationEvent {
        life.nodes = nodes.compute + nodes.filter { $0.kind == .storage }
        if let account = life.account {
            meter.resize(account, to: request.total(nodes: life.nodes.compute.count), at: now)
        }
        return note(kind, reason)
    }

    private func activate(_ grant: Grant, start: UInt64, _ reason: String) -> AllocationEvent {
        life.state = .active
        if life.account == nil {
            // The lease runs from the first grant, also through times of waiting in between.
            life.deadline = Lease.deadline(from: start, seconds: grant.leaseSeconds)
            life.account = meter.open(
                id: id, tenant: request.tenant, labels: request.labels,
                shape: request.total(nodes: grant.nodes.compute.count), start: start,
                deadline: life.deadline)
        }
        return hold(grant.nodes, at: start, .stateChanged, reason)
    }
}

extension Allocation: GrantObserver {
    public func granted(_ grant: Grant) {
        let now = meter.time.monotonic()
        let isAgain = lock.withLock { life.account != nil }
        if let defect = grant.defect(asAnswerTo: request, isAgain: isAgain) {
            return fail("the allocator granted \(defect)")
        }
        deliver { life.state == .pending ? activate(grant, start: now, "granted") : nil }
    }

    public func preempted(within seconds: Double, reason: String) {
        let isDraining = deliver {
            guard life.state == .active else { return nil }
            life.state = .draining
            return note(.stateChanged, reason)
        }
        // Nobody works on the nodes: they can go at once.
        if isDraining, lock.withLock({ life.uses == 0 }) {
            do throws(LeptonError) { try handBack(reason) } catch { fail(error.message) }
        }
    }

    public func lost(_ nodes: Set<String>, reason: String) {
        let now = meter.time.monotonic()
        deliver {
            guard life.state == .active || life.state == .draining else { return nil }
            let left = life.nodes.filter { !nodes.contains($0.id) }
            return left.count == life.nodes.count ? nil : hold(left, at: now, .nodesLost, reason)
        }
        if lock.withLock({ !life.state.isFinal && life.state != .pending && life.nodes.compute.isEmpty }) {
            fail("all its nodes are lost: \(reason)")
        }
    }

    public func ended(_ reason: String) { fail(reason) }
}
