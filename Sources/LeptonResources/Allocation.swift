import LeptonTensor
import Synchronization

/// Granted resources. They are given back by `close`, at the end of the lease, or when the last reference to
/// this object goes away, whichever comes first; the charge ends at the same moment.
///
/// Threads: every member may be used from several threads at once.
public final class Allocation: Sendable {
    /// Unique for its allocator, at most 36 bytes.
    public let id: String
    /// The nodes granted: compute nodes first.
    public let nodes: [Node]
    /// What was asked for.
    public let request: ResourceRequest

    private let allocator: any ResourceAllocator
    private let meter: Meter
    private let account: Meter.Account
    private let life: Mutex<Life>

    private struct Life {
        var state = AllocationState.active
        /// Monotonic nanoseconds; nil without an end.
        var deadline: UInt64?
        /// Jobs that run on these nodes now.
        var uses = 0
    }

    init(grant: Grant, request: ResourceRequest, allocator: any ResourceAllocator, meter: Meter, start: UInt64) {
        id = grant.id
        nodes = grant.nodes.filter { $0.kind == .compute } + grant.nodes.filter { $0.kind == .storage }
        self.request = request
        self.allocator = allocator
        self.meter = meter
        let deadline = Lease.deadline(from: start, seconds: grant.leaseSeconds)
        account = meter.open(
            id: grant.id, labels: request.labels, shape: request.total, start: start, deadline: deadline)
        life = Mutex(Life(deadline: deadline))
    }

    deinit {
        guard life.withLock({ $0.state == .active }) else { return }
        giveBack(at: meter.time.monotonic())
    }

    /// The labels of the request.
    public var labels: [String: String] { request.labels }

    /// Cores of all compute nodes together.
    public var totalCores: Int { request.total.cores }

    /// What the allocation holds, as charged: the amounts requested.
    public var shape: ResourceShape { request.total }

    public var state: AllocationState { refreshed().state }

    /// Seconds until the lease ends; infinity without an end, 0 once over or closed.
    public var leaseRemaining: Double {
        let now = meter.time.monotonic()
        let life = refreshed(at: now)
        return life.state == .active ? Lease.remaining(until: life.deadline, now: now) : 0
    }

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
        life.withLock { life in
            guard life.state == .active else { return }
            life.deadline = deadline
            meter.setDeadline(account, deadline)
        }
        try checkActive()
    }

    /// Gives the resources back now and ends the charge. Closing again, or after the lease's end, does nothing.
    ///
    /// - Throws: `invalidState` while a job runs on these nodes; the allocation stays as it was.
    public func close() throws(LeptonError) {
        let now = meter.time.monotonic()
        guard refreshed(at: now).state == .active else { return }
        let (wasClosed, uses) = life.withLock { life -> (Bool, Int) in
            guard life.state == .active, life.uses == 0 else { return (false, life.uses) }
            life.state = .released
            return (true, 0)
        }
        if wasClosed { return giveBack(at: now) }
        guard uses == 0 else {
            throw LeptonError(
                .invalidState,
                "allocation \(id) is in use by \(uses) running \(uses == 1 ? "job" : "jobs"): close it when "
                    + "\(uses == 1 ? "it is" : "they are") done, or cancel \(uses == 1 ? "it" : "them") first")
        }
    }

    /// Throws unless the allocation is usable: `timedOut` after the end of the lease, `invalidState` after
    /// `close`. A running job calls it between steps.
    package func checkActive() throws(LeptonError) {
        try requireActive(refreshed())
    }

    /// Marks the start of a job on these nodes. Each call that returns must be followed by one `endUse`.
    package func beginUse() throws(LeptonError) {
        _ = refreshed()
        let seen = life.withLock { life -> Life in
            if life.state == .active { life.uses += 1 }
            return life
        }
        try requireActive(seen)
    }

    package func endUse() {
        life.withLock { $0.uses = max($0.uses - 1, 0) }
    }

    /// Runs `body` as a job on these nodes.
    package func withUse<Result>(_ body: () throws(LeptonError) -> Result) throws(LeptonError) -> Result {
        try beginUse()
        defer { endUse() }
        return try body()
    }

    private func requireActive(_ life: Life) throws(LeptonError) {
        switch life.state {
        case .active: return
        case .expired:
            throw LeptonError(
                .timedOut, "the lease of allocation \(id) is over: renew it in time, or allocate anew")
        default: throw LeptonError(.invalidState, "allocation \(id) is closed")
        }
    }

    private func refreshed() -> Life { refreshed(at: meter.time.monotonic()) }

    /// The present state, with the end of the lease noticed.
    private func refreshed(at now: UInt64) -> Life {
        let (seen, endedAt) = life.withLock { life -> (Life, UInt64?) in
            guard life.state == .active, Lease.isOver(life.deadline, now: now) else { return (life, nil) }
            life.state = .expired
            return (life, life.deadline)
        }
        if let endedAt { giveBack(at: endedAt) }
        return seen
    }

    /// Called once, by whoever took the state away from `active`; outside the lock, because the allocator may be
    /// the host's code.
    private func giveBack(at moment: UInt64) {
        allocator.release(id)
        meter.close(account, at: moment)
    }
}
