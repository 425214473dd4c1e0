import LeptonNN
import LeptonTensor

/// A chain of layers; Keras's name for it.
public typealias Sequential = Model

/// Collects the layers of a `Sequential { ... }` declaration.
@resultBuilder
public enum LayerBuilder {
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
    public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}

extension Model {
    /// A Sequential model.
    ///
    ///     let model = Sequential(seed: 1) {
    ///         Dense(units: 64, activation: .relu, inputShape: [30])
    ///         Dense(units: 1, activation: .sigmoid)
    ///     }
    ///
    /// A declaration does not throw: what is wrong with it (layers that do not fit, say) is thrown by the first call
    /// that can, such as `build` or `fit`.
    /// - Parameter seed: for initial weights, shuffling and dropout; nil takes one from the operating system.
    public convenience init(
        name: String = "sequential", seed: UInt64? = nil, @LayerBuilder layers: () -> [any Layer]
    ) {
        self.init(declaring: layers(), name: name, seed: seed)
    }

    /// A functional model: what leads from the inputs to the outputs.
    ///
    /// - Parameters:
    ///   - inputs: made with `Input(shape:)`, in the order in which the model takes data.
    ///   - outputs: in the order of targets and predictions.
    ///   - seed: for initial weights, shuffling and dropout; nil takes one from the operating system.
    /// - Throws: `invalidArgument` when the outputs need an input that is not given, or two layers have one name;
    ///   `shapeMismatch` when a layer does not take what it is called with.
    public convenience init(
        inputs: [SymbolicTensor], outputs: [SymbolicTensor], name: String = "functional", seed: UInt64? = nil
    ) throws(LeptonError) {
        let graph = try ModelGraph(name: name, inputs: inputs, outputs: outputs.map { (nil, $0) })
        try self.init(graph: graph, seed: seed, drawingWeights: true)
    }

    /// A functional model whose outputs have names, for losses, metrics and the history; they are in the names' order.
    ///
    /// - Throws: as for outputs in order.
    public convenience init(
        inputs: [SymbolicTensor], outputs: [String: SymbolicTensor], name: String = "functional", seed: UInt64? = nil
    ) throws(LeptonError) {
        let named = outputs.sorted { $0.key < $1.key }.map { (name: Optional($0.key), tensor: $0.value) }
        let graph = try ModelGraph(name: name, inputs: inputs, outputs: named)
        try self.init(graph: graph, seed: seed, drawingWeights: true)
    }

    /// Sets optimizer, a loss and metrics for each output by the outputs' names; optimizer state starts anew.
    ///
    /// An output's name is its key where the model was made with named outputs, else its layer's.
    /// - Parameters:
    ///   - losses: an output without one is not trained on.
    ///   - lossWeights: what each loss counts in the sum; 1 where none is given.
    /// - Throws: `invalidArgument` for names that no output has and values out of range; `invalidState` during a fit.
    public func compile(
        optimizer: Optimizer, losses: [String: Loss], lossWeights: [String: Double] = [:],
        metrics: [String: [Metric]] = [:], weightedMetrics: [String: [Metric]] = [:]
    ) throws(LeptonError) {
        try compile(
            optimizer: optimizer.config, loss: Model.byOutput(losses) { $0.config },
            lossWeights: Model.byOutput(lossWeights) { .number($0) },
            metrics: Model.byOutput(metrics) { .array($0.map(\.config)) },
            weightedMetrics: Model.byOutput(weightedMetrics) { .array($0.map(\.config)) })
    }

    /// Nil for none.
    private static func byOutput<Value>(_ values: [String: Value], _ config: (Value) -> JSONValue) -> JSONValue? {
        guard !values.isEmpty else { return nil }
        var object = JSONObject()
        for key in values.keys.sorted() { object[key] = values[key].map(config) }
        return .object(object)
    }

    /// Sets optimizer, loss and metrics; optimizer state starts anew.
    ///
    /// Does not throw: a value out of range, or a call during a fit, is reported by the next call that needs the
    /// settings (`fit`, `evaluate`, `learningRate`) until the model is compiled with others.
    /// - Parameters:
    ///   - metrics: measured without sample weights.
    ///   - weightedMetrics: measured with them.
    public func compile(
        optimizer: Optimizer, loss: Loss, metrics: [Metric] = [], weightedMetrics: [Metric] = []
    ) {
        do throws(LeptonError) {
            // Through the configs, so that typed and named settings pass the same checks.
            try compile(
                optimizer: optimizer.config, loss: loss.config, metrics: .array(metrics.map(\.config)),
                weightedMetrics: .array(weightedMetrics.map(\.config)))
        } catch {
            lock.withLock { compileError = error }
        }
    }
}
