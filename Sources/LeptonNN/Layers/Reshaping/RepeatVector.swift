import LeptonTensor

/// Each sample `count` times: (batch, features) becomes (batch, count, features).
public struct RepeatVector: Layer {
    public static let className = "RepeatVector"
    public var options: LayerOptions
    /// At least 1.
    public let count: Int

    public init(_ count: Int, inputShape: [Int]? = nil, name: String? = nil) {
        self.count = count
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        count = try arguments.integer("n", minimum: 1)
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["n": .integer(Int64(count))] }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard count >= 1 else {
            throw LeptonError(
                .invalidArgument, argument: "RepeatVector.n", expected: "a whole number of at least 1",
                received: "\(count)")
        }
        let shape = inputShapes.first ?? []
        guard shape.count == 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "RepeatVector input", expected: "2 axes, batch included",
                received: Shape.batchText(shape))
        }
        return [count] + shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let single = try graph.operations.addReshape(inputs[0], to: [1] + shape.dropFirst())
        return try graph.operations.addRepeat(single, axis: 0, count: count)
    }
}
