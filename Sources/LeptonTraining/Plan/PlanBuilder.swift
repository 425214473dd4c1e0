import LeptonNN
import LeptonTensor

/// An operation that can be run: how it appends its kernel calls to a plan.
///
/// Kept apart from `Operation` so that what a model is (LeptonNN) does not depend on how it runs.
package protocol ExecutableOperation: Operation {
    func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder)
    func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder)
}

/// Collects the steps of a plan, and the buffers they use, while operations emit themselves.
package struct PlanBuilder {
    let graph: OperationGraph
    let layout: ParameterLayout
    let isTraining: Bool
    private(set) var steps: [Step] = []

    /// Floats per sample of each buffer.
    private(set) var bufferFloatsPerRow: [Int] = []
    private var valueOperands: [Int: Operand] = [:]
    private var gradientOperands: [Int: Operand] = [:]
    private var dropoutMasks: [Int: Operand] = [:]
    private var writtenWeightGradients: Set<Int> = []
    private let needsGradient: [Bool]

    init(graph: OperationGraph, layout: ParameterLayout, isTraining: Bool) {
        self.graph = graph
        self.layout = layout
        self.isTraining = isTraining
        var needs = [Bool](repeating: false, count: graph.sampleShapes.count)
        for node in graph.nodes {
            needs[node.output] =
                node.inputs.contains { needs[$0] } || node.weights.contains { graph.weights[$0].isTrainable }
        }
        needsGradient = needs
        for (index, input) in graph.inputs.enumerated() { valueOperands[input] = .data(index) }
    }

    mutating func emit(_ step: Step) { steps.append(step) }

    // MARK: Values

    mutating func newBuffer(floatsPerRow: Int) -> Operand {
        bufferFloatsPerRow.append(floatsPerRow)
        return .buffer(bufferFloatsPerRow.count - 1)
    }

    func value(_ number: Int) -> Operand { valueOperands[number] ?? .none }

    /// A new buffer for a value that is about to be computed.
    mutating func makeValue(_ number: Int) -> Operand {
        let operand = newBuffer(floatsPerRow: graph.floatsPerRow(number))
        valueOperands[number] = operand
        return operand
    }

    /// Lets a value live in the memory of another that holds the same numbers.
    mutating func alias(_ number: Int, to other: Int) { valueOperands[number] = value(other) }

    /// Extent of the last axis of a value, and how many such rows one sample has.
    func matrixExtents(_ number: Int) -> (rowsPerSample: Int, columns: Int) {
        let shape = graph.sampleShapes[number]
        return (shape.dropLast().reduce(1, *), shape.last ?? 1)
    }

    /// The multipliers that a dropout applied, kept for its backward pass.
    mutating func makeDropoutMask(_ node: OperationGraph.Node) -> Operand {
        let operand = newBuffer(floatsPerRow: graph.floatsPerRow(node.output))
        dropoutMasks[node.output] = operand
        return operand
    }

    func dropoutMask(_ node: OperationGraph.Node) -> Operand { dropoutMasks[node.output] ?? .none }

    // MARK: Gradients

    func wantsGradient(_ number: Int) -> Bool { needsGradient[number] }

    /// The gradient of the loss with respect to a value, complete once every user of the value has run backward.
    func gradient(_ number: Int) -> Operand { gradientOperands[number] ?? .none }

    mutating func makeGradient(_ number: Int) -> Operand {
        let operand = newBuffer(floatsPerRow: graph.floatsPerRow(number))
        gradientOperands[number] = operand
        return operand
    }

    /// Emits what one user of a value adds to its gradient: `body` gets the operand to write to. Where an earlier
    /// user wrote already, it writes beside it and the two are added.
    mutating func contributeGradient(_ number: Int, _ body: (inout PlanBuilder, Operand) -> Void) {
        guard needsGradient[number] else { return }
        if let existing = gradientOperands[number] {
            let part = newBuffer(floatsPerRow: graph.floatsPerRow(number))
            body(&self, part)
            emit(elementwiseSum(existing, part, floatsPerRow: graph.floatsPerRow(number)))
        } else {
            body(&self, makeGradient(number))
        }
    }

    /// Passes the gradient of `output` on unchanged: in the same memory when nobody else wrote one.
    mutating func passGradient(from output: Int, to input: Int) {
        guard needsGradient[input] else { return }
        if let existing = gradientOperands[input] {
            emit(elementwiseSum(existing, gradient(output), floatsPerRow: graph.floatsPerRow(input)))
        } else {
            gradientOperands[input] = gradient(output)
        }
    }

    // MARK: Weights

    func parameter(_ weight: Int) -> Operand { .parameter(layout.entries[weight].offset) }

    /// Where a weight's gradient goes and whether it is added to one that is there already; nil for a weight that
    /// is not trained.
    mutating func weightGradient(_ weight: Int) -> (operand: Operand, accumulates: Bool)? {
        guard graph.weights[weight].isTrainable else { return nil }
        let isFirst = writtenWeightGradients.insert(weight).inserted
        return (.gradient(layout.entries[weight].offset), !isFirst)
    }
}
