import LeptonNN
import LeptonTensor

/// Measures a model on data, batch by batch: what `evaluate` and a fit's validation share.
///
/// Not `Sendable`: it belongs to the thread that evaluates.
final class Evaluation {
    let scores: Scoreboard
    private let executor: Executor
    /// Bytes beside the data and the parameters, which the caller counts.
    var memoryBytes: Int { executor.memoryBytes }
    private let data: PreparedData
    private let rows: Range<Int>
    private let batchSize: Int

    init(
        context: TrainingContext, data: PreparedData, isWeighted: Bool = true, rows: Range<Int>, batchSize: Int,
        pool: WorkerPool
    ) throws(LeptonError) {
        let effective = min(batchSize, max(rows.count, 1))
        self.data = data
        self.rows = rows
        self.batchSize = effective
        scores = try Scoreboard(context.objectives)
        executor = try context.makeExecutor(
            batchRows: effective, weights: isWeighted ? data.weights : .none(context.form), isTraining: false,
            pool: pool)
        executor.setData(data)
    }

    var steps: Int { (rows.count + batchSize - 1) / batchSize }

    /// Runs all batches, each under the model's lock.
    ///
    /// - Parameter afterStep: told the steps done; false ends the run.
    /// - Returns: whether all batches were run.
    func run(model: Model, afterStep: (Int) -> Bool) -> Bool {
        scores.reset()
        var start = rows.lowerBound
        var step = 0
        while start < rows.upperBound {
            let count = min(batchSize, rows.upperBound - start)
            model.lock.withLock {
                executor.evaluate(start: start, rows: count, totals: scores.batch)
            }
            scores.addBatch(rows: count)
            start += count
            step += 1
            if !afterStep(step) { return start >= rows.upperBound }
        }
        return true
    }
}
