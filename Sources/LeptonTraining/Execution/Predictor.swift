import LeptonNN
import LeptonTensor

/// Runs a model forward over blocks of rows, on one thread or on the workers of a pool.
///
/// Blocks have a fixed size, so that a row's prediction does not depend on how many workers there are.
/// Not `Sendable`: the model's lock guards it.
package final class Predictor {
    private let plan: Plan
    private let parameters: AlignedBuffer<Float>
    private let outputFloatsPerRow: [Int]
    private var arenas: [AlignedBuffer<Float>] = []
    private var dataPointers: [AlignedBuffer<UInt>] = []
    private let sink: AlignedBuffer<Double>
    private var packed: AlignedBuffer<Float>?

    /// Rows in a block: products large enough to run well, activations small enough to stay in the cache.
    package static let blockRows = 128

    /// Rows that this predictor can take in one go.
    var capacityRows: Int { plan.capacityRows }

    init(
        graph: OperationGraph, layout: ParameterLayout, parameters: AlignedBuffer<Float>, capacityRows: Int
    ) throws(LeptonError) {
        plan = try Plan(graph: graph, layout: layout, capacityRows: capacityRows)
        self.parameters = parameters
        outputFloatsPerRow = graph.outputs.map(graph.floatsPerRow)
        sink = try AlignedBuffer(zeros: 1, purpose: "sums")
        try prepare(workers: 1)
    }

    /// Makes sure that each of `workers` has memory of its own.
    func prepare(workers: Int) throws(LeptonError) {
        while arenas.count < workers {
            arenas.append(try AlignedBuffer(zeros: plan.arenaFloats, purpose: "activations"))
            dataPointers.append(try AlignedBuffer(zeros: plan.inputCount, purpose: "data pointers"))
        }
    }

    /// Makes memory for weights that `pack` lays out for products, which pays from a few blocks on.
    func preparePacking() throws(LeptonError) {
        guard plan.packedFloats > 0 else { return }
        packed = try AlignedBuffer(zeros: plan.packedFloats, purpose: "weights laid out for products")
    }

    /// Lays out the weights, as they are now, for the blocks that follow.
    func pack() {
        guard packed != nil else { return }
        let data = UnsafeMutableRawPointer(dataPointers[0].pointer)
            .assumingMemoryBound(to: UnsafeMutablePointer<Float>.self)
        var frame = frame(rows: 0, first: 0, data: data, worker: 0)
        plan.program.pack(&frame)
    }

    private func frame(
        rows: Int, first: Int, data: UnsafeMutablePointer<UnsafeMutablePointer<Float>>, worker: Int
    ) -> Frame {
        Frame(
            rows: rows, firstRow: first, batchRows: rows, arena: arenas[worker].pointer,
            parameters: parameters.pointer, packed: packed?.pointer, gradients: parameters.pointer, data: data,
            sums: sink.pointer)
    }

    /// Predicts `rows` rows from `first` on, at most `capacityRows`.
    ///
    /// - Parameters:
    ///   - inputs: the beginning of each input; rows are row-major float32.
    ///   - outputs: the beginning of each output.
    func run(
        inputs: UnsafePointer<UnsafePointer<Float>>, outputs: UnsafePointer<UnsafeMutablePointer<Float>>, first: Int,
        rows: Int, worker: Int
    ) {
        let data = UnsafeMutableRawPointer(dataPointers[worker].pointer)
            .assumingMemoryBound(to: UnsafeMutablePointer<Float>.self)
        for index in 0..<plan.inputCount {
            data[index] = UnsafeMutablePointer(mutating: inputs[index] + first * plan.dataFloatsPerRow[index])
        }
        var frame = frame(rows: rows, first: first, data: data, worker: worker)
        plan.program.run(&frame)
        for (index, width) in outputFloatsPerRow.enumerated() {
            guard let result = plan.output(index, in: frame) else { continue }
            (outputs[index] + first * width).update(from: result, count: rows * width)
        }
    }
}
