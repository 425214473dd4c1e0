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
    /// Sums of the batch that was just run: total and count for each loss and then each metric.
    let batch: UnsafeMutablePointer<Double>
    private let totals: UnsafeMutablePointer<Double>
    private let counts: UnsafeMutablePointer<Double>

    /// Losses of single outputs that are reported beside their sum.
    private var reportedLosses: Int { lossWeights.count > 1 ? lossWeights.count : 0 }

    init(_ objectives: Objectives) {
        let withLoss = objectives.outputs.filter { $0.loss != nil }
        lossWeights = withLoss.map(\.lossWeight)
        let metricNames = objectives.outputs.flatMap { $0.metrics.map(\.name) }
        compiled = ["loss"] + (withLoss.count > 1 ? withLoss.map { "\($0.name)_loss" } : []) + metricNames
        // Keras reports by name ("accuracy" before "loss").
        let sorted = compiled.indices.sorted { [compiled] in compiled[$0] < compiled[$1] }
        order = sorted
        names = sorted.map { [compiled] in compiled[$0] }
        let sums = 2 * (withLoss.count + metricNames.count)
        batch = .allocate(capacity: sums)
        totals = .allocate(capacity: compiled.count)
        counts = .allocate(capacity: compiled.count)
        batch.initialize(repeating: 0, count: sums)
        reset()
    }

    deinit {
        batch.deallocate()
        totals.deallocate()
        counts.deallocate()
    }

    func reset() {
        totals.update(repeating: 0, count: compiled.count)
        counts.update(repeating: 0, count: compiled.count)
    }

    /// Adds the batch: losses as means weighted by the number of rows, metrics by their own counts.
    func addBatch(rows: Int) {
        var loss = 0.0
        for (index, weight) in lossWeights.enumerated() {
            let mean = batch[2 * index] / batch[2 * index + 1]
            loss += weight * mean
            guard reportedLosses > 0 else { continue }
            totals[1 + index] += mean * Double(rows)
            counts[1 + index] += Double(rows)
        }
        totals[0] += loss * Double(rows)
        counts[0] += Double(rows)
        let firstMetric = 1 + reportedLosses
        for index in firstMetric..<compiled.count {
            let sums = 2 * (lossWeights.count + index - firstMetric)
            totals[index] += batch[sums]
            counts[index] += batch[sums + 1]
        }
    }

    /// The means so far. A metric whose weights are all 0 is 0, as in Keras.
    func write(to values: UnsafeMutablePointer<Double>) {
        for (position, index) in order.enumerated() {
            values[position] = counts[index] == 0 ? 0 : totals[index] / counts[index]
        }
    }
}
