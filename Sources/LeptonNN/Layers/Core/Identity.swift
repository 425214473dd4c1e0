import LeptonTensor

/// Passes its input on.
public struct Identity: Layer {
    public static let className = "Identity"
    public var options: LayerOptions

    public init(inputShape: [Int]? = nil, name: String? = nil) {
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) { options = LayerOptions() }

    public var arguments: JSONObject { JSONObject() }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { inputShapes.first ?? [] }
    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) -> Int { inputs[0] }
}
