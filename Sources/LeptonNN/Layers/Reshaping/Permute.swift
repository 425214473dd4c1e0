import LeptonTensor

/// The axes of each sample in another order.
public struct Permute: Layer {
    public static let className = "Permute"
    public var options: LayerOptions
    /// Axis i of the output is axis `dims[i]` of the input; axes of a sample are counted from 1.
    public let dims: [Int]

    public init(_ dims: [Int], inputShape: [Int]? = nil, name: String? = nil) {
        self.dims = dims
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let dims = try arguments.integers("dims") else {
            throw LeptonError(
                .invalidArgument, argument: "Permute.dims", expected: "a list of axes", received: "nothing")
        }
        self.dims = dims
        options = LayerOptions()
        try check()
    }

    public var arguments: JSONObject { ["dims": .array(dims.map { .integer(Int64($0)) })] }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    private func check() throws(LeptonError) {
        guard dims.sorted() == Array(1..<(dims.count + 1)) else {
            throw LeptonError(
                .invalidArgument, argument: "Permute.dims", expected: "each axis from 1 on once",
                received: Shape.text(dims))
        }
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try check()
        let shape = inputShapes.first ?? []
        guard shape.count == dims.count else {
            throw LeptonError(
                .shapeMismatch, argument: "Permute input", expected: "\(dims.count + 1) axes, batch included",
                received: Shape.batchText(shape))
        }
        return dims.map { shape[$0 - 1] }
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        return try graph.operations.addTranspose(inputs[0], dims.map { $0 - 1 })
    }
}
