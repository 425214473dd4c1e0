import LeptonResources
import LeptonTensor
import LeptonTraining

/// What a fit tells its caller after each epoch.
public struct EpochReport: Sendable {
    /// From 0.
    public let epoch: Int
    public let epochs: Int
    /// "loss", metrics and "val_..." of this epoch.
    public let metrics: [String: Double]
}

// Training computes for as long as it takes, which would block one of the few threads that Swift's tasks share; it
// gets a thread of its own, and the task waits.
extension LeptonClient {
    /// Trains a model.
    ///
    /// - Parameters:
    ///   - x: (rows, ...); numbers, nested arrays of them, or a `Tensor`.
    ///   - y: (rows, ...), as many rows.
    ///   - validationSplit: the last fraction of the rows, held out and measured after each epoch.
    ///   - allocation: where; nil: the client's latest active allocation, or all that is free for this call.
    ///   - store: keep dataset and parameters in the client's store under this name, and train from there.
    ///   - checkpoint: keep the position in the client's store from time to time; when a fit of that name was not
    ///     completed, because its process ended, go on from its last position to the same bits.
    ///   - autoscale: let the allocation grow and shrink between its request's minimum and maximum, as the measured
    ///     throughput says.
    ///   - afterEpoch: called on the training thread; false ends the training.
    /// - Returns: loss and metrics, epoch by epoch.
    /// - Throws: `invalidState` when the model is not compiled or busy; `shapeMismatch`; `nonFinite`;
    ///   `resourceExhausted`; `timedOut` when the lease ends; `cancelled` when the task is cancelled, with the weights
    ///   of the last complete step.
    public func fit(
        _ model: Model, _ x: some TensorConvertible, _ y: some TensorConvertible, batchSize: Int = 32,
        epochs: Int = 1, shuffle: Bool = true, validationSplit: Double = 0,
        validationData: (x: Tensor, y: Tensor)? = nil, sampleWeight: Tensor? = nil,
        classWeight: [Int: Double]? = nil, initialEpoch: Int = 0, allocation: Allocation? = nil,
        store: String? = nil, checkpoint: CheckpointOptions? = nil, autoscale: Bool = false,
        afterEpoch: (@Sendable (EpochReport) -> Bool)? = nil
    ) async throws(LeptonError) -> History {
        let (x, y) = (try Tensor(x), try Tensor(y))
        return try await fit(
            model, inputs: [x], targets: [y], batchSize: batchSize, epochs: epochs, shuffle: shuffle,
            validationSplit: validationSplit, validationData: validationData.map { ([$0.x], [$0.y]) },
            sampleWeights: sampleWeight.map { [$0] } ?? [], classWeight: classWeight, initialEpoch: initialEpoch,
            allocation: allocation, store: store, checkpoint: checkpoint, autoscale: autoscale, afterEpoch: afterEpoch)
    }

    /// Trains a model of several inputs or outputs.
    ///
    /// - Parameters:
    ///   - inputs: one tensor for each of the model's inputs, in their order; (rows, ...).
    ///   - targets: one for each output that has a loss or metrics, in the outputs' order.
    ///   - sampleWeights: none, one for all outputs, or one for each.
    /// - Throws: as for one input.
    public func fit(
        _ model: Model, inputs: [Tensor], targets: [Tensor], batchSize: Int = 32, epochs: Int = 1,
        shuffle: Bool = true, validationSplit: Double = 0,
        validationData: (inputs: [Tensor], targets: [Tensor])? = nil, sampleWeights: [Tensor] = [],
        classWeight: [Int: Double]? = nil, initialEpoch: Int = 0, allocation: Allocation? = nil,
        store: String? = nil, checkpoint: CheckpointOptions? = nil, autoscale: Bool = false,
        afterEpoch: (@Sendable (EpochReport) -> Bool)? = nil
    ) async throws(LeptonError) -> History {
        try await onOwnThread { (cancel) throws(LeptonError) in
            let validation = validationData ?? ([], [])
            return try LeptonClient.lending([inputs, targets, sampleWeights, validation.inputs, validation.targets]) {
                (views) throws(LeptonError) in
                var options = FitOptions()
                options.batchSize = batchSize
                options.epochs = epochs
                options.initialEpoch = initialEpoch
                options.shuffle = shuffle
                options.validationSplit = validationSplit
                options.classWeight = classWeight
                options.sampleWeights = views[2]
                if validationData != nil { options.validation = ValidationData(x: views[3], y: views[4]) }
                options.allocation = allocation
                options.storeName = store
                options.checkpoint = checkpoint
                options.autoscale = autoscale
                options.cancel = cancel
                options.progress = afterEpoch.map(LeptonClient.handler)
                return try self.fitNow(model, x: views[0], y: views[1], options: options)
            }
        }
    }

    /// Lends the views of lists of tensors to `body`.
    private static func lending<Result>(
        _ lists: [[Tensor]], _ body: ([[TensorView]]) throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        try Model.withViews(of: lists.flatMap { $0 }[...], []) { (views) throws(LeptonError) in
            var rest = views[...]
            return try body(
                lists.map { list in
                    defer { rest = rest.dropFirst(list.count) }
                    return Array(rest.prefix(list.count))
                })
        }
    }

    private static func handler(_ afterEpoch: @escaping @Sendable (EpochReport) -> Bool) -> ProgressHandler {
        { event in
            guard event.kind == .epochEnd else { return true }
            var metrics: [String: Double] = [:]
            for (index, value) in event.values.enumerated() { metrics[event.names.strings[index]] = value }
            return afterEpoch(EpochReport(epoch: event.epoch, epochs: event.epochs, metrics: metrics))
        }
    }

    /// Loss and metrics on given data, by name.
    ///
    /// - Throws: as `fit`.
    public func evaluate(
        _ model: Model, _ x: some TensorConvertible, _ y: some TensorConvertible, batchSize: Int = 32,
        sampleWeight: Tensor? = nil, allocation: Allocation? = nil
    ) async throws(LeptonError) -> [String: Double] {
        let (x, y) = (try Tensor(x), try Tensor(y))
        return try await evaluate(
            model, inputs: [x], targets: [y], batchSize: batchSize, sampleWeights: sampleWeight.map { [$0] } ?? [],
            allocation: allocation)
    }

    /// As for one input, for a model of several inputs or outputs; see `fit`.
    public func evaluate(
        _ model: Model, inputs: [Tensor], targets: [Tensor], batchSize: Int = 32, sampleWeights: [Tensor] = [],
        allocation: Allocation? = nil
    ) async throws(LeptonError) -> [String: Double] {
        try await onOwnThread { (cancel) throws(LeptonError) in
            let history = try LeptonClient.lending([inputs, targets, sampleWeights]) { (views) throws(LeptonError) in
                var options = RunOptions()
                options.batchSize = batchSize
                options.sampleWeights = views[2]
                options.allocation = allocation
                options.cancel = cancel
                return try self.evaluateNow(model, x: views[0], y: views[1], options: options)
            }
            var result: [String: Double] = [:]
            for name in history.names { result[name] = history[name].last }
            return result
        }
    }

    /// Predicts on the client's nodes.
    ///
    /// - Parameter x: (rows, ...).
    /// - Returns: float32 (rows, ...).
    /// - Throws: as `fit`; `shapeMismatch` for a model of several outputs.
    public func predict(
        _ model: Model, _ x: some TensorConvertible, batchSize: Int = 32, allocation: Allocation? = nil
    ) async throws(LeptonError) -> Tensor {
        let predictions = try await predict(
            model, inputs: [try Tensor(x)], batchSize: batchSize, allocation: allocation)
        guard predictions.count == 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "model", expected: "one output; use predict(_:inputs:) for several",
                received: "\(predictions.count) outputs")
        }
        return predictions[0]
    }

    /// As for one input, for a model of several inputs or outputs.
    ///
    /// - Returns: one tensor for each output.
    public func predict(
        _ model: Model, inputs: [Tensor], batchSize: Int = 32, allocation: Allocation? = nil
    ) async throws(LeptonError) -> [Tensor] {
        try await onOwnThread { (cancel) throws(LeptonError) in
            try model.predictions(of: inputs) { (views, outputs) throws(LeptonError) in
                var options = RunOptions()
                options.batchSize = batchSize
                options.allocation = allocation
                options.cancel = cancel
                try self.predictNow(model, x: views, into: outputs, options: options)
            }
        }
    }

    /// Runs `body` on a new thread; cancelling the task throws the switch that `body` is given.
    private func onOwnThread<Result: Sendable>(
        _ body: @escaping @Sendable (CancelToken) throws(LeptonError) -> Result
    ) async throws(LeptonError) -> Result {
        let cancel = CancelToken()
        let result: Swift.Result<Result, LeptonError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let work: @Sendable () -> Void = {
                    do throws(LeptonError) {
                        continuation.resume(returning: .success(try body(cancel)))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
                // When the system refuses a thread, the work is done on this one.
                if !BackgroundThread.start(work) { work() }
            }
        } onCancel: {
            cancel.cancel()
        }
        return try result.get()
    }
}
