import LeptonNN
import LeptonTensor

/// The running means of a loss and its metrics over an epoch, in the order in which Keras reports them.
///
/// Not `Sendable`: it belongs to the thread that trains.
final class Scoreboard {
    /// Loss first, then metrics as compiled.
    private let compiled: [String]
    /// Where each reported name stands among `compiled`.
    private let order: [Int]
    let names: [String]
    /// Sums of the batch that was just run: total and count for each.
    let batch: UnsafeMutablePointer<Double>
    private let totals: UnsafeMutablePointer<Double>
    private let counts: UnsafeMutablePointer<Double>

    init(metricNames: [String]) {
        compiled = ["loss"] + metricNames
        // Keras reports by name ("accuracy" before "loss").
        let sorted = compiled.indices.sorted { [compiled] in compiled[$0] < compiled[$1] }
        order = sorted
        names = sorted.map { [compiled] in compiled[$0] }
        batch = .allocate(capacity: 2 * compiled.count)
        totals = .allocate(capacity: compiled.count)
        counts = .allocate(capacity: compiled.count)
        batch.initialize(repeating: 0, count: 2 * compiled.count)
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

    /// Adds the batch: the loss as its mean weighted by the number of rows, the metrics by their own counts.
    func addBatch(rows: Int) {
        totals[0] += batch[0] / batch[1] * Double(rows)
        counts[0] += Double(rows)
        for index in 1..<compiled.count {
            totals[index] += batch[2 * index]
            counts[index] += batch[2 * index + 1]
        }
    }

    /// The means so far. A metric whose weights are all 0 is 0, as in Keras.
    func write(to values: UnsafeMutablePointer<Double>) {
        for (position, index) in order.enumerated() {
            values[position] = counts[index] == 0 ? 0 : totals[index] / counts[index]
        }
    }
}
