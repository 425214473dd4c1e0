import LeptonTensor

/// exp(x) / sum(exp(x)) along one axis, or over several together. Output shape: as the input.
public struct Softmax: Layer {
    public static let className = "Softmax"
    public var options: LayerOptions
    /// Axes with the batch counted as axis 0; negative ones count from the end.
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
        _ = try sampleAxes(axis.axes, of: shape, argument: "Softmax.axis")
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        let axes = try sampleAxes(axis.axes, of: shape, argument: "Softmax.axis")
        return try graph.operations.withAxesLast(axes, of: inputs[0]) { (operations, value) throws(LeptonError) in
            try operations.add(
                SoftmaxOperation(), inputs: [value], outputShape: operations.sampleShapes[value])
        }
    }
}
