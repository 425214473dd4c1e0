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
    package var sampleWeight: TensorView?
    package var allocation: Allocation?
    package var progress: ProgressHandler?
    package var cancel: CancelToken?

    package init() {}
}

// The calls of the C interface and of Python: they block the calling thread, which is one of the workers, and need
// no concurrency runtime, which would not survive a fork.
extension LeptonClient {
    package func fitNow(
        _ model: Model, x: [TensorView], y: [TensorView], options: FitOptions
    ) throws(LeptonError) -> History {
        guard let name = options.storeName else {
            return try run(on: options.allocation, job: "fit") { (allocation, pool) throws(LeptonError) in
                try model.fit(x: x, y: y, options: options.training.bound(to: allocation), pool: pool)
            }
        }
        let dataset = try storedDataset(name, x: x, y: y, sampleWeight: options.sampleWeight)
        return try run(
            on: options.allocation, job: "fit", storageBytes: dataset.byteCount
        ) { (allocation, pool) throws(LeptonError) in
            var training = options.training.bound(to: allocation)
            if training.sampleWeight != nil { training.sampleWeight = dataset.sampleWeight }
            let history = try model.fit(x: dataset.x, y: dataset.y, options: training, pool: pool)
            try storeParameters(of: model, name)
            return history
        }
    }

    package func evaluateNow(
        _ model: Model, x: [TensorView], y: [TensorView], options: RunOptions
    ) throws(LeptonError) -> History {
        try run(on: options.allocation, job: "evaluate") { (_, pool) throws(LeptonError) in
            try model.evaluate(
                x: x, y: y, sampleWeight: options.sampleWeight, batchSize: options.batchSize,
                allowNonFinite: options.allowNonFinite, pool: pool, progress: options.progress,
                cancel: options.cancel)
        }
    }

    package func predictNow(
        _ model: Model, x: [TensorView], into outputs: [MutableTensorView], options: RunOptions
    ) throws(LeptonError) {
        try TrainingOptions.require(options.batchSize, atLeast: 1, "batch_size")
        try run(on: options.allocation, job: "predict") { (_, pool) throws(LeptonError) in
            let reporter = PredictionProgress(rows: x.first?.rows ?? 0, options: options)
            try model.predict(
                x, into: outputs, pool: pool, allowNonFinite: options.allowNonFinite,
                shouldStop: { options.cancel?.isCancelled ?? false || reporter.isStopped },
                didFinish: reporter.report(rowsDone:))
        }
    }

    /// Runs a job on an allocation: the one given, the latest that is active, or one for the time of the call.
    private func run<Result>(
        on given: Allocation?, job: String, storageBytes: Int = 0,
        _ body: (Allocation, WorkerPool) throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        if let allocation = given ?? currentAllocation() {
            return try allocation.withUse { () throws(LeptonError) in
                try body(allocation, WorkerPool(workers: allocation.totalCores))
            }
        }
        let allocation = try allocateFree(job: job, storageBytes: storageBytes)
        let result = try allocation.withUse { () throws(LeptonError) in
            try body(allocation, WorkerPool(workers: allocation.totalCores))
        }
        try allocation.close()
        return result
    }

    /// As many nodes as are free now; fewer when others are quicker.
    private func allocateFree(job: String, storageBytes: Int) throws(LeptonError) -> Allocation {
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

extension TrainingOptions {
    /// The same options, which also stop when the allocation ends.
    fileprivate func bound(to allocation: Allocation) -> TrainingOptions {
        var options = self
        options.interruption = {
            do throws(LeptonError) {
                try allocation.checkActive()
                return nil
            } catch { return error }
        }
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
