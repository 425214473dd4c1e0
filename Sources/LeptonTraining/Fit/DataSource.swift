import LeptonTensor

/// Where the batches of a fit or an evaluation come from, one after the other.
package struct DataSource {
    /// The next batch, whose memory stays as it is until the source is asked again; nil at the end of the data. Asked
    /// again after that, a source begins anew, or answers nil again when it cannot.
    package let next: () throws(LeptonError) -> BatchData?

    package init(next: @escaping () throws(LeptonError) -> BatchData?) { self.next = next }
}

/// How a fit from a source goes about it; defaults as in Keras.
package struct SourceOptions {
    package var epochs = 1
    package var initialEpoch = 0
    /// Batches in an epoch; nil: as many as the source has.
    package var stepsPerEpoch: Int?
    /// Measured after each epoch; an epoch for which it has no batch is not measured.
    package var validation: DataSource?
    /// Batches in a validation; nil: as many as the source has.
    package var validationSteps: Int?
    package var classWeight: [Int: Double]?
    package var allowNonFinite = false
    package var progress: ProgressHandler?
    package var cancel: CancelToken?
    /// Asked between two steps; an error ends the fit.
    package var interruption: Interruption?
    /// Told the rows of each training step that was done.
    package var didTrain: ((Int) -> Void)?

    package init() {}

    func check() throws(LeptonError) {
        try TrainingOptions.require(epochs, atLeast: 1, "epochs")
        guard initialEpoch >= 0, initialEpoch <= epochs else {
            throw LeptonError(
                .invalidArgument, argument: "initial_epoch", expected: "0 to epochs (\(epochs))",
                received: "\(initialEpoch)")
        }
        for (steps, name) in [(stepsPerEpoch, "steps_per_epoch"), (validationSteps, "validation_steps")] {
            guard steps ?? 1 >= 1 else {
                throw LeptonError(
                    .invalidArgument, argument: name, expected: "at least 1, or 0 for all there are",
                    received: "\(steps ?? 0)")
            }
        }
    }
}
