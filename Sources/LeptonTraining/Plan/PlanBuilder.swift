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
    /// Rows of a shard, at most.
    let capacityRows: Int
    /// The sum that penalties on values add to; nil when there is no loss.
    let penaltySum: Int?
    private(set) var steps: [Step] = []
    /// Where each phase but the last ends; see `endPhase`.
    private(set) var phaseEnds: [Int] = []
    /// Steps that run once for the whole batch, after every shard.
    private(set) var finishingSteps: [Step] = []
    /// Steps that lay out weights for products, once for many frames.
    private(set) var packingSteps: [Step] = []
    private(set) var packedFloats = 0
    /// Floats of each shard in the batch totals.
    private(set) var partialFloats = 0
    /// Samples that the operation which emits itself has for each row of the batch.
    var repeats = 1
    let details = StepDetails()

    private(set) var buffers: [BufferSize] = []
    private var valueOperands: [Int: Operand] = [:]
    private var gradientOperands: [Int: Operand] = [:]
    /// The values whose gradient stands in a buffer: several where one was passed on unchanged to each of them.
    private var gradientHolders: [Int: Set<Int>] = [:]
    private var saved: [Int: [Operand]] = [:]
    /// Values that are a weight's very memory.
    private var weightOfValue: [Int: Int] = [:]
    private var writtenWeightGradients: Set<Int> = []
    private let needsGradient: [Bool]

    init(
        graph: OperationGraph, layout: ParameterLayout, isTraining: Bool, capacityRows: Int, penaltySum: Int? = nil
    ) {
        self.capacityRows = capacityRows
        self.graph = graph
        self.layout = layout
        self.isTraining = isTraining
        self.penaltySum = penaltySum
        var needs = [Bool](repeating: false, count: graph.sampleShapes.count)
        for node in graph.nodes {
            let isNeeded = node.inputs.contains { needs[$0] } || node.weights.contains { graph.weight($0).isTrainable }
            for output in node.outputs { needs[output] = isNeeded }
        }
        needsGradient = needs
        for (index, input) in graph.inputs.enumerated() { valueOperands[input] = .data(index) }
    }

    mutating func emit(_ step: Step) { steps.append(repeating(step)) }

    /// A step runs over as many samples as its operation; sums of gradients say for themselves how many.
    private func repeating(_ step: Step) -> Step {
        guard step.repeats == 1 else { return step }
        var step = step
        step.repeats = repeats
        return step
    }

    /// Keeps the plain struct that a step's `details` point to for as long as the plan lives.
    func keep(_ value: some BitwiseCopyable) -> UnsafeRawPointer { details.keep(value) }

    // MARK: Batch totals

    /// A place for what each shard adds to a total over the whole batch, read after the end of the phase.
    mutating func newPartial(floats: Int) -> Operand {
        defer { partialFloats += floats }
        return .partial(partialFloats)
    }

    /// Every shard runs the steps so far before any runs the following: from here on, the parts that all shards wrote
    /// may be read. A plan with phases keeps every shard's activations at once.
    mutating func endPhase() {
        if phaseEnds.last ?? 0 < steps.count { phaseEnds.append(steps.count) }
    }

    /// Appends a step that runs once after all shards of a training step; it may read partials and write weights that are
    /// not trained, and nothing of the arena.
    mutating func emitFinishing(_ step: Step) { finishingSteps.append(repeating(step)) }

    // MARK: Packed weights

    /// A place for a matrix of so many floats that `packing` lays out, once for many frames, and none reads where a
    /// frame comes without (`Frame.packed`).
    mutating func newPacked(floats: Int, _ packing: Step) -> Operand {
        let operand = Operand.packed(packedFloats)
        // What overflows is refused when the memory is asked for.
        packedFloats = packedFloats.addingReportingOverflow(floats).partialValue
        var packing = packing
        packing.destination = operand
        packingSteps.append(packing)
        return operand
    }

    // MARK: Values

    /// A place in the arena of so many floats for each row of the shard, and so many beside.
    mutating func newBuffer(floatsPerRow: Int, fixedFloats: Int = 0) -> Operand {
        newBuffer(floatsPerRow: floatsPerRow, fixedFloats: fixedFloats, samplesPerRow: repeats)
    }

    private mutating func newBuffer(floatsPerRow: Int, fixedFloats: Int, samplesPerRow: Int) -> Operand {
        let (floats, overflow) = floatsPerRow.multipliedReportingOverflow(by: samplesPerRow)
        // What overflows is refused with the size of the arena.
        buffers.append(BufferSize(floatsPerRow: overflow ? Int.max / 2 : floats, fixedFloats: fixedFloats))
        return .buffer(buffers.count - 1)
    }

    func value(_ number: Int) -> Operand { valueOperands[number] ?? .none }

    /// A new buffer for a value that is about to be computed.
    mutating func makeValue(_ number: Int) -> Operand {
        let operand = newBuffer(like: number)
        valueOperands[number] = operand
        return operand
    }

    /// A buffer of a value's size.
    mutating func newBuffer(like number: Int) -> Operand {
        let floats = graph.floatsPerRow(number)
        return graph.isShared(number)
            ? newBuffer(floatsPerRow: 0, fixedFloats: floats)
            : newBuffer(floatsPerRow: floats, fixedFloats: 0, samplesPerRow: graph.samplesPerRow(number))
    }

    /// Lets a value be a weight: reading it reads the parameters, its gradient is the weight's.
    mutating func setValue(_ number: Int, toWeight weight: Int) {
        valueOperands[number] = parameter(weight)
        weightOfValue[number] = weight
    }

    mutating func setValue(_ number: Int, toConstant numbers: [Float]) {
        valueOperands[number] = .constant(details.keep(numbers))
    }

    /// Lets a value live in the memory of another that holds the same numbers.
    mutating func alias(_ number: Int, to other: Int) { valueOperands[number] = value(other) }

    /// Extent of the last axis of a value, and how many such rows one sample has.
    func matrixExtents(_ number: Int) -> (rowsPerSample: Int, columns: Int) {
        let shape = graph.sampleShapes[number]
        return (shape.dropLast().reduce(1, *), shape.last ?? 1)
    }

    /// Remembers what an operation's forward pass leaves for its backward pass beside inputs and outputs.
    mutating func save(_ operands: [Operand], for node: OperationGraph.Node) { saved[node.output] = operands }

    func saved(_ node: OperationGraph.Node) -> [Operand] { saved[node.output] ?? [] }

    // MARK: Gradients

    func wantsGradient(_ number: Int) -> Bool { needsGradient[number] }

    /// Whether the backward pass reaches an operation: something after it contributed to one of its outputs.
    func hasGradient(_ node: OperationGraph.Node) -> Bool {
        node.outputs.contains { needsGradient[$0] && gradientOperands[$0] != nil }
    }

    /// Whether an operation adds to the loss by itself.
    func addsToLoss(_ node: OperationGraph.Node) -> Bool {
        node.operation is PenaltyOperation && needsGradient[node.output]
    }

    /// The gradient of the loss with respect to a value, complete once every user of the value has run backward. None for
    /// an output that nobody used, beside others of its operation that were.
    func gradient(_ number: Int) -> Operand { gradientOperands[number] ?? .none }

    mutating func makeGradient(_ number: Int) -> Operand {
        let operand = newBuffer(like: number)
        if let previous = gradientOperands[number] { gradientHolders[previous.offset]?.remove(number) }
        gradientOperands[number] = operand
        gradientHolders[operand.offset] = [number]
        return operand
    }

    /// Emits what one user of a value adds to its gradient: `body` gets the operand to write to. Where an earlier
    /// user wrote already, it writes beside it and the two are added.
    mutating func contributeGradient(_ number: Int, _ body: (inout PlanBuilder, Operand) -> Void) {
        guard needsGradient[number] else { return }
        if let weight = weightOfValue[number] {
            guard let gradient = weightGradient(weight) else { return }
            guard gradient.accumulates else { return body(&self, gradient.operand) }
            let part = newBuffer(like: number)
            body(&self, part)
            emit(sum(gradient.operand, gradient.operand, part, like: number))
        } else if let existing = gradientOperands[number] {
            let part = newBuffer(like: number)
            body(&self, part)
            addToGradient(of: number, existing, part)
        } else {
            body(&self, makeGradient(number))
        }
    }

    /// Where a loss writes what it adds to the gradient of a value: an output may be an input of a later layer, or two
    /// outputs of the model one value.
    mutating func makeGradientPart(_ number: Int) -> Operand {
        gradientOperands[number] == nil
            ? makeGradient(number) : newBuffer(floatsPerRow: graph.floatsPerRow(number))
    }

    mutating func finishGradientPart(_ number: Int, _ part: Operand) {
        let existing = gradient(number)
        if existing != part { addToGradient(of: number, existing, part) }
    }

    /// Passes the gradient of `output` on unchanged: in the same memory when nobody else wrote one.
    mutating func passGradient(from output: Int, to input: Int) {
        guard needsGradient[input] else { return }
        let passed = gradient(output)
        if weightOfValue[input] != nil {
            contributeGradient(input) { builder, destination in
                builder.emit(builder.copy(destination, passed, like: input))
            }
        } else if let existing = gradientOperands[input] {
            addToGradient(of: input, existing, passed)
        } else {
            gradientOperands[input] = passed
            gradientHolders[passed.offset]?.remove(output)
            gradientHolders[passed.offset]?.insert(input)
        }
    }

    private mutating func addToGradient(of number: Int, _ existing: Operand, _ part: Operand) {
        let sum = isShared(existing) ? makeGradient(number) : existing
        emit(self.sum(sum, existing, part, like: number))
    }

    private func isShared(_ gradient: Operand) -> Bool { (gradientHolders[gradient.offset]?.count ?? 0) > 1 }

    /// The gradient of an operation's output in memory that the operation may write over.
    mutating func exclusiveGradient(_ number: Int) -> Operand {
        let existing = gradient(number)
        guard existing != .none, isShared(existing) else { return existing }
        let copy = makeGradient(number)
        emit(self.copy(copy, existing, like: number))
        return copy
    }

    /// sum = existing + part, all of a value's size.
    private func sum(_ sum: Operand, _ existing: Operand, _ part: Operand, like number: Int) -> Step {
        var step = elementwiseSum(sum, existing, part, floatsPerRow: graph.floatsPerRow(number))
        step.isShared = graph.isShared(number)
        step.repeats = graph.samplesPerRow(number)
        return step
    }

    /// destination = source, both of a value's size.
    func copy(_ destination: Operand, _ source: Operand, like number: Int) -> Step {
        var step = elementwiseCopy(destination, source, floatsPerRow: graph.floatsPerRow(number))
        step.isShared = graph.isShared(number)
        step.repeats = graph.samplesPerRow(number)
        return step
    }

    // MARK: Weights

    func parameter(_ weight: Int) -> Operand {
        if let value = graph.valueOfWeight(weight) { return self.value(value) }
        return .parameter(layout.entries[weight].offset)
    }

    /// Where a weight's gradient goes and whether it is added to one that is there already; nil for a weight that
    /// is not trained.
    mutating func weightGradient(_ weight: Int) -> (operand: Operand, accumulates: Bool)? {
        guard graph.weight(weight).isTrainable else { return nil }
        if let value = graph.valueOfWeight(weight) {
            if let existing = gradientOperands[value] { return (existing, true) }
            return (makeGradient(value), false)
        }
        let isFirst = writtenWeightGradients.insert(weight).inserted
        return (.gradient(layout.entries[weight].offset), !isFirst)
    }

    /// Trained weights that `weightGradient` was not asked for.
    var rangesWithoutGradient: [Range<Int>] {
        graph.weights.indices.compactMap { weight in
            guard graph.weights[weight].isTrainable, !writtenWeightGradients.contains(weight) else { return nil }
            let entry = layout.entries[weight]
            return entry.offset..<entry.offset + entry.count
        }
    }
}

/// How much of the arena a buffer takes.
struct BufferSize {
    let floatsPerRow: Int
    let fixedFloats: Int
}

/// Owns the plain structs that steps point to.
///
/// `@unchecked Sendable`: written while a plan is built, by one thread, and only read afterwards.
final class StepDetails: @unchecked Sendable {
    private var blocks: [UnsafeMutableRawPointer] = []
    private var objects: [any AnyObject & Sendable] = []

    /// Keeps an object alive that steps point to.
    func keep(object: any AnyObject & Sendable) { objects.append(object) }

    func keep<Value: BitwiseCopyable>(_ value: Value) -> UnsafeRawPointer {
        let block = UnsafeMutablePointer<Value>.allocate(capacity: 1)
        block.initialize(to: value)
        blocks.append(UnsafeMutableRawPointer(block))
        return UnsafeRawPointer(block)
    }

    func keep<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafePointer<Value> {
        let block = UnsafeMutablePointer<Value>.allocate(capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (block + index).initialize(to: value) }
        blocks.append(UnsafeMutableRawPointer(block))
        return UnsafePointer(block)
    }

    deinit { for block in blocks { block.deallocate() } }
}
