import CLeptonKernels
import LeptonNN
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A model: a graph of layers, its weights, and what it takes to train it.
///
///     let model = Sequential { Dense(units: 1, inputShape: [1]) }
///     model.compile(optimizer: .sgd(), loss: .meanSquaredError)
///
/// Thread-safe: calls on one model may come from any thread. During a fit others see the weights between two steps;
/// a second fit, or a change of structure meanwhile, throws `invalidState`.
///
/// `@unchecked Sendable`: `lock` guards every stored property below it.
public final class Model: @unchecked Sendable {
    let lock = Lock()
    var graph: ModelGraph
    var seed: UInt64
    var built: BuiltModel? { didSet { if built !== oldValue { batchRunner = nil } } }
    var settings: CompileSettings?
    /// For single batches; made anew when the model was compiled or built since.
    var batchRunner: BatchRunner?
    var optimizerState: OptimizerState?
    /// Epochs trained over the model's life: numbers the orders in which rows are shuffled.
    var epochsTrained: UInt64 = 0
    var isTraining = false
    /// Grows with every change of the weights, so that models that share layers know who has the newest.
    var weightsVersion: UInt64 = 0
    /// Whether the weights are others than those drawn from the seed.
    var hasOwnWeights = false
    /// A mistake in a Swift declaration, kept for the calls that can throw.
    var declarationError: LeptonError?
    /// Why the latest Swift `compile` was refused, until one is not.
    var compileError: LeptonError?

    /// An empty Sequential model.
    ///
    /// - Parameter name: nil for "sequential".
    /// - Throws: `invalidArgument` for an empty name.
    public init(name: String? = nil) throws(LeptonError) {
        if let name, name.isEmpty || name.utf8.count > 200 {
            throw LeptonError(
                .invalidArgument, argument: "name", expected: "1 to 200 bytes",
                received: name.isEmpty ? "''" : "\(name.utf8.count) bytes")
        }
        graph = ModelGraph(name: name ?? "sequential")
        seed = Model.freshSeed()
    }

    /// A model with fresh weights from Keras config JSON.
    ///
    /// - Throws: `invalidArgument` for unknown layers or arguments, with the nearest known name; `notSupported`;
    ///   `shapeMismatch`.
    public init(config: JSONValue) throws(LeptonError) {
        graph = try ModelGraph(config: config)
        seed = Model.freshSeed()
        if graph.inputShapes != nil { built = try makeBuilt() }
    }

    /// - Parameters:
    ///   - seed: nil for one from the operating system.
    ///   - drawingWeights: false leaves the weights 0 until they are given.
    init(graph: ModelGraph, seed: UInt64?, drawingWeights: Bool) throws(LeptonError) {
        self.graph = graph
        self.seed = seed ?? Model.freshSeed()
        if graph.inputShapes != nil { built = try makeBuilt(drawingWeights: drawingWeights) }
    }

    init(declaring layers: [any Layer], name: String, seed: UInt64?) {
        var graph = ModelGraph(name: name)
        self.seed = seed ?? Model.freshSeed()
        do throws(LeptonError) {
            for layer in layers { try graph.append(layer) }
            self.graph = graph
            if graph.inputShapes != nil { built = try makeBuilt() }
        } catch {
            self.graph = graph
            declarationError = error
        }
    }

    /// From the operating system, so that two models differ unless a seed is set.
    private static func freshSeed() -> UInt64 { UInt64.random(in: .min ... .max) }

    /// Runs `body` under the lock, after any mistake in the declaration has been reported.
    func withState<Result>(_ body: () throws(LeptonError) -> Result) throws(LeptonError) -> Result {
        try lock.withLock { () throws(LeptonError) -> Result in
            if let declarationError { throw declarationError }
            return try body()
        }
    }

    /// Throws while a fit runs: its plan relies on the structure.
    func requireIdle(_ what: String) throws(LeptonError) {
        guard !isTraining else {
            throw LeptonError(.invalidState, "\(what) is not possible while the model is being trained")
        }
    }

    func requireBuilt() throws(LeptonError) -> BuiltModel {
        guard let built else {
            throw LeptonError(
                .invalidState,
                "the model is not built; give the first layer an input shape, call build, or fit it on data")
        }
        return built
    }

    func makeBuilt(drawingWeights: Bool = true) throws(LeptonError) -> BuiltModel {
        let operations = try graph.lowered()
        let layout = try ParameterLayout(operations)
        let parameters = try AlignedBuffer<Float>(zeros: layout.totalFloats, purpose: "the model's weights")
        for (index, weight) in operations.weights.enumerated() where drawingWeights {
            let entry = layout.entries[index]
            let values = UnsafeMutableBufferPointer(start: parameters.pointer + entry.offset, count: entry.count)
            try weight.spec.initializer.fill(values, shape: weight.spec.shape, modelSeed: seed, index: index)
            guard lepton_k_all_finite_f32(values.baseAddress, values.count) != 0 else {
                throw LeptonError(
                    .nonFinite, argument: "initializer of \(weight.path)", expected: "finite float32 numbers",
                    received: "NaN or infinity")
            }
        }
        return try BuiltModel(
            operations: operations, layout: layout, parameters: parameters, batchSize: graph.batchSize)
    }

    /// What runs the model on data of these lengths, built under the lock if that has not happened.
    ///
    /// - Throws: `shapeMismatch` for data that the model does not take, where it has axes of unknown length.
    func ensureBuilt(for inputs: [TensorView]) throws(LeptonError) -> BuiltModel {
        let built = try ensureBuilt(sampleShapes: graph.inputShapes ?? inputs.map(\.sampleExtents))
        return built.hasUnknownLengths ? try built.variant(of: graph, for: inputs) : built
    }

    /// Builds under the lock if that has not happened.
    func ensureBuilt(sampleShapes: [[Int]]) throws(LeptonError) -> BuiltModel {
        if let built { return built }
        try requireIdle("building")
        let previous = graph
        graph = try graph.building(inputShapes: sampleShapes)
        do throws(LeptonError) {
            let made = try makeBuilt()
            built = made
            return made
        } catch {
            graph = previous
            throw error
        }
    }
}

extension Model {
    /// Seeds everything random in the model: initial weights, shuffling, dropout.
    ///
    /// A model that is built draws its weights anew.
    ///
    /// - Throws: `invalidState` once weights have been set or trained.
    package func setSeed(_ seed: UInt64) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("seeding")
            guard !hasOwnWeights else {
                throw LeptonError(.invalidState, "the seed must be set before weights are set or trained")
            }
            let previous = self.seed
            self.seed = seed
            guard built != nil else { return }
            do throws(LeptonError) { built = try makeBuilt() } catch {
                self.seed = previous
                throw error
            }
        }
    }

    /// Says whether training changes the weights of a layer ("dense", or "encoder/dense" inside another model), or of all
    /// layers when `path` is nil. Takes effect with the next fit; the optimizer's state stays.
    ///
    /// - Throws: `notFound`; `invalidState` during a fit.
    package func setTrainable(_ isTrainable: Bool, layer path: String?) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("changing what is trained")
            var changed = graph
            if let path {
                try changed.setTrainable(isTrainable, layer: path)
            } else {
                for layer in graph.layers {
                    if let name = layer.options.name { try changed.setTrainable(isTrainable, layer: name) }
                }
            }
            guard let built else {
                graph = changed
                return
            }
            let operations = try changed.lowered()
            // Weights stand where they stood: their places do not depend on which are trained.
            self.built = try BuiltModel(
                operations: operations, layout: ParameterLayout(operations), parameters: built.parameters,
                batchSize: changed.batchSize, stateStore: built.stateStore)
            graph = changed
        }
    }

    /// Makes the states of stateful layers 0: of all, or of those of a layer ("lstm", "encoder/lstm").
    ///
    /// - Throws: `notFound` for a path without a stateful layer; `invalidState` when the model is not built.
    public func resetStates(layer path: String? = nil) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let built = try requireBuilt()
            if let path { _ = try graph.layer(at: path) }
            // Of lengths that are not known, states are made with the first data, as 0.
            guard let states = built.stateStore.states else { return }
            guard states.reset(layer: path) || path == nil else {
                throw LeptonError(.notFound, "the model has no stateful layer '\(path?.prefix(200) ?? "")'")
            }
        }
    }

    /// A number that differs whenever the weights may.
    package func currentWeightsVersion() -> UInt64 { lock.withLock { weightsVersion } }

    /// Appends a layer by its Keras class name.
    package func addLayer(className: String, config: JSONObject) throws(LeptonError) {
        try add(LayerRegistry.make(className: className, config: config))
    }

    /// Appends a layer to a Sequential model. The layers before it keep their weights.
    ///
    /// - Throws: `shapeMismatch` when it does not take what the layer before it gives; `invalidState` during a fit, and
    ///   after one until the model is compiled anew. The model is unchanged then.
    public func add(_ layer: any Layer) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("adding a layer")
            guard optimizerState == nil else {
                throw LeptonError(
                    .invalidState,
                    "layers cannot be added while the optimizer has a state for those before; compile the model first")
            }
            let previous = graph
            try graph.append(layer)
            guard graph.inputShapes != nil else { return }
            do throws(LeptonError) {
                let made = try makeBuilt()
                if let built {
                    // A layout begins with the layout of the layers before, so their weights stand at the same places.
                    made.parameters.pointer.update(from: built.parameters.pointer, count: built.layout.totalFloats)
                }
                built = made
            } catch {
                graph = previous
                throw error
            }
        }
    }

    /// Gives a model whose first layer named no shape its input: extents of one sample, -1 for an axis whose length the
    /// data tells.
    ///
    /// - Throws: `shapeMismatch`; `invalidState` when it was built with another shape.
    public func build(inputShape: [Int]) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            _ = try graph.building(inputShapes: [inputShape])
            _ = try ensureBuilt(sampleShapes: [inputShape])
        }
    }

    /// The model as Keras config JSON.
    public var config: JSONValue { lock.withLock { graph.config } }

    /// Extents of each input with the batch first as -1, as other axes of unknown length.
    package func inputShapes() throws(LeptonError) -> [[Int]] {
        try withState { () throws(LeptonError) in
            let operations = try requireBuilt().operations
            return operations.modelInputs.map { [graph.batchSize ?? Shape.unknown] + operations.sampleShapes[$0] }
        }
    }

    /// Extents of each output with the batch first as -1, as other axes of unknown length.
    package func outputShapes() throws(LeptonError) -> [[Int]] {
        try withState { () throws(LeptonError) in
            let operations = try requireBuilt().operations
            return operations.outputs.map { [graph.batchSize ?? Shape.unknown] + operations.sampleShapes[$0] }
        }
    }
}
