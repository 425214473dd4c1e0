import LeptonNN
import LeptonTensor

extension Model {
    /// Sets optimizer, loss and metrics from names or Keras config objects; optimizer state starts anew.
    ///
    /// - Throws: `invalidArgument` for unknown names, with the nearest known one, or values out of range;
    ///   `notSupported`; `invalidState` during a fit. Earlier settings stay then.
    package func compile(
        optimizer: JSONValue, loss: JSONValue?, lossWeights: JSONValue? = nil, metrics: JSONValue? = nil,
        weightedMetrics: JSONValue? = nil
    ) throws(LeptonError) {
        try compile(
            checking: CompileSettings(
                optimizer: optimizer, loss: loss, lossWeights: lossWeights, metrics: metrics,
                weightedMetrics: weightedMetrics))
    }

    /// The same with settings that have been read.
    package func compile(checking settings: CompileSettings) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            // What names outputs is checked at once where the outputs are known.
            if let built { _ = try Objectives(settings, graph: graph, operations: built.operations) }
        }
        try compile(settings)
    }

    package func compile(_ settings: CompileSettings) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("compiling")
            self.settings = settings
            compileError = nil
            optimizerState = nil
            batchRunner = nil
        }
    }

    /// Sets losses and metrics anew, with the optimizer and its state as they are. For a program's own ones, whose graphs
    /// are read when the shapes of the data are known.
    ///
    /// - Throws: as `compile`; `invalidState` when the model is not compiled.
    package func setObjectives(_ other: CompileSettings) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let changed = try requireCompiled().with(other)
            if let built { _ = try Objectives(changed, graph: graph, operations: built.operations) }
            try requireIdle("setting losses and metrics")
            settings = changed
            batchRunner = nil
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
            return settings.optimizer.learningRate(after: optimizerState?.iterations ?? 0)
        }
    }

    /// Sets it, also between two steps of a fit.
    ///
    /// - Throws: `invalidState` when not compiled; `invalidArgument` for a rate that is negative or not finite;
    ///   `typeMismatch` when the rate follows a schedule.
    public func setLearningRate(_ rate: Double) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let settings = try requireCompiled()
            guard rate >= 0, rate.isFinite else {
                throw LeptonError(
                    .invalidArgument, argument: "learning_rate", expected: "a finite number of at least 0",
                    received: "\(rate)")
            }
            if case .scheduled = settings.optimizer.rate {
                throw LeptonError(
                    .typeMismatch,
                    "the optimizer was made with a schedule as its learning_rate, so that the rate cannot be set; make it with "
                        + "a number")
            }
            try adopt(.constant(rate))
        }
    }

    /// Sets a rate that has been found to be in order; the lock is held.
    func adopt(_ rate: Optimizer.Rate) throws(LeptonError) {
        var changed = try requireCompiled()
        changed.optimizer.rate = rate
        settings = changed
        optimizerState?.optimizer.rate = rate
    }

    /// The optimizer's state, made at the first use.
    func ensureOptimizerState(_ built: BuiltModel) throws(LeptonError) -> OptimizerState {
        if let optimizerState { return optimizerState }
        let state = try OptimizerState(
            requireCompiled().optimizer, parameters: built.parameters)
        optimizerState = state
        return state
    }
}
