import LeptonNN
import LeptonTensor

/// Brings the gradients of the shards together and updates the weights: in one pass over pieces of the parameters when
/// the optimizer looks at one number at a time, otherwise in stages (see `UpdateJob`).
///
/// Everything is laid out when it is made; a step allocates nothing. Not `Sendable`: it belongs to the executor.
final class Updater {
    /// The weights that are trained.
    private let weights: UnsafeBufferPointer<TrainedWeight>
    private let pieces: UnsafeBufferPointer<ParameterPiece>
    private let job: UnsafeMutablePointer<UpdateJob>
    private var workers = 1
    private let isFused: Bool
    private let hasConstraints: Bool
    private let options: UpdateOptions
    private let sums: AlignedBuffer<Double>
    private let factors: AlignedBuffer<Float>
    private let scratch: WorkerScratch

    /// Floats in one piece of the parameters: enough to be worth a task, few enough to share between workers.
    private static let pieceFloats = 16 * 1024

    init(
        _ optimizer: Optimizer, graph: OperationGraph, layout: ParameterLayout, job step: UnsafeMutablePointer<StepJob>,
        workers: Int
    ) throws(LeptonError) {
        var trained: [TrainedWeight] = []
        var pieceList: [ParameterPiece] = []
        for (weight, entry) in zip(graph.weights, layout.entries) where entry.isTrainable {
            let first = pieceList.count
            pieceList += Updater.pieces(of: entry.offset..<entry.offset + entry.count, weight: trained.count)
            trained.append(
                try TrainedWeight(
                    weight, entry, optimizer, firstPiece: first, pieces: pieceList.count - first))
        }
        hasConstraints = trained.contains { $0.constraint != nil }
        isFused =
            optimizer.worksElementByElement && optimizer.scaling == nil && !hasConstraints
            && trained.allSatisfy { $0.decays || optimizer.options.weightDecay == nil }
        if isFused { pieceList = layout.trainableRanges.flatMap { Updater.pieces(of: $0, weight: 0) } }
        options = optimizer.options

        sums = try AlignedBuffer(zeros: 2 * pieceList.count, purpose: "sums of gradients")
        factors = try AlignedBuffer(zeros: trained.count, purpose: "factors of gradients")
        scratch = WorkerScratch(floats: trained.map(\.scratchFloats).max() ?? 0, purpose: "an update's matrices")
        try scratch.prepare(workers: workers)
        weights = UnsafeBufferPointer(start: Executor.allocate(trained), count: trained.count)
        pieces = UnsafeBufferPointer(start: Executor.allocate(pieceList), count: pieceList.count)
        job = .allocate(capacity: 1)
        job.initialize(
            to: UpdateJob(
                step: step, weights: weights, pieces: pieces, sums: sums.pointer, factors: factors.pointer,
                scratch: scratch.pointers))
    }

    deinit {
        job.deallocate()
        weights.deallocate()
        pieces.deallocate()
    }

    /// Makes sure that each of `workers` has memory of its own.
    func prepare(workers: Int) throws(LeptonError) { try scratch.prepare(workers: workers) }

    private static func pieces(of range: Range<Int>, weight: Int) -> [ParameterPiece] {
        stride(from: range.lowerBound, to: range.upperBound, by: pieceFloats).map {
            ParameterPiece(offset: $0, count: min(pieceFloats, range.upperBound - $0), weight: weight)
        }
    }

    /// The second half of a training step, once the shards' gradients are there. Moves the state on.
    ///
    /// - Parameter workers: those that memory was prepared for.
    func run(_ state: OptimizerState, pool: WorkerPool, workers: Int) {
        self.workers = workers
        job.pointee.update = state.nextUpdate(parameters: job.pointee.step.pointee.parameters)
        if isFused {
            run(pieces.count, pool) { UpdateJob.fuse($0, $1, $2) }
        } else if !runStages(state, pool) {
            return
        }
        state.iterations += 1
    }

    /// - Returns: false when gradients that are not finite made an end of the step.
    private func runStages(_ state: OptimizerState, _ pool: WorkerPool) -> Bool {
        let updates = state.nextStepUpdates
        job.pointee.accumulator = state.optimizer.accumulatorSlot.flatMap { state.slot($0) }
        job.pointee.accumulatedSteps = updates ? Float(options.accumulationSteps ?? 1) : 0
        job.pointee.clipping = GradientClipping(options.clipping)
        job.pointee.lossScale = state.scaling?.pointer[0] ?? 0
        run(pieces.count, pool) { UpdateJob.reduce($0, $1, $2) }
        if state.scaling != nil {
            let isFinite = job.pointee.allFinite
            state.adaptScale(isFinite: isFinite)
            if !isFinite { return false }
        }
        if updates { update(pool) }
        if let slot = state.optimizer.averageSlot, let average = state.slot(slot) {
            job.pointee.average = average
            // Until the first update is done there is nothing to average with.
            job.pointee.averageMomentum = state.updates == 0 ? 0 : Float(options.averageMomentum)
            job.pointee.overwritesWithAverage =
                options.averageOverwriteFrequency.map { (state.updates + 1) % UInt64($0) == 0 } ?? false
            run(pieces.count, pool) { UpdateJob.average($0, $1, $2) }
        }
        if hasConstraints { run(weights.count, pool) { UpdateJob.constrain($0, $1, $2) } }
        return true
    }

    private func update(_ pool: WorkerPool) {
        job.pointee.findClippingFactors()
        switch job.pointee.update?.rule {
        case .lamb:
            run(pieces.count, pool) { UpdateJob.lambDirection($0, $1, $2) }
            job.pointee.findTrustRatios()
            run(pieces.count, pool) { UpdateJob.lambStep($0, $1, $2) }
        case .adafactor:
            run(weights.count, pool) { UpdateJob.adafactor($0, $1, $2) }
        case .muon:
            run(weights.count, pool) { UpdateJob.muon($0, $1, $2) }
        default:
            run(pieces.count, pool) { UpdateJob.update($0, $1, $2) }
        }
    }

    private func run(_ tasks: Int, _ pool: WorkerPool, _ body: WorkerPool.Body) {
        pool.run(tasks: tasks, limit: workers, context: job, body: body)
    }
}

extension Optimizer {
    /// Whether a step is one pass in which each weight's numbers are looked at alone.
    fileprivate var worksElementByElement: Bool {
        switch kind {
        case .lamb, .adafactor, .muon: return false
        default: return options.clipping == .none && !options.usesAverage && options.accumulationSteps == nil
        }
    }
}
