import LeptonTensor

/// Lays the axes of each sample end to end: (batch, a, b, ...) becomes (batch, a·b·...). A sample without axes
/// becomes one of one element.
public struct Flatten: Layer {
    public static let className = "Flatten"
    public var options: LayerOptions

    public init(inputShape: [Int]? = nil, name: String? = nil) {
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        try arguments.neutral(
            "data_format", [.string("channels_last")], instead: "use channels_last, or transpose the data")
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["data_format": "channels_last"] }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { [(inputShapes.first ?? []).reduce(1, *)] }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        return try graph.operations.add(ReshapeOperation(), inputs: inputs, outputShape: shape)
    }
}
