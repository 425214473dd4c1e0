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
    ///   - shape: extents of one sample, without the batch.
    ///   - dtype: as the property.
    public init(shape: [Int], dtype: String = "float32", name: String? = nil) {
        self.dtype = dtype
        options = LayerOptions(name: name, inputShape: shape)
    }

    /// Whether rows are text, for StringLookup, Hashing or TextVectorization.
    var isText: Bool { dtype == "string" }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        options = LayerOptions(inputShape: try arguments.sampleShape("shape"))
        dtype = try arguments.dtype() ?? "float32"
        try arguments.neutral("sparse", [.bool(false)], instead: "pass dense arrays")
        try arguments.neutral("ragged", [.bool(false)], instead: "pass dense arrays")
        try arguments.neutral("optional", [.bool(false)], instead: "pass every input")
        arguments.ignore("batch_size")
    }

    public var arguments: JSONObject {
        [
            "batch_shape": .array([.null] + (options.inputShape ?? []).map { .integer(Int64($0)) }),
            "dtype": .string(dtype), "sparse": false, "ragged": false, "optional": false,
        ]
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { options.inputShape ?? inputShapes.first ?? [] }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) -> Int { inputs[0] }
}
