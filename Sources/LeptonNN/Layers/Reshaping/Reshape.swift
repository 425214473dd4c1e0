import LeptonTensor

/// The numbers of each sample under another shape. Output (batch, target shape).
public struct Reshape: Layer {
    public static let className = "Reshape"
    public var options: LayerOptions
    /// Extents of a sample; one of them may be -1, which stands for what is left.
    public let targetShape: [Int]

    public init(_ targetShape: [Int], inputShape: [Int]? = nil, name: String? = nil) {
        self.targetShape = targetShape
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let shape = try arguments.integers("target_shape") else {
            throw LeptonError(
                .invalidArgument, argument: "Reshape.target_shape", expected: "a list of whole numbers",
                received: "nothing")
        }
        targetShape = shape
        options = LayerOptions()
        try check()
    }

    public var arguments: JSONObject { ["target_shape": .array(targetShape.map { .integer(Int64($0)) })] }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    private func check() throws(LeptonError) {
        guard targetShape.allSatisfy({ $0 >= -1 }), targetShape.count(where: { $0 == -1 }) <= 1 else {
            throw LeptonError(
                .invalidArgument, argument: "Reshape.target_shape",
                expected: "whole numbers of at least 0, and -1 at most once", received: Shape.text(targetShape))
        }
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try check()
        let shape = inputShapes.first ?? []
        let size = shape.reduce(1, *)
        var result = targetShape
        if let unknown = result.firstIndex(of: -1) {
            result[unknown] = 1
            let known = Shape.checkedProduct(result) ?? 0
            if known > 0, size % known == 0 { result[unknown] = size / known }
        }
        guard Shape.checkedProduct(result) == size else {
            throw LeptonError(
                .shapeMismatch, argument: "Reshape.target_shape",
                expected: "\(size) elements, as the input shape \(Shape.batchText(shape)) has",
                received: Shape.text(targetShape))
        }
        return result
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        return try graph.operations.addReshape(inputs[0], to: shape)
    }
}
