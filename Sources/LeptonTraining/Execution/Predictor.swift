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

    private let states: RecurrentStates?
    private let seed: UInt64
    private let draws: PredictionDraws?
    private var iteration: UInt64 = 0

    /// Rows in a block of a model without states: products large enough to run well, activations small enough to stay in
    /// the cache.
    private static let mostRows = 128

    /// Rows in each block but the last. A stateful model's blocks are its batches, and run one after the other.
    var blockRows: Int { states?.rows ?? Predictor.mostRows }

    /// Whether it can take so many rows, block by block.
    func takes(_ rows: Int) -> Bool { plan.capacityRows >= min(rows, blockRows) }

    /// - Parameters:
    ///   - rows: how many it should take.
    ///   - seed: of the model, for operations that draw in prediction.
    init(_ built: BuiltModel, rows: Int, seed: UInt64) throws(LeptonError) {
        let graph = built.operations
        self.seed = seed
        draws = graph.drawsInPrediction ? built.draws : nil
        states = built.states
        plan = try Plan(
            graph: graph, layout: built.layout, capacityRows: states?.rows ?? min(rows, Predictor.mostRows))
        parameters = built.parameters
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

    /// Before the blocks of one prediction; under the model's lock.
    func begin() {
        if let draws { iteration = draws.next() }
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
        // A block of a stateful model is a whole batch.
        Frame(
            rows: rows, firstRow: states == nil ? first : 0, batchRows: rows, arena: arenas[worker].pointer,
            parameters: parameters.pointer, packed: packed?.pointer, gradients: parameters.pointer, data: data,
            sums: sink.pointer, seed: seed, iteration: iteration, states: states?.pointers)
    }

    /// Predicts `rows` rows from `first` on, at most `blockRows`.
    ///
    /// - Parameters:
    ///   - inputs: the beginning of each input; rows are row-major float32.
    ///   - outputs: the beginning of each output.
    func run(
        inputs: UnsafePointer<UnsafePointer<Float>>, outputs: UnsafePointer<UnsafeMutablePointer<Float>>, first: Int,
        rows: Int, worker: Int
    ) {
        if states != nil { begin() }
        let data = UnsafeMutableRawPointer(dataPointers[worker].pointer)
            .assumingMemoryBound(to: UnsafeMutablePointer<Float>.self)
        for index in 0..<plan.inputCount {
            data[index] = UnsafeMutablePointer(mutating: inputs[index] + first * plan.dataFloatsPerRow[index])
        }
        var frame = frame(rows: rows, first: first, data: data, worker: worker)
        plan.program.run(&frame)
        states?.advance()
        for (index, width) in outputFloatsPerRow.enumerated() {
            guard let result = plan.output(index, in: frame) else { continue }
            (outputs[index] + first * width).update(from: result, count: rows * width)
        }
    }
}
