import LeptonTensor

/// exp(x) / sum(exp(x)) along one axis, or over several together. Output shape: as the input. What a mask leaves out
/// is 0.
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
    public var maskedInputs: [String: Int?] { ["mask": 0] }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        _ = try sampleAxes(axis.axes, of: shape, argument: "Softmax.axis")
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        let axes = try sampleAxes(axis.axes, of: shape, argument: "Softmax.axis")
        let mask = graph.masks[inputs[0]]
        let scores = try mask.map { mask throws(LeptonError) in try masked(inputs[0], mask, &graph) } ?? inputs[0]
        let result = try graph.operations.withAxesLast(axes, of: scores) { (operations, value) throws(LeptonError) in
            try operations.add(
                SoftmaxOperation(), inputs: [value], outputShape: operations.sampleShapes[value])
        }
        return try mask.map { mask throws(LeptonError) in
            try graph.operations.addBinary(.keepWhere, result, mask)
        } ?? result
    }

    /// The input with Keras's most negative number where the mask is 0.
    private func masked(_ value: Int, _ mask: Int, _ graph: inout LoweredGraph) throws(LeptonError) -> Int {
        let (shape, maskShape) = (graph.operations.sampleShapes[value], graph.operations.sampleShapes[mask])
        guard shape.count == maskShape.count, zip(shape, maskShape).allSatisfy({ $1 == 1 || $0 == $1 }) else {
            throw LeptonError(
                .shapeMismatch,
                "The `mask` must be broadcastable to `inputs`. Each mask dimension must be 1 or match the corresponding "
                    + "input dimension. Received: inputs.shape=\(Shape.batchText(shape)), "
                    + "mask.shape=\(Shape.batchText(maskShape))")
        }
        return try graph.operations.addSelect(mask, value, try graph.operations.addConstant(Softmax.lowest))
    }

    private static let lowest: Float = -1e9
}
