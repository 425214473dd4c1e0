import LeptonNN
import LeptonTensor

/// Everything a model file holds: config, settings, counters, and named tensors.
package struct ModelSnapshot: Sendable {
    package struct NamedTensor: Sendable {
        /// A weight's path, or "optimizer/<slot>/<weight's path>".
        package let name: String
        package let tensor: Tensor

        package init(name: String, tensor: Tensor) {
            self.name = name
            self.tensor = tensor
        }
    }

    package var config: JSONValue
    /// Null when the model is not compiled.
    package var compileConfig: JSONValue
    package var seed: UInt64
    package var epochsTrained: UInt64
    /// Optimizer steps done; nil when there is no optimizer state.
    package var iterations: UInt64?
    package var tensors: [NamedTensor]

    package init(
        config: JSONValue, compileConfig: JSONValue, seed: UInt64, epochsTrained: UInt64, iterations: UInt64?,
        tensors: [NamedTensor]
    ) {
        self.config = config
        self.compileConfig = compileConfig
        self.seed = seed
        self.epochsTrained = epochsTrained
        self.iterations = iterations
        self.tensors = tensors
    }
}

extension Model {
    /// A copy of the model's state between two steps.
    ///
    /// - Throws: `invalidState` when the model is not built.
    package func snapshot() throws(LeptonError) -> ModelSnapshot {
        try withState { () throws(LeptonError) in
            let built = try requireBuilt()
            var tensors = try Model.tensors(built, built.parameters, prefix: "")
            if let state = optimizerState {
                for (name, slot) in zip(state.optimizer.slots.map(\.name), state.slots) {
                    tensors += try Model.tensors(built, slot, prefix: "optimizer/\(name)/")
                }
            }
            return ModelSnapshot(
                config: graph.config, compileConfig: settings?.config ?? .null, seed: seed,
                epochsTrained: epochsTrained, iterations: optimizerState?.iterations, tensors: tensors)
        }
    }

    private static func tensors(
        _ built: BuiltModel, _ buffer: AlignedBuffer<Float>, prefix: String
    ) throws(LeptonError) -> [ModelSnapshot.NamedTensor] {
        var result: [ModelSnapshot.NamedTensor] = []
        for (weight, entry) in zip(built.operations.weights, built.layout.entries) {
            let tensor = try Tensor(floats: Shape(weight.spec.shape)) { output in
                output.update(from: buffer.pointer + entry.offset, count: entry.count)
            }
            result.append(ModelSnapshot.NamedTensor(name: prefix + weight.path, tensor: tensor))
        }
        return result
    }

    /// The model that a snapshot was taken of.
    ///
    /// - Throws: what is wrong with the config; `corruptData` when tensors are missing, in excess, or of other shapes
    ///   than the config says.
    package convenience init(restoring snapshot: ModelSnapshot) throws(LeptonError) {
        let graph = try ModelGraph(config: snapshot.config)
        guard graph.inputShapes != nil else {
            throw LeptonError(.corruptData, "the model's config has no input shape")
        }
        var byName: [String: Tensor] = [:]
        for item in snapshot.tensors { byName[item.name] = item.tensor }
        // First of all, so that a config cannot ask for more memory than the file has numbers.
        for weight in try graph.lowered().weights { _ = try Model.tensor(weight, prefix: "", byName) }
        try self.init(graph: graph, seed: snapshot.seed)
        let built = try requireBuilt()
        try Model.restore(built, built.parameters, prefix: "", &byName)
        if !snapshot.compileConfig.isNull { settings = try CompileSettings(config: snapshot.compileConfig) }
        if let iterations = snapshot.iterations {
            guard settings != nil else {
                throw LeptonError(.corruptData, "the model file has optimizer state but no compile settings")
            }
            let state = try ensureOptimizerState(built)
            for (name, slot) in zip(state.optimizer.slots.map(\.name), state.slots) {
                try Model.restore(built, slot, prefix: "optimizer/\(name)/", &byName)
            }
            state.iterations = iterations
        }
        epochsTrained = snapshot.epochsTrained
        hasOwnWeights = true
        if let extra = byName.keys.sorted().first {
            throw LeptonError(
                .corruptData, argument: "model file", expected: "only tensors that the config names",
                received: "'\(extra.prefix(200))'")
        }
    }

    private static func restore(
        _ built: BuiltModel, _ buffer: AlignedBuffer<Float>, prefix: String, _ tensors: inout [String: Tensor]
    ) throws(LeptonError) {
        for (weight, entry) in zip(built.operations.weights, built.layout.entries) {
            let tensor = try tensor(weight, prefix: prefix, tensors)
            tensor.withView { $0.copyFloats(to: buffer.pointer + entry.offset) }
            tensors[prefix + weight.path] = nil
        }
    }

    private static func tensor(
        _ weight: OperationGraph.Weight, prefix: String, _ tensors: [String: Tensor]
    ) throws(LeptonError) -> Tensor {
        let name = prefix + weight.path
        guard let tensor = tensors[name] else {
            throw LeptonError(.corruptData, argument: "model file", expected: "a tensor '\(name)'", received: "none")
        }
        guard tensor.shape.extents == weight.spec.shape else {
            throw LeptonError(
                .corruptData, argument: "tensor '\(name)'", expected: "shape \(Shape.text(weight.spec.shape))",
                received: "shape \(tensor.shape)")
        }
        return tensor
    }
}
