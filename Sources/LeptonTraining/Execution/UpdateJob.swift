import CLeptonKernels
import LeptonTensor

/// The second of a step's two functions, from the shards' gradients to weights and optimizer state, as the workers see
/// it: plain memory only.
///
/// In a single pass (`fuse`), or in stages, each of which all workers end before the next begins: the gradients are
/// added into the place of the first shard's (`reduce`), the weights updated, averaged and constrained. Each task adds
/// in a fixed order and writes only its own piece or weight, so the result does not depend on the workers.
struct UpdateJob {
    let step: UnsafeMutablePointer<StepJob>
    let weights: UnsafeBufferPointer<TrainedWeight>
    let pieces: UnsafeBufferPointer<ParameterPiece>
    /// Two for each piece.
    let sums: UnsafeMutablePointer<Double>
    /// What each weight's gradient, or step, is multiplied with.
    let factors: UnsafeMutablePointer<Float>
    /// Memory of each worker.
    let scratch: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    var update: OptimizerUpdate?
    var clipping = GradientClipping.none
    /// Gradients of earlier steps that wait for this one's; nil without accumulation.
    var accumulator: UnsafeMutablePointer<Float>?
    /// How many steps' gradients are averaged now; 0 while they are only collected.
    var accumulatedSteps: Float = 1
    /// 0 for none.
    var lossScale: Float = 0
    var average: UnsafeMutablePointer<Float>?
    var averageMomentum: Float = 0
    var overwritesWithAverage = false

    /// The gradient of a piece once it has been reduced.
    private func gradient(_ offset: Int) -> UnsafeMutablePointer<Float>? {
        step.pointee.gradients.map { $0 + offset }
    }

    private static func job(_ context: UnsafeMutableRawPointer) -> UnsafeMutablePointer<UpdateJob> {
        context.assumingMemoryBound(to: UpdateJob.self)
    }

    // MARK: One pass

    /// Adds the shards' gradients of one piece of the parameters, in shard order, and updates the piece and its state
    /// block by block, while the block is in the cache.
    static func fuse(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = job(context)
        let piece = job.pointee.pieces[number]
        let step = job.pointee.step
        guard let gradients = step.pointee.gradients, let update = job.pointee.update else { return }
        let shards = step.pointee.shards
        guard shards > 1 else {
            update.apply(offset: piece.offset, count: piece.count, gradient: gradients + piece.offset)
            return
        }
        let memory = step.pointee.workers[worker]
        let end = piece.offset + piece.count
        var offset = piece.offset
        while offset < end {
            let count = min(WorkerMemory.blockFloats, end - offset)
            for shard in 0..<shards {
                memory.parts[shard] = UnsafePointer(gradients + shard * step.pointee.parameterFloats + offset)
            }
            lepton_k_sum_f32(memory.block, memory.parts, shards, count)
            update.apply(offset: offset, count: count, gradient: memory.block)
            offset += count
        }
    }

    // MARK: Stages over pieces

    /// The first stage: the whole gradient of a piece, with those of earlier steps, clipped where that needs no norm.
    static func reduce(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = job(context)
        let piece = job.pointee.pieces[number]
        let step = job.pointee.step
        guard let gradient = job.pointee.gradient(piece.offset) else { return }
        let shards = step.pointee.shards
        if shards > 1 {
            let memory = step.pointee.workers[worker]
            for shard in 0..<shards {
                memory.parts[shard] = UnsafePointer(gradient + shard * step.pointee.parameterFloats)
            }
            lepton_k_sum_f32(gradient, memory.parts, shards, piece.count)
        }
        let (first, second) = (2 * number, 2 * number + 1)
        if job.pointee.lossScale != 0 {
            // What a scaled loss would have given: numbers beyond float32 end the step.
            lepton_k_scale_f32(gradient, piece.count, job.pointee.lossScale)
            job.pointee.sums[second] = lepton_k_all_finite_f32(gradient, piece.count) != 0 ? 0 : 1
            lepton_k_scale_f32(gradient, piece.count, 1 / job.pointee.lossScale)
        }
        if let accumulator = job.pointee.accumulator.map({ $0 + piece.offset }) {
            guard job.pointee.accumulatedSteps > 0 else {
                lepton_k_add_f32(accumulator, accumulator, gradient, piece.count)
                return
            }
            let part = 1 / job.pointee.accumulatedSteps
            lepton_k_combine_f32(gradient, gradient, accumulator, piece.count, part, part)
            accumulator.update(repeating: 0, count: piece.count)
        }
        switch job.pointee.clipping {
        case .none: break
        case .value(let limit): lepton_k_clip_f32(gradient, piece.count, limit)
        case .norm, .globalNorm: job.pointee.sums[first] = lepton_k_sum_squares_f32(gradient, piece.count)
        }
    }

    /// Whether no piece had a number beyond float32, once `reduce` has run.
    var allFinite: Bool { !pieces.indices.contains { sums[2 * $0 + 1] != 0 } }

    /// Between the stages: what clipping multiplies each weight's gradient with.
    func findClippingFactors() {
        var total: Double = 0
        for (index, weight) in weights.enumerated() {
            factors[index] = 1
            var squares = 0.0
            for piece in weight.firstPiece..<weight.firstPiece + weight.pieces { squares += sums[2 * piece] }
            total += squares
            if case .norm(let limit) = clipping {
                let norm = Float(squares).squareRoot()
                // A NaN in the gradient is one in the norm, and in the whole weight then.
                factors[index] = norm > limit || norm.isNaN ? limit / norm : 1
            }
        }
        guard case .globalNorm(let limit) = clipping else { return }
        let norm = Float(total).squareRoot()
        let factor = limit * min(1 / norm, 1 / limit) + (norm - norm)
        for index in weights.indices { factors[index] = factor }
    }

    /// Updates a piece element by element.
    static func update(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = job(context)
        let piece = job.pointee.pieces[number]
        guard let gradient = job.pointee.clipped(piece), let update = job.pointee.update else { return }
        update.apply(
            offset: piece.offset, count: piece.count, gradient: gradient,
            decays: job.pointee.weights[piece.weight].decays)
    }

    /// The gradient of a piece, multiplied with its weight's factor.
    private func clipped(_ piece: ParameterPiece) -> UnsafeMutablePointer<Float>? {
        guard let gradient = gradient(piece.offset) else { return nil }
        let factor = factors[piece.weight]
        if factor != 1 { lepton_k_scale_f32(gradient, piece.count, factor) }
        return gradient
    }

    /// LAMB's first half: the moments, and the direction in place of the gradient.
    static func lambDirection(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = job(context)
        let piece = job.pointee.pieces[number]
        guard let gradient = job.pointee.clipped(piece), let update = job.pointee.update,
            case .lamb(_, let rest1, let rest2, let correction1, let correction2, let epsilon) = update.rule
        else { return }
        let weights = update.parameters + piece.offset
        if update.decay != 0, job.pointee.weights[piece.weight].decays {
            lepton_k_decay_f32(weights, piece.count, update.decay)
        }
        lepton_k_lamb_f32(
            gradient, update.slot0.map { $0 + piece.offset }, update.slot1.map { $0 + piece.offset }, gradient,
            piece.count, rest1, rest2, correction1, correction2, epsilon)
        job.pointee.sums[2 * number] = lepton_k_sum_squares_f32(weights, piece.count)
        job.pointee.sums[2 * number + 1] = lepton_k_sum_squares_f32(gradient, piece.count)
    }

    /// Between the stages: the norm of each weight over that of its direction.
    func findTrustRatios() {
        for (index, weight) in weights.enumerated() {
            var (own, direction) = (0.0, 0.0)
            for piece in weight.firstPiece..<weight.firstPiece + weight.pieces {
                own += sums[2 * piece]
                direction += sums[2 * piece + 1]
            }
            let (norm, length) = (Float(own).squareRoot(), Float(direction).squareRoot())
            factors[index] = norm > 0 && length > 0 ? norm / length : 1
        }
    }

    /// LAMB's second half.
    static func lambStep(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = job(context)
        let piece = job.pointee.pieces[number]
        guard let direction = job.pointee.gradient(piece.offset), let update = job.pointee.update,
            case .lamb(let rate, _, _, _, _, _) = update.rule
        else { return }
        lepton_k_sgd_f32(
            update.parameters + piece.offset, direction, piece.count, job.pointee.factors[piece.weight] * rate)
    }

    /// The moving average takes in the new weights, and stands in their place where it is time.
    static func average(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = job(context)
        let piece = job.pointee.pieces[number]
        guard let average = job.pointee.average.map({ $0 + piece.offset }) else { return }
        let weights = job.pointee.step.pointee.parameters + piece.offset
        lepton_k_average_f32(average, weights, piece.count, job.pointee.averageMomentum)
        if job.pointee.overwritesWithAverage { weights.update(from: average, count: piece.count) }
    }

    // MARK: Stages over weights

    /// A weight is made to obey its constraint.
    static func constrain(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = job(context)
        let weight = job.pointee.weights[number]
        guard let constraint = weight.constraint else { return }
        let values = job.pointee.step.pointee.parameters + weight.offset
        guard !constraint.isNonNegative else { return lepton_k_nonnegative_f32(values, weight.count) }
        lepton_k_limit_norms_f32(
            values, job.pointee.scratch[worker], constraint.outer, constraint.reduced, constraint.inner,
            constraint.minimum, constraint.maximum, constraint.rate)
    }

    /// The gradient of a whole weight, multiplied with its factor.
    func clipped(_ number: Int) -> UnsafeMutablePointer<Float>? {
        let weight = weights[number]
        return clipped(ParameterPiece(offset: weight.offset, count: weight.count, weight: number))
    }
}
