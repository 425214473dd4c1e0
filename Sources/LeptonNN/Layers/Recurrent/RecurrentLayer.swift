import LeptonTensor

/// How a recurrent layer walks a sequence and what it gives.
package struct SequenceOptions: Sendable {
    package var returnSequences = false
    package var returnState = false
    package var goBackwards = false
    package var zeroOutputForMask = false
    /// Outputs are in the opposite of the order of the steps: in the half of `Bidirectional` that goes backwards.
    package var flipsOutput = false
    /// Says in Keras how the loop is compiled; nothing here.
    package var unroll = false
    /// The states after a batch are those before the next.
    package var stateful = false

    package init() {}

    package init(_ owner: String, _ reader: inout ConfigReader) throws(LeptonError) {
        returnSequences = try reader.bool("return_sequences", default: false)
        returnState = try reader.bool("return_state", default: false)
        goBackwards = try reader.bool("go_backwards", default: false)
        zeroOutputForMask = try reader.bool("zero_output_for_mask", default: false)
        unroll = try reader.bool("unroll", default: false)
        stateful = try reader.bool("stateful", default: false)
    }

    package var arguments: JSONObject {
        [
            "return_sequences": .bool(returnSequences), "return_state": .bool(returnState),
            "go_backwards": .bool(goBackwards), "stateful": .bool(stateful), "unroll": .bool(unroll),
            "zero_output_for_mask": .bool(zeroOutputForMask),
        ]
    }
}

/// A layer that runs cells over the second axis of its input: (batch, time, features).
///
/// Output: (batch, units), or (batch, time, units) with `returnSequences`; then with `returnState` the last states,
/// each (batch, units). A second input, and a third for a long short-term memory, are the initial states.
package protocol RecurrentLayer: Layer {
    var sequence: SequenceOptions { get set }
    /// The cells, each taking what the one before gives, with their names in the names of weights.
    var namedCells: [NamedCell] { get }
}

extension RecurrentLayer {
    private var stateCount: Int { namedCells.reduce(0) { $0 + $1.cell.states } }

    private func sequenceShape(_ inputShapes: [[Int]]) throws(LeptonError) -> (time: Int, features: Int) {
        let shape = inputShapes.first ?? []
        guard shape.count == 2 else {
            throw LeptonError(
                .shapeMismatch, argument: "\(identity.className) input",
                expected: "3 axes: batch, time and features", received: Shape.batchText(shape))
        }
        let cells = namedCells
        for (_, _, cell) in cells {
            guard cell.units >= 1 else {
                throw LeptonError(
                    .invalidArgument, argument: "\(identity.className).units",
                    expected: "a whole number of at least 1", received: "\(cell.units)")
            }
            // What a step keeps of each row: gates, states and patterns of dropout.
            guard let kept = Shape.checkedProduct([shape[0], cell.units, 32]), kept < Int.max / 64 else {
                throw LeptonError(
                    .outOfMemory, argument: "\(identity.className).units",
                    expected: "units that fit in memory for \(shape[0]) time steps", received: "\(cell.units)")
            }
        }
        let given = Array(inputShapes.dropFirst())
        let states = cells.flatMap { [Int](repeating: $0.cell.units, count: $0.cell.states) }
        guard given.isEmpty || given == states.map({ [$0] }) else {
            throw LeptonError(
                .shapeMismatch, argument: "\(identity.className).initial_state",
                expected: "\(states.count) tensors: " + states.map { Shape.batchText([$0]) }.joined(separator: ", "),
                received: given.map(Shape.batchText).joined(separator: ", "))
        }
        return (shape[0], shape[1])
    }

    public var inputCounts: ClosedRange<Int> { 1...(1 + stateCount) }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        try call.check(identity.className, keywords: ["initial_state"])
        return self
    }

    public var maskedInputs: [String: Int?] { ["mask": 0] }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        var inputs = try sequenceShape(inputShapes).features
        var weights: [Weight] = []
        for (name, isTrainable, cell) in namedCells {
            weights += cell.weights(inputs: inputs).map { $0.inside(name, isTrainable: isTrainable) }
            inputs = cell.units
        }
        return weights
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    public func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        let (time, features) = try sequenceShape(inputShapes)
        let cells = namedCells
        let units = cells.last?.cell.units ?? features
        let output = sequence.returnSequences ? [time, units] : [units]
        guard sequence.returnState else { return [output] }
        return [output] + cells.flatMap { [[Int]](repeating: [$0.cell.units], count: $0.cell.states) }
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try lowerAll(into: &graph, inputs: inputs, weights: weights)[0]
    }

    public func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let (time, _) = try sequenceShape(inputs.map { graph.operations.sampleShapes[$0] })
        let whole = try sequenceMask(of: inputs[0], time: time, graph)
        var mask = whole
        let cells = namedCells
        var initial = inputs.dropFirst()
        var rest = weights[...]
        var value = inputs[0]
        var options = sequence
        var states: [Int] = []
        let keepsStates = sequence.returnState || sequence.stateful
        let slots = sequence.stateful ? try graph.addStates(of: self) : []
        if sequence.stateful, initial.isEmpty {
            initial = try slots.map { (slot) throws(LeptonError) in try graph.operations.addStateRead(slot) }[...]
        }
        for (index, entry) in cells.enumerated() {
            let cell = entry.cell
            let isLast = index == cells.count - 1
            let own = Array(initial.prefix(cell.states))
            initial = initial.dropFirst(cell.states)
            let count = cell.useBias ? 3 : 2
            let returnsSequence = sequence.returnSequences || !isLast
            // The cells before the last only pass their states on: what a masked step gives is not looked at.
            options.zeroOutputForMask = sequence.zeroOutputForMask && isLast
            let operation = cell.operation(
                options, returnsSequence: returnsSequence,
                reversesOutput: isLast && sequence.flipsOutput, hasMask: mask != nil,
                hasInitialState: !own.isEmpty, &graph)
            guard graph.operations.fixedMode != .training || !cell.isFused || !operation.drops else {
                throw LeptonError(
                    .notSupported,
                    "\(identity.className): dropout with training=True in code of one's own is not supported for "
                        + "recurrent layers; put a Dropout layer before it and call that with training=True")
            }
            let taken = [value] + (mask.map { [$0] } ?? []) + own
            let made: [Int]
            if cell.isFused {
                var shapes = [returnsSequence ? [time, cell.units] : [cell.units]]
                if keepsStates { shapes += [[Int]](repeating: [cell.units], count: cell.states) }
                made = try graph.operations.add(
                    operation, inputs: taken, weights: Array(rest.prefix(count)), outputShapes: shapes)
            } else {
                made = try UnrolledCell.append(
                    cell, as: operation, to: &graph, inputs: taken, weights: Array(rest.prefix(count)))
            }
            rest = rest.dropFirst(count)
            value = made[0]
            states += made.dropFirst()
            if options.goBackwards, !isLast {
                // What a cell gives is in the order of its steps, and the mask has to be as well.
                options.goBackwards = false
                mask = try mask.map { (whole) throws(LeptonError) in try graph.operations.addFlip(whole, axis: 0) }
            }
        }
        if sequence.returnSequences, let whole { graph.masks[value] = whole }
        for (slot, index) in zip(slots, states.indices) {
            states[index] = try graph.operations.addStateWrite(slot, states[index])
        }
        return [value] + (sequence.returnState ? states : [])
    }

    private func sequenceMask(of value: Int, time: Int, _ graph: LoweredGraph) throws(LeptonError) -> Int? {
        guard let mask = graph.masks[value] else { return nil }
        guard graph.operations.sampleShapes[mask] == [time] else {
            throw LeptonError(
                .shapeMismatch, argument: "\(identity.className) mask",
                expected: "one number for each time step, " + Shape.batchText([time]),
                received: Shape.batchText(graph.operations.sampleShapes[mask]))
        }
        return mask
    }
}
