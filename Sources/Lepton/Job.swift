import LeptonResources
import LeptonTensor
import LeptonTraining

/// One call's use of an allocation: the one given, the client's latest that is active, or one for the time of the call.
/// It is taken when the work asks for its workers, so that a call that is refused costs nothing.
///
/// Between two steps it follows the allocation: workers join and leave as nodes do, and when the nodes are needed
/// elsewhere the work gives them back and waits for its turn.
///
/// Not `Sendable`: it belongs to the calling thread.
final class Job {
    private let name: String
    private let client: LeptonClient
    private let given: Allocation?
    private let storageBytes: Int
    private var allocation: Allocation?
    private var isOwn = false
    private var pool: WorkerPool?
    /// The allocation's version that the pool was last fitted to.
    private var seenVersion = 0
    private var autoscaler: Autoscaler?
    private let autoscales: Bool
    private var lastStep: UInt64 = 0
    /// What is fitted, to compare the time with what was estimated.
    private let model: Model?
    private var start: UInt64 = 0
    /// Whether its budget has ended it.
    private(set) var isOverBudget = false

    init(
        _ name: String, client: LeptonClient, allocation: Allocation?, storageBytes: Int = 0, autoscale: Bool = false,
        model: Model? = nil
    ) {
        self.model = model
        self.name = name
        self.client = client
        given = allocation
        self.storageBytes = storageBytes
        autoscales = autoscale
    }

    /// What the nodes of a fit are.
    var nodes: NodeOptions { client.nodeOptions.withLock { $0 } }

    func run<Result>(_ body: () throws(LeptonError) -> Result) throws(LeptonError) -> Result {
        defer { finish() }
        start = client.time.monotonic()
        let result = try body()
        if let model, let allocation {
            client.spending.compare(
                model, nanoseconds: client.time.monotonic() &- start, shape: allocation.shape, prices: client.prices,
                start: client.time.wall())
        }
        return result
    }

    func startPool() throws(LeptonError) -> WorkerPool {
        if let existing = given ?? client.currentAllocation() { return try start(on: existing) }
        if let refusal = client.spending.refusal(client, tenant: "", isPatient: false) { throw refusal }
        do throws(LeptonError) {
            let own = try client.allocateFree(job: name, storageBytes: storageBytes)
            isOwn = true
            return try start(on: own)
        } catch {
            // A callback of a fit that has every core may still ask the model something: on its own thread.
            guard error.code == .resourceExhausted, name != "fit" else { throw error }
            return WorkerPool(workers: 1)
        }
    }

    private func start(on allocation: Allocation) throws(LeptonError) -> WorkerPool {
        if !isOwn, let refusal = budgetRefusal(allocation, isPatient: false) { throw refusal }
        try allocation.beginUse()
        self.allocation = allocation
        try allocation.waitUntilActive()
        seenVersion = allocation.version
        let pool = WorkerPool(workers: allocation.totalCores)
        self.pool = pool
        if autoscales { autoscaler = Autoscaler(range: allocation.request.autoscalingRange) }
        lastStep = client.time.monotonic()
        return pool
    }

    private func budgetRefusal(_ allocation: Allocation, isPatient: Bool) -> LeptonError? {
        client.spending.refusal(client, tenant: allocation.request.billedTenant, isPatient: isPatient)
    }

    /// The memory that the allocation has reserved; nil when it has reserved none, and takes what there is.
    var memoryLimit: Int? {
        guard let bytes = allocation?.shape.memoryBytes, bytes > 0 else { return nil }
        return bytes
    }

    /// Called between two steps: follows the allocation. What it answers ends the job: the cancel switch was thrown, or
    /// the allocation, or the budget, is no more.
    ///
    /// - Parameter goesOn: asked a few times a second while it waits for nodes; false ends the wait.
    func interruption(cancel: CancelToken? = nil, goesOn: () -> Bool = { true }) -> LeptonError? {
        if let cancel, cancel.isCancelled { return LeptonError(.cancelled, "\(name) was cancelled") }
        guard let allocation else { return nil }
        do throws(LeptonError) {
            try allocation.checkActive()
            if allocation.version != seenVersion { try follow(allocation, cancel, goesOn) }
        } catch { return error }
        guard let refusal = budgetRefusal(allocation, isPatient: true) else { return nil }
        isOverBudget = true
        return refusal
    }

    /// Whether the nodes are needed elsewhere, so that the next `interruption` gives them back and waits; or the budget
    /// is spent, so that it ends the job.
    var isAboutToWait: Bool {
        guard let allocation else { return false }
        return (allocation.version != seenVersion && allocation.state == .draining)
            || budgetRefusal(allocation, isPatient: true) != nil
    }

    private func follow(
        _ allocation: Allocation, _ cancel: CancelToken?, _ goesOn: () -> Bool
    ) throws(LeptonError) {
        while allocation.version != seenVersion {
            seenVersion = allocation.version
            if allocation.state != .active {
                try allocation.yieldNodes { cancel?.isCancelled ?? false || !goesOn() }
            }
            pool?.resize(to: allocation.totalCores)
        }
        autoscaler?.restart(afterRefusal: false)
        lastStep = client.time.monotonic()
    }

    /// Called after each training step: asks for more or fewer nodes when that is what the measurement says.
    func didTrain(rows: Int) {
        guard autoscaler != nil, let allocation else { return }
        let now = client.time.monotonic()
        defer { lastStep = now }
        let nodes = allocation.nodeCount
        guard let wanted = autoscaler?.observe(nodes: nodes, rows: rows, nanoseconds: now &- lastStep) else { return }
        do throws(LeptonError) {
            try allocation.resize(nodes: wanted)
            // Its own change is what the autoscaler is going to judge.
            seenVersion = allocation.version
            pool?.resize(to: allocation.totalCores)
        } catch {
            autoscaler?.restart(afterRefusal: true)
        }
    }

    private func finish() {
        guard let allocation else { return }
        allocation.endUse()
        self.allocation = nil
        // Closing can only fail while another job uses it, and nobody else knows of an own one.
        // One that was given is given back when there is no money for it, unless another job goes on using it.
        if isOwn || isOverBudget { try? allocation.close() }
    }
}

extension TrainingOptions {
    /// The same options, on the client's kind of nodes, which also follow the job's allocation and stop when it ends.
    func bound(to job: Job) -> TrainingOptions {
        var options = self
        let cancel = options.cancel
        options.interruption = { job.interruption(cancel: cancel, goesOn: $0) }
        options.isAboutToWait = { job.isAboutToWait }
        options.didTrain = { job.didTrain(rows: $0) }
        options.memoryLimit = { job.memoryLimit }
        options.nodes = job.nodes
        return options
    }
}
