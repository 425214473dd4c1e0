import LeptonTensor

/// Scales each sample to a Euclidean norm of 1 over one axis or several. Output shape: as the input.
public struct UnitNormalization: Layer {
    public static let className = "UnitNormalization"
    public var options: LayerOptions
    /// The batch is axis 0, and negative numbers count from the end.
    public let axis: AxisArgument

    public init(axis: AxisArgument = -1, inputShape: [Int]? = nil, name: String? = nil) {
        self.axis = axis
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        axis = try arguments.axes("axis") ?? -1
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["axis": axis.config] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        _ = try sampleAxes(axis.axes, of: shape, argument: "UnitNormalization.axis")
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        return try graph.operations.addRowNormalization(
            RowNormalizationOperation(kind: .unit, epsilon: 1e-12), inputs[0],
            axes: try sampleAxes(axis.axes, of: shape, argument: "UnitNormalization.axis"))
    }
}
