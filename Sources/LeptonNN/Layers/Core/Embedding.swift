import LeptonTensor

/// A learned vector for each whole number below `inputDim`. Input (batch, ...), output (batch, ..., outputDim); weight
/// embeddings (inputDim, outputDim).
///
/// Numbers arrive as float32, which holds whole ones up to 2^24. Data with others is refused.
public struct Embedding: Layer {
    public static let className = "Embedding"
    public static let ruledWeights = ["embeddings"]
    public var options: LayerOptions
    /// How many different numbers there are, 0 included; 1 to 2^24.
    public let inputDim: Int
    /// Length of a vector, at least 1.
    public let outputDim: Int
    public let embeddingsInitializer: Initializer
    /// 0 stands for no value: layers after this one that know of masks pass over it.
    public let maskZero: Bool

    package static let largestTable = 1 << 24

    /// Sizes are checked when the model is built.
    public init(
        inputDim: Int, outputDim: Int, embeddingsInitializer: Initializer = .uniform(), maskZero: Bool = false,
        inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.inputDim = inputDim
        self.outputDim = outputDim
        self.embeddingsInitializer = embeddingsInitializer
        self.maskZero = maskZero
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        inputDim = try arguments.integer("input_dim", minimum: 1)
        outputDim = try arguments.integer("output_dim", minimum: 1)
        embeddingsInitializer = try arguments.initializer("embeddings_initializer", default: .uniform())
        for name in ["weights", "lora_rank"] {
            try arguments.neutral(name, instead: "leave it out")
        }
        maskZero = try arguments.bool("mask_zero", default: false)
        arguments.ignore("input_length", "lora_alpha")
        options = LayerOptions()
        try check()
    }

    public var arguments: JSONObject {
        [
            "input_dim": .integer(Int64(inputDim)), "output_dim": .integer(Int64(outputDim)),
            "embeddings_initializer": embeddingsInitializer.config, "activity_regularizer": .null,
            "mask_zero": .bool(maskZero), "quantization_config": .null,
        ]
    }

    private func check() throws(LeptonError) {
        for (name, value, limit) in [
            ("input_dim", inputDim, Embedding.largestTable), ("output_dim", outputDim, Int.max),
        ] where !(1...limit).contains(value) {
            throw LeptonError(
                .invalidArgument, argument: "Embedding.\(name)",
                expected: "a whole number of at least 1" + (limit < Int.max ? " and at most \(limit)" : ""),
                received: "\(value)")
        }
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        try check()
        return [Weight(name: "embeddings", shape: [inputDim, outputDim], initializer: embeddingsInitializer)]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try check()
        return (inputShapes.first ?? []) + [outputDim]
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        let value = try graph.operations.add(
            EmbeddingOperation(count: inputDim), inputs: inputs, weights: weights, outputShape: shape + [outputDim])
        if maskZero {
            graph.masks[value] = try graph.operations.add(
                MaskOperation(value: 0, groupSize: 1), inputs: inputs, outputShape: shape)
        }
        return value
    }
}
