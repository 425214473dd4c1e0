import LeptonTensor

/// A function of tensors that came from a program's own code, read once into a functional graph: a loss, or what a
/// metric adds to its state. It has no weights, and it may add up over the rows of the batch.
package struct TracedFunction: Sendable, Equatable {
    /// The graph as it was given: `{"class_name": "Functional", "config": {...}}`.
    package let config: JSONValue
    private let graph: ModelGraph

    /// - Parameters:
    ///   - inputs: how many tensors it may take.
    ///   - outputs: how many it gives; nil for any number.
    /// - Throws: `invalidArgument`, `shapeMismatch`, `notSupported`: what is wrong with the graph.
    package init(
        _ config: JSONValue, _ argument: String, inputs: ClosedRange<Int>, outputs: Int? = nil
    ) throws(LeptonError) {
        let object = try SerializedObject(argument, config)
        guard object.className == "Functional" else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "a model of class Functional",
                received: "'\(object.className)'")
        }
        var reader = ConfigReader(argument, object.config)
        do throws(LeptonError) {
            graph = try ModelGraph(functional: &reader, owner: argument, overBatch: true)
        } catch {
            throw error.adding(context: argument)
        }
        reader.ignore("dtype", "trainable")
        try reader.finish()
        guard inputs.contains(graph.inputs.count), outputs == nil || graph.outputs.count == outputs else {
            let wanted = inputs.lowerBound == inputs.upperBound ? "\(inputs.lowerBound)" : "\(inputs)"
            throw LeptonError(
                .invalidArgument, argument: argument,
                expected: "\(wanted) inputs and \(outputs.map { "\($0)" } ?? "any number of") outputs",
                received: "\(graph.inputs.count) inputs and \(graph.outputs.count) outputs")
        }
        self.config = config
        guard try lowered().weights.isEmpty else {
            throw LeptonError(
                .notSupported, "\(argument): layers with weights are not supported in a loss or a metric")
        }
    }

    package static func == (a: TracedFunction, b: TracedFunction) -> Bool { a.config == b.config }

    /// Shapes of what it takes, without the batch.
    package var inputShapes: [[Int]] { graph.inputShapes ?? [] }

    /// Shapes of what it gives.
    package func outputs() throws(LeptonError) -> [ValueShape] {
        let values = try graph.inferred(inputShapes: inputShapes).values
        return graph.outputs.map { values[$0.node][$0.output] }
    }

    private func lowered() throws(LeptonError) -> OperationGraph { try graph.lowered(overBatch: true) }

    /// Appends the function's operations to those of a model.
    ///
    /// - Parameter inputs: values of the shapes that it takes, extents of 1 aside.
    /// - Returns: the values that it gives; totals over the batch are the same for every row.
    package func append(to operations: inout OperationGraph, inputs: [Int]) throws(LeptonError) -> [Int] {
        var lowered = LoweredGraph(operations: operations)
        lowered.operations.takesBatchTotals = true
        var values: [Int] = []
        for (input, shape) in zip(inputs, inputShapes) {
            values.append(try lowered.operations.addReshape(input, to: shape))
        }
        let results = try graph.lower(
            into: &lowered, inputs: values, weights: graph.layers.map { _ in [] }, keepsShared: true)
        lowered.operations.takesBatchTotals = false
        operations = lowered.operations
        return results
    }
}
