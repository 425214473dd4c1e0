import LeptonTensor

/// max(x, 0) with Keras's three parameters: a slope below the threshold, a limit above, and the threshold. Output shape:
/// as the input.
public struct ReLU: Layer {
    public static let className = "ReLU"
    public var options: LayerOptions
    /// At least 0; nil for no limit.
    public let maximum: Double?
    /// At least 0: `negativeSlope · (x - threshold)` below the threshold.
    public let negativeSlope: Double
    /// At least 0: x up to it gives 0.
    public let threshold: Double

    /// Negative arguments are refused when the model is built.
    public init(
        maximum: Double? = nil, negativeSlope: Double = 0, threshold: Double = 0, inputShape: [Int]? = nil,
        name: String? = nil
    ) {
        self.maximum = maximum
        self.negativeSlope = negativeSlope
        self.threshold = threshold
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        maximum = try arguments.nonNegative("max_value")
        negativeSlope = try arguments.nonNegative("negative_slope") ?? 0
        threshold = try arguments.nonNegative("threshold") ?? 0
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "max_value": maximum.map { .number($0) } ?? .null, "negative_slope": .number(negativeSlope),
            "threshold": .number(threshold),
        ]
    }

    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        for (name, value) in [("max_value", maximum ?? 0), ("negative_slope", negativeSlope), ("threshold", threshold)]
        where !(value.isFinite && value >= 0) {
            throw LeptonError(
                .invalidArgument, argument: "ReLU.\(name)", expected: "a finite number of at least 0",
                received: "\(value)")
        }
        return inputShapes.first ?? []
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let function = ElementwiseFunction.relu(
            negativeSlope: Float(negativeSlope), maximum: maximum.map { Float($0) }, threshold: Float(threshold))
        return try graph.operations.addFunction(function, inputs[0])
    }
}
