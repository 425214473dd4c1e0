import LeptonTensor

/// Dot-product attention (Luong et al., 2015): softmax(query · keyᵀ) · value. Called on a list [query, value] or
/// [query, value, key] of samples (positions, width).
public struct Attention: Layer {
    public static let className = "Attention"
    public var options: LayerOptions
    /// Multiplies the scores by a trained number.
    public let useScale: Bool
    public let scoreMode: ScoreMode
    /// Which part of the weights is dropped in training.
    public let dropout: Double
    public let seed: UInt64?
    private var call = AttentionCall()

    public enum ScoreMode: String, Sendable {
        case dot
        /// A trained number times the sum of tanh(query + key).
        case concat
    }

    public init(
        useScale: Bool = false, scoreMode: ScoreMode = .dot, dropout: Double = 0, seed: UInt64? = nil,
        name: String? = nil
    ) {
        self.useScale = useScale
        self.scoreMode = scoreMode
        self.dropout = dropout
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        useScale = try arguments.bool("use_scale", default: false)
        let mode = try arguments.string("score_mode") ?? "dot"
        guard let scoreMode = ScoreMode(rawValue: mode) else {
            throw LeptonError(
                .invalidArgument,
                "Invalid value for argument score_mode. Expected one of {'dot', 'concat'}. Received: score_mode="
                    + String(mode.prefix(64)))
        }
        self.scoreMode = scoreMode
        dropout = try arguments.optionalRate("dropout")
        seed = try arguments.seed()
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "use_scale": .bool(useScale), "score_mode": .string(scoreMode.rawValue), "dropout": .number(dropout),
            "seed": seed.map { .integer(Int64(bitPattern: $0)) } ?? .null,
        ]
    }

    public var inputCounts: ClosedRange<Int> { 2...3 }
    public var maskedInputs: [String: Int?] { ["mask": 0] }
    public var supportsMasking: Bool { true }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        var layer = self
        layer.call = try AttentionCall(call, owner: Attention.className)
        return layer
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        _ = try AttentionCall.scoreShape(inputShapes, owner: Attention.className)
        var weights: [Weight] = []
        if useScale { weights.append(Weight(name: "scale", shape: [], initializer: .ones)) }
        if scoreMode == .concat { weights.append(Weight(name: "concat_score_weight", shape: [], initializer: .ones)) }
        return weights
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    public func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        let scores = try AttentionCall.scoreShape(inputShapes, owner: Attention.className)
        let output = Array(inputShapes[0].dropLast() + inputShapes[1].suffix(1))
        return call.returnsScores ? [output, scores] : [output]
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        try lowerAll(into: &graph, inputs: inputs, weights: weights)[0]
    }

    public func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let (query, value, key) = (inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : inputs[1])
        let scale = useScale ? try graph.operations.addWeightValue(weights[0]) : nil
        let isFused =
            scoreMode == .dot && dropout == 0 && !call.returnsScores
            && graph.operations.sampleShapes[query].count == 2
        if isFused {
            let scaled =
                try scale.map { number throws(LeptonError) in
                    try graph.operations.addBinary(.multiply, query, number)
                } ?? query
            let result = try graph.attend(
                scaled, key, value, mask: try graph.keyMask(of: value), isCausal: call.isCausal)
            return try graph.finishAttention([result], query: query)
        }
        var scores: Int
        if scoreMode == .dot {
            scores = try graph.operations.addProduct(query, key, transposesB: true)
            if let scale { scores = try graph.operations.addBinary(.multiply, scores, scale) }
        } else {
            var sum = try graph.pairSums(query, key)
            if let scale { sum = try graph.operations.addBinary(.multiply, sum, scale) }
            let bent = try graph.operations.addUnary(.hyperbolicTangent, sum)
            let axis = graph.operations.sampleShapes[bent].count - 1
            let total = try graph.operations.addReduction(.sum, bent, axes: [axis])
            let factor = try graph.operations.addWeightValue(weights[weights.count - 1])
            scores = try graph.operations.addBinary(.multiply, total, factor)
        }
        return try graph.attend(
            scores: scores, query: query, value: value, call: call, dropout: dropout, seed: seed)
    }
}

/// Additive attention (Bahdanau et al., 2015): scores are sums of tanh(query + key), each element times a trained
/// number. Called as `Attention`.
public struct AdditiveAttention: Layer {
    public static let className = "AdditiveAttention"
    public var options: LayerOptions
    public let useScale: Bool
    public let dropout: Double
    public let seed: UInt64?
    private var call = AttentionCall()

    public init(useScale: Bool = true, dropout: Double = 0, seed: UInt64? = nil, name: String? = nil) {
        self.useScale = useScale
        self.dropout = dropout
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        useScale = try arguments.bool("use_scale", default: true)
        dropout = try arguments.optionalRate("dropout")
        seed = try arguments.seed()
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "use_scale": .bool(useScale), "dropout": .number(dropout),
            "seed": seed.map { .integer(Int64(bitPattern: $0)) } ?? .null,
        ]
    }

    public var inputCounts: ClosedRange<Int> { 2...3 }
    public var maskedInputs: [String: Int?] { ["mask": 0] }
    public var supportsMasking: Bool { true }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        var layer = self
        layer.call = try AttentionCall(call, owner: AdditiveAttention.className)
        return layer
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        _ = try AttentionCall.scoreShape(inputShapes, owner: AdditiveAttention.className)
        guard useScale else { return [] }
        return [Weight(name: "scale", shape: inputShapes[0].suffix(1), initializer: .glorotUniform())]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    public func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        let scores = try AttentionCall.scoreShape(inputShapes, owner: AdditiveAttention.className)
        let output = Array(inputShapes[0].dropLast() + inputShapes[1].suffix(1))
        return call.returnsScores ? [output, scores] : [output]
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        try lowerAll(into: &graph, inputs: inputs, weights: weights)[0]
    }

    public func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let (query, value, key) = (inputs[0], inputs[1], inputs.count > 2 ? inputs[2] : inputs[1])
        var bent = try graph.operations.addUnary(.hyperbolicTangent, try graph.pairSums(query, key))
        if useScale {
            bent = try graph.operations.addBinary(.multiply, bent, try graph.operations.addWeightValue(weights[0]))
        }
        let axis = graph.operations.sampleShapes[bent].count - 1
        let scores = try graph.operations.addReduction(.sum, bent, axes: [axis])
        return try graph.attend(
            scores: scores, query: query, value: value, call: call, dropout: dropout, seed: seed)
    }
}
