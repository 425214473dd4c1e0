import LeptonTensor

/// Multi-head attention (Vaswani et al., 2017): query, key and value are projected to `numHeads` heads, each attends on
/// its own, and the results are projected back.
///
/// Called as (query, value), with key=, attention_mask=, use_causal_mask= and return_attention_scores= as keywords.
/// Samples are (positions, width); with more axes, attention is over all but the last, or over `attentionAxes`.
public struct MultiHeadAttention: Layer {
    public static let className = "MultiHeadAttention"
    public static let ruledWeights = ["kernel", "bias"]
    public var options: LayerOptions
    public let numHeads: Int
    public let keyDim: Int
    /// Nil takes `keyDim`.
    public let valueDim: Int?
    public let dropout: Double
    public let useBias: Bool
    /// Extents that take the place of the query's last axis; nil keeps it.
    public let projectedShape: [Int]?
    /// Axes that are attended over, the batch being axis 0; nil for all between it and the last.
    public let attentionAxes: [Int]?
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer
    public let seed: UInt64?
    var call = MultiHeadCall()

    public init(
        numHeads: Int, keyDim: Int, valueDim: Int? = nil, dropout: Double = 0, useBias: Bool = true,
        outputShape: [Int]? = nil, attentionAxes: [Int]? = nil, kernelInitializer: Initializer = .glorotUniform(),
        biasInitializer: Initializer = .zeros, seed: UInt64? = nil, name: String? = nil
    ) {
        self.numHeads = numHeads
        self.keyDim = keyDim
        self.valueDim = valueDim
        self.dropout = dropout
        self.useBias = useBias
        projectedShape = outputShape
        self.attentionAxes = attentionAxes
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        numHeads = try arguments.integer("num_heads", minimum: 1)
        keyDim = try arguments.integer("key_dim", minimum: 1)
        valueDim = try arguments.value("value_dim") == nil ? nil : arguments.integer("value_dim", minimum: 1)
        dropout = try arguments.optionalRate("dropout")
        useBias = try arguments.bool("use_bias", default: true)
        projectedShape = try arguments.integers("output_shape", minimum: 1)
        attentionAxes = try arguments.integers("attention_axes", minimum: Int.min)
        kernelInitializer = try Initializer(
            arguments.value("kernel_initializer"), argument: "MultiHeadAttention.kernel_initializer",
            default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "MultiHeadAttention.bias_initializer", default: .zeros)
        try arguments.neutral("sliding_window", instead: "give an attention_mask")
        try arguments.neutral("use_gate", [.bool(false)], instead: "multiply by a Dense layer with a sigmoid")
        arguments.ignore("flash_attention")
        seed = try arguments.seed()
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        func list(_ values: [Int]?) -> JSONValue { values.map { .array($0.map { .integer(Int64($0)) }) } ?? .null }
        return [
            "num_heads": .integer(Int64(numHeads)), "key_dim": .integer(Int64(keyDim)),
            "value_dim": .integer(Int64(valueDim ?? keyDim)), "dropout": .number(dropout), "use_bias": .bool(useBias),
            "use_gate": .bool(false), "output_shape": list(projectedShape), "attention_axes": list(attentionAxes),
            "sliding_window": .null, "kernel_initializer": kernelInitializer.config,
            "bias_initializer": biasInitializer.config, "activity_regularizer": .null,
            "seed": seed.map { .integer(Int64(bitPattern: $0)) } ?? .null,
        ]
    }

    public var inputCounts: ClosedRange<Int> { 2...4 }
    public var supportsMasking: Bool { true }
    public var placesActivityPenalty: Bool { true }

    public var maskedInputs: [String: Int?] { call.maskedInputs(takesQuery: false) }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        var layer = self
        layer.call = try MultiHeadCall(call, owner: MultiHeadAttention.className)
        return layer
    }

    private var projection: MultiHeadProjection {
        MultiHeadProjection(
            heads: numHeads, groups: numHeads, keyWidth: keyDim, valueWidth: valueDim ?? keyDim, hasBias: useBias,
            outputShape: projectedShape, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer,
            activityRegularizer: options.activityRegularizer)
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let shapes = try call.shapes(inputShapes, owner: MultiHeadAttention.className)
        return projection.weights(shapes)
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    public func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        let shapes = try call.shapes(inputShapes, owner: MultiHeadAttention.className)
        let order = try AttentionOrder(attentionAxes, rank: shapes.query.count)
        try order.check(shapes)
        let output = shapes.query.dropLast() + (projectedShape ?? Array(shapes.query.suffix(1)))
        guard call.returnsScores else { return [output] }
        return [output, order.scoreShape(shapes, heads: numHeads)]
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        try lowerAll(into: &graph, inputs: inputs, weights: weights)[0]
    }

    public func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let shapes = try call.shapes(
            inputs.map { graph.operations.sampleShapes[$0] }, owner: MultiHeadAttention.className)
        _ = try outputShapes(for: inputs.map { graph.operations.sampleShapes[$0] })
        let values = call.values(inputs)
        let order = try AttentionOrder(attentionAxes, rank: shapes.query.count)
        let mask = try graph.attentionMask(call, inputs, shapes, order, isOneHeadPerKey: true)
        let projected = try projection.project(values, weights, &graph)
        var heads = (
            query: try order.gather(projected.query, &graph.operations),
            key: try order.gather(projected.key, &graph.operations),
            value: try order.gather(projected.value, &graph.operations)
        )
        let scale = Float(1 / Double(keyDim).squareRoot())
        let attended: Int
        var scores: Int?
        if dropout == 0, !call.returnsScores {
            attended = try graph.operations.addAttention(
                query: heads.query, key: heads.key, value: heads.value, mask: mask, scale: scale,
                isCausal: call.isCausal)
        } else {
            heads.query = try graph.operations.addBinary(.multiply, heads.query, scalar: scale)
            (attended, scores) = try graph.attendUnfused(
                heads, mask: mask, isCausal: call.isCausal, dropout: dropout, seed: seed)
        }
        let ordered = try order.scatter(attended, like: shapes.query, &graph.operations)
        let output = try projection.projectBack(ordered, shapes, weights, &graph)
        guard call.returnsScores, let scores else { return [output] }
        return [
            output,
            try graph.operations.addReshape(scores, to: order.scoreShape(shapes, heads: numHeads)),
        ]
    }
}

extension ConfigReader {
    /// A list of whole numbers, or one as a list; nil when absent.
    mutating func integers(_ name: String, minimum: Int) throws(LeptonError) -> [Int]? {
        guard let given = value(name) else { return nil }
        let numbers = (given.arrayValue ?? [given]).map(\.intValue)
        var result: [Int] = []
        for number in numbers {
            guard let number, number >= minimum else {
                throw LeptonError(
                    .invalidArgument, argument: name, expected: "whole numbers", received: String(given.text.prefix(80))
                )
            }
            result.append(number)
        }
        return result
    }
}
