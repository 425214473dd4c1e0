import LeptonNN
import LeptonTensor

/// What `compile` sets.
package struct CompileSettings: Sendable, Equatable {
    package let optimizer: Optimizer
    package let loss: Loss?
    package let metrics: [Metric]
    package let weightedMetrics: [Metric]
    /// What the history calls the metrics and then the weighted metrics: a weighted one whose name is taken by one
    /// that is not has "weighted_" before it, as in Keras.
    package let reportedNames: [String]

    package init(
        optimizer: Optimizer, loss: Loss?, metrics: [Metric], weightedMetrics: [Metric]
    ) throws(LeptonError) {
        let plain = metrics.map(\.name)
        reportedNames = plain + weightedMetrics.map { plain.contains($0.name) ? "weighted_\($0.name)" : $0.name }
        var names: Set<String> = ["loss"]
        for name in reportedNames where !names.insert(name).inserted {
            throw LeptonError(
                .invalidArgument, argument: "metrics", expected: "a name of its own for each metric",
                received: "'\(name)' twice")
        }
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.weightedMetrics = weightedMetrics
    }

    /// As Keras's `get_compile_config` writes it.
    package var config: JSONValue {
        [
            "optimizer": optimizer.config, "loss": loss?.config ?? .null, "loss_weights": .null,
            "metrics": .array(metrics.map(\.config)), "weighted_metrics": .array(weightedMetrics.map(\.config)),
        ]
    }

    package init(config: JSONValue) throws(LeptonError) {
        guard let fields = config.objectValue, let optimizer = fields["optimizer"] else {
            throw LeptonError(
                .invalidArgument, argument: "compile config", expected: "an object with an optimizer",
                received: config.kindName)
        }
        var loss: Loss?
        if let value = fields["loss"], !value.isNull { loss = try Loss(value) }
        try self.init(
            optimizer: Optimizer(optimizer), loss: loss, metrics: CompileSettings.metrics("metrics", fields),
            weightedMetrics: CompileSettings.metrics("weighted_metrics", fields))
    }

    private static func metrics(_ key: String, _ fields: JSONObject) throws(LeptonError) -> [Metric] {
        guard let value = fields[key], !value.isNull else { return [] }
        guard let items = value.arrayValue else {
            throw LeptonError(
                .invalidArgument, argument: "compile config.\(key)", expected: "a list", received: value.kindName)
        }
        var metrics: [Metric] = []
        for item in items { metrics.append(try Metric(item)) }
        return metrics
    }
}

extension Model {
    /// Sets optimizer, loss and metrics from names or Keras config objects; optimizer state starts anew.
    ///
    /// - Throws: `invalidArgument` for unknown names, with the nearest known one, or values out of range;
    ///   `notSupported`; `invalidState` during a fit. Earlier settings stay then.
    package func compile(
        optimizer: JSONValue, loss: JSONValue?, metrics: [JSONValue], weightedMetrics: [JSONValue]
    ) throws(LeptonError) {
        var plain: [Metric] = []
        for value in metrics { plain.append(try Metric(value)) }
        var weighted: [Metric] = []
        for value in weightedMetrics { weighted.append(try Metric(value)) }
        var parsedLoss: Loss?
        if let loss { parsedLoss = try Loss(loss) }
        try compile(
            CompileSettings(
                optimizer: Optimizer(optimizer), loss: parsedLoss, metrics: plain, weightedMetrics: weighted))
    }

    package func compile(_ settings: CompileSettings) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("compiling")
            self.settings = settings
            compileError = nil
            optimizerState = nil
        }
    }

    /// Optimizer, loss and metrics as Keras config JSON; nil when the model is not compiled.
    public var compileConfig: JSONValue? { lock.withLock { settings?.config } }

    func requireCompiled() throws(LeptonError) -> CompileSettings {
        if let compileError { throw compileError }
        guard let settings else {
            throw LeptonError(.invalidState, "the model is not compiled; call compile with an optimizer and a loss")
        }
        return settings
    }

    /// The optimizer's learning rate.
    ///
    /// - Throws: `invalidState` when the model is not compiled.
    public func learningRate() throws(LeptonError) -> Double {
        try withState { () throws(LeptonError) in
            let settings = try requireCompiled()
            return optimizerState?.optimizer.learningRate ?? settings.optimizer.learningRate
        }
    }

    /// Sets it, also between two steps of a fit.
    ///
    /// - Throws: `invalidState` when not compiled; `invalidArgument` for a rate that is negative or not finite.
    public func setLearningRate(_ rate: Double) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            _ = try requireCompiled()
            guard rate >= 0, rate.isFinite else {
                throw LeptonError(
                    .invalidArgument, argument: "learning_rate", expected: "a finite number of at least 0",
                    received: "\(rate)")
            }
            try adoptLearningRate(rate)
        }
    }

    /// Sets a rate that has been found to be in order; the lock is held.
    func adoptLearningRate(_ rate: Double) throws(LeptonError) {
        let settings = try requireCompiled()
        var optimizer = settings.optimizer
        optimizer.learningRate = rate
        self.settings = try CompileSettings(
            optimizer: optimizer, loss: settings.loss, metrics: settings.metrics,
            weightedMetrics: settings.weightedMetrics)
        optimizerState?.optimizer.learningRate = rate
    }

    /// The optimizer's state, made at the first use.
    func ensureOptimizerState(_ built: BuiltModel) throws(LeptonError) -> OptimizerState {
        if let optimizerState { return optimizerState }
        let state = try OptimizerState(
            requireCompiled().optimizer, parameterFloats: built.layout.totalFloats)
        optimizerState = state
        return state
    }
}
