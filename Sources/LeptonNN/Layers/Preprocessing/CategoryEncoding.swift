import LeptonTensor

/// Whole numbers from 0 to `numTokens` - 1 as vectors. Numbers beyond count nowhere.
///
/// Input (batch, n), output (batch, numTokens); for "one_hot" (batch, ..., numTokens), an axis of one element at the end
/// being replaced.
public struct CategoryEncoding: Layer {
    public static let className = "CategoryEncoding"
    public static let acceptedDTypes = ["float32", "int32", "int64"]
    public var options = LayerOptions()
    public let numTokens: Int
    public let outputMode: CategoryOutput
    private var hasWeights = false

    /// - Parameter outputMode: `.oneHot`, `.multiHot` or `.count`.
    /// - Throws: `invalidArgument`.
    public init(numTokens: Int, outputMode: CategoryOutput = .multiHot, name: String? = nil) throws(LeptonError) {
        self = try LayerRegistry.typed(
            ["num_tokens": .integer(Int64(numTokens)), "output_mode": .string(outputMode.rawValue)], name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let depth = try arguments.depth("num_tokens", minimum: 1) else {
            throw LeptonError(
                .invalidArgument, argument: "CategoryEncoding.num_tokens",
                expected: "a whole number of at least 1; if it is not known beforehand, use IntegerLookup",
                received: "nothing")
        }
        numTokens = depth
        outputMode = try CategoryOutput(
            &arguments, default: .multiHot, among: [.count, .oneHot, .multiHot])
    }

    public var arguments: JSONObject {
        ["num_tokens": .integer(Int64(numTokens)), "output_mode": .string(outputMode.rawValue)]
    }

    public var inputCounts: ClosedRange<Int> { hasWeights ? 2...2 : 1...1 }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        try call.check("CategoryEncoding", keywords: ["count_weights"])
        guard let weights = call["count_weights"] else { return self }
        guard outputMode == .count else {
            throw LeptonError(
                .invalidArgument, argument: "count_weights", expected: "nothing unless output_mode is 'count'",
                received: "weights for output_mode '\(outputMode.rawValue)'")
        }
        guard weights == .tensor(1) else {
            throw LeptonError(
                .invalidArgument, argument: "count_weights", expected: "a tensor", received: "something else")
        }
        var layer = self
        layer.hasWeights = true
        return layer
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard inputShapes.allSatisfy({ $0 == inputShapes[0] }) else {
            throw LeptonError(
                .shapeMismatch, argument: "count_weights", expected: "shape \(Shape.batchText(inputShapes[0]))",
                received: Shape.batchText(inputShapes[1]))
        }
        return try outputMode.outputShape(inputShapes[0], depth: numTokens, owner: "CategoryEncoding")
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try outputMode.append(
            to: &graph, inputs[0], depth: numTokens, weights: inputs.count > 1 ? inputs[1] : nil,
            owner: "CategoryEncoding")
    }
}
