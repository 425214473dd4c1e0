import LeptonFormats
import LeptonResources
import LeptonTensor
import LeptonTraining

/// How a fit keeps its position in the client's store, so that it can go on after a crash of the whole process.
public struct CheckpointOptions: Sendable, Hashable {
    /// The reference in the store is "<name>/checkpoint".
    public var name: String
    /// After so many steps, at least 1; nil: not by steps.
    public var everySteps: Int?
    /// After so many seconds, above 0; nil: not by time.
    public var everySeconds: Double?

    /// Every 60 seconds unless said otherwise.
    public init(name: String, everySteps: Int? = nil, everySeconds: Double? = nil) {
        self.name = name
        self.everySteps = everySteps
        self.everySeconds = everySeconds ?? (everySteps == nil ? 60 : nil)
    }

    fileprivate func check() throws(LeptonError) {
        if let everySteps { try TrainingOptions.require(everySteps, atLeast: 1, "checkpoint_steps") }
        if let everySeconds {
            guard everySeconds > 0, everySeconds.isFinite else {
                throw LeptonError(
                    .invalidArgument, argument: "checkpoint_seconds", expected: "a finite number above 0",
                    received: "\(everySeconds)")
            }
        }
    }

    fileprivate var everyNanoseconds: UInt64? {
        everySeconds.map { UInt64(min($0, 9.2e9) * 1e9) }
    }

    fileprivate var reference: String { name + "/checkpoint" }
}

extension LeptonClient {
    /// Runs a fit that keeps its position under a name. When the store has a position of that name, because the process
    /// that kept it ended before its fit did, the model is brought to that state and the fit goes on from there. The
    /// position is removed once the fit is complete.
    func withCheckpoints(
        _ options: FitOptions, model: Model, x: [TensorView], y: [TensorView],
        _ fit: (TrainingOptions) throws(LeptonError) -> History
    ) throws(LeptonError) -> History {
        guard let checkpoint = options.checkpoint else { return try fit(options.training) }
        try checkpoint.check()
        let store = try requireStore(checkpoint.name)
        try model.requireCheckpointable()
        var training = options.training
        if let snapshot = try LeptonClient.snapshot(checkpoint.reference, in: store) {
            training.resumption = try TrainingPosition(json: snapshot.training)
            // Builds the model if need be, and refuses what cannot go on from there before anything changes.
            try model.checkFit(x: x, y: y, options: training)
            try model.restoreState(snapshot)
        }
        training.checkpoints = CheckpointPolicy(
            everySteps: checkpoint.everySteps, everyNanoseconds: checkpoint.everyNanoseconds, now: time.monotonic
        ) { (position) throws(LeptonError) in
            var snapshot = try model.snapshot()
            snapshot.training = position.json
            try LeptonClient.keep(snapshot, as: checkpoint.reference, in: store)
        }
        let history = try fit(training)
        if let last = try store.reference(checkpoint.reference) {
            try store.removeReference(checkpoint.reference)
            try LeptonClient.removeUnnamed(last, from: store)
        }
        return history
    }

    /// The new state is in the store, synced, before the name stands for it, and the old one goes after that: whenever
    /// the process is killed, the name stands for a whole state.
    private static func keep(_ snapshot: ModelSnapshot, as name: String, in store: Store) throws(LeptonError) {
        let previous = try store.reference(name)
        let digest = try put(snapshot, as: name, in: store)
        if let previous, previous != digest { try removeUnnamed(previous, from: store) }
    }

    /// Removes a blob unless another name stands for it.
    private static func removeUnnamed(_ digest: BlobDigest, from store: Store) throws(LeptonError) {
        do throws(LeptonError) { try store.removeBlob(digest) } catch {
            guard error.code == .invalidState || error.code == .notFound else { throw error }
        }
    }
}
