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
        case ftrl(FtrlSettings)
        case adafactor(AdafactorSettings)
        case lamb(beta1: Double, beta2: Double, epsilon: Double)
        case muon(MuonSettings)
        case scheduleFree(beta1: Double, beta2: Double, epsilon: Double, warmupSteps: Double)
    }

    /// A number, or a schedule of the steps done.
    package enum Rate: Sendable, Equatable {
        case constant(Double)
        case scheduled(LearningRateSchedule)
    }

    /// "SGD", "Adam", "AdamW", ...: AdamW is Adam with weight decay by default.
    package let className: String
    package let kind: Kind
    package var rate: Rate
    package var options: UpdateOptions
    /// What a loss-scale optimizer around this one does; nil without one.
    package var scaling: LossScaling?
    package var name: String

    private init(_ className: String, _ kind: Kind, _ learningRate: Double, weightDecay: Double?) {
        self.init(
            className: className, kind: kind, rate: .constant(learningRate),
            options: UpdateOptions(weightDecay: weightDecay), name: className.lowercased())
    }

    init(className: String, kind: Kind, rate: Rate, options: UpdateOptions, name: String) {
        self.className = className
        self.kind = kind
        self.rate = rate
        self.options = options
        self.name = name
    }

    /// The learning rate once `iterations` steps have been done.
    package func learningRate(after iterations: UInt64) -> Double {
        switch rate {
        case .constant(let rate): rate
        case .scheduled(let schedule): Double(schedule.value(at: iterations))
        }
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

    /// FTRL-proximal (McMahan et al., 2013), for shallow models of many features.
    public static func ftrl(
        learningRate: Double = 0.001, learningRatePower: Double = -0.5, initialAccumulator: Double = 0.1,
        l1: Double = 0, l2: Double = 0, l2Shrinkage: Double = 0, beta: Double = 0, weightDecay: Double? = nil
    ) -> Optimizer {
        let settings = FtrlSettings(
            power: learningRatePower, initialAccumulator: initialAccumulator, l1: l1, l2: l2, shrinkage: l2Shrinkage,
            beta: beta)
        return Optimizer("Ftrl", .ftrl(settings), learningRate, weightDecay: weightDecay)
    }

    /// Adafactor (Shazeer & Stern, 2018): of the squared gradients of a matrix it keeps the means of rows and columns.
    public static func adafactor(
        learningRate: Double = 0.001, beta2Decay: Double = -0.8, epsilon1: Double = 1e-30, epsilon2: Double = 1e-3,
        clipThreshold: Double = 1, relativeStep: Bool = true, weightDecay: Double? = nil
    ) -> Optimizer {
        let settings = AdafactorSettings(
            beta2Decay: beta2Decay, epsilon1: epsilon1, epsilon2: epsilon2, clipThreshold: clipThreshold,
            relativeStep: relativeStep)
        return Optimizer("Adafactor", .adafactor(settings), learningRate, weightDecay: weightDecay)
    }

    /// Adam with steps as long as the weights are (You et al., 2020), for large batches.
    public static func lamb(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "Lamb", .lamb(beta1: beta1, beta2: beta2, epsilon: epsilon), learningRate, weightDecay: weightDecay)
    }

    /// Steps of matrices made orthogonal (Jordan et al., 2024); other weights are AdamW's.
    ///
    /// - Parameter excludedLayers: words; weights with one of them in their path are AdamW's too.
    public static func muon(
        learningRate: Double = 0.001, weightDecay: Double? = 0.004, momentum: Double = 0.95, nesterov: Bool = true,
        excludedLayers: [String] = []
    ) -> Optimizer {
        var settings = MuonSettings()
        settings.momentum = momentum
        settings.nesterov = nesterov
        settings.excludedLayers = excludedLayers
        return Optimizer("Muon", .muon(settings), learningRate, weightDecay: weightDecay)
    }

    /// AdamW that averages instead of following a schedule (Defazio et al., 2024).
    public static func scheduleFreeAdamW(
        learningRate: Double = 0.0025, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
        warmupSteps: Int = 0, weightDecay: Double? = nil
    ) -> Optimizer {
        Optimizer(
            "ScheduleFreeAdamW",
            .scheduleFree(beta1: beta1, beta2: beta2, epsilon: epsilon, warmupSteps: Double(warmupSteps)),
            learningRate, weightDecay: weightDecay)
    }
}
