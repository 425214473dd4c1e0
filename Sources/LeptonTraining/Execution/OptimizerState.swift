import LeptonNN
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// An optimizer at work: its per-weight state in buffers laid out as the parameters are.
///
/// Not `Sendable`; the model's lock guards it.
package final class OptimizerState {
    package var optimizer: Optimizer
    /// One buffer for each of the optimizer's slots.
    package let slots: [AlignedBuffer<Float>]
    /// Steps applied so far.
    package var iterations: UInt64 = 0
    /// U of the last step that was prepared; see `nadamFactors`.
    private var nadamProduct: (steps: UInt64, value: Float) = (0, 1)

    package init(_ optimizer: Optimizer, parameterFloats: Int) throws(LeptonError) {
        self.optimizer = optimizer
        var slots: [AlignedBuffer<Float>] = []
        for slot in optimizer.slots {
            let buffer = try AlignedBuffer<Float>(zeros: parameterFloats, purpose: "the optimizer's \(slot.name)")
            if slot.initialValue != 0 { buffer.pointer.update(repeating: slot.initialValue, count: parameterFloats) }
            slots.append(buffer)
        }
        self.slots = slots
    }

    /// The next step's update with everything that does not depend on the weight worked out: in float32 where Keras
    /// does so, because the first steps depend on how 1 - beta rounds.
    func nextUpdate(parameters: UnsafeMutablePointer<Float>) -> OptimizerUpdate {
        let rate = Float(optimizer.learningRate)
        // RMSprop's optional slots have fixed places, the average the third also where there is no momentum.
        var (second, third) = (slot(1), slot(2))
        if case .rmsprop(_, 0, _, true) = optimizer.kind { (second, third) = (nil, slot(1)) }
        return OptimizerUpdate(
            parameters: parameters, slot0: slot(0), slot1: second, slot2: third,
            decay: optimizer.weightDecay.map { Float($0) * rate } ?? 0,
            rule: nextRule(rate: rate, step: Float(iterations + 1)))
    }

    private func nextRule(rate: Float, step: Float) -> OptimizerUpdate.Rule {
        switch optimizer.kind {
        case .sgd(let momentum, let nesterov):
            return momentum == 0
                ? .sgd(rate: rate) : .momentum(rate: rate, momentum: Float(momentum), nesterov: nesterov)
        case .adam(let beta1, let beta2, let epsilon, _):
            let alpha = rate * (1 - powf(Float(beta2), step)).squareRoot() / (1 - powf(Float(beta1), step))
            return .adam(alpha: alpha, beta1: beta1, beta2: beta2, epsilon: Float(epsilon))
        case .rmsprop(let rho, let momentum, let epsilon, _):
            return .rmsprop(rate: rate, rho: rho, momentum: Float(momentum), epsilon: Float(epsilon))
        case .adagrad(_, let epsilon):
            return .adagrad(rate: rate, epsilon: Float(epsilon))
        case .adadelta(let rho, let epsilon):
            return .adadelta(rate: rate, rho: rho, epsilon: Float(epsilon))
        case .adamax(let beta1, let beta2, let epsilon):
            return .adamax(
                rate: rate, correction: 1 - powf(Float(beta1), step), beta1: beta1, beta2: Float(beta2),
                epsilon: Float(epsilon))
        case .nadam(let beta1, let beta2, let epsilon):
            let factors = nadamFactors(beta1: Float(beta1))
            return .nadam(
                rate: rate, momentumFactor: factors.momentum, gradientFactor: factors.gradient,
                correction: 1 - powf(Float(beta2), step), beta1: Float(beta1), beta2: Float(beta2),
                epsilon: Float(epsilon))
        case .lion(let beta1, let beta2):
            return .lion(rate: rate, beta1: Float(beta1), beta2: Float(beta2))
        }
    }

    /// Nadam's weights of momentum and gradient: with u(t) = beta1 (1 - 0.96^t / 2) and U(t) = u(1) · ... · u(t),
    /// momentum counts u(t+1) / (1 - U(t+1)) and the gradient (1 - u(t)) / (1 - U(t)).
    private func nadamFactors(beta1: Float) -> (momentum: Float, gradient: Float) {
        func schedule(_ step: UInt64) -> Float { beta1 * (1 - 0.5 * powf(0.96, Float(step))) }
        // U depends on the step alone; multiplied up in float32, as Keras keeps it, also after loading a file.
        if nadamProduct.steps > iterations { nadamProduct = (0, 1) }
        while nadamProduct.steps <= iterations {
            nadamProduct.steps += 1
            nadamProduct.value *= schedule(nadamProduct.steps)
        }
        let next = schedule(iterations + 2)
        return (
            next / (1 - nadamProduct.value * next), (1 - schedule(iterations + 1)) / (1 - nadamProduct.value)
        )
    }

    private func slot(_ index: Int) -> UnsafeMutablePointer<Float>? {
        index < slots.count ? slots[index].pointer : nil
    }
}
