import LeptonTensor

/// Executors for batches that come one by one, kept from batch to batch so that a step makes nothing anew.
///
/// Not `Sendable`: it belongs to the thread that trains, or is guarded by the model's lock.
final class BatchExecutors {
    private struct Entry {
        let rows: Int
        let weights: PreparedData.WeightColumns
        let isTraining: Bool
        let executor: Executor
    }

    private let context: TrainingContext
    private let pool: WorkerPool
    /// The latest first.
    private var entries: [Entry] = []
    /// A full batch and a smaller last one, trained and measured.
    private static let kept = 4

    init(context: TrainingContext, pool: WorkerPool) {
        self.context = context
        self.pool = pool
    }

    /// An executor that is ready for the rows of `data`.
    ///
    /// - Parameter orLarger: whether one for more rows will do. How a batch is cut, and so how its sums are rounded,
    ///   depends on the rows that an executor is made for: with true, a smaller batch is cut as the full ones before
    ///   it, as the last batch of an epoch is; with false the result depends on the batch alone.
    func executor(for data: PreparedData, isTraining: Bool, orLarger: Bool) throws(LeptonError) -> Executor {
        let index = entries.firstIndex { entry in
            entry.isTraining == isTraining && entry.weights == data.weights
                && (entry.rows == data.rows || (orLarger && entry.rows > data.rows))
        }
        let entry: Entry
        if let index {
            entry = entries.remove(at: index)
        } else {
            if entries.count == BatchExecutors.kept { entries.removeLast() }
            entry = Entry(
                rows: data.rows, weights: data.weights, isTraining: isTraining,
                executor: try context.makeExecutor(
                    batchRows: data.rows, weights: data.weights, isTraining: isTraining, pool: pool))
        }
        entries.insert(entry, at: 0)
        entry.executor.setData(data)
        return entry.executor
    }
}
