import LeptonTensor

/// Finds how many nodes a job can use, from its own measured throughput: it adds nodes as long as they help, and takes
/// the last ones away again when they do not.
///
/// A number of nodes is judged by the median of several windows of time, because single ones are disturbed by whatever
/// else the machine does. When more nodes did not help, or were not to be had, it tries again later, each time after
/// twice as long.
public struct Autoscaler: Sendable {
    /// Node counts that may be asked for.
    public let range: ClosedRange<Int>
    /// The part of a perfect gain that added nodes must bring: two nodes in place of one, at 0.25, have to be 25 %
    /// faster.
    public let leastGain: Double

    private var windows: [Double] = []
    private var rows = 0
    private var elapsed: UInt64 = 0
    /// What was measured with the present number of nodes before it was raised.
    private var before: (nodes: Int, rate: Double)?
    private var pauseLength: UInt64 = Autoscaler.firstPause
    private var pause: UInt64 = 0

    private static let windowLength: UInt64 = 50_000_000
    private static let windowsPerJudgement = 5
    private static let firstPause: UInt64 = 5_000_000_000
    private static let longestPause: UInt64 = 3_600_000_000_000

    /// - Parameter leastGain: above 0, at most 1.
    public init(range: ClosedRange<Int>, leastGain: Double = 0.25) {
        self.range = range
        self.leastGain = min(max(leastGain, 0.01), 1)
    }

    /// Takes in what was done since the last call.
    ///
    /// - Parameters:
    ///   - rows: rows trained on, or requests answered.
    ///   - nanoseconds: the time that they took.
    /// - Returns: the number of nodes to ask for; nil to stay.
    public mutating func observe(nodes: Int, rows count: Int, nanoseconds: UInt64) -> Int? {
        if pause > 0 {
            pause = pause > nanoseconds ? pause - nanoseconds : 0
            return nil
        }
        rows += count
        elapsed += nanoseconds
        guard elapsed >= Autoscaler.windowLength else { return nil }
        windows.append(Double(rows) / Double(elapsed))
        (rows, elapsed) = (0, 0)
        guard windows.count == Autoscaler.windowsPerJudgement else { return nil }
        let rate = windows.sorted()[windows.count / 2]
        windows = []
        return judge(nodes: nodes, rate: rate)
    }

    /// Tells that the nodes asked for were not granted, or that the number has changed for another reason.
    public mutating func restart(afterRefusal: Bool) {
        windows = []
        (rows, elapsed) = (0, 0)
        before = nil
        if afterRefusal { rest() }
    }

    private mutating func judge(nodes: Int, rate: Double) -> Int? {
        if let before, before.nodes < nodes {
            let added = Double(nodes - before.nodes) / Double(before.nodes)
            guard rate >= before.rate * (1 + leastGain * added) else {
                let nodes = before.nodes
                self.before = nil
                rest()
                return nodes
            }
            pauseLength = Autoscaler.firstPause
        }
        guard nodes < range.upperBound else {
            before = nil
            rest()
            return nil
        }
        before = (nodes, rate)
        // By ones at first, then by a quarter, so that a hundred nodes are found in a few seconds.
        return min(range.upperBound, max(range.lowerBound, nodes + max(1, nodes / 4)))
    }

    private mutating func rest() {
        pause = pauseLength
        pauseLength = min(pauseLength * 2, Autoscaler.longestPause)
    }
}
