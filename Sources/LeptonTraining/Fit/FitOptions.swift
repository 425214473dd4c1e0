import LeptonTensor

/// Data that a fit is measured on after each epoch.
package struct ValidationData {
    package var x: [TensorView]
    package var y: [TensorView]
    /// None, one for all outputs, or one for each.
    package var sampleWeights: [TensorView]

    package init(x: [TensorView], y: [TensorView], sampleWeights: [TensorView] = []) {
        self.x = x
        self.y = y
        self.sampleWeights = sampleWeights
    }
}

/// How a fit goes about it; defaults as in Keras.
package struct TrainingOptions {
    package var batchSize = 32
    package var epochs = 1
    package var initialEpoch = 0
    package var shuffle = true
    /// The last fraction of the rows, taken before shuffling, that is held out.
    package var validationSplit = 0.0
    /// Overrides the split.
    package var validation: ValidationData?
    package var validationBatchSize: Int?
    package var allowNonFinite = false
    /// Whether x is what `Model.encodedInputs` made of the inputs.
    package var inputsAreEncoded = false
    /// None, one for all outputs, or one for each.
    package var sampleWeights: [TensorView] = []
    package var classWeight: [Int: Double]?
    package var progress: ProgressHandler?
    package var cancel: CancelToken?
    /// Asked between two steps, as the cancel switch is; an error ends the fit (a lease that is over, say).
    package var interruption: Interruption?
    /// Whether the next `interruption` is going to wait for nodes.
    package var isAboutToWait: (() -> Bool)?
    /// Told the rows of each training step that was done.
    package var didTrain: ((Int) -> Void)?
    /// Keeps the fit's position from time to time.
    package var checkpoints: CheckpointPolicy?
    /// Where a fit stood that this one goes on with; the model has been brought to the same state.
    package var resumption: TrainingPosition?
    /// What computes the shards; see `NodeOptions`.
    package var nodes = NodeOptions()

    /// Bytes that the fit may take beside the caller's arrays; asked once its workers are known, nil: as many as it
    /// needs.
    package var memoryLimit: (() -> Int?)?
    /// Told before the first step how many bytes it takes.
    package var memoryReport: ((Int) -> Void)?

    package init() {}

    /// - Throws: `resourceExhausted` with both amounts, when the limit is lower than what the fit takes.
    func check(memoryBytes: Int) throws(LeptonError) {
        memoryReport?(memoryBytes)
        guard let limit = memoryLimit?(), memoryBytes > limit else { return }
        throw LeptonError(
            .resourceExhausted, argument: "memory_per_node",
            expected: "at least \(memoryBytes) bytes in all, which this fit is estimated to take",
            received: "\(limit) bytes granted; allocate more, or take a smaller batch")
    }

    func check() throws(LeptonError) {
        try TrainingOptions.require(batchSize, atLeast: 1, "batch_size")
        try TrainingOptions.require(epochs, atLeast: 1, "epochs")
        if let validationBatchSize {
            try TrainingOptions.require(validationBatchSize, atLeast: 1, "validation_batch_size")
        }
        guard initialEpoch >= 0, initialEpoch <= epochs else {
            throw LeptonError(
                .invalidArgument, argument: "initial_epoch", expected: "0 to epochs (\(epochs))",
                received: "\(initialEpoch)")
        }
        guard validationSplit >= 0, validationSplit < 1 else {
            throw LeptonError(
                .invalidArgument, argument: "validation_split", expected: "a number of at least 0 and below 1",
                received: "\(validationSplit)")
        }
    }

    package static func require(_ value: Int, atLeast minimum: Int, _ argument: String) throws(LeptonError) {
        guard value >= minimum, value <= Int(Int32.max) else {
            throw LeptonError(
                .invalidArgument, argument: argument,
                expected: "a whole number from \(minimum) to \(Int32.max)", received: "\(value)")
        }
    }
}
