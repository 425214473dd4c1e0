import LeptonTensor

/// What a layer makes of inputs of certain shapes, asked before there is a model.
package enum LayerProbe {
    /// Sample shapes of the outputs of one call.
    ///
    /// - Parameters:
    ///   - layer: the serialised layer or model.
    ///   - call: `{"args": [...], "kwargs": {...}}` with tensors as `{"class_name": "__keras_tensor__", "config":
    ///     {"shape": [null, ...]}}`.
    /// - Throws: what the layer finds wrong with its arguments or its inputs.
    package static func outputShapes(layer: JSONValue, call: JSONValue) throws(LeptonError) -> [[Int]] {
        let layer = try LayerRegistry.make(SerializedObject("layer", layer), nesting: 0)
        let name = layer.options.name ?? layer.identity.className
        var shapes: [[Int]] = []
        let call = try LayerCall(call, "layer '\(name)'") { (config) throws(LeptonError) in
            var reader = ConfigReader("tensor", config)
            guard let shape = try reader.batchShape("shape") else {
                throw LeptonError(.invalidArgument, argument: "tensor.shape", expected: "a list", received: "nothing")
            }
            shapes.append(shape)
            return shapes.count - 1
        }
        do throws(LeptonError) {
            let called = try layer.called(call, inputs: shapes.count)
            // Asked as well, because it is where some layers check their inputs.
            _ = try called.weights(for: shapes)
            return try called.outputShapes(for: shapes)
        } catch {
            throw error.adding(context: "layer '\(name)'")
        }
    }
}

extension Layer {
    /// The layer as a call uses it, once the number of its inputs has been found to be right.
    func called(_ call: LayerCall, inputs: Int) throws(LeptonError) -> any Layer {
        let layer = try configured(for: call)
        let counts = layer.inputCounts
        guard counts.contains(inputs) else {
            let expected =
                counts.lowerBound == counts.upperBound
                ? "\(counts.lowerBound)" : counts.upperBound == Int.max ? "at least \(counts.lowerBound)" : "\(counts)"
            throw LeptonError(
                .invalidArgument, argument: "inputs",
                expected: "\(expected) tensor\(expected == "1" ? "" : "s")", received: "\(inputs)")
        }
        return layer
    }
}
