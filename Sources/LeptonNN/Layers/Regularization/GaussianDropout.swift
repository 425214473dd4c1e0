import LeptonTensor

/// Multiplies by normal noise of mean 1 and variance rate / (1 - rate) while training (Srivastava et al., 2014); does
/// nothing when predicting. Output shape: as the input.
public struct GaussianDropout: Layer {
    public static let className = "GaussianDropout"
    public var options: LayerOptions
    /// In 0 ..< 1.
    public let rate: Double
    public let seed: UInt64?

    public init(rate: Double, seed: UInt64? = nil, inputShape: [Int]? = nil, name: String? = nil) {
        self.rate = rate
        self.seed = seed
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        rate = try arguments.rate()
        seed = try arguments.seed()
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["rate": .number(rate), "seed": seedConfig(seed)] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try checkRate(rate, "GaussianDropout.rate")
        try checkBelowOne(rate, "GaussianDropout.rate")
        return inputShapes.first ?? []
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        guard rate > 0 else { return inputs[0] }
        let deviation = (rate / (1 - rate)).squareRoot()
        return try graph.operations.addNoise(.multiplied(deviation: Float(deviation)), inputs[0], seed: seed)
    }
}
