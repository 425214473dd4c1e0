import LeptonTensor

/// Executors for batches that come one by one, kept from batch to batch so that a step makes nothing anew.
///
/// Not `Sendable`: it belongs to the thread that trains, or is guarded by the model's lock.
final class BatchExecutors {
    private struct Entry {
        let context: TrainingContext
        let rows: Int
        let weights: PreparedData.WeightColumns
        let isTraining: Bool
        let executor: Executor
    }

    private let context: TrainingContext
    /// For data of other lengths, the latest first.
    private var others: [TrainingContext] = []
    private let pool: WorkerPool
    /// The latest first.
    private var entries: [Entry] = []
    /// A full batch and a smaller last one, trained and measured; more where lengths change from batch to batch.
    private var kept: Int { others.isEmpty ? 4 : BuiltModel.keptVariants }

    init(context: TrainingContext, pool: WorkerPool) {
        self.context = context
        self.pool = pool
    }

    /// The context for a batch, whose axes of unknown length have the lengths that they have in it.
    func context(for batch: BatchData) throws(LeptonError) -> TrainingContext {
        let found = try context.adapted(to: batch.x, y: batch.y, known: others)
        guard !found.isSame(as: context) else { return context }
        others.removeAll { $0.isSame(as: found) }
        if others.count == BuiltModel.keptVariants { others.removeLast() }
        others.insert(found, at: 0)
        return found
    }

    /// An executor that is ready for the rows of `data`.
    ///
    /// - Parameters:
    ///   - orLarger: whether one for more rows will do. How a batch is cut, and so how its sums are rounded, depends
    ///     on the rows that an executor is made for: with true, a smaller batch is cut as the full ones before it, as the
    ///     last batch of an epoch is; with false the result depends on the batch alone.
    ///   - context: the batch's.
    func executor(
        for data: PreparedData, _ context: TrainingContext, isTraining: Bool, orLarger: Bool
    ) throws(LeptonError) -> Executor {
        let index = entries.firstIndex { entry in
            entry.context.isSame(as: context) && entry.isTraining == isTraining && entry.weights == data.weights
                && (entry.rows == data.rows || (orLarger && entry.rows > data.rows))
        }
        let entry: Entry
        if let index {
            entry = entries.remove(at: index)
        } else {
            if entries.count >= kept { entries.removeLast() }
            entry = Entry(
                context: context, rows: data.rows, weights: data.weights, isTraining: isTraining,
                executor: try context.makeExecutor(
                    batchRows: data.rows, weights: data.weights, isTraining: isTraining, pool: pool))
        }
        entries.insert(entry, at: 0)
        entry.executor.setData(data)
        return entry.executor
    }
}
