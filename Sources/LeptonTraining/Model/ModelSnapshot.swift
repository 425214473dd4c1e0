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
    /// Where a fit stood; null when none was running.
    package var training: JSONValue

    package init(
        config: JSONValue, compileConfig: JSONValue, seed: UInt64, epochsTrained: UInt64, iterations: UInt64?,
        tensors: [NamedTensor], training: JSONValue = .null
    ) {
        self.config = config
        self.compileConfig = compileConfig
        self.seed = seed
        self.epochsTrained = epochsTrained
        self.iterations = iterations
        self.tensors = tensors
        self.training = training
    }
}

extension Model {
    /// A copy of the model's state between two steps.
    ///
    /// - Throws: `invalidState` when the model is not built.
    package func snapshot() throws(LeptonError) -> ModelSnapshot {
        try withState { () throws(LeptonError) in
            let built = try requireBuilt()
            var tensors = try Model.weightTensors(built)
            if let state = optimizerState {
                for part in state.tensors(built) {
                    let tensor = try Tensor(floats: Shape(part.shape)) {
                        $0.update(from: part.memory, count: part.count)
                    }
                    tensors.append(ModelSnapshot.NamedTensor(name: "optimizer/" + part.name, tensor: tensor))
                }
            }
            return ModelSnapshot(
                config: graph.config, compileConfig: settings?.config ?? .null, seed: seed,
                epochsTrained: epochsTrained, iterations: optimizerState?.iterations, tensors: tensors)
        }
    }

    private static func weightTensors(_ built: BuiltModel) throws(LeptonError) -> [ModelSnapshot.NamedTensor] {
        var result: [ModelSnapshot.NamedTensor] = []
        for (weight, entry) in zip(built.operations.weights, built.layout.entries) {
            let tensor = try Tensor(floats: Shape(weight.spec.shape)) { output in
                output.update(from: built.parameters.pointer + entry.offset, count: entry.count)
            }
            result.append(ModelSnapshot.NamedTensor(name: weight.path, tensor: tensor))
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
        for weight in try graph.lowered().weights {
            _ = try Model.tensor(weight.path, shape: weight.spec.shape, byName)
        }
        try self.init(graph: graph, seed: snapshot.seed, drawingWeights: false)
        let built = try requireBuilt()
        for (weight, entry) in zip(built.operations.weights, built.layout.entries) {
            let tensor = try Model.tensor(weight.path, shape: weight.spec.shape, byName)
            tensor.withView { $0.copyFloats(to: built.parameters.pointer + entry.offset) }
            byName[weight.path] = nil
        }
        if !snapshot.compileConfig.isNull { settings = try CompileSettings(config: snapshot.compileConfig) }
        if let iterations = snapshot.iterations {
            guard settings != nil else {
                throw LeptonError(.corruptData, "the model file has optimizer state but no compile settings")
            }
            let state = try ensureOptimizerState(built)
            for part in state.tensors(built) {
                let name = "optimizer/" + part.name
                let tensor = try Model.tensor(name, shape: part.shape, byName)
                tensor.withView { $0.copyFloats(to: part.memory) }
                byName[name] = nil
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

    private static func tensor(
        _ name: String, shape: [Int], _ tensors: [String: Tensor]
    ) throws(LeptonError) -> Tensor {
        guard let tensor = tensors[name] else {
            throw LeptonError(.corruptData, argument: "model file", expected: "a tensor '\(name)'", received: "none")
        }
        guard tensor.shape.extents == shape else {
            throw LeptonError(
                .corruptData, argument: "tensor '\(name)'", expected: "shape \(Shape.text(shape))",
                received: "shape \(tensor.shape)")
        }
        return tensor
    }
}
