import LeptonTensor

/// A recurrent layer and another one that goes the other way, their outputs merged.
///
/// Output: as of one of them, with twice the units for "concat"; two outputs without a merge mode. Then with
/// `return_state` the states of both.
package struct Bidirectional: Layer {
    package enum MergeMode: String, Sendable, CaseIterable {
        case concat, sum, mul
        case average = "ave"
    }

    package static let className = "Bidirectional"
    package var options: LayerOptions
    package let mergeMode: MergeMode?
    private var forward: any RecurrentLayer
    private var backward: any RecurrentLayer

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        let modeValue = arguments.contains("merge_mode") ? arguments.value("merge_mode") : .string("concat")
        mergeMode = try Bidirectional.mergeMode(modeValue)
        guard let value = arguments.value("layer") else {
            throw LeptonError(
                .invalidArgument, argument: "Bidirectional.layer", expected: "a recurrent layer", received: "nothing")
        }
        forward = try Bidirectional.recurrent(value, "layer", nesting: arguments.nesting)
        let name = forward.options.name ?? snakeCase(forward.identity.className)
        if let other = arguments.value("backward_layer") {
            backward = try Bidirectional.recurrent(other, "backward_layer", nesting: arguments.nesting)
            if backward.options.name == nil { backward.options.name = "backward_\(name)" }
        } else {
            backward = forward
            backward.sequence.goBackwards = true
            backward.options.name = Bidirectional.prefixed("backward_", name)
        }
        forward.options.name = Bidirectional.prefixed("forward_", name)
        options = LayerOptions()
        try Bidirectional.check(forward.sequence, backward.sequence)
        // Keras gives the outputs of masked steps as 0, so that those of one way do not stand beside the other's.
        forward.sequence.zeroOutputForMask = forward.sequence.returnSequences
        backward.sequence.zeroOutputForMask = backward.sequence.returnSequences
        backward.sequence.flipsOutput = true
    }

    private static func prefixed(_ prefix: String, _ name: String) -> String {
        name.hasPrefix(prefix) ? name : prefix + name
    }

    private static func mergeMode(_ value: JSONValue?) throws(LeptonError) -> MergeMode? {
        guard let value else { return nil }
        guard let mode = value.stringValue.flatMap(MergeMode.init) else {
            throw LeptonError(
                .invalidArgument,
                "Invalid merge mode. Received: \(value.stringValue ?? value.kindName). Merge mode should be one of "
                    + "{\"sum\", \"mul\", \"ave\", \"concat\", None}")
        }
        return mode
    }

    private static func recurrent(
        _ value: JSONValue, _ argument: String, nesting: Int
    ) throws(LeptonError) -> any RecurrentLayer {
        let object = try SerializedObject("Bidirectional.\(argument)", value)
        guard let layer = try LayerRegistry.make(object, nesting: nesting) as? any RecurrentLayer else {
            throw LeptonError(
                .invalidArgument, argument: "Bidirectional.\(argument)", expected: "SimpleRNN, LSTM, GRU or RNN",
                received: object.className)
        }
        return layer
    }

    private static func check(_ forward: SequenceOptions, _ backward: SequenceOptions) throws(LeptonError) {
        guard forward.goBackwards != backward.goBackwards else {
            throw LeptonError(
                .invalidArgument,
                "Forward layer and backward layer should have different `go_backwards` value. Received: "
                    + "forward_layer.go_backwards \(forward.goBackwards), "
                    + "backward_layer.go_backwards=\(backward.goBackwards)")
        }
        for (name, first, second) in [
            ("return_sequences", forward.returnSequences, backward.returnSequences),
            ("return_state", forward.returnState, backward.returnState),
        ] where first != second {
            throw LeptonError(
                .invalidArgument,
                "Forward layer and backward layer are expected to have the same value for attribute \"\(name)\", got "
                    + "\"\(first)\" for forward layer and \"\(second)\" for backward layer")
        }
    }

    package var arguments: JSONObject {
        [
            "merge_mode": mergeMode.map { .string($0.rawValue) } ?? .null, "layer": LayerRegistry.config(of: forward),
            "backward_layer": LayerRegistry.config(of: backward),
        ]
    }

    package mutating func setTrainable(_ isTrainable: Bool) {
        options.isTrainable = isTrainable
        forward.setTrainable(isTrainable)
        backward.setTrainable(isTrainable)
    }

    package func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        try call.check(identity.className, keywords: ["initial_state"])
        return self
    }

    package var maskedInputs: [String: Int?] { ["mask": 0] }

    private var states: Int { stateCount(forward) + stateCount(backward) }
    private func stateCount(_ layer: any RecurrentLayer) -> Int {
        layer.namedCells.reduce(0) { $0 + $1.cell.states }
    }

    package var inputCounts: ClosedRange<Int> { 1...(1 + states) }

    /// The inputs of the two layers: the sequence, and each layer's own states.
    private func parts<Input>(_ inputs: [Input]) -> (forward: [Input], backward: [Input]) {
        let own = stateCount(forward)
        return (Array(inputs.prefix(1 + own)), Array(inputs.prefix(1)) + inputs.dropFirst(1 + own))
    }

    package func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let shapes = parts(inputShapes)
        return try weights(of: forward, shapes.forward) + weights(of: backward, shapes.backward)
    }

    private func weights(of layer: any RecurrentLayer, _ shapes: [[Int]]) throws(LeptonError) -> [Weight] {
        try layer.ruledWeights(for: shapes).map {
            $0.inside(layer.options.name ?? "", isTrainable: layer.options.isTrainable)
        }
    }

    package func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    package func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        let shapes = parts(inputShapes)
        let (first, second) = (
            try forward.outputShapes(for: shapes.forward), try backward.outputShapes(for: shapes.backward)
        )
        let states = first.dropFirst() + second.dropFirst()
        guard let mergeMode else { return [first[0], second[0]] + states }
        var merged = first[0]
        if mergeMode == .concat {
            merged[merged.count - 1] += second[0].last ?? 0
        } else if first[0] != second[0] {
            throw LeptonError(
                .shapeMismatch, argument: "Bidirectional",
                expected: "two layers of the same output for merge mode '\(mergeMode.rawValue)'",
                received: "\(Shape.batchText(first[0])) and \(Shape.batchText(second[0]))")
        }
        return [merged] + states
    }

    package func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try lowerAll(into: &graph, inputs: inputs, weights: weights)[0]
    }

    package func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let values = parts(inputs)
        let own = try forward.weights(for: values.forward.map { graph.operations.sampleShapes[$0] }).count
        let first = try lower(forward, into: &graph, values.forward, Array(weights.prefix(own)))
        let second = try lower(backward, into: &graph, values.backward, Array(weights.dropFirst(own)))
        let states = first.dropFirst() + second.dropFirst()
        guard let mergeMode else { return [first[0], second[0]] + states }
        let merged: Int
        switch mergeMode {
        case .concat:
            let axis = graph.operations.sampleShapes[first[0]].count - 1
            merged = try graph.operations.addConcatenation([first[0], second[0]], axis: axis)
        case .sum: merged = try graph.operations.addBinary(.add, first[0], second[0])
        case .mul: merged = try graph.operations.addBinary(.multiply, first[0], second[0])
        case .average:
            let sum = try graph.operations.addBinary(.add, first[0], second[0])
            merged = try graph.operations.addBinary(.divide, sum, scalar: 2)
        }
        graph.masks[merged] = graph.masks[first[0]]
        return [merged] + states
    }

    private func lower(
        _ layer: any RecurrentLayer, into graph: inout LoweredGraph, _ inputs: [Int], _ weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let made = try layer.lowerAll(into: &graph, inputs: inputs, weights: weights)
        guard let regularizer = layer.options.activityRegularizer else { return made }
        return try graph.appendPenalty(regularizer, after: made)
    }
}
