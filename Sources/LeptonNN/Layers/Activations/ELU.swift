import LeptonTensor

/// x above 0, alpha · (exp(x) - 1) below (Clevert et al., 2016). Output shape: as the input.
public struct ELU: Layer {
    public static let className = "ELU"
    public var options: LayerOptions
    public let alpha: Double

    public init(alpha: Double = 1, inputShape: [Int]? = nil, name: String? = nil) {
        self.alpha = alpha
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        alpha = try arguments.number("alpha", default: 1)
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["alpha": .number(alpha)] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { inputShapes.first ?? [] }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        try graph.operations.addFunction(.elu(alpha: Float(alpha)), inputs[0])
    }
}
