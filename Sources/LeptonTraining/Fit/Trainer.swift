import LeptonNN
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One fit: epochs of batches, validation, progress and history.
///
/// Not `Sendable`: it belongs to the thread that called fit. The model's lock is held during each step and free
/// between two, so that others can read the model and callbacks can change its learning rate.
final class Trainer {
    private let model: Model
    private let options: TrainingOptions
    private let data: PreparedData
    private let trainRows: Int
    private let batchSize: Int
    private let executor: Executor
    private let state: OptimizerState
    private let scores: Scoreboard
    private let validation: Evaluation?
    private let seed: UInt64
    private let order: AlignedBuffer<Int64>?
    private let names: MetricNames
    private let epochNames: MetricNames
    private let values: AlignedBuffer<Double>
    private let terms: TrainingTerms
    private var history = History()
    private var stepsSinceCheckpoint = 0
    private var lastCheckpoint: UInt64 = 0
    private var stopRequested = false
    private var failure: LeptonError?

    init(
        model: Model, _ prepared: Prepared, options: TrainingOptions, pool: WorkerPool
    ) throws(LeptonError) {
        let (context, data) = (prepared.context, prepared.data)
        trainRows = prepared.trainRows
        batchSize = min(options.batchSize, trainRows)
        executor = try context.makeExecutor(
            batchRows: batchSize, weights: data.weights, isTraining: true, pool: pool)
        executor.setData(data)
        try executor.setNodes(context.makeNodes(options.nodes, data, batchRows: batchSize, count: pool.workers))
        scores = try Scoreboard(context.objectives)
        validation = try Trainer.makeValidation(prepared, options, pool)
        order = options.shuffle ? try AlignedBuffer(zeros: trainRows, purpose: "the order of rows") : nil
        names = MetricNames(scores.names)
        epochNames = MetricNames(prepared.terms.names)
        values = try AlignedBuffer(zeros: 2 * scores.names.count, purpose: "metric values")
        state = try model.ensureOptimizerState(context.built)
        let optimizerBytes = state.slots.reduce(0) { $0 + $1.bytes.count }
        try options.check(
            memoryBytes: executor.memoryBytes + optimizerBytes + data.convertedBytes
                + (order?.bytes.count ?? 0) + (validation?.memoryBytes ?? 0))
        seed = context.seed
        self.model = model
        self.options = options
        self.data = data
        terms = prepared.terms
    }

    /// Data and options once they have been found to be in order.
    struct Prepared {
        let context: TrainingContext
        let data: PreparedData
        /// Validation data of its own; nil when there is none or it is split off.
        let heldOut: (data: PreparedData, context: TrainingContext)?
        let trainRows: Int
        let terms: TrainingTerms
    }

    /// Checks all that can be wrong, before anything changes.
    static func prepare(
        _ model: Model, x: [TensorView], y: [TensorView], _ options: TrainingOptions
    ) throws(LeptonError) -> Prepared {
        try options.check()
        let context = try TrainingContext(model: model, x: x, y: y)
        let data = try PreparedData(
            form: context.form, x: x, y: y, sampleWeights: options.sampleWeights, classWeights: options.classWeight,
            allowNonFinite: options.allowNonFinite, isEncoded: options.inputsAreEncoded)
        let trainRows = try trainingRows(of: data.rows, options)
        try context.requireStatefulRows(trainRows, batchSize: options.batchSize, "x")
        let heldOut = try heldOutData(context, options)
        try context.requireStatefulRows(
            heldOut?.data.rows ?? data.rows - trainRows, batchSize: options.validationBatchSize ?? options.batchSize,
            "validation")
        let isMeasured = heldOut != nil || trainRows < data.rows
        let terms = try TrainingTerms(context, options, rows: trainRows, isMeasured: isMeasured)
        return Prepared(context: context, data: data, heldOut: heldOut, trainRows: trainRows, terms: terms)
    }

    /// Rows that are trained on: all but the last fraction.
    private static func trainingRows(of rows: Int, _ options: TrainingOptions) throws(LeptonError) -> Int {
        guard options.validation == nil, options.validationSplit > 0 else { return rows }
        let kept = Int(floor(Double(rows) * (1 - options.validationSplit)))
        guard kept > 0, kept < rows else {
            throw LeptonError(
                .invalidArgument, argument: "validation_split",
                expected: "a fraction that leaves rows on both sides of \(rows)",
                received: "\(options.validationSplit)")
        }
        return kept
    }

    private static func heldOutData(
        _ context: TrainingContext, _ options: TrainingOptions
    ) throws(LeptonError) -> (data: PreparedData, context: TrainingContext)? {
        guard let given = options.validation else { return nil }
        let context = try context.adapted(to: given.x, y: given.y)
        let data = try PreparedData(
            form: context.form, x: given.x, y: given.y, sampleWeights: given.sampleWeights,
            allowNonFinite: options.allowNonFinite, prefix: "validation_")
        return (data, context)
    }

    private static func makeValidation(
        _ prepared: Prepared, _ options: TrainingOptions, _ pool: WorkerPool
    ) throws(LeptonError) -> Evaluation? {
        let batchSize = options.validationBatchSize ?? options.batchSize
        if let held = prepared.heldOut {
            return try Evaluation(
                context: held.context, data: held.data, rows: 0..<held.data.rows, batchSize: batchSize, pool: pool)
        }
        let data = prepared.data
        guard prepared.trainRows < data.rows else { return nil }
        // Class weights are for training alone, as in Keras.
        return try Evaluation(
            context: prepared.context, data: data, isWeighted: options.classWeight == nil,
            rows: prepared.trainRows..<data.rows, batchSize: batchSize, pool: pool)
    }

    private var steps: Int { (trainRows + batchSize - 1) / batchSize }

    /// Trains. The model keeps the weights of the last complete step whatever happens.
    ///
    /// - Throws: `cancelled` when the cancel switch was thrown.
    func run() throws(LeptonError) -> History {
        var epoch = options.initialEpoch
        if let position = options.resumption {
            epoch = position.epoch
            history = position.history
        }
        lastCheckpoint = options.checkpoints?.now() ?? 0
        report(.trainBegin, epoch: epoch, step: 0, names, count: 0)
        while epoch < options.epochs, !stopRequested, failure == nil {
            runEpoch(epoch)
            epoch += 1
        }
        if let failure { throw failure }
        model.lock.withLock { model.finishTraining(state) }
        history.stoppedEarly = stopRequested
        report(.trainEnd, epoch: max(epoch - 1, 0), step: 0, names, count: 0)
        return history
    }

    private func runEpoch(_ epoch: Int) {
        report(.epochBegin, epoch: epoch, step: 0, names, count: 0)
        shuffleRows()
        scores.reset()
        var step = 0
        if let position = options.resumption, position.epoch == epoch {
            step = position.step
            scores.sums = position.sums
        }
        var start = min(step * batchSize, trainRows)
        while start < trainRows, !stopRequested, !mustStop(epoch, step: step) {
            let rows = min(batchSize, trainRows - start)
            model.lock.withLock {
                model.weightsVersion += 1
                executor.train(
                    order: order.map { UnsafePointer($0.pointer) }, start: start, rows: rows, state: state,
                    totals: scores.batch)
            }
            failure = executor.failure
            if failure != nil { return }
            scores.addBatch(rows: rows)
            start += rows
            step += 1
            if options.progress != nil {
                scores.write(to: values.pointer)
                report(.batchEnd, epoch: epoch, step: step, names, count: names.strings.count)
            }
            options.didTrain?(rows)
            saveCheckpoint(epoch, step: step)
        }
        // An epoch that was stopped before its first step has no result.
        guard failure == nil, step > 0 else { return }
        finishEpoch(epoch, steps: step)
    }

    /// Keeps the position when it is time to. A checkpoint that cannot be written ends the fit: the one that asked for it
    /// relies on it.
    private func saveCheckpoint(_ epoch: Int, step: Int) {
        guard let policy = options.checkpoints, failure == nil else { return }
        stepsSinceCheckpoint += 1
        var isDue = policy.everySteps.map { stepsSinceCheckpoint >= $0 } ?? false
        if !isDue, let span = policy.everyNanoseconds { isDue = policy.now() &- lastCheckpoint >= span }
        if isDue { failure = writeCheckpoint(policy, epoch, step: step) }
    }

    private func writeCheckpoint(_ policy: CheckpointPolicy, _ epoch: Int, step: Int) -> LeptonError? {
        let position = TrainingPosition(epoch: epoch, step: step, sums: scores.sums, history: history, terms: terms)
        do throws(LeptonError) { try policy.save(position) } catch { return error }
        stepsSinceCheckpoint = 0
        lastCheckpoint = policy.now()
        return nil
    }

    /// Whether the fit has to end before its next step; what could be lost is kept before that, and before a wait.
    private func mustStop(_ epoch: Int, step: Int) -> Bool {
        if let policy = options.checkpoints, options.isAboutToWait?() == true, stepsSinceCheckpoint > 0 {
            failure = writeCheckpoint(policy, epoch, step: step)
        }
        guard failure == nil else { return true }
        guard isInterrupted() else { return false }
        keepPosition(epoch, step: step)
        return true
    }

    /// The last thing that an interrupted fit does.
    private func keepPosition(_ epoch: Int, step: Int) {
        guard let policy = options.checkpoints, stepsSinceCheckpoint > 0 else { return }
        // The reason of the stop is what the caller is to see, also when the checkpoint could not be written.
        _ = writeCheckpoint(policy, epoch, step: step)
    }

    private func finishEpoch(_ epoch: Int, steps done: Int) {
        scores.write(to: values.pointer)
        var count = names.strings.count
        // An epoch that was stopped half-way still gets its validation, as in Keras.
        let isMeasured = validation.map { runValidation($0, epoch, into: values.pointer + count) } ?? true
        // A fit that goes on from here measures the epoch again.
        guard failure == nil else { return keepPosition(epoch, step: done) }
        model.lock.withLock { model.epochsTrained += 1 }
        guard isMeasured else { return }
        if validation != nil { count *= 2 }
        history.append(epoch: epoch, names: epochNames.strings, values: values.pointer)
        report(.epochEnd, epoch: epoch, step: done, epochNames, count: count)
    }

    /// Measures the held-out rows; their running means are reported under the plain names, as Keras does.
    ///
    /// - Returns: false when it was interrupted; the epoch then has no result.
    private func runValidation(
        _ validation: Evaluation, _ epoch: Int, into means: UnsafeMutablePointer<Double>
    ) -> Bool {
        let count = names.strings.count
        let steps = validation.steps
        report(.validationBegin, epoch: epoch, step: 0, of: steps, names, count: 0, values: means)
        let isComplete = validation.run(model: model) { step in
            if options.progress != nil {
                validation.scores.write(to: means)
                report(.validationBatchEnd, epoch: epoch, step: step, of: steps, names, count: count, values: means)
            }
            return !stopRequested && !isInterrupted()
        }
        guard isComplete, failure == nil else { return false }
        validation.scores.write(to: means)
        report(.validationEnd, epoch: epoch, step: steps, of: steps, names, count: count, values: means)
        return true
    }

    private func isInterrupted() -> Bool {
        if failure == nil, let cancel = options.cancel, cancel.isCancelled {
            failure = LeptonError(.cancelled, "fit was cancelled")
        }
        if failure == nil, let interruption = options.interruption {
            failure = interruption {
                report(.waiting, epoch: 0, step: 0, names, count: 0)
                return !stopRequested
            }
        }
        return failure != nil
    }

    /// A new order of the rows, drawn from the model's seed and the number of epochs it has been trained for
    /// (Fisher and Yates; Durstenfeld, 1964).
    private func shuffleRows() {
        guard let order else { return }
        var random = RandomStream(
            seed: seed, purpose: .shuffle, index: model.lock.withLock { model.epochsTrained })
        for row in 0..<trainRows { order.pointer[row] = Int64(row) }
        for last in stride(from: trainRows - 1, to: 0, by: -1) {
            let other = Int(random.below(UInt64(last + 1)))
            let moved = order.pointer[last]
            order.pointer[last] = order.pointer[other]
            order.pointer[other] = moved
        }
    }

    private func report(_ kind: ProgressEvent.Kind, epoch: Int, step: Int, _ names: MetricNames, count: Int) {
        report(kind, epoch: epoch, step: step, of: steps, names, count: count, values: values.pointer)
    }

    private func report(
        _ kind: ProgressEvent.Kind, epoch: Int, step: Int, of steps: Int, _ names: MetricNames, count: Int,
        values: UnsafeMutablePointer<Double>
    ) {
        guard let progress = options.progress else { return }
        let event = ProgressEvent(
            kind: kind, epoch: epoch, epochs: options.epochs, step: step, steps: steps, names: names,
            values: UnsafeBufferPointer(start: values, count: count))
        if !progress(event) { stopRequested = true }
    }
}
