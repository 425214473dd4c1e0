import LeptonNN
import LeptonTensor

/// The running means of a loss and its metrics over an epoch, in the order in which Keras reports them.
///
/// Not `Sendable`: it belongs to the thread that trains.
final class Scoreboard {
    /// Weight of each output's loss in the whole.
    private let lossWeights: [Double]
    /// Where each reported value stands among `values`.
    private let order: [Int]
    /// What is reported; of a metric that has several values, "name[0]", "name[1]", ...
    let names: [String]
    /// Sums of the batch that was just run: total and count for each loss, each metric's block, and last the penalties.
    let batch: UnsafeMutablePointer<Double>
    private let sumCount: Int
    private let metrics: [ResolvedMetric]
    /// What computes the values of a program's own metrics.
    private let results: [TracedResult?]
    /// Losses times rows, over the epoch: the whole first, then the outputs' where there are several.
    private let losses: UnsafeMutablePointer<Double>
    private var rows = 0.0
    /// The metrics' blocks, over the epoch.
    private let blocks: UnsafeMutablePointer<Double>
    /// Loss first, then the outputs' losses where there are several, then metrics as compiled.
    private let values: UnsafeMutablePointer<Double>

    /// Losses of single outputs that are reported beside their sum.
    private var reportedLosses: Int { lossWeights.count > 1 ? lossWeights.count : 0 }

    /// - Throws: `outOfMemory`.
    init(_ objectives: Objectives) throws(LeptonError) {
        let withLoss = objectives.outputs.filter { $0.loss != nil }
        lossWeights = withLoss.map(\.lossWeight)
        metrics = objectives.outputs.flatMap(\.metrics)
        let losses = ["loss"] + (withLoss.count > 1 ? withLoss.map { "\($0.name)_loss" } : [])
        let compiled =
            losses.map { Reported($0, 1, nil) }
            + metrics.map { metric in
                Reported(metric.name, metric.valueCount ?? 1, metric.valueCount)
            }
        (order, names) = Scoreboard.sorted(compiled)
        var results: [TracedResult?] = []
        for metric in metrics { results.append(try metric.metric.traced.map(TracedResult.init)) }
        self.results = results
        sumCount = metrics.reduce(2 * withLoss.count) { $0 + $1.sumCount }
        batch = .allocate(capacity: sumCount + 1)
        blocks = .allocate(capacity: sumCount)
        self.losses = .allocate(capacity: withLoss.count + 1)
        values = .allocate(capacity: order.count)
        batch.initialize(repeating: 0, count: sumCount + 1)
        blocks.initialize(repeating: 0, count: sumCount)
        self.losses.initialize(repeating: 0, count: withLoss.count + 1)
        values.initialize(repeating: 0, count: order.count)
    }

    /// Something that is reported: its name, and how many values it has, by number when they are a list.
    private typealias Reported = (name: String, count: Int, list: Int?)

    /// The values in the order in which Keras reports them: by name ("accuracy" before "loss").
    private static func sorted(_ compiled: [Reported]) -> (order: [Int], names: [String]) {
        var (order, names): ([Int], [String]) = ([], [])
        let firsts = compiled.indices.map { compiled[..<$0].reduce(0) { $0 + $1.count } }
        for index in compiled.indices.sorted(by: { compiled[$0].name < compiled[$1].name }) {
            let (name, count, list) = compiled[index]
            order += firsts[index]..<firsts[index] + count
            names += list.map { list in (0..<list).map { "\(name)[\($0)]" } } ?? [name]
        }
        return (order, names)
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

    /// The sums over the epoch so far, to go on from them later.
    var sums: [Double] {
        get {
            [rows] + UnsafeBufferPointer(start: losses, count: lossWeights.count + 1)
                + UnsafeBufferPointer(start: blocks, count: sumCount)
        }
        set {
            guard newValue.count == 1 + lossWeights.count + 1 + sumCount else { return }
            rows = newValue[0]
            for index in 0...lossWeights.count { losses[index] = newValue[1 + index] }
            for index in 0..<sumCount { blocks[index] = newValue[2 + lossWeights.count + index] }
        }
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
        var next = values + count
        for (metric, result) in zip(metrics, results) {
            if let result {
                result.write(blocks + block, to: next)
            } else {
                metric.write(blocks + block, to: next)
            }
            block += metric.sumCount
            next += metric.valueCount ?? 1
        }
        for (position, index) in order.enumerated() { result[position] = values[index] }
    }
}
