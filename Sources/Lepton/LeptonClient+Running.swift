import LeptonResources
import LeptonTensor
import LeptonTraining

/// How a fit goes about it, and where. Everything of `TrainingOptions` is reached as a member of its own.
@dynamicMemberLookup
package struct FitOptions {
    package var training = TrainingOptions()
    /// Nil: the client's latest active allocation, or else all that is free, for the time of the call.
    package var allocation: Allocation?
    /// Keep the dataset and the parameters in the client's store under this name, and train from there.
    package var storeName: String?

    package init() {}

    package subscript<Value>(dynamicMember path: WritableKeyPath<TrainingOptions, Value>) -> Value {
        get { training[keyPath: path] }
        set { training[keyPath: path] = newValue }
    }
}

/// How an evaluation or a prediction goes about it, and where.
package struct RunOptions {
    package var batchSize = 32
    package var allowNonFinite = false
    package var sampleWeights: [TensorView] = []
    package var allocation: Allocation?
    package var progress: ProgressHandler?
    package var cancel: CancelToken?

    package init() {}
}

/// How a fit from a source goes about it, and where. Everything of `SourceOptions` is reached as a member of its own.
@dynamicMemberLookup
package struct SourceFitOptions {
    package var training = SourceOptions()
    /// Nil: the client's latest active allocation, or else all that is free, for the time of the call.
    package var allocation: Allocation?

    package init() {}

    package subscript<Value>(dynamicMember path: WritableKeyPath<SourceOptions, Value>) -> Value {
        get { training[keyPath: path] }
        set { training[keyPath: path] = newValue }
    }
}

// The calls of the C interface and of Python: they block the calling thread, which is one of the workers, and need
// no concurrency runtime, which would not survive a fork.
extension LeptonClient {
    package func fitNow(
        _ model: Model, x: [TensorView], y: [TensorView], options: FitOptions
    ) throws(LeptonError) -> History {
        if let name = options.storeName { return try fitStored(model, name, x: x, y: y, options: options) }
        let job = Job("fit", client: self, allocation: options.allocation)
        return try job.run { () throws(LeptonError) in
            try model.fit(x: x, y: y, options: options.training.bound(to: job), pool: job.startPool)
        }
    }

    /// A fit from the store: the dataset goes in once it has been found to be in order, the parameters afterwards.
    private func fitStored(
        _ model: Model, _ name: String, x: [TensorView], y: [TensorView], options: FitOptions
    ) throws(LeptonError) -> History {
        try model.checkFit(x: x, y: y, options: options.training)
        let encoded = try model.encodedInputs(x, allowNonFinite: options.allowNonFinite)
        let dataset = try storedDataset(name, x: encoded?.views ?? x, y: y, sampleWeights: options.sampleWeights)
        withExtendedLifetime(encoded) {}
        // The views are into its mapping.
        defer { withExtendedLifetime(dataset) {} }
        let job = Job("fit", client: self, allocation: options.allocation, storageBytes: dataset.byteCount)
        var training = options.training.bound(to: job)
        training.sampleWeights = dataset.sampleWeights
        training.inputsAreEncoded = encoded != nil
        let history = try job.run { () throws(LeptonError) in
            try model.fit(x: dataset.x, y: dataset.y, options: training, pool: job.startPool)
        }
        try storeParameters(of: model, name)
        return history
    }

    package func evaluateNow(
        _ model: Model, x: [TensorView], y: [TensorView], options: RunOptions
    ) throws(LeptonError) -> History {
        let job = Job("evaluate", client: self, allocation: options.allocation)
        return try job.run { () throws(LeptonError) in
            try model.evaluate(
                x: x, y: y, sampleWeights: options.sampleWeights, batchSize: options.batchSize,
                allowNonFinite: options.allowNonFinite, pool: job.startPool, progress: options.progress,
                interruption: { job.interruption(cancel: options.cancel) })
        }
    }

    package func fitNow(
        _ model: Model, source: DataSource, options: SourceFitOptions
    ) throws(LeptonError) -> History {
        let job = Job("fit", client: self, allocation: options.allocation)
        var training = options.training
        training.interruption = { job.interruption() }
        return try job.run { () throws(LeptonError) in
            try model.fit(source: source, options: training, pool: job.startPool)
        }
    }

    package func evaluateNow(
        _ model: Model, source: DataSource, steps: Int?, options: RunOptions
    ) throws(LeptonError) -> History {
        let job = Job("evaluate", client: self, allocation: options.allocation)
        return try job.run { () throws(LeptonError) in
            try model.evaluate(
                source: source, steps: steps, allowNonFinite: options.allowNonFinite, pool: job.startPool,
                progress: options.progress, interruption: { job.interruption(cancel: options.cancel) })
        }
    }

    package func predictNow(
        _ model: Model, x: [TensorView], into outputs: [MutableTensorView], options: RunOptions
    ) throws(LeptonError) {
        try TrainingOptions.require(options.batchSize, atLeast: 1, "batch_size")
        let job = Job("predict", client: self, allocation: options.allocation)
        try job.run { () throws(LeptonError) in
            let reporter = PredictionProgress(rows: x.first?.rows ?? 0, options: options)
            try model.predict(
                x, into: outputs, pool: job.startPool, allowNonFinite: options.allowNonFinite,
                interruption: {
                    reporter.isStopped
                        ? LeptonError(.cancelled, "predict was stopped by its progress callback")
                        : job.interruption(cancel: options.cancel)
                },
                didFinish: reporter.report(rowsDone:))
        }
    }

    /// As many nodes as are free now; fewer when others are quicker.
    fileprivate func allocateFree(job: String, storageBytes: Int) throws(LeptonError) -> Allocation {
        var nodes = max(1, (allocator.capacity.cores - allocator.allocated.cores) / coresPerNode)
        while true {
            do throws(LeptonError) {
                return try allocator.allocate(
                    ResourceRequest(
                        nodes: nodes, coresPerNode: coresPerNode, storageBytes: storageBytes, labels: ["job": job]),
                    meter: meter)
            } catch {
                guard error.code == .resourceExhausted, nodes > 1 else { throw error }
                nodes /= 2
            }
        }
    }
}

/// One call's use of an allocation: the one given, the client's latest that is active, or one for the time of the call.
/// It is taken when the work asks for its workers, so that a call that is refused costs nothing.
///
/// Not `Sendable`: it belongs to the calling thread.
private final class Job {
    private let name: String
    private let client: LeptonClient
    private let given: Allocation?
    private let storageBytes: Int
    private var allocation: Allocation?
    private var isOwn = false

    init(_ name: String, client: LeptonClient, allocation: Allocation?, storageBytes: Int = 0) {
        self.name = name
        self.client = client
        given = allocation
        self.storageBytes = storageBytes
    }

    func run<Result>(_ body: () throws(LeptonError) -> Result) throws(LeptonError) -> Result {
        defer { finish() }
        return try body()
    }

    func startPool() throws(LeptonError) -> WorkerPool {
        if let existing = given ?? client.currentAllocation() {
            try existing.beginUse()
            allocation = existing
            return WorkerPool(workers: existing.totalCores)
        }
        do throws(LeptonError) {
            let own = try client.allocateFree(job: name, storageBytes: storageBytes)
            try own.beginUse()
            allocation = own
            isOwn = true
            return WorkerPool(workers: own.totalCores)
        } catch {
            // A callback of a fit that has every core may still ask the model something: on its own thread.
            guard error.code == .resourceExhausted, name != "fit" else { throw error }
            return WorkerPool(workers: 1)
        }
    }

    /// What ends the job from outside: the cancel switch, or the end of the lease.
    func interruption(cancel: CancelToken? = nil) -> LeptonError? {
        if let cancel, cancel.isCancelled { return LeptonError(.cancelled, "\(name) was cancelled") }
        do throws(LeptonError) {
            try allocation?.checkActive()
            return nil
        } catch { return error }
    }

    private func finish() {
        guard let allocation else { return }
        allocation.endUse()
        self.allocation = nil
        // Closing can only fail while another job uses it, and nobody else knows of an own one.
        if isOwn { try? allocation.close() }
    }
}

extension TrainingOptions {
    /// The same options, which also stop when the allocation ends.
    fileprivate func bound(to job: Job) -> TrainingOptions {
        var options = self
        options.interruption = { job.interruption() }
        return options
    }
}

/// Tells a progress callback of predicted rows in steps of the batch size.
private final class PredictionProgress {
    private(set) var isStopped = false
    private let rows: Int
    private let options: RunOptions
    private let names = MetricNames([])

    init(rows: Int, options: RunOptions) {
        self.rows = rows
        self.options = options
    }

    func report(rowsDone: Int) {
        guard let progress = options.progress else { return }
        let size = options.batchSize
        let event = ProgressEvent(
            kind: .batchEnd, epoch: 0, epochs: 1, step: (rowsDone + size - 1) / size, steps: (rows + size - 1) / size,
            names: names, values: UnsafeBufferPointer(start: nil, count: 0))
        if !progress(event) { isStopped = true }
    }
}
