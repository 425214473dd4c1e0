import LeptonTensor

/// Adds normal noise while training; does nothing when predicting. Output shape: as the input.
public struct GaussianNoise: Layer {
    public static let className = "GaussianNoise"
    public var options: LayerOptions
    /// Of the noise, in 0 ... 1.
    public let standardDeviation: Double
    public let seed: UInt64?

    public init(standardDeviation: Double, seed: UInt64? = nil, inputShape: [Int]? = nil, name: String? = nil) {
        self.standardDeviation = standardDeviation
        self.seed = seed
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        standardDeviation = try arguments.rate("stddev")
        seed = try arguments.seed()
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["stddev": .number(standardDeviation), "seed": seedConfig(seed)] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try checkRate(standardDeviation, "GaussianNoise.stddev")
        return inputShapes.first ?? []
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        guard standardDeviation > 0 else { return inputs[0] }
        return try graph.operations.addNoise(.added(deviation: Float(standardDeviation)), inputs[0], seed: seed)
    }
}
