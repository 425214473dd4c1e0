import LeptonTensor

/// How gradients change weights. Update rules and defaults as in Keras 3.15 (keras/src/optimizers).
public struct Optimizer: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case sgd(momentum: Double, nesterov: Bool)
        case adam(beta1: Double, beta2: Double, epsilon: Double, amsgrad: Bool)
        case rmsprop(rho: Double, momentum: Double, epsilon: Double, centered: Bool)
        case adagrad(initialAccumulator: Double, epsilon: Double)
        case adadelta(rho: Double, epsilon: Double)
        case adamax(beta1: Double, beta2: Double, epsilon: Double)
        case nadam(beta1: Double, beta2: Double, epsilon: Double)
        case lion(beta1: Double, beta2: Double)
    }

    /// "SGD", "Adam", "AdamW", ...: AdamW is Adam with weight decay by default.
    package let className: String
    package let kind: Kind
    package var learningRate: Double
    /// Decoupled: each step takes rate · decay of every trained weight away before the update. Nil for none.
    package let weightDecay: Double?
    package var name: String

    private init(_ className: String, _ kind: Kind, _ learningRate: Double, weightDecay: Double?) {
        self.init(
            className: className, kind: kind, learningRate: learningRate, weightDecay: weightDecay,
            name: className.lowercased())
    }

    init(className: String, kind: Kind, learningRate: Double, weightDecay: Double?, name: String) {
        self.className = className
        self.kind = kind
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.name = name
    }

    /// w -= rate · g; with momentum m = momentum · m - rate · g, w += m.
    public static func sgd(
        learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "SGD", .sgd(momentum: momentum, nesterov: nesterov), learningRate, weightDecay: weightDecay)
    }

    /// Adam (Kingma & Ba, 2015), with epsilon outside the bias correction as Keras has it.
    public static func adam(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        amsgrad: Bool = false, weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "Adam", .adam(beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad), learningRate,
            weightDecay: weightDecay)
    }

    /// Adam with decoupled weight decay (Loshchilov & Hutter, 2019).
    public static func adamW(
        learningRate: Double = 0.001, weightDecay: Double = 0.004, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-7, amsgrad: Bool = false
    ) -> Optimizer {
        Optimizer(
            "AdamW", .adam(beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad), learningRate,
            weightDecay: weightDecay)
    }

    /// Gradients divided by the root of their running mean square (Tieleman & Hinton, 2012).
    public static func rmsprop(
        learningRate: Double = 0.001, rho: Double = 0.9, momentum: Double = 0, epsilon: Double = 1e-7,
        centered: Bool = false, weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "RMSprop", .rmsprop(rho: rho, momentum: momentum, epsilon: epsilon, centered: centered), learningRate,
            weightDecay: weightDecay)
    }

    /// Gradients divided by the root of the sum of all their squares (Duchi et al., 2011).
    public static func adagrad(
        learningRate: Double = 0.001, initialAccumulator: Double = 0.1, epsilon: Double = 1e-7,
        weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "Adagrad", .adagrad(initialAccumulator: initialAccumulator, epsilon: epsilon), learningRate,
            weightDecay: weightDecay)
    }

    /// Adadelta (Zeiler, 2012).
    public static func adadelta(
        learningRate: Double = 0.001, rho: Double = 0.95, epsilon: Double = 1e-7, weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer("Adadelta", .adadelta(rho: rho, epsilon: epsilon), learningRate, weightDecay: weightDecay)
    }

    /// Adam with the largest gradient seen in place of the second moment (Kingma & Ba, 2015, section 7).
    public static func adamax(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "Adamax", .adamax(beta1: beta1, beta2: beta2, epsilon: epsilon), learningRate, weightDecay: weightDecay)
    }

    /// Adam with Nesterov momentum (Dozat, 2016).
    public static func nadam(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "Nadam", .nadam(beta1: beta1, beta2: beta2, epsilon: epsilon), learningRate, weightDecay: weightDecay)
    }

    /// The sign of an average of gradients (Chen et al., 2023).
    public static func lion(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.99, weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer("Lion", .lion(beta1: beta1, beta2: beta2), learningRate, weightDecay: weightDecay)
    }

    /// One number of state for each weight, and where it begins.
    package struct Slot: Sendable, Equatable {
        package let name: String
        package let initialValue: Float

        init(_ name: String, _ initialValue: Double = 0) {
            self.name = name
            self.initialValue = Float(initialValue)
        }
    }

    /// The per-weight state. The order is the kernels'.
    package var slots: [Slot] {
        switch kind {
        case .sgd(let momentum, _): momentum == 0 ? [] : [Slot("momentum")]
        case .adam(_, _, _, let amsgrad):
            [Slot("momentum"), Slot("velocity")] + (amsgrad ? [Slot("velocity_hat")] : [])
        case .rmsprop(_, let momentum, _, let centered):
            [Slot("velocity")] + (momentum > 0 ? [Slot("momentum")] : []) + (centered ? [Slot("average_gradient")] : [])
        case .adagrad(let initial, _): [Slot("accumulator", initial)]
        case .adadelta: [Slot("accumulated_grad"), Slot("accumulated_delta_var")]
        case .adamax: [Slot("momentum"), Slot("norm")]
        case .nadam: [Slot("momentum"), Slot("velocity")]
        case .lion: [Slot("momentum")]
        }
    }
}
