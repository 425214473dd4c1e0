import CLeptonKernels
import LeptonNN

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Muon's numbers of one step.
struct MuonStep: BitwiseCopyable {
    let rate: Float
    let momentum: Float
    let nesterov: Bool
    let iterations: Int
    let a: Float
    let b: Float
    let c: Float
    /// 0 for none.
    let rmsRate: Float
    let beta1: Double
    let beta2: Double
    let epsilon: Float
    /// Adam's rate with its correction of bias.
    let alpha: Float
    /// What part of Adam's weights decays.
    let adamDecay: Float

    init(_ settings: MuonSettings, rate: Float, step: Float) {
        self.rate = rate
        momentum = Float(settings.momentum)
        nesterov = settings.nesterov
        iterations = settings.iterations
        (a, b, c) = (Float(settings.a), Float(settings.b), Float(settings.c))
        rmsRate = settings.rmsRate.map { Float($0) } ?? 0
        (beta1, beta2) = (settings.adamBeta1, settings.adamBeta2)
        epsilon = Float(settings.epsilon)
        alpha =
            rate * Float(settings.adamRateRatio) * (1 - powf(Float(beta2), step)).squareRoot()
            / (1 - powf(Float(beta1), step))
        adamDecay = settings.adamWeightDecay.map { Float($0) * rate } ?? 0
        scalesByShape = settings.rmsRate != nil
    }

    /// Whether steps grow with the longer side of a matrix.
    let scalesByShape: Bool
}

extension UpdateJob {
    /// Adafactor (Shazeer & Stern, 2018): a weight at a time, because its step is as long as the weight is.
    static func adafactor(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = context.assumingMemoryBound(to: UpdateJob.self)
        let weight = job.pointee.weights[number]
        guard let gradient = job.pointee.clipped(number), let update = job.pointee.update,
            case .adafactor(let step) = update.rule, let velocity = update.slot2.map({ $0 + weight.offset }),
            let rowFactors = update.slot0.map({ $0 + weight.offset }),
            let columnFactors = update.slot1.map({ $0 + weight.offset })
        else { return }
        let values = update.parameters + weight.offset
        if update.decay != 0, weight.decays { lepton_k_decay_f32(values, weight.count, update.decay) }
        let length = rootMeanSquare(values, weight.count)
        if weight.hasFactors {
            let floats = weight.rows * weight.columns
            for matrix in 0..<weight.matrices {
                lepton_k_adafactor_matrix_f32(
                    gradient + matrix * floats, velocity + matrix * floats, rowFactors + matrix * weight.rows,
                    columnFactors + matrix * weight.columns, gradient + matrix * floats, weight.rows, weight.columns,
                    step.decay, step.epsilon1)
            }
        } else {
            lepton_k_adafactor_f32(gradient, velocity, gradient, weight.count, step.decay, step.epsilon1)
        }
        let excess = max(1, rootMeanSquare(gradient, weight.count) / step.clipThreshold)
        lepton_k_sgd_f32(values, gradient, weight.count, max(step.epsilon2, length) * step.rate / excess)
    }

    private static func rootMeanSquare(_ values: UnsafePointer<Float>, _ count: Int) -> Float {
        Float(lepton_k_sum_squares_f32(values, count) / Double(count)).squareRoot()
    }

    /// Muon (Jordan et al., 2024), or Adam with decay for the weights that it does not suit.
    static func muon(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = context.assumingMemoryBound(to: UpdateJob.self)
        let weight = job.pointee.weights[number]
        guard let gradient = job.pointee.clipped(number), let update = job.pointee.update,
            case .muon(let step) = update.rule, let momentum = update.slot0.map({ $0 + weight.offset })
        else { return }
        let values = update.parameters + weight.offset
        let decay = weight.usesAdam ? step.adamDecay : update.decay
        if decay != 0, weight.decays { lepton_k_decay_f32(values, weight.count, decay) }
        guard !weight.usesAdam else {
            lepton_k_adam_f32(
                values, momentum, update.slot1.map { $0 + weight.offset }, nil, gradient, weight.count, step.alpha,
                step.beta1, step.beta2, step.epsilon)
            return
        }
        lepton_k_muon_momentum_f32(gradient, momentum, weight.count, step.momentum, step.nesterov ? 1 : 0)
        let direction = orthogonalized(gradient, weight, step, scratch: job.pointee.scratch[worker])
        let scale = step.scalesByShape ? Float(max(weight.rows, weight.columns)).squareRoot() * step.rmsRate : 1
        lepton_k_sgd_f32(values, direction, weight.count, step.rate * scale)
    }

    /// Newton-Schulz: X ← a X + (b A + c A²) X with A = X Xᵀ, which brings all singular values near 1. With more rows
    /// than columns the same from the other side, A = Xᵀ X.
    private static func orthogonalized(
        _ gradient: UnsafeMutablePointer<Float>, _ weight: TrainedWeight, _ step: MuonStep,
        scratch: UnsafeMutablePointer<Float>
    ) -> UnsafeMutablePointer<Float> {
        let (rows, columns) = (weight.rows, weight.columns)
        let side = min(rows, columns)
        let isTall = rows > columns
        let square = scratch
        let polynomial = scratch + side * side
        var (current, next) = (gradient, scratch + 2 * side * side)
        let norm = Float(lepton_k_sum_squares_f32(gradient, weight.count)).squareRoot()
        lepton_k_scale_f32(current, weight.count, 1 / (norm + 1e-7))
        for _ in 0..<step.iterations {
            lepton_k_gemm_f32(
                isTall ? 1 : 0, isTall ? 0 : 1, side, side, max(rows, columns), current, columns, current, columns, 0,
                square, side)
            lepton_k_gemm_f32(0, 0, side, side, side, square, side, square, side, 0, polynomial, side)
            lepton_k_combine_f32(polynomial, square, polynomial, side * side, step.b, step.c)
            if isTall {
                lepton_k_gemm_f32(0, 0, rows, columns, side, current, columns, polynomial, side, 0, next, columns)
            } else {
                lepton_k_gemm_f32(0, 0, rows, columns, side, polynomial, side, current, columns, 0, next, columns)
            }
            lepton_k_combine_f32(next, current, next, weight.count, step.a, 1)
            swap(&current, &next)
        }
        return current
    }
}
