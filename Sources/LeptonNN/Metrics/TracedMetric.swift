import LeptonTensor

/// A program's own metric: what each batch adds to its state, and its value as a function of the state.
///
///     {"class_name": "TracedMetric", "config": {
///         "name": "...", "state": [{"name": "total", "shape": []}, ...],
///         "update": {Functional model of (targets, predictions), one output for each part of the state},
///         "weighted_update": {the same of (targets, predictions, sample weights)},
///         "mean_of_function": false,
///         "result": {Functional model of layers "Variable" named as the parts of the state}}}
package struct TracedMetric: Sendable, Equatable {
    /// A part of the state: an array of sums.
    package struct State: Sendable, Equatable {
        package let name: String
        package let shape: [Int]
        package let count: Int
    }

    package let states: [State]
    /// What a batch adds; nil before it is known for which shapes.
    package let update: TracedFunction?
    /// What it adds when there are sample weights; nil when the metric was not read with any.
    package let weightedUpdate: TracedFunction?
    /// The value: operations on weights that are named as the parts of the state.
    package let result: OperationGraph
    /// Whether it is the mean of a function's values.
    package let isMeanOfFunction: Bool
    private let resultConfig: JSONValue

    package var sumCount: Int { states.reduce(0) { $0 + $1.count } }

    /// How many values a metric has that gives a list of them; nil for one that gives a number.
    package var valueCount: Int? {
        let shape = result.sampleShapes[result.outputs[0]]
        return shape.isEmpty ? nil : shape.reduce(1, *)
    }

    package static func == (a: TracedMetric, b: TracedMetric) -> Bool {
        a.states == b.states && a.update == b.update && a.weightedUpdate == b.weightedUpdate
            && a.resultConfig == b.resultConfig && a.isMeanOfFunction == b.isMeanOfFunction
    }

    init(_ reader: inout ConfigReader, _ fields: inout JSONObject) throws(LeptonError) {
        let owner = Metric.ClassName.traced.rawValue
        isMeanOfFunction = try reader.bool("mean_of_function", default: false)
        if isMeanOfFunction { fields["mean_of_function"] = true }
        for field in ["state", "update", "weighted_update", "result"] { fields[field] = reader.value(field) ?? .null }
        states = try TracedMetric.states(fields["state"] ?? .null)
        update = try TracedMetric.update(fields["update"] ?? .null, "\(owner).update", inputs: 2, states)
        weightedUpdate = try TracedMetric.update(
            fields["weighted_update"] ?? .null, "\(owner).weighted_update", inputs: 3, states)
        resultConfig = fields["result"] ?? .null
        result = try TracedMetric.result(resultConfig, "\(owner).result", states)
    }

    private static func states(_ value: JSONValue) throws(LeptonError) -> [State] {
        func wrong(_ received: String) -> LeptonError {
            LeptonError(
                .invalidArgument, argument: "TracedMetric.state", expected: "a list of names and shapes",
                received: received)
        }
        guard let items = value.arrayValue, !items.isEmpty else { throw wrong(value.kindName) }
        var states: [State] = []
        for item in items {
            guard let object = item.objectValue, let name = object["name"]?.stringValue,
                let extents = object["shape"]?.arrayValue
            else { throw wrong(item.kindName) }
            let shape = extents.compactMap(\.intValue)
            guard shape.count == extents.count, shape.allSatisfy({ $0 > 0 }), let count = Shape.checkedProduct(shape),
                count <= maximumFloats, !states.contains(where: { $0.name == name })
            else { throw wrong("'\(name)' of shape \(Shape.text(shape))") }
            states.append(State(name: name, shape: shape, count: count))
        }
        return states
    }

    /// More would take gigabytes.
    private static let maximumFloats = 1 << 24

    private static func update(
        _ value: JSONValue, _ argument: String, inputs: Int, _ states: [State]
    ) throws(LeptonError) -> TracedFunction? {
        guard !value.isNull else { return nil }
        let function = try TracedFunction(value, argument, inputs: inputs...inputs, outputs: states.count)
        for (state, output) in zip(states, try function.outputs()) {
            guard output.isShared, Shape.checkedProduct(output.sample) == state.count else {
                throw LeptonError(
                    .shapeMismatch, argument: argument,
                    expected: "shape \(Shape.text(state.shape)) for '\(state.name)'",
                    received: output.isShared ? Shape.text(output.sample) : Shape.batchText(output.sample))
            }
        }
        return function
    }

    private static func result(
        _ value: JSONValue, _ argument: String, _ states: [State]
    ) throws(LeptonError) -> OperationGraph {
        let object = try SerializedObject(argument, value)
        var reader = ConfigReader(argument, object.config)
        let graph: ModelGraph
        do throws(LeptonError) {
            graph = try ModelGraph(functional: &reader, owner: argument)
        } catch {
            throw error.adding(context: argument)
        }
        reader.ignore("dtype", "trainable")
        try reader.finish()
        let operations = try graph.lowered()
        guard operations.outputs.count == 1, operations.inputs.count == 1 else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "one output, and one input that nothing depends on",
                received: "\(operations.outputs.count) outputs, \(operations.inputs.count) inputs")
        }
        for weight in operations.weights {
            guard states.contains(where: { $0.name == weight.path && $0.shape == weight.spec.shape }) else {
                throw LeptonError(
                    .invalidArgument, argument: argument,
                    expected: "parts of the state (\(states.map(\.name).joined(separator: ", ")))",
                    received: "'\(weight.path)' of shape \(Shape.text(weight.spec.shape))")
            }
        }
        return operations
    }
}
