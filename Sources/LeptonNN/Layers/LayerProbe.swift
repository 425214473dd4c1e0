import LeptonTensor

/// What a layer makes of inputs of certain shapes, asked before there is a model.
package enum LayerProbe {
    /// Shapes of the outputs of one call.
    ///
    /// - Parameters:
    ///   - layer: the serialised layer or model.
    ///   - call: `{"args": [...], "kwargs": {...}}` with tensors as `{"class_name": "__keras_tensor__", "config":
    ///     {"shape": [null, ...]}}`; without the null at the beginning it is the same for every row of a batch. With
    ///     `"over_batch": true` it is a call in a loss or a metric, which may add up over the rows of a batch.
    /// - Throws: what the layer finds wrong with its arguments or its inputs.
    package static func outputs(layer: JSONValue, call: JSONValue) throws(LeptonError) -> [ValueShape] {
        let layer = try LayerRegistry.make(SerializedObject("layer", layer), nesting: 0)
        let name = layer.options.name ?? layer.identity.className
        var inputs: [ValueShape] = []
        let overBatch = call.objectValue?["over_batch"]?.boolValue ?? false
        let call = try LayerCall(call, "layer '\(name)'") { (config) throws(LeptonError) in
            var reader = ConfigReader("tensor", config)
            if config["shape"]?.arrayValue?.first?.isNull == true, let shape = try reader.batchShape("shape") {
                inputs.append(ValueShape(sample: shape.sample))
            } else if let shape = try reader.sampleShape("shape") {
                inputs.append(ValueShape(sample: shape, isShared: true))
            } else {
                throw LeptonError(.invalidArgument, argument: "tensor.shape", expected: "a list", received: "nothing")
            }
            return inputs.count - 1
        }
        do throws(LeptonError) {
            let prepared = try PreparedCall(of: layer, call, tensors: inputs.count)
            return try UnknownLengths.inferred(
                prepared.layer, for: prepared.inputs.map { inputs[$0] }, overBatch: overBatch
            ).outputs
        } catch {
            throw error.adding(context: "layer '\(name)'")
        }
    }
}

extension Layer {
    /// Shapes of the outputs for inputs some of which may be the same for every row.
    func outputValues(for inputs: [ValueShape], overBatch: Bool = true) throws(LeptonError) -> [ValueShape] {
        if let function = self as? FunctionLayer { return try function.outputs(for: inputs, overBatch: overBatch) }
        let isVariable = self is VariableLayer
        return try outputShapes(for: inputs.map(\.sample)).map { ValueShape(sample: $0, isShared: isVariable) }
    }
}
