import LeptonTensor

/// Where data enters: gives the model its sample shape.
public struct InputLayer: Layer {
    public static let className = "InputLayer"
    public var options: LayerOptions

    /// - Parameter shape: extents of one sample, without the batch.
    public init(shape: [Int], name: String? = nil) {
        options = LayerOptions(name: name, inputShape: shape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        options = LayerOptions(inputShape: try arguments.sampleShape("shape"))
        try arguments.neutral("sparse", [.bool(false)], instead: "pass dense arrays")
        try arguments.neutral("ragged", [.bool(false)], instead: "pass dense arrays")
        try arguments.neutral("optional", [.bool(false)], instead: "pass every input")
        arguments.ignore("batch_size")
    }

    public var arguments: JSONObject {
        [
            "batch_shape": .array([.null] + (options.inputShape ?? []).map { .integer(Int64($0)) }),
            "dtype": "float32", "sparse": false, "ragged": false, "optional": false,
        ]
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { options.inputShape ?? inputShapes.first ?? [] }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) -> Int { inputs[0] }
}
