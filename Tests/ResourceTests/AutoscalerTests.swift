import LeptonResources
import Testing

@Suite struct AutoscalerTests {
    /// Runs a job of a given throughput (rows per second by number of nodes) for a time, and gives the numbers of nodes
    /// that it had.
    private func run(
        _ scaler: inout Autoscaler, from start: Int, seconds: Double, rate: (Int) -> Double
    ) -> [Int] {
        var nodes = [start]
        let step: UInt64 = 1_000_000
        for _ in 0..<Int(seconds * 1000) {
            let now = nodes[nodes.count - 1]
            let rows = Int(rate(now) / 1000)
            if let wanted = scaler.observe(nodes: now, rows: rows, nanoseconds: step) { nodes.append(wanted) }
        }
        return nodes
    }

    @Test func growsToWhereANodeNoLongerHelps() {
        var scaler = Autoscaler(range: 1...16)
        // Perfect up to 4 nodes, nothing beyond.
        let nodes = run(&scaler, from: 1, seconds: 4) { Double(min($0, 4)) * 100_000 }
        #expect(nodes == [1, 2, 3, 4, 5, 4])
    }

    @Test func aLaterTryComesAfterAPause() {
        var scaler = Autoscaler(range: 1...8)
        let nodes = run(&scaler, from: 1, seconds: 12) { Double(min($0, 2)) * 100_000 }
        #expect(nodes == [1, 2, 3, 2, 3, 2])
    }

    @Test func staysWithinItsRange() {
        var scaler = Autoscaler(range: 2...3)
        #expect(run(&scaler, from: 2, seconds: 3) { Double($0) * 100_000 } == [2, 3])
    }

    @Test func aJobThatLosesByMoreNodesGoesBack() {
        var scaler = Autoscaler(range: 1...4)
        #expect(run(&scaler, from: 1, seconds: 2) { 100_000 / Double($0) } == [1, 2, 1])
    }

    @Test func aRefusalIsNotAskedForAgainAtOnce() {
        var scaler = Autoscaler(range: 1...4)
        #expect(run(&scaler, from: 1, seconds: 0.26) { _ in 100_000 } == [1, 2])
        scaler.restart(afterRefusal: true)
        #expect(run(&scaler, from: 1, seconds: 4) { Double($0) * 100_000 } == [1])
        #expect(run(&scaler, from: 1, seconds: 4) { Double($0) * 100_000 }.count > 1)
    }
}
