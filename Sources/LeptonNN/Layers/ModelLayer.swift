import LeptonTensor

/// A model as a layer of another one.
package struct ModelLayer: Layer {
    package static let className = "Functional"
    package var options: LayerOptions
    var graph: ModelGraph

    package init(_ graph: ModelGraph) {
        self.graph = graph
        options = LayerOptions(
            name: graph.name, inputShape: graph.inputShapes?.count == 1 ? graph.inputShapes?[0] : nil)
        options.batchSize = graph.batchSize
    }

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        try self.init(className: ModelLayer.className, &arguments)
    }

    init(className: String, _ reader: inout ConfigReader) throws(LeptonError) {
        self.init(try ModelGraph(className: className, &reader))
    }

    package var identity: LayerIdentity {
        // Where outputs are listed, Keras counts a functional model's own connection of inputs and outputs as a call.
        let isFunctional = graph.kind == .functional
        return LayerIdentity(
            module: ModelGraph.module(graph.kind), className: graph.className,
            registeredName: isFunctional ? "Functional" : nil, firstCall: isFunctional ? 1 : 0, isModel: true)
    }

    package var arguments: JSONObject {
        var fields = graph.fields
        fields["name"] = options.name.map { .string($0) } ?? .null
        return fields
    }

    package mutating func setTrainable(_ isTrainable: Bool) {
        options.isTrainable = isTrainable
        graph.setTrainable(isTrainable)
    }

    package var maskedInputs: [String: Int?] { ["mask": 0] }

    package var inputCounts: ClosedRange<Int> {
        let count = max(graph.inputs.count, 1)
        return count...count
    }

    private func inference(_ inputShapes: [[Int]]) throws(LeptonError) -> ModelGraph.Inference {
        if let known = graph.inputShapes, !UnknownLengths.fit(inputShapes, known) {
            throw LeptonError(
                .shapeMismatch, argument: "inputs",
                expected: known.map(Shape.batchText).joined(separator: ", "),
                received: inputShapes.map(Shape.batchText).joined(separator: ", "))
        }
        guard !graph.layers.isEmpty else { throw LeptonError(.invalidState, "the model has no layers") }
        return try graph.inferred(inputShapes: inputShapes)
    }

    package func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        var all: [Weight] = []
        for (index, weights) in try inference(inputShapes).weights.enumerated() {
            let inner = graph.layers[index].options
            for weight in weights ?? [] {
                all.append(weight.inside(inner.name ?? "layer", isTrainable: inner.isTrainable))
            }
        }
        return all
    }

    package func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    package func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        let values = try inference(inputShapes).values
        return graph.outputs.map { values[$0.node][$0.output].sample }
    }

    package func lower(
        into lowered: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try lowerAll(into: &lowered, inputs: inputs, weights: weights)[0]
    }

    package func lowerAll(
        into lowered: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        let shapes = inputs.map { lowered.operations.sampleShapes[$0] }
        var rest = weights[...]
        let parts = try inference(shapes).weights.map { own in
            defer { rest = rest.dropFirst(own?.count ?? 0) }
            return Array(rest.prefix(own?.count ?? 0))
        }
        return try graph.lower(into: &lowered, inputs: inputs, weights: parts)
    }
}
