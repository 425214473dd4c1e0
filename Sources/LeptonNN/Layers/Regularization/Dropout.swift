import LeptonTensor

/// Sets each input to 0 with probability `rate` while training and scales the others by 1 / (1 - rate), so that
/// the expected sum stays (Srivastava et al., 2014). Does nothing when predicting. Output shape: as the input.
public struct Dropout: Layer {
    public static let className = "Dropout"
    public var options: LayerOptions
    /// In 0 ... 1; at 1 everything is dropped.
    public let rate: Double
    /// Keras's `noise_shape`: extents, batch included, of which those of 1 share what is dropped, and nil stands for
    /// the input's.
    public let noiseShape: [Int?]?
    /// An own seed makes this layer's pattern independent of the model's seed.
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
        try checkRate(rate, "Dropout.rate")
        let shape = inputShapes.first ?? []
        _ = try NoiseShape(noiseShape, input: shape, argument: "Dropout.noise_shape")
        return shape
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        guard rate > 0 else { return inputs[0] }
        let noise = try NoiseShape(noiseShape, input: shape, argument: "Dropout.noise_shape")
        guard noise == .full else {
            return try graph.operations.addDropout(rate, inputs[0], seed: seed, noise: noise)
        }
        return try graph.operations.addDropout(rate, inputs[0], seed: seed)
    }
}

extension OperationGraph {
    /// Dropout with numbers shared along some axes.
    mutating func addDropout(
        _ rate: Double, _ value: Int, seed: UInt64?, noise: NoiseShape
    ) throws(LeptonError) -> Int {
        let kept = rate < 1 ? Float(1 / (1 - rate)) : 0
        return try addNoise(
            .masked(rate: Float(rate), kept: kept, shift: 0, base: 0), value, seed: seed, noise: noise)
    }
}

/// Throws unless a rate is in 0 ... 1.
func checkRate(_ rate: Double, _ argument: String) throws(LeptonError) {
    guard rate >= 0, rate <= 1 else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "a number between 0 and 1", received: "\(rate)")
    }
}

func seedConfig(_ seed: UInt64?) -> JSONValue { seed.map { .integer(Int64(bitPattern: $0)) } ?? .null }

func noiseShapeConfig(_ shape: [Int?]?) -> JSONValue {
    shape.map { .array($0.map { extent in extent.map { .integer(Int64($0)) } ?? .null }) } ?? .null
}

extension ConfigReader {
    /// A number in 0 ... 1 that must be there.
    mutating func rate(_ name: String = "rate") throws(LeptonError) -> Double {
        let given = value(name)
        guard let rate = given?.doubleValue, rate >= 0, rate <= 1 else {
            throw wrong(name, "a number between 0 and 1", given)
        }
        return rate
    }

    mutating func noiseShape() throws(LeptonError) -> [Int?]? {
        guard let given = value("noise_shape") else { return nil }
        var extents: [Int?] = []
        for extent in given.arrayValue ?? [] {
            guard extent.isNull || (extent.intValue ?? 0) > 0 else {
                throw wrong("noise_shape", "positive whole numbers or null", extent)
            }
            extents.append(extent.intValue)
        }
        guard given.arrayValue != nil else { throw wrong("noise_shape", "a list of extents", given) }
        return extents
    }
}
