import LeptonNN
import LeptonTensor

extension Model {
    /// Trains on batches from a source, on the workers of a pool that is asked for once the first batch has been
    /// checked. Otherwise as `fit` on arrays.
    ///
    /// - Throws: what is wrong with options or the first batch, before anything changes; what is wrong with a later
    ///   one, or what a source throws, with the weights of the last complete step.
    package func fit(
        source: DataSource, options: SourceOptions, pool: PoolProvider
    ) throws(LeptonError) -> History {
        try options.check()
        // Without the lock: the source is the host's code, and may ask the model something.
        guard let first = try source.next() else {
            throw LeptonError(.invalidArgument, argument: "source", expected: "at least 1 batch", received: "none")
        }
        let (before, context) = try withState { () throws(LeptonError) in
            try requireIdle("a second fit")
            let before = (graph, built)
            let context = try keepingUnbuiltOnFailure { () throws(LeptonError) in
                let context = try TrainingContext(model: self, x: first.x, y: first.y)
                _ = try SourceTrainer.prepare(first, context, options)
                return context
            }
            isTraining = true
            return (before, context)
        }
        defer { lock.withLock { isTraining = false } }
        let trainer: SourceTrainer
        do throws(LeptonError) {
            let workers = try pool()
            trainer = try withState { () throws(LeptonError) in
                let trainer = try SourceTrainer(
                    model: self, context: context, source: source, first: first, options: options, pool: workers)
                hasOwnWeights = true
                return trainer
            }
        } catch {
            lock.withLock { (graph, built) = before }
            throw error
        }
        return try trainer.run()
    }

    /// Loss and metrics on the batches of a source, as a history of one epoch.
    ///
    /// - Parameters:
    ///   - steps: batches to measure; nil: all.
    ///   - progress: told of each batch; false ends the run early.
    ///   - interruption: asked after each batch; an error ends the run.
    package func evaluate(
        source: DataSource, steps: Int?, allowNonFinite: Bool, pool: PoolProvider, progress: ProgressHandler?,
        interruption: () -> LeptonError?
    ) throws(LeptonError) -> History {
        guard let first = try source.next() else {
            throw LeptonError(.invalidArgument, argument: "source", expected: "at least 1 batch", received: "none")
        }
        let context = try withState { () throws(LeptonError) in
            try keepingUnbuiltOnFailure { () throws(LeptonError) in
                let context = try TrainingContext(model: self, x: first.x, y: first.y)
                let data = try PreparedData(
                    form: context.form, x: first.x, y: first.y, sampleWeights: first.sampleWeights,
                    allowNonFinite: allowNonFinite)
                try context.requireStatefulRows(data.rows, "x")
                return context
            }
        }
        let evaluation = SourceEvaluation(
            context: context, source: source, steps: steps, allowNonFinite: allowNonFinite, pool: try pool())
        let names = MetricNames(evaluation.scores.names)
        let values = try AlignedBuffer<Double>(zeros: names.strings.count, purpose: "metric values")
        var failure: LeptonError?
        _ = try evaluation.run(model: self, first: first) { step in
            evaluation.scores.write(to: values.pointer)
            failure = interruption()
            guard failure == nil, let progress else { return failure == nil }
            return progress(
                ProgressEvent(
                    kind: .batchEnd, epoch: 0, epochs: 1, step: step, steps: evaluation.knownSteps, names: names,
                    values: UnsafeBufferPointer(start: values.pointer, count: names.strings.count)))
        }
        if let failure { throw failure }
        var history = History()
        history.append(epoch: 0, names: names.strings, values: values.pointer)
        return history
    }
}
