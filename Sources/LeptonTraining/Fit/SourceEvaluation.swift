import LeptonNN
import LeptonTensor

/// Measures a model on batches from a source: what `evaluate` and the validation of a fit from a source share.
///
/// Not `Sendable`: it belongs to the thread that evaluates.
final class SourceEvaluation {
    let scores: Scoreboard
    private let executors: BatchExecutors
    private let source: DataSource
    private let steps: Int?
    private let allowNonFinite: Bool

    /// - Parameter steps: batches to measure; nil: all.
    init(context: TrainingContext, source: DataSource, steps: Int?, allowNonFinite: Bool, pool: WorkerPool) {
        self.source = source
        self.steps = steps
        self.allowNonFinite = allowNonFinite
        scores = Scoreboard(context.objectives)
        executors = BatchExecutors(context: context, pool: pool)
    }

    /// Steps that are known beforehand; 0 when they are not.
    var knownSteps: Int { steps ?? 0 }

    /// Runs the batches, each under the model's lock.
    ///
    /// - Parameters:
    ///   - first: a batch that was taken from the source already.
    ///   - afterStep: told the steps done; false ends the run.
    /// - Returns: whether all batches were run, and how many.
    func run(
        model: Model, first: BatchData?, prefix: String = "", afterStep: (Int) -> Bool
    ) throws(LeptonError) -> (isComplete: Bool, steps: Int) {
        scores.reset()
        var pending = first
        var step = 0
        while steps.map({ step < $0 }) ?? true {
            let taken = pending
            pending = nil
            guard let batch = taken == nil ? try source.next() : taken else { break }
            let context = try executors.context(for: batch)
            let data = try PreparedData(
                form: context.form, x: batch.x, y: batch.y, sampleWeights: batch.sampleWeights,
                allowNonFinite: allowNonFinite, prefix: prefix)
            try context.requireStatefulRows(data.rows, prefix + "x")
            let executor = try executors.executor(for: data, context, isTraining: false, orLarger: true)
            model.lock.withLock { executor.evaluate(start: 0, rows: data.rows, totals: scores.batch) }
            // The executor reads the memory that `data` holds or borrows.
            withExtendedLifetime(data) {}
            scores.addBatch(rows: data.rows)
            step += 1
            if !afterStep(step) { return (false, step) }
        }
        return (true, step)
    }
}
