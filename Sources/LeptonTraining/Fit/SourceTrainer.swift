import LeptonNN
import LeptonTensor

/// One fit from a source: epochs of batches as they come, validation, progress and history.
///
/// Not `Sendable`: it belongs to the thread that called fit. The model's lock is held during each step and free
/// between two, as in `Trainer`.
final class SourceTrainer {
    private let model: Model
    private let source: DataSource
    private let options: SourceOptions
    private let executors: BatchExecutors
    private let state: OptimizerState
    private let scores: Scoreboard
    private let validation: SourceEvaluation?
    private let names: MetricNames
    private let epochNames: MetricNames
    private let values: AlignedBuffer<Double>
    /// A batch that was taken from the source and not trained on yet.
    private var pending: BatchData?
    private var history = History()
    private var stopRequested = false
    private var failure: LeptonError?
    private var hasRunOut = false

    init(
        model: Model, context: TrainingContext, source: DataSource, first: BatchData, options: SourceOptions,
        pool: WorkerPool
    ) throws(LeptonError) {
        executors = BatchExecutors(context: context, pool: pool)
        scores = try Scoreboard(context.objectives)
        if let held = options.validation {
            validation = try SourceEvaluation(
                context: context, source: held, steps: options.validationSteps, allowNonFinite: options.allowNonFinite,
                pool: pool)
        } else {
            validation = nil
        }
        names = MetricNames(scores.names)
        epochNames = MetricNames(scores.names + scores.names.map { "val_" + $0 })
        values = try AlignedBuffer(zeros: 2 * scores.names.count, purpose: "metric values")
        state = try model.ensureOptimizerState(context.built)
        pending = first
        self.model = model
        self.source = source
        self.options = options
    }

    /// A batch's data once it has been found to be in order.
    static func prepare(
        _ batch: BatchData, _ context: TrainingContext, _ options: SourceOptions
    ) throws(LeptonError) -> PreparedData {
        let data = try PreparedData(
            form: context.form, x: batch.x, y: batch.y, sampleWeights: batch.sampleWeights,
            classWeights: options.classWeight, allowNonFinite: options.allowNonFinite)
        try context.requireStatefulRows(data.rows, "x")
        return data
    }

    /// Trains. The model keeps the weights of the last complete step whatever happens.
    ///
    /// - Throws: `cancelled`; what is wrong with a batch, or what the source threw.
    func run() throws(LeptonError) -> History {
        report(.trainBegin, epoch: options.initialEpoch, step: 0, count: 0)
        var epoch = options.initialEpoch
        while epoch < options.epochs, !stopRequested, !hasRunOut {
            try runEpoch(epoch)
            epoch += 1
        }
        model.lock.withLock { model.finishTraining(state) }
        history.stoppedEarly = stopRequested || hasRunOut
        report(.trainEnd, epoch: max(epoch - 1, 0), step: 0, count: 0)
        return history
    }

    private func runEpoch(_ epoch: Int) throws(LeptonError) {
        report(.epochBegin, epoch: epoch, step: 0, count: 0)
        scores.reset()
        var step = 0
        while !stopRequested, options.stepsPerEpoch.map({ step < $0 }) ?? true {
            try checkInterruption()
            guard let batch = try nextBatch() else { break }
            let context = try executors.context(for: batch)
            let data = try SourceTrainer.prepare(batch, context, options)
            let executor = try executors.executor(for: data, context, isTraining: true, orLarger: true)
            model.lock.withLock {
                model.weightsVersion += 1
                executor.train(order: nil, start: 0, rows: data.rows, state: state, totals: scores.batch)
            }
            // The executor reads the memory that `data` holds or borrows.
            withExtendedLifetime(data) {}
            scores.addBatch(rows: data.rows)
            options.didTrain?(data.rows)
            step += 1
            guard options.progress != nil else { continue }
            scores.write(to: values.pointer)
            report(.batchEnd, epoch: epoch, step: step, count: names.strings.count)
        }
        guard step > 0 else {
            hasRunOut = !stopRequested
            return
        }
        try finishEpoch(epoch, steps: step)
    }

    private func nextBatch() throws(LeptonError) -> BatchData? {
        guard let batch = pending else { return try source.next() }
        pending = nil
        return batch
    }

    private func finishEpoch(_ epoch: Int, steps done: Int) throws(LeptonError) {
        model.lock.withLock { model.epochsTrained += 1 }
        scores.write(to: values.pointer)
        let isMeasured = try runValidation(epoch)
        let names = isMeasured ? epochNames : self.names
        history.append(epoch: epoch, names: names.strings, values: values.pointer)
        report(.epochEnd, epoch: epoch, step: done, names, count: names.strings.count, values: values.pointer)
    }

    /// - Returns: whether there was a validation in this epoch.
    private func runValidation(_ epoch: Int) throws(LeptonError) -> Bool {
        guard let validation, let first = try options.validation?.next() else { return false }
        let means = values.pointer + names.strings.count
        let known = validation.knownSteps
        report(.validationBegin, epoch: epoch, step: 0, of: known, names, count: 0, values: means)
        let (isComplete, steps) = try validation.run(model: model, first: first, prefix: "validation_") { step in
            if options.progress != nil {
                validation.scores.write(to: means)
                report(
                    .validationBatchEnd, epoch: epoch, step: step, of: known, names, count: names.strings.count,
                    values: means)
            }
            failure = interruption()
            return !stopRequested && failure == nil
        }
        if let failure { throw failure }
        guard isComplete else { return false }
        validation.scores.write(to: means)
        report(
            .validationEnd, epoch: epoch, step: steps, of: steps, names, count: names.strings.count, values: means)
        return true
    }

    private func checkInterruption() throws(LeptonError) {
        if let failure = interruption() { throw failure }
    }

    private func interruption() -> LeptonError? {
        if let cancel = options.cancel, cancel.isCancelled { return LeptonError(.cancelled, "fit was cancelled") }
        return options.interruption? {
            report(.waiting, epoch: 0, step: 0, count: 0)
            return !stopRequested
        }
    }

    private func report(_ kind: ProgressEvent.Kind, epoch: Int, step: Int, count: Int) {
        report(kind, epoch: epoch, step: step, names, count: count, values: values.pointer)
    }

    /// Steps in all are 0 as long as they are not known.
    private func report(
        _ kind: ProgressEvent.Kind, epoch: Int, step: Int, of steps: Int? = nil, _ names: MetricNames, count: Int,
        values: UnsafeMutablePointer<Double>
    ) {
        guard let progress = options.progress else { return }
        let event = ProgressEvent(
            kind: kind, epoch: epoch, epochs: options.epochs, step: step, steps: steps ?? options.stepsPerEpoch ?? 0,
            names: names, values: UnsafeBufferPointer(start: values, count: count))
        if !progress(event) { stopRequested = true }
    }
}
