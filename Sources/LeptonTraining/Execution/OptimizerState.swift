import CLeptonKernels
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

    package init(_ optimizer: Optimizer, parameterFloats: Int) throws(LeptonError) {
        self.optimizer = optimizer
        var slots: [AlignedBuffer<Float>] = []
        for name in optimizer.slotNames {
            slots.append(try AlignedBuffer(zeros: parameterFloats, purpose: "the optimizer's \(name)"))
        }
        self.slots = slots
    }

    /// The next step's update with everything that does not depend on the weight worked out.
    func nextUpdate(parameters: UnsafeMutablePointer<Float>) -> OptimizerUpdate {
        let slot = { (index: Int) in index < self.slots.count ? self.slots[index].pointer : nil }
        let rate = Float(optimizer.learningRate)
        switch optimizer.kind {
        case .sgd(let momentum, let nesterov):
            return OptimizerUpdate(
                parameters: parameters, slot0: slot(0), slot1: nil, slot2: nil,
                rule: .sgd(rate: rate, momentum: Float(momentum), nesterov: nesterov))
        case .adam(let beta1, let beta2, let epsilon, _):
            // In float32, as Keras computes it: the first steps depend on how 1 - beta rounds.
            let step = Float(iterations + 1)
            let alpha = rate * (1 - powf(Float(beta2), step)).squareRoot() / (1 - powf(Float(beta1), step))
            return OptimizerUpdate(
                parameters: parameters, slot0: slot(0), slot1: slot(1), slot2: slot(2),
                rule: .adam(alpha: alpha, beta1: beta1, beta2: beta2, epsilon: Float(epsilon)))
        }
    }
}

/// One step's update, as plain memory that worker threads apply to disjoint ranges.
struct OptimizerUpdate: BitwiseCopyable {
    enum Rule: BitwiseCopyable {
        case sgd(rate: Float, momentum: Float, nesterov: Bool)
        case adam(alpha: Float, beta1: Double, beta2: Double, epsilon: Float)
    }

    let parameters: UnsafeMutablePointer<Float>
    let slot0: UnsafeMutablePointer<Float>?
    let slot1: UnsafeMutablePointer<Float>?
    let slot2: UnsafeMutablePointer<Float>?
    let rule: Rule

    /// Updates `count` parameters from `offset` on with their gradients.
    func apply(offset: Int, count: Int, gradient: UnsafePointer<Float>) {
        switch rule {
        case .sgd(let rate, let momentum, let nesterov):
            if let slot0, momentum != 0 {
                lepton_k_sgd_momentum_f32(
                    parameters + offset, slot0 + offset, gradient, count, rate, momentum, nesterov ? 1 : 0)
            } else {
                lepton_k_sgd_f32(parameters + offset, gradient, count, rate)
            }
        case .adam(let alpha, let beta1, let beta2, let epsilon):
            guard let slot0, let slot1 else { return }
            lepton_k_adam_f32(
                parameters + offset, slot0 + offset, slot1 + offset, slot2.map { $0 + offset }, gradient, count, alpha,
                beta1, beta2, epsilon)
        }
    }
}
