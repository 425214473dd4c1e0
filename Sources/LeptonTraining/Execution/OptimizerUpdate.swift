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
    }

    let parameters: UnsafeMutablePointer<Float>
    let slot0: UnsafeMutablePointer<Float>?
    let slot1: UnsafeMutablePointer<Float>?
    let slot2: UnsafeMutablePointer<Float>?
    /// What part of each weight decays in this step.
    let decay: Float
    let rule: Rule

    /// Updates `count` parameters from `offset` on with their gradients.
    func apply(offset: Int, count: Int, gradient: UnsafePointer<Float>) {
        let weights = parameters + offset
        if decay != 0 { lepton_k_decay_f32(weights, count, decay) }
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
        }
    }
}
