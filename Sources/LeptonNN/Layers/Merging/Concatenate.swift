import LeptonTensor

/// Inputs end to end along an axis; all other extents must be equal.
public struct Concatenate: Layer {
    public static let className = "Concatenate"
    public var options: LayerOptions
    /// Counted with the batch as axis 0; negative from the end.
    public let axis: Int

    public init(axis: Int = -1, name: String? = nil) {
        self.axis = axis
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        let given = arguments.value("axis")
        guard let axis = given == nil ? -1 : given?.intValue else {
            throw LeptonError(
                .invalidArgument, argument: "Concatenate.axis", expected: "a whole number",
                received: given?.kindName ?? "nothing")
        }
        self.axis = axis
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["axis": .integer(Int64(axis))] }
    public var inputCounts: ClosedRange<Int> { 1...Int.max }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        try call.check(Concatenate.className)
        guard case .tensor? = call.positional.first else { return self }
        throw LeptonError(
            .invalidArgument,
            "A `Concatenate` layer should be called on a list of at least 1 input. Received: one tensor")
    }

    /// The axis of the sample.
    private func sampleAxis(_ shapes: [[Int]]) throws(LeptonError) -> Int {
        let rank = (shapes.first?.count ?? 0) + 1
        guard axis >= -rank, axis < rank else {
            throw LeptonError(
                .invalidArgument, argument: "Concatenate.axis", expected: "between \(-rank) and \(rank - 1)",
                received: "\(axis)")
        }
        let positive = axis < 0 ? axis + rank : axis
        guard positive > 0 else {
            throw LeptonError(.notSupported, "Concatenate along the batch axis (0) is not supported; give another axis")
        }
        return positive - 1
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let axis = try sampleAxis(inputShapes)
        var shape = inputShapes[0]
        for next in inputShapes.dropFirst() {
            var others = next
            if others.count == shape.count {
                others[axis] = shape[axis]
                if others == shape {
                    shape[axis] += next[axis]
                    continue
                }
            }
            throw LeptonError(
                .shapeMismatch,
                "A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. "
                    + "Received: input_shape=[" + inputShapes.map(Shape.batchText).joined(separator: ", ") + "]")
        }
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shapes = inputs.map { graph.operations.sampleShapes[$0] }
        let shape = try outputShape(for: shapes)
        let axis = try sampleAxis(shapes)
        let result = try graph.operations.addConcatenation(inputs, axis: axis)
        guard inputs.contains(where: { graph.masks[$0] != nil }) else { return result }
        var wide: [Int] = []
        for input in inputs {
            let whole = graph.operations.sampleShapes[input]
            var mask = try graph.wideMask(of: input)
            if mask == nil { mask = try graph.operations.addConstant(1) }
            if let mask { wide.append(try graph.operations.addBroadcast(mask, to: whole)) }
        }
        let joined = try graph.operations.addConcatenation(wide, axis: axis)
        graph.masks[result] = try graph.operations.addReduction(.any, joined, axes: [shape.count - 1])
        return result
    }
}
