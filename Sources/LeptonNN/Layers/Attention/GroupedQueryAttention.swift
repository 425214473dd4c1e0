import LeptonTensor

/// Attention in which several heads of the query share one of key and value (Ainslie et al., 2023); one for all is
/// multi-query attention. Keras's `GroupQueryAttention`.
///
/// Called as `MultiHeadAttention`, on samples of (positions, width).
public struct GroupedQueryAttention: Layer {
    /// Keras's own name of the class, which it shows and writes as `GroupQueryAttention`.
    public static let className = "GroupedQueryAttention"
    public static let ruledWeights = ["kernel", "bias"]
    public var options: LayerOptions
    public let headDim: Int
    public let numQueryHeads: Int
    /// Divides `numQueryHeads`.
    public let numKeyValueHeads: Int
    public let dropout: Double
    public let useBias: Bool
    /// Whether the result is multiplied by a sigmoid of another projection of the query.
    public let useGate: Bool
    /// How far from its own position a query looks, this included; nil for any distance.
    public let slidingWindow: Int?
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer
    public let seed: UInt64?
    private var call = MultiHeadCall()

    /// - Throws: `invalidArgument` when the heads cannot be shared out.
    public init(
        headDim: Int, numQueryHeads: Int, numKeyValueHeads: Int, dropout: Double = 0, useBias: Bool = true,
        useGate: Bool = false, slidingWindow: Int? = nil, seed: UInt64? = nil, name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "head_dim": .integer(Int64(headDim)), "num_query_heads": .integer(Int64(numQueryHeads)),
                "num_key_value_heads": .integer(Int64(numKeyValueHeads)), "dropout": .number(dropout),
                "use_bias": .bool(useBias), "use_gate": .bool(useGate),
                "sliding_window": slidingWindow.map { .integer(Int64($0)) } ?? .null,
                "seed": seed.map { .integer(Int64(bitPattern: $0)) } ?? .null,
            ], name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        headDim = try arguments.integer("head_dim", minimum: 1)
        numQueryHeads = try arguments.integer("num_query_heads", minimum: 1)
        numKeyValueHeads = try arguments.integer("num_key_value_heads", minimum: 1)
        guard numQueryHeads % numKeyValueHeads == 0 else {
            throw LeptonError(.invalidArgument, "`num_query_heads` must be divisible by `num_key_value_heads`.")
        }
        dropout = try arguments.optionalRate("dropout")
        useBias = try arguments.bool("use_bias", default: true)
        useGate = try arguments.bool("use_gate", default: false)
        slidingWindow =
            try arguments.value("sliding_window") == nil ? nil : arguments.integer("sliding_window", minimum: 1)
        kernelInitializer = try Initializer(
            arguments.value("kernel_initializer"), argument: "GroupQueryAttention.kernel_initializer",
            default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "GroupQueryAttention.bias_initializer", default: .zeros)
        arguments.ignore("flash_attention")
        seed = try arguments.seed()
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "head_dim": .integer(Int64(headDim)), "num_query_heads": .integer(Int64(numQueryHeads)),
            "num_key_value_heads": .integer(Int64(numKeyValueHeads)), "use_bias": .bool(useBias),
            "use_gate": .bool(useGate), "sliding_window": slidingWindow.map { .integer(Int64($0)) } ?? .null,
            "dropout": .number(dropout), "kernel_initializer": kernelInitializer.config,
            "bias_initializer": biasInitializer.config, "activity_regularizer": .null,
            "seed": seed.map { .integer(Int64(bitPattern: $0)) } ?? .null,
        ]
    }

    public var identity: LayerIdentity { LayerIdentity(module: "keras.layers", className: "GroupQueryAttention") }

    public var inputCounts: ClosedRange<Int> { 2...4 }
    public var supportsMasking: Bool { true }

    public var maskedInputs: [String: Int?] { call.maskedInputs(takesQuery: true) }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        var layer = self
        layer.call = try MultiHeadCall(call, owner: GroupedQueryAttention.className)
        return layer
    }

    private var projection: MultiHeadProjection {
        MultiHeadProjection(
            heads: numQueryHeads, groups: numKeyValueHeads, keyWidth: headDim, valueWidth: headDim, hasBias: useBias,
            hasGate: useGate, outputShape: nil, kernelInitializer: kernelInitializer, biasInitializer: biasInitializer)
    }

    private func shapes(_ inputShapes: [[Int]]) throws(LeptonError) -> MultiHeadCall.Roles<[Int]> {
        let shapes = try call.shapes(inputShapes, owner: GroupedQueryAttention.className)
        guard shapes.query.count == 2 else {
            throw LeptonError(
                .shapeMismatch, argument: "GroupQueryAttention inputs", expected: "3 axes: batch, positions and width",
                received: Shape.batchText(shapes.query))
        }
        guard shapes.query.last == shapes.value.last else {
            throw LeptonError(
                .shapeMismatch,
                "The last dimension of `query_shape` and `value_shape` must be equal, but are \(shapes.query[1]), "
                    + "\(shapes.value[1]). Received: query_shape=\(Shape.batchText(shapes.query)), "
                    + "value_shape=\(Shape.batchText(shapes.value))")
        }
        return shapes
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        try projection.weights(shapes(inputShapes))
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    public func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        let shapes = try shapes(inputShapes)
        let output = shapes.query
        return call.returnsScores ? [output, [numQueryHeads, shapes.query[0], shapes.value[0]]] : [output]
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        try lowerAll(into: &graph, inputs: inputs, weights: weights)[0]
    }

    public func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let shapes = try shapes(inputs.map { graph.operations.sampleShapes[$0] })
        let values = call.values(inputs)
        var mask = try graph.attentionMask(
            call, inputs, shapes, AttentionOrder(nil, rank: 2), isOneHeadPerKey: true)
        if let slidingWindow {
            let window = try graph.windowMask(shapes.query[0], shapes.value[0], width: slidingWindow)
            mask =
                try mask.map { (known) throws(LeptonError) in
                    try graph.operations.addBinary(.logicalAnd, known, window)
                } ?? window
        }
        var heads = try projection.project(values, weights, &graph)
        let scale = Float(1 / Double(headDim).squareRoot())
        var attended: Int
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
        if useGate {
            attended = try graph.operations.addBinary(
                .multiply, attended, projection.gate(values.query, weights, &graph))
        }
        let output = try projection.projectBack(attended, shapes, weights, &graph)
        guard call.returnsScores, let scores else { return [output] }
        return [output, scores]
    }
}

extension LoweredGraph {
    /// 1 where a key is less than `width` positions from a query.
    fileprivate mutating func windowMask(_ queries: Int, _ keys: Int, width: Int) throws(LeptonError) -> Int {
        guard let size = Shape.checkedProduct([queries, keys]), size <= 1 << 26 else {
            throw LeptonError(
                .outOfMemory, argument: "sliding_window", expected: "fewer positions", received: "\(queries) by \(keys)"
            )
        }
        let values = (0..<size).map { Float(abs($0 % keys - $0 / keys) < width ? 1 : 0) }
        return try operations.addConstant(values, shape: [queries, keys])
    }
}
