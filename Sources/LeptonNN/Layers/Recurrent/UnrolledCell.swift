import LeptonTensor

/// A recurrent cell written out time step by time step in operations on values: for activations that the operation of
/// its own does not apply. Slower by far, and the plan grows with the sequence.
struct UnrolledCell {
    private let cell: RecurrentCell
    private let operation: RecurrentOperation
    private var graph: LoweredGraph
    private let weights: [Int]
    private var inputPatterns: [Int] = []
    private var statePatterns: [Int] = []

    /// More would make plans that take long to lay out.
    static let longestSequence = 512

    /// - Parameter inputs: as those of the operation.
    /// - Returns: as the operation's outputs, the states always.
    static func append(
        _ cell: RecurrentCell, as operation: RecurrentOperation, to graph: inout LoweredGraph, inputs: [Int],
        weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let time = graph.operations.sampleShapes[inputs[0]][0]
        guard time <= longestSequence else {
            throw LeptonError(
                .notSupported,
                "recurrent layers with the activation '\(cell.activation.rawValue)' and the recurrent activation "
                    + "'\(cell.recurrentActivation.rawValue)' are supported for at most \(longestSequence) time steps, not "
                    + "for \(time); those with tanh, sigmoid, relu and linear are for any number")
        }
        var unrolled = try UnrolledCell(cell, operation, graph, inputs[0], weights)
        let outputs = try unrolled.run(inputs)
        graph = unrolled.graph
        return outputs
    }

    private init(
        _ cell: RecurrentCell, _ operation: RecurrentOperation, _ graph: LoweredGraph, _ sequence: Int,
        _ weights: [Int]
    ) throws(LeptonError) {
        self.cell = cell
        self.operation = operation
        self.graph = graph
        // Kernels and bias as values.
        var values: [Int] = []
        for weight in weights { values.append(try self.graph.operations.addWeightValue(weight)) }
        self.weights = values
        let features = graph.operations.sampleShapes[sequence][1]
        inputPatterns = try patterns(operation.inputDropout, width: features)
        statePatterns = try patterns(operation.recurrentDropout, width: cell.units)
    }

    private var gates: Int { operation.cell.gates }

    /// Ones after dropout, for each gate or for all: what the input or the state is multiplied with at every step.
    private mutating func patterns(
        _ dropout: RecurrentOperation.Dropout?, width: Int
    ) throws(LeptonError) -> [Int] {
        guard let dropout else { return [] }
        var patterns: [Int] = []
        let count = operation.dropsPerGate ? gates : 1
        let ones = try graph.operations.addConstant([Float](repeating: 1, count: count * width), shape: [count, width])
        let all = try graph.operations.addDropout(
            dropout.rate, try graph.operations.perRow(ones), seed: operation.seed, ordinal: dropout.ordinal)
        patterns = try graph.operations.addSplit(all, axis: 0, extents: [Int](repeating: 1, count: count))
        return patterns
    }

    /// The products of a value (rows, inputs) with a kernel, one for each gate.
    private mutating func products(
        _ value: Int, _ kernel: Int, _ patterns: [Int], gates range: Range<Int>
    ) throws(LeptonError) -> [Int] {
        let units = cell.units
        var results: [Int] = []
        for gate in range {
            var factor = value
            if !patterns.isEmpty {
                factor = try graph.operations.addBinary(.multiply, value, patterns[patterns.count == 1 ? 0 : gate])
            }
            let part = try graph.operations.addSlice(weights[kernel], axis: 1, start: gate * units, count: units)
            results.append(try graph.operations.addProduct(factor, part))
        }
        return results
    }

    /// A gate's part of the bias; row 1 is the state's, of a gated recurrent unit with two.
    private mutating func bias(_ gate: Int, row: Int = 0) throws(LeptonError) -> Int? {
        guard operation.hasBias, row == 0 || operation.cell == .gru else { return nil }
        var rows = weights[2]
        if operation.cell == .gru { rows = try graph.operations.addSlice(rows, axis: 0, start: row, count: 1) }
        let axis = operation.cell == .gru ? 1 : 0
        return try graph.operations.addSlice(rows, axis: axis, start: gate * cell.units, count: cell.units)
    }

    private mutating func sum(_ a: Int, _ b: Int?) throws(LeptonError) -> Int {
        guard let b else { return a }
        return try graph.operations.addBinary(.add, a, b)
    }

    private mutating func multiply(_ a: Int, _ b: Int) throws(LeptonError) -> Int {
        try graph.operations.addBinary(.multiply, a, b)
    }

    private mutating func run(_ inputs: [Int]) throws(LeptonError) -> [Int] {
        let time = graph.operations.sampleShapes[inputs[0]][0]
        let steps = [Int](repeating: 1, count: time)
        let masks =
            operation.hasMask
            ? try graph.operations.addSplit(
                try graph.operations.addReshape(inputs[1], to: [time, 1]), axis: 0, extents: steps) : []
        var states = try initialStates(Array(inputs.dropFirst(operation.hasMask ? 2 : 1)))
        var parts: [[Int]] = []
        for (gate, product) in try products(inputs[0], 0, inputPatterns, gates: 0..<gates).enumerated() {
            let biased = try sum(product, try bias(gate))
            parts.append(try graph.operations.addSplit(biased, axis: 0, extents: steps))
        }
        var outputs: [Int] = []
        for step in 0..<time {
            let place = operation.isReversed ? time - 1 - step : step
            var next = try advance(parts.map { $0[place] }, states)
            if operation.hasMask {
                for index in next.indices {
                    next[index] = try graph.operations.addSelect(masks[place], next[index], states[index])
                }
            }
            states = next
            var output = states[0]
            if operation.hasMask, operation.zeroesMasked {
                output = try graph.operations.addBinary(.keepWhere, output, masks[place])
            }
            outputs.append(output)
        }
        if operation.reversesOutput { outputs.reverse() }
        let result =
            operation.returnsSequence
            ? try graph.operations.addConcatenation(outputs, axis: 0)
            : try graph.operations.addReshape(
                outputs[operation.reversesOutput ? 0 : time - 1], to: [cell.units])
        var flat: [Int] = []
        for state in states { flat.append(try graph.operations.addReshape(state, to: [cell.units])) }
        return [result] + flat
    }

    /// Values (1, units), so that they can be multiplied with kernels.
    private mutating func initialStates(_ given: [Int]) throws(LeptonError) -> [Int] {
        var states: [Int] = []
        if operation.hasInitialState {
            for value in given { states.append(try graph.operations.addReshape(value, to: [1, cell.units])) }
            return states
        }
        let zeros = try graph.operations.addConstant([Float](repeating: 0, count: cell.units), shape: [1, cell.units])
        return [Int](repeating: try graph.operations.perRow(zeros), count: cell.states)
    }

    /// One step: the input's products of each gate with their biases, and the states, to the new states.
    private mutating func advance(_ x: [Int], _ states: [Int]) throws(LeptonError) -> [Int] {
        let before = states[0]
        switch operation.cell {
        case .simple:
            let product = try products(before, 1, statePatterns, gates: 0..<1)[0]
            return [try graph.append(cell.activation, after: try sum(x[0], product))]
        case .lstm:
            let products = try products(before, 1, statePatterns, gates: 0..<4)
            var activated: [Int] = []
            for gate in 0..<4 {
                activated.append(
                    try graph.append(
                        gate == 2 ? cell.activation : cell.recurrentActivation, after: try sum(x[gate], products[gate]))
                )
            }
            let kept = try multiply(activated[1], states[1])
            let memory = try sum(kept, try multiply(activated[0], activated[2]))
            return [try multiply(activated[3], try graph.append(cell.activation, after: memory)), memory]
        case .gru, .gruResetBefore:
            let products = try products(before, 1, statePatterns, gates: 0..<2)
            var gates: [Int] = []
            for gate in 0..<2 {
                let whole = try sum(x[gate], try sum(products[gate], try bias(gate, row: 1)))
                gates.append(try graph.append(cell.recurrentActivation, after: whole))
            }
            let inner = try candidate(before, reset: gates[1])
            let made = try graph.append(cell.activation, after: try sum(x[2], inner))
            // h = candidate + z (h_before - candidate)
            let change = try multiply(gates[0], try graph.operations.addBinary(.subtract, before, made))
            return [try sum(made, change)]
        }
    }

    /// The state's part of a gated recurrent unit's candidate.
    private mutating func candidate(_ before: Int, reset: Int) throws(LeptonError) -> Int {
        if operation.cell == .gru {
            let product = try products(before, 1, statePatterns, gates: 2..<3)[0]
            return try multiply(reset, try sum(product, try bias(2, row: 1)))
        }
        return try products(try multiply(reset, before), 1, statePatterns, gates: 2..<3)[0]
    }
}
