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
    /// Keep the fit's position in the client's store, and go on from there when it is called again.
    package var checkpoint: CheckpointOptions?
    /// Let the allocation grow and shrink with the measured throughput.
    package var autoscale = false

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
    package var autoscale = false

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
        let job = Job(
            "fit", client: self, allocation: options.allocation, autoscale: options.autoscale, model: model)
        return try withCheckpoints(options, model: model, x: x, y: y) { (training) throws(LeptonError) in
            try job.run { () throws(LeptonError) in
                try model.fit(x: x, y: y, options: training.bound(to: job), pool: job.startPool)
            }
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
        let job = Job(
            "fit", client: self, allocation: options.allocation, storageBytes: dataset.byteCount,
            autoscale: options.autoscale, model: model)
        var options = options
        options.training.sampleWeights = dataset.sampleWeights
        options.training.inputsAreEncoded = encoded != nil
        let history: History
        do throws(LeptonError) {
            history = try withCheckpoints(options, model: model, x: dataset.x, y: dataset.y) {
                (training) throws(LeptonError) in
                try job.run { () throws(LeptonError) in
                    try model.fit(x: dataset.x, y: dataset.y, options: training.bound(to: job), pool: job.startPool)
                }
            }
        } catch {
            // What a budget has paid for is kept.
            if job.isOverBudget { try storeParameters(of: model, name) }
            throw error
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
        try requireThreads("a fit from a source")
        let job = Job("fit", client: self, allocation: options.allocation, autoscale: options.autoscale)
        var training = options.training
        training.interruption = { job.interruption(cancel: options.cancel, goesOn: $0) }
        training.didTrain = { job.didTrain(rows: $0) }
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
    func allocateFree(job: String, storageBytes: Int) throws(LeptonError) -> Allocation {
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
