import LeptonNN
import LeptonTensor

/// The running means of a loss and its metrics over an epoch, in the order in which Keras reports them.
///
/// Not `Sendable`: it belongs to the thread that trains.
final class Scoreboard {
    /// Weight of each output's loss in the whole.
    private let lossWeights: [Double]
    /// Loss first, then the outputs' losses where there are several, then metrics as compiled.
    private let compiled: [String]
    /// Where each reported name stands among `compiled`.
    private let order: [Int]
    let names: [String]
    /// Sums of the batch that was just run: total and count for each loss, each metric's block, and last the penalties.
    let batch: UnsafeMutablePointer<Double>
    private let sumCount: Int
    private let metrics: [ResolvedMetric]
    /// Losses times rows, over the epoch: the whole first, then the outputs' where there are several.
    private let losses: UnsafeMutablePointer<Double>
    private var rows = 0.0
    /// The metrics' blocks, over the epoch.
    private let blocks: UnsafeMutablePointer<Double>
    /// Of all that is compiled.
    private let values: UnsafeMutablePointer<Double>

    /// Losses of single outputs that are reported beside their sum.
    private var reportedLosses: Int { lossWeights.count > 1 ? lossWeights.count : 0 }

    init(_ objectives: Objectives) {
        let withLoss = objectives.outputs.filter { $0.loss != nil }
        lossWeights = withLoss.map(\.lossWeight)
        metrics = objectives.outputs.flatMap(\.metrics)
        compiled =
            ["loss"] + (withLoss.count > 1 ? withLoss.map { "\($0.name)_loss" } : []) + metrics.map(\.name)
        // Keras reports by name ("accuracy" before "loss").
        let sorted = compiled.indices.sorted { [compiled] in compiled[$0] < compiled[$1] }
        order = sorted
        names = sorted.map { [compiled] in compiled[$0] }
        sumCount = metrics.reduce(2 * withLoss.count) { $0 + $1.sumCount }
        batch = .allocate(capacity: sumCount + 1)
        blocks = .allocate(capacity: sumCount)
        losses = .allocate(capacity: withLoss.count + 1)
        values = .allocate(capacity: compiled.count)
        batch.initialize(repeating: 0, count: sumCount + 1)
        blocks.initialize(repeating: 0, count: sumCount)
        losses.initialize(repeating: 0, count: withLoss.count + 1)
        values.initialize(repeating: 0, count: compiled.count)
    }

    deinit {
        batch.deallocate()
        blocks.deallocate()
        losses.deallocate()
        values.deallocate()
    }

    func reset() {
        rows = 0
        losses.update(repeating: 0, count: lossWeights.count + 1)
        blocks.update(repeating: 0, count: sumCount)
    }

    /// Adds the batch: losses as means weighted by the number of rows, metrics by their own sums.
    func addBatch(rows count: Int) {
        rows += Double(count)
        var loss = batch[sumCount]
        for (index, weight) in lossWeights.enumerated() {
            let divisor = batch[2 * index + 1]
            let mean = divisor == 0 ? 0 : batch[2 * index] / divisor
            loss += weight * mean
            losses[1 + index] += mean * Double(count)
        }
        losses[0] += loss * Double(count)
        for index in 2 * lossWeights.count..<sumCount { blocks[index] += batch[index] }
    }

    /// The values so far. A mean over nothing is 0, as in Keras.
    func write(to result: UnsafeMutablePointer<Double>) {
        let count = 1 + reportedLosses
        for index in 0..<count { values[index] = rows == 0 ? 0 : losses[index] / rows }
        var block = 2 * lossWeights.count
        for index in metrics.indices {
            values[count + index] = metrics[index].value(blocks + block)
            block += metrics[index].sumCount
        }
        for (position, index) in order.enumerated() { result[position] = values[index] }
    }
}
