import LeptonNN
import LeptonTensor

/// One batch as a call gives it.
package struct BatchData {
    package var x: [TensorView]
    package var y: [TensorView]
    /// None, one for all outputs, or one for each.
    package var sampleWeights: [TensorView]
    package var classWeight: [Int: Double]?

    package init(
        x: [TensorView], y: [TensorView], sampleWeights: [TensorView] = [], classWeight: [Int: Double]? = nil
    ) {
        self.x = x
        self.y = y
        self.sampleWeights = sampleWeights
        self.classWeight = classWeight
    }
}

/// What `train_on_batch` and `test_on_batch` keep from call to call, until the model is compiled or built anew.
///
/// Not `Sendable`; the model's lock guards it.
final class BatchRunner {
    let scores: Scoreboard
    let names: MetricNames
    private let executors: BatchExecutors

    init(context: TrainingContext) {
        scores = Scoreboard(context.objectives)
        names = MetricNames(scores.names)
        executors = BatchExecutors(context: context, pool: WorkerPool(workers: 1))
    }

    func run(
        _ model: Model, _ batch: BatchData, allowNonFinite: Bool, isTraining: Bool
    ) throws(LeptonError) {
        let context = try executors.context(for: batch)
        let data = try PreparedData(
            form: context.form, x: batch.x, y: batch.y, sampleWeights: batch.sampleWeights,
            classWeights: batch.classWeight, allowNonFinite: allowNonFinite)
        try context.requireStatefulRows(data.rows, "x")
        let executor = try executors.executor(for: data, context, isTraining: isTraining, orLarger: false)
        if isTraining {
            let state = try model.ensureOptimizerState(context.built)
            executor.train(order: nil, start: 0, rows: data.rows, state: state, totals: scores.batch)
            model.hasOwnWeights = true
            model.weightsVersion += 1
        } else {
            executor.evaluate(start: 0, rows: data.rows, totals: scores.batch)
        }
        scores.addBatch(rows: data.rows)
    }
}

extension Model {
    /// One training step on the calling thread, with all rows as the batch.
    ///
    /// - Parameters:
    ///   - capacity: how many numbers the caller has room for; nil when it takes any number.
    ///   - report: told the means of loss and metrics over all batches since `resetMetrics`, under the lock.
    /// - Throws: what is wrong with the data, before anything changes; `invalidState` when not compiled, or during a
    ///   fit.
    package func trainOnBatch(
        _ batch: BatchData, allowNonFinite: Bool, capacity: Int? = nil,
        report: (MetricNames, UnsafeBufferPointer<Double>) -> Void
    ) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("training on a batch")
            try runBatch(batch, allowNonFinite: allowNonFinite, isTraining: true, capacity, report)
        }
    }

    /// Loss and metrics of a batch, on the calling thread; otherwise as `trainOnBatch`.
    package func testOnBatch(
        _ batch: BatchData, allowNonFinite: Bool, capacity: Int? = nil,
        report: (MetricNames, UnsafeBufferPointer<Double>) -> Void
    ) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try runBatch(batch, allowNonFinite: allowNonFinite, isTraining: false, capacity, report)
        }
    }

    private func runBatch(
        _ batch: BatchData, allowNonFinite: Bool, isTraining: Bool, _ capacity: Int?,
        _ report: (MetricNames, UnsafeBufferPointer<Double>) -> Void
    ) throws(LeptonError) {
        let runner = try keepingUnbuiltOnFailure { () throws(LeptonError) in
            let runner = try preparedRunner(batch)
            let count = runner.scores.names.count
            guard capacity.map({ $0 >= count }) ?? true else {
                throw LeptonError(
                    .invalidArgument, argument: "capacity", expected: "at least \(count), one for each number",
                    received: "\(capacity ?? 0)")
            }
            try runner.run(self, batch, allowNonFinite: allowNonFinite, isTraining: isTraining)
            return runner
        }
        batchRunner = runner
        withUnsafeTemporaryAllocation(of: Double.self, capacity: runner.scores.names.count) { values in
            guard let base = values.baseAddress else { return }
            runner.scores.write(to: base)
            report(runner.names, UnsafeBufferPointer(values))
        }
    }

    private func preparedRunner(_ batch: BatchData) throws(LeptonError) -> BatchRunner {
        if let batchRunner { return batchRunner }
        return BatchRunner(context: try TrainingContext(model: self, x: batch.x, y: batch.y))
    }

    /// Names of what `trainOnBatch` and `testOnBatch` report; nil before the first call since the model was compiled.
    package var batchMetricNames: [String]? { lock.withLock { batchRunner?.scores.names } }

    /// Starts the means of `trainOnBatch` and `testOnBatch` anew.
    package func resetMetrics() {
        lock.withLock { batchRunner?.scores.reset() }
    }
}
