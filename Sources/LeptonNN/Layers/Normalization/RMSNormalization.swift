import LeptonTensor

/// Divides each sample by its root mean square over the last axis, or the last few, and scales it by learned numbers
/// (Zhang & Sennrich, 2019). Output shape: as the input. Weight: scale, with the extents of the axes.
public struct RMSNormalization: Layer {
    public static let className = "RMSNormalization"
    public var options: LayerOptions
    /// The batch is axis 0, and negative numbers count from the end.
    public let axis: AxisArgument
    /// Added to the mean square.
    public let epsilon: Double

    public init(axis: AxisArgument = -1, epsilon: Double = 1e-6, inputShape: [Int]? = nil, name: String? = nil) {
        self.axis = axis
        self.epsilon = epsilon
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        axis = try arguments.axes("axis") ?? -1
        epsilon = try arguments.number("epsilon", default: 1e-6)
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["axis": axis.config, "epsilon": .number(epsilon)] }

    private func axes(_ shape: [Int]) throws(LeptonError) -> [Int] {
        let axes = try sampleAxes(axis.axes, of: shape, argument: "RMSNormalization.axis").sorted()
        guard axes == Array(shape.indices.suffix(axes.count)) else {
            throw LeptonError(
                .shapeMismatch, argument: "RMSNormalization.axis",
                expected: "the last axes of the input shape \(Shape.batchText(shape)), whose extents scale has",
                received: axis.axes.map(String.init).joined(separator: ", "))
        }
        return axes
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let shape = inputShapes.first ?? []
        return [Weight(name: "scale", shape: try axes(shape).map { shape[$0] }, initializer: .ones)]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        _ = try axes(shape)
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let operation = RowNormalizationOperation(kind: .rootMeanSquare, epsilon: Float(epsilon), hasScale: true)
        return try graph.operations.addRowNormalization(
            operation, inputs[0], axes: try axes(graph.operations.sampleShapes[inputs[0]]), weights: weights)
    }
}
