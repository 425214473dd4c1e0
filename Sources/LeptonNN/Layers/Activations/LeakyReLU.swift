import LeptonTensor

/// x, multiplied by a slope below 0. Output shape: as the input.
public struct LeakyReLU: Layer {
    public static let className = "LeakyReLU"
    public var options: LayerOptions
    /// At least 0 (checked when the model is built).
    public let negativeSlope: Double

    public init(negativeSlope: Double = 0.3, inputShape: [Int]? = nil, name: String? = nil) {
        self.negativeSlope = negativeSlope
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        negativeSlope = try arguments.nonNegative("negative_slope") ?? 0.3
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["negative_slope": .number(negativeSlope)] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard negativeSlope.isFinite, negativeSlope >= 0 else {
            throw LeptonError(
                .invalidArgument, argument: "LeakyReLU.negative_slope", expected: "a finite number of at least 0",
                received: "\(negativeSlope)")
        }
        return inputShapes.first ?? []
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        return try graph.operations.addFunction(.init(.leakyRelu, a: Float(negativeSlope)), inputs[0])
    }
}
