import LeptonNN
import LeptonTensor

/// Computes the value of a program's own metric from its state: a small plan whose weights are the state.
///
/// Not `Sendable`: it belongs to the thread that trains.
final class TracedResult {
    private let predictor: Predictor
    private let parameters: AlignedBuffer<Float>
    /// Where each part of the state stands among the sums, and where it goes.
    private let places: [(sum: Int, parameter: Int, count: Int)]
    private let input: AlignedBuffer<Float>
    private let output: AlignedBuffer<Float>
    private let count: Int

    init(_ metric: TracedMetric) throws(LeptonError) {
        let graph = metric.result
        let layout = try ParameterLayout(graph)
        var places: [(sum: Int, parameter: Int, count: Int)] = []
        for (weight, entry) in zip(graph.weights, layout.entries) {
            var first = 0
            for state in metric.states {
                if state.name == weight.path { places.append((first, entry.offset, entry.count)) }
                first += state.count
            }
        }
        self.places = places
        count = metric.valueCount ?? 1
        parameters = try AlignedBuffer(zeros: layout.totalFloats, purpose: "a metric's state")
        input = try AlignedBuffer(zeros: graph.floatsPerRow(graph.inputs[0]), purpose: "a metric's input")
        output = try AlignedBuffer(zeros: count, purpose: "a metric's value")
        predictor = try Predictor(
            BuiltModel(operations: graph, layout: layout, parameters: parameters, batchSize: nil), rows: 1,
            seed: 0)
    }

    func write(_ sums: UnsafePointer<Double>, to values: UnsafeMutablePointer<Double>) {
        for place in places {
            for index in 0..<place.count {
                parameters.pointer[place.parameter + index] = Float(sums[place.sum + index])
            }
        }
        withUnsafePointer(to: UnsafePointer(input.pointer)) { inputs in
            withUnsafePointer(to: output.pointer) { outputs in
                predictor.run(inputs: inputs, outputs: outputs, first: 0, rows: 1, worker: 0)
            }
        }
        for index in 0..<count { values[index] = Double(output.pointer[index]) }
    }
}
