import LeptonTensor

/// A function of `keras.ops` in a functional graph, under the name that Keras gives it in a config ("Mean").
package struct FunctionLayer: Layer {
    package static let className = "Function"
    package var options = LayerOptions()
    private let definition: TensorFunction
    private let module: String
    private let name: String
    private let attributes: JSONObject
    private var call = LayerCall.tensors(1)

    package init(module: String, className: String, config: JSONObject) throws(LeptonError) {
        guard let definition = TensorFunction.named(className, module: module) else {
            if TensorFunction.modules.contains(module), TensorFunction.kerasNames.contains(className) {
                throw LeptonError(
                    .notSupported,
                    "keras.ops: the function '\(className)' is not supported in models by this version; compute it on "
                        + "the data before fit or after predict")
            }
            throw unknownName("function of \(module)", className, known: TensorFunction.names)
        }
        var reader = ConfigReader(className, config)
        options.name = try reader.string("name")
        reader.ignore("dtype", "trainable")
        for attribute in definition.attributes { reader.ignore(attribute) }
        try reader.finish()
        self.definition = definition
        self.module = module
        name = className
        attributes = config
    }

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        throw LeptonError(
            .notSupported, "functions of keras.ops are parts of functional models, not layers of their own")
    }

    package var identity: LayerIdentity {
        LayerIdentity(module: module, className: name, registeredName: name, isModel: true)
    }

    package var arguments: JSONObject {
        var fields = attributes
        fields["name"] = options.name.map { .string($0) } ?? .null
        return fields
    }

    package var inputCounts: ClosedRange<Int> { 1...Int.max }

    package func configured(for call: LayerCall) -> any Layer {
        var layer = self
        layer.call = call
        return layer
    }

    package func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    package func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputShapes(for: inputShapes)[0]
    }

    package func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        try outputs(for: inputShapes.map { ValueShape(sample: $0, isShared: false) }).map(\.sample)
    }

    /// Shapes of the results, found by lowering the function on its own.
    ///
    /// - Parameter overBatch: whether it may add up over the rows of a batch.
    package func outputs(for inputs: [ValueShape], overBatch: Bool = true) throws(LeptonError) -> [ValueShape] {
        var scratch = LoweredGraph()
        scratch.operations.takesBatchTotals = overBatch
        var values: [Int] = []
        for input in inputs {
            if input.isShared {
                let spec = WeightSpec(name: "w", shape: input.sample, initializer: .zeros)
                let weight = try scratch.operations.addWeight(spec, layerName: "w", layer: 0, isTrainable: true)
                values.append(try scratch.operations.addWeightValue(weight))
            } else {
                values.append(scratch.operations.addInput(input.sample))
            }
        }
        return try lowerAll(into: &scratch, inputs: values, weights: []).map {
            ValueShape(sample: scratch.operations.sampleShapes[$0], isShared: scratch.operations.isShared($0))
        }
    }

    package func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try lowerAll(into: &graph, inputs: inputs, weights: weights)[0]
    }

    package func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        var context = FunctionCall(
            name: name, graph: graph, inputs: inputs, call: call, attributes: attributes)
        let outputs = try definition.lower(&context)
        try context.checkKeywords(known: definition.attributes)
        graph = context.graph
        return outputs
    }
}

/// A value's shape, and whether it is the same for every row of a batch.
package struct ValueShape: Sendable, Equatable {
    /// Without the batch.
    package let sample: [Int]
    package let isShared: Bool

    package init(sample: [Int], isShared: Bool = false) {
        self.sample = sample
        self.isShared = isShared
    }
}
