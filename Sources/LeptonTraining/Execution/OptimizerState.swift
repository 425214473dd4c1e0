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
    /// Steps done so far, also those whose gradients wait for others to be averaged with.
    package var iterations: UInt64 = 0
    /// Of a loss-scale optimizer: the scale, and the steps since it changed. A buffer, to be saved as the slots are.
    package let scaling: AlignedBuffer<Float>?
    /// U of the last step that was prepared; see `nadamFactors`.
    private var nadamProduct: (steps: UInt64, value: Float) = (0, 1)

    /// - Parameter parameters: the model's, which some slots begin as.
    package init(_ optimizer: Optimizer, parameters: AlignedBuffer<Float>) throws(LeptonError) {
        self.optimizer = optimizer
        var slots: [AlignedBuffer<Float>] = []
        for slot in optimizer.slots {
            let buffer = try AlignedBuffer<Float>(zeros: parameters.count, purpose: "the optimizer's \(slot.name)")
            if slot.initialValue != 0 { buffer.pointer.update(repeating: slot.initialValue, count: parameters.count) }
            if slot.copiesWeight { buffer.pointer.update(from: parameters.pointer, count: parameters.count) }
            slots.append(buffer)
        }
        self.slots = slots
        if let settings = optimizer.scaling {
            let scaling = try AlignedBuffer<Float>(zeros: 2, purpose: "the loss scale")
            scaling.pointer[0] = Float(settings.initialScale)
            self.scaling = scaling
        } else {
            scaling = nil
        }
    }

    /// Updates done so far.
    var updates: UInt64 { iterations / UInt64(optimizer.options.accumulationSteps ?? 1) }

    /// Whether the next step updates the weights.
    var nextStepUpdates: Bool { (iterations + 1) % UInt64(optimizer.options.accumulationSteps ?? 1) == 0 }

    /// Sets the scale after a step of a loss-scale optimizer.
    func adaptScale(isFinite: Bool) {
        guard let settings = optimizer.scaling, let scaling = scaling?.pointer else { return }
        if !isFinite {
            scaling[0] *= 0.5
            scaling[1] = 0
        } else if scaling[1] == Float(settings.growthSteps - 1) {
            scaling[0] *= 2
            scaling[1] = 0
        } else {
            scaling[1] += 1
        }
    }

    /// The next step's update with everything that does not depend on the weight worked out: in float32 where Keras
    /// does so, because the first steps depend on how 1 - beta rounds.
    func nextUpdate(parameters: UnsafeMutablePointer<Float>) -> OptimizerUpdate {
        let rate = Float(optimizer.learningRate(after: iterations))
        // RMSprop's optional slots have fixed places, the average the third also where there is no momentum.
        let first = optimizer.firstOwnSlot
        var (second, third) = (slot(first + 1), slot(first + 2))
        if case .rmsprop(_, 0, _, true) = optimizer.kind { (second, third) = (nil, slot(first + 1)) }
        return OptimizerUpdate(
            parameters: parameters, slot0: slot(first), slot1: second, slot2: third,
            decay: optimizer.options.weightDecay.map { Float($0) * rate } ?? 0,
            rule: nextRule(rate: rate, step: Float(updates + 1)))
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
        case .ftrl(let settings):
            return .ftrl(
                rate: rate, power: Float(-settings.power), l1: Float(settings.l1),
                l2: Float(settings.l2) + Float(settings.beta) / (2 * rate), shrinkage: Float(settings.shrinkage))
        case .lamb(let beta1, let beta2, let epsilon):
            return .lamb(
                rate: rate, rest1: Float(1 - beta1), rest2: Float(1 - beta2), correction1: 1 - powf(Float(beta1), step),
                correction2: 1 - powf(Float(beta2), step), epsilon: Float(epsilon))
        case .scheduleFree(let beta1, let beta2, let epsilon, let warmupSteps):
            let warmup = warmupSteps > 0 ? min(step / Float(warmupSteps), 1) : 1
            return .scheduleFree(
                rate: rate * warmup, beta1: Float(beta1), beta2: Float(beta2), correction: 1 - powf(Float(beta2), step),
                weight: 1 / step, epsilon: Float(epsilon))
        case .adafactor(let settings):
            let limit = 1 / step.squareRoot()
            // A schedule's rate is taken as it is, but for the limit that Keras always sets.
            return .adafactor(
                AdafactorStep(
                    rate: min(rate, limit), decay: 1 - powf(step, Float(settings.beta2Decay)),
                    epsilon1: Float(settings.epsilon1), epsilon2: Float(settings.epsilon2),
                    clipThreshold: Float(settings.clipThreshold)))
        case .muon(let settings):
            return .muon(MuonStep(settings, rate: rate, step: step))
        }
    }

    /// Nadam's weights of momentum and gradient: with u(t) = beta1 (1 - 0.96^t / 2) and U(t) = u(1) · ... · u(t),
    /// momentum counts u(t+1) / (1 - U(t+1)) and the gradient (1 - u(t)) / (1 - U(t)).
    private func nadamFactors(beta1: Float) -> (momentum: Float, gradient: Float) {
        func schedule(_ step: UInt64) -> Float { beta1 * (1 - 0.5 * powf(0.96, Float(step))) }
        // U depends on the step alone; multiplied up in float32, as Keras keeps it, also after loading a file.
        if nadamProduct.steps > updates { nadamProduct = (0, 1) }
        while nadamProduct.steps <= updates {
            nadamProduct.steps += 1
            nadamProduct.value *= schedule(nadamProduct.steps)
        }
        let next = schedule(updates + 2)
        return (
            next / (1 - nadamProduct.value * next), (1 - schedule(updates + 1)) / (1 - nadamProduct.value)
        )
    }

    func slot(_ index: Int) -> UnsafeMutablePointer<Float>? {
        index < slots.count ? slots[index].pointer : nil
    }
}
