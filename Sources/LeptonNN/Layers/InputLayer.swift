import LeptonTensor

/// Where data enters: gives the model its sample shape.
public struct InputLayer: Layer {
    public static let className = "InputLayer"
    public static let acceptedDTypes = [
        "float32", "float64", "float16", "bfloat16", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32",
        "bool", "string",
    ]
    public var options: LayerOptions
    /// "float32"; "string" for text. Another one says what the data is like, which is converted to float32 where a model
    /// computes with it.
    public let dtype: String

    /// - Parameters:
    ///   - shape: extents of one sample, without the batch; -1 for an axis whose length the data tells.
    ///   - batchSize: rows in every batch, which stateful layers need; nil for any number.
    ///   - dtype: as the property.
    public init(shape: [Int], batchSize: Int? = nil, dtype: String = "float32", name: String? = nil) {
        self.dtype = dtype
        options = LayerOptions(name: name, inputShape: shape)
        options.batchSize = batchSize
    }

    /// Whether rows are text, for StringLookup, Hashing or TextVectorization.
    var isText: Bool { dtype == "string" }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        options = LayerOptions(inputShape: try arguments.sampleShape("shape"))
        dtype = try arguments.dtype() ?? "float32"
        try arguments.neutral("sparse", [.bool(false)], instead: "pass dense arrays")
        try arguments.neutral("ragged", [.bool(false)], instead: "pass dense arrays")
        try arguments.neutral("optional", [.bool(false)], instead: "pass every input")
        if arguments.value("batch_size") != nil {
            options.batchSize = try arguments.integer("batch_size", minimum: 1)
        }
    }

    public var arguments: JSONObject {
        [
            "batch_shape": .array(Shape.config([options.batchSize ?? Shape.unknown] + (options.inputShape ?? []))),
            "dtype": .string(dtype), "sparse": false, "ragged": false, "optional": false,
        ]
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { inputShapes.first ?? options.inputShape ?? [] }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) -> Int { inputs[0] }
}
