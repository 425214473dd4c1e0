import CLeptonKernels

/// One step's update, as plain memory that worker threads apply to disjoint ranges.
struct OptimizerUpdate: BitwiseCopyable {
    enum Rule: BitwiseCopyable {
        case sgd(rate: Float)
        case momentum(rate: Float, momentum: Float, nesterov: Bool)
        case adam(alpha: Float, beta1: Double, beta2: Double, epsilon: Float)
        case rmsprop(rate: Float, rho: Double, momentum: Float, epsilon: Float)
        case adagrad(rate: Float, epsilon: Float)
        case adadelta(rate: Float, rho: Double, epsilon: Float)
        case adamax(rate: Float, correction: Float, beta1: Double, beta2: Float, epsilon: Float)
        case nadam(
            rate: Float, momentumFactor: Float, gradientFactor: Float, correction: Float, beta1: Float, beta2: Float,
            epsilon: Float)
        case lion(rate: Float, beta1: Float, beta2: Float)
        case ftrl(rate: Float, power: Float, l1: Float, l2: Float, shrinkage: Float)
        case scheduleFree(
            rate: Float, beta1: Float, beta2: Float, correction: Float, weight: Float, epsilon: Float)
        // The following need more of a weight than an element: see `UpdateJob`.
        case lamb(
            rate: Float, rest1: Float, rest2: Float, correction1: Float, correction2: Float, epsilon: Float)
        case adafactor(AdafactorStep)
        case muon(MuonStep)
    }

    let parameters: UnsafeMutablePointer<Float>
    let slot0: UnsafeMutablePointer<Float>?
    let slot1: UnsafeMutablePointer<Float>?
    let slot2: UnsafeMutablePointer<Float>?
    /// What part of each weight decays in this step.
    let decay: Float
    let rule: Rule

    /// Updates `count` parameters from `offset` on with their gradients, element by element.
    func apply(offset: Int, count: Int, gradient: UnsafePointer<Float>, decays: Bool = true) {
        let weights = parameters + offset
        if decay != 0, decays { lepton_k_decay_f32(weights, count, decay) }
        let first = slot0.map { $0 + offset }
        let second = slot1.map { $0 + offset }
        let third = slot2.map { $0 + offset }
        switch rule {
        case .sgd(let rate):
            lepton_k_sgd_f32(weights, gradient, count, rate)
        case .momentum(let rate, let momentum, let nesterov):
            lepton_k_sgd_momentum_f32(weights, first, gradient, count, rate, momentum, nesterov ? 1 : 0)
        case .adam(let alpha, let beta1, let beta2, let epsilon):
            lepton_k_adam_f32(weights, first, second, third, gradient, count, alpha, beta1, beta2, epsilon)
        case .rmsprop(let rate, let rho, let momentum, let epsilon):
            lepton_k_rmsprop_f32(weights, first, second, third, gradient, count, rate, rho, momentum, epsilon)
        case .adagrad(let rate, let epsilon):
            lepton_k_adagrad_f32(weights, first, gradient, count, rate, epsilon)
        case .adadelta(let rate, let rho, let epsilon):
            lepton_k_adadelta_f32(weights, first, second, gradient, count, rate, rho, epsilon)
        case .adamax(let rate, let correction, let beta1, let beta2, let epsilon):
            lepton_k_adamax_f32(weights, first, second, gradient, count, rate, correction, beta1, beta2, epsilon)
        case .nadam(let rate, let momentum, let factor, let correction, let beta1, let beta2, let epsilon):
            lepton_k_nadam_f32(
                weights, first, second, gradient, count, rate, momentum, factor, correction, 1 - beta1, 1 - beta2,
                epsilon)
        case .lion(let rate, let beta1, let beta2):
            lepton_k_lion_f32(weights, first, gradient, count, rate, beta1, beta2)
        case .ftrl(let rate, let power, let l1, let l2, let shrinkage):
            lepton_k_ftrl_f32(weights, first, second, gradient, count, rate, power, l1, l2, shrinkage)
        case .scheduleFree(let rate, let beta1, let beta2, let correction, let weight, let epsilon):
            lepton_k_schedule_free_f32(
                weights, first, second, gradient, count, rate, beta1, beta2, correction, weight, epsilon)
        case .lamb, .adafactor, .muon: break
        }
    }
}
