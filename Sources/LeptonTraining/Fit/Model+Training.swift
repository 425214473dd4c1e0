import LeptonNN
import LeptonTensor

extension Model {
    /// Trains on the workers of a pool, which is asked for once the data has been checked. The weights afterwards are
    /// the same bits whatever their number.
    ///
    /// - Throws: what is wrong with data or options, before anything changes; `cancelled`, with the weights of the
    ///   last complete step; `invalidState` when a fit runs already.
    package func fit(
        x: [TensorView], y: [TensorView], options: TrainingOptions, pool: PoolProvider
    ) throws(LeptonError) -> History {
        let (before, prepared) = try withState { () throws(LeptonError) in
            try requireIdle("a second fit")
            let before = (graph, built)
            let prepared = try keepingUnbuiltOnFailure { () throws(LeptonError) in
                try Trainer.prepare(self, x: x, y: y, options)
            }
            isTraining = true
            return (before, prepared)
        }
        defer { lock.withLock { isTraining = false } }
        let trainer: Trainer
        do throws(LeptonError) {
            // Without the lock: an allocator may be the host's code, and may ask the model something.
            let workers = try pool()
            trainer = try withState { () throws(LeptonError) in
                let trainer = try Trainer(model: self, prepared, options: options, pool: workers)
                hasOwnWeights = true
                return trainer
            }
        } catch {
            lock.withLock { (graph, built) = before }
            throw error
        }
        return try trainer.run()
    }

    /// Checks all that `fit` would check, and changes nothing.
    package func checkFit(x: [TensorView], y: [TensorView], options: TrainingOptions) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("a second fit")
            try keepingUnbuiltOnFailure { () throws(LeptonError) in _ = try Trainer.prepare(self, x: x, y: y, options) }
        }
    }

    /// Throws `notSupported` for a model whose fits cannot be gone on with: what its layers carry from batch to batch is
    /// not a part of its state in files.
    package func requireCheckpointable() throws(LeptonError) {
        guard lock.withLock({ built?.states == nil }) else {
            throw LeptonError(
                .notSupported, argument: "checkpoint",
                expected: "a model without stateful layers; keep its weights with save between epochs instead",
                received: "stateful recurrent layers")
        }
    }

    /// Loss and metrics on given data, as a history of one epoch.
    ///
    /// - Parameters:
    ///   - progress: told of each batch; false ends the run early.
    ///   - interruption: asked after each batch; an error ends the run.
    package func evaluate(
        x: [TensorView], y: [TensorView], sampleWeights: [TensorView], batchSize: Int, allowNonFinite: Bool,
        pool: PoolProvider, progress: ProgressHandler?, interruption: () -> LeptonError?
    ) throws(LeptonError) -> History {
        try TrainingOptions.require(batchSize, atLeast: 1, "batch_size")
        let (context, data) = try withState { () throws(LeptonError) in
            try keepingUnbuiltOnFailure { () throws(LeptonError) in
                let context = try TrainingContext(model: self, x: x, y: y)
                let data = try PreparedData(
                    form: context.form, x: x, y: y, sampleWeights: sampleWeights, allowNonFinite: allowNonFinite)
                try context.requireStatefulRows(data.rows, batchSize: batchSize, "x")
                return (context, data)
            }
        }
        let evaluation = try Evaluation(
            context: context, data: data, rows: 0..<data.rows, batchSize: batchSize, pool: pool())
        let names = MetricNames(evaluation.scores.names)
        let values = try AlignedBuffer<Double>(zeros: names.strings.count, purpose: "metric values")
        var failure: LeptonError?
        _ = evaluation.run(model: self) { step in
            evaluation.scores.write(to: values.pointer)
            failure = interruption()
            guard failure == nil, let progress else { return failure == nil }
            return progress(
                ProgressEvent(
                    kind: .batchEnd, epoch: 0, epochs: 1, step: step, steps: evaluation.steps, names: names,
                    values: UnsafeBufferPointer(start: values.pointer, count: names.strings.count)))
        }
        if let failure { throw failure }
        var history = History()
        history.append(epoch: 0, names: names.strings, values: values.pointer)
        return history
    }

    /// Undoes a late build when what followed it was refused: a model stays as it was.
    func keepingUnbuiltOnFailure<Result>(
        _ body: () throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        let (previousGraph, previousBuilt) = (graph, built)
        do throws(LeptonError) { return try body() } catch {
            graph = previousGraph
            built = previousBuilt
            throw error
        }
    }
}
