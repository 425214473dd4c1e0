import LeptonNN
import LeptonTensor

/// What exists of a model once the input shape is known. An object, so that a model that a refused call puts back is known
/// to be the same.
///
/// Where axes have a length that only data tells, this one has the weights and no operations; a variant for each
/// combination of lengths has these, and the same weights.
final class BuiltModel {
    let operations: OperationGraph
    let layout: ParameterLayout
    let parameters: AlignedBuffer<Float>
    /// Of stateful layers; nil without any.
    let states: RecurrentStates?
    let stateStore: StateStore
    /// See `OperationGraph.indexLimits`; found once, because predictions of single rows ask for it.
    let indexLimits: [Int?]
    let draws: PredictionDraws
    /// For `predict` on the calling thread; made anew when a call brings more rows than it takes.
    var predictor: Predictor?
    /// Whether some axes have a length that only data tells.
    var hasUnknownLengths: Bool { operations.isOutline }
    /// The latest first.
    private var variants: [BuiltModel] = []

    /// Lengths that plans are kept for: enough for data in a few buckets, and a bound on the memory that they take.
    static let keptVariants = 8

    /// - Parameters:
    ///   - batchSize: rows in every batch, where that is fixed.
    ///   - stateStore, draws: of the same model, built before.
    init(
        operations: OperationGraph, layout: ParameterLayout, parameters: AlignedBuffer<Float>, batchSize: Int?,
        stateStore: StateStore = StateStore(), draws: PredictionDraws = PredictionDraws()
    ) throws(LeptonError) {
        self.operations = operations
        self.layout = layout
        self.parameters = parameters
        self.stateStore = stateStore
        self.draws = draws
        states = try stateStore.states(for: operations, batchSize: batchSize)
        indexLimits = operations.indexLimits
    }

    private func takes(_ inputs: [[Int]]) -> Bool {
        operations.modelInputs.map { operations.sampleShapes[$0] } == inputs
    }

    private var hasEncoders: Bool { operations.inputSources.contains { $0.encoder != nil } }

    /// The model for data of these lengths, kept for the next that has them. Under the model's lock.
    func variant(of graph: ModelGraph, for inputs: [TensorView]) throws(LeptonError) -> BuiltModel {
        let made = try makeVariant(of: graph, for: inputs, known: variants)
        variants.removeAll { $0 === made }
        if variants.count == BuiltModel.keptVariants { variants.removeLast() }
        variants.insert(made, at: 0)
        return made
    }

    /// The model for data of these lengths.
    ///
    /// - Parameter known: where it is looked for first.
    /// - Throws: `shapeMismatch` for data that the model does not take; what a layer finds wrong with the lengths.
    func makeVariant(
        of graph: ModelGraph, for inputs: [TensorView], known: [BuiltModel]
    ) throws(LeptonError) -> BuiltModel {
        let shapes = try lengths(of: inputs, graph)
        if let same = known.first(where: { $0.takes(shapes) && !$0.hasEncoders }) { return same }
        let lowered = try graph.lowered(
            inputShapes: shapes, encodedLengths: RowLengths(inputs: inputs, names: graph.inputNames))
        let columns = lowered.inputs.map { lowered.sampleShapes[$0] }
        let same = known.first { known in
            known.takes(shapes) && known.operations.inputs.map { known.operations.sampleShapes[$0] } == columns
        }
        if let same { return same }
        return try BuiltModel(
            operations: lowered, layout: layout, parameters: parameters, batchSize: graph.batchSize,
            stateStore: stateStore, draws: draws)
    }

    /// Extents of one sample of each input, as the data has them.
    private func lengths(of inputs: [TensorView], _ graph: ModelGraph) throws(LeptonError) -> [[Int]] {
        guard inputs.count == operations.modelInputs.count else {
            throw LeptonError(
                .shapeMismatch, argument: "x",
                expected: "\(operations.modelInputs.count) tensor\(operations.modelInputs.count == 1 ? "" : "s")",
                received: "\(inputs.count)")
        }
        var shapes: [[Int]] = []
        for (index, view) in inputs.enumerated() {
            let declared = operations.sampleShapes[operations.modelInputs[index]]
            let given = view.sampleExtents
            // An axis of one element may be missing at the end or stand there in excess, as `FloatRows` allows.
            let forms = [given, given + [1]] + (given.last == 1 ? [Array(given.dropLast())] : [])
            let fitting = view.shape.rank == 0 ? nil : forms.first { UnknownLengths.fit([$0], [declared]) }
            guard let fitting, fitting.allSatisfy({ $0 > 0 }) else {
                throw LeptonError(
                    .shapeMismatch, argument: inputs.count == 1 ? "x" : "x[\(index)] ('\(graph.inputNames[index])')",
                    expected: "shape \(Shape.batchText(declared))"
                        + (fitting == nil ? "" : " with at least 1 on each axis"), received: "shape \(view.shape)")
            }
            shapes.append(fitting)
        }
        return shapes
    }
}

/// `@unchecked Sendable`: it lives through one lowering, on the thread that holds the data in place.
private struct RowLengths: EncodedLengths, @unchecked Sendable {
    let inputs: [TensorView]
    let names: [String]

    func longestRow(of encoder: any StretchingEncoder, input: Int) throws(LeptonError) -> Int {
        try encoder.longestRow(
            of: inputs[input], argument: inputs.count == 1 ? "x" : "x[\(input)] ('\(names[input])')")
    }
}
