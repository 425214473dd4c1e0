import LeptonTensor

/// Sets each input to 0 with probability `rate` while training and scales the others by 1 / (1 - rate), so that
/// the expected sum stays (Srivastava et al., 2014). Does nothing when predicting. Output shape: as the input.
public struct Dropout: Layer {
    public static let className = "Dropout"
    public var options: LayerOptions
    /// In 0 ... 1; at 1 everything is dropped.
    public let rate: Double
    /// An own seed makes this layer's pattern independent of the model's seed.
    public let seed: UInt64?

    public init(rate: Double, seed: UInt64? = nil, name: String? = nil) {
        self.rate = rate
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        let given = arguments.value("rate")
        guard let rate = given?.doubleValue, Dropout.isRate(rate) else {
            throw Dropout.wrongRate(given?.kindName ?? "nothing")
        }
        self.rate = rate
        seed = try arguments.seed()
        try arguments.neutral("noise_shape", instead: "leave it out: each element is drawn on its own")
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "rate": .number(rate), "seed": seed.map { .integer(Int64(bitPattern: $0)) } ?? .null,
            "noise_shape": .null,
        ]
    }

    private static func isRate(_ rate: Double) -> Bool { rate >= 0 && rate <= 1 }

    private static func wrongRate(_ received: String) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: "Dropout.rate", expected: "a number between 0 and 1", received: received)
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard Dropout.isRate(rate) else { throw Dropout.wrongRate("\(rate)") }
        return inputShapes.first ?? []
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        guard rate > 0 else { return inputs[0] }
        let operation = DropoutOperation(rate: rate, ordinal: graph.operations.nextDropoutOrdinal(), seed: seed)
        return try graph.operations.add(operation, inputs: inputs, outputShape: shape)
    }
}
