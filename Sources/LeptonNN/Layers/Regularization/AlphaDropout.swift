import LeptonTensor

/// Dropout for networks of selu activations: what is dropped becomes selu's lower limit, and an affine change keeps mean
/// and variance (Klambauer et al., 2017). Does nothing when predicting. Output shape: as the input.
public struct AlphaDropout: Layer {
    public static let className = "AlphaDropout"
    public var options: LayerOptions
    /// In 0 ..< 1.
    public let rate: Double
    /// As for `Dropout`.
    public let noiseShape: [Int?]?
    public let seed: UInt64?

    public init(rate: Double, noiseShape: [Int?]? = nil, seed: UInt64? = nil, name: String? = nil) {
        self.rate = rate
        self.noiseShape = noiseShape
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        rate = try arguments.rate()
        noiseShape = try arguments.noiseShape()
        seed = try arguments.seed()
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        ["rate": .number(rate), "seed": seedConfig(seed), "noise_shape": noiseShapeConfig(noiseShape)]
    }

    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try checkRate(rate, "AlphaDropout.rate")
        try checkBelowOne(rate, "AlphaDropout.rate")
        let shape = inputShapes.first ?? []
        _ = try NoiseShape(noiseShape, input: shape, argument: "AlphaDropout.noise_shape")
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        guard rate > 0 else { return inputs[0] }
        let limit = -1.6732632423543772 * 1.0507009873554805
        let scale = 1 / ((1 - rate) * (1 + rate * limit * limit)).squareRoot()
        // scale · (kept ? x : limit) - scale · limit · rate = mask · (x - limit) + scale · limit · (1 - rate)
        return try graph.operations.addNoise(
            .masked(
                rate: Float(rate), kept: Float(scale), shift: Float(limit), base: Float(scale * limit * (1 - rate))),
            inputs[0], seed: seed,
            noise: try NoiseShape(noiseShape, input: shape, argument: "AlphaDropout.noise_shape"))
    }
}

/// Throws for a rate at which nothing would be left to scale up.
func checkBelowOne(_ rate: Double, _ argument: String) throws(LeptonError) {
    guard rate < 1 else {
        throw LeptonError(.invalidArgument, argument: argument, expected: "a number below 1", received: "\(rate)")
    }
}
