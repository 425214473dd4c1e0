import LeptonTensor

extension Optimizer {
    /// What an optimizer is without arguments, by its Keras class name.
    private static let standards: [Optimizer] = [
        .sgd(), .adam(), .adamW(), .rmsprop(), .adagrad(), .adadelta(), .adamax(), .nadam(), .lion(),
    ]

    private static let notYet: Set<String> = [
        "ftrl", "adafactor", "lamb", "muon", "schedulefreeadamw", "lossscaleoptimizer",
    ]

    private static var names: [String] { standards.map { $0.className.lowercased() } }

    /// Reads a name or a config object; case does not count in a bare name, as in Keras.
    package init(_ value: JSONValue) throws(LeptonError) {
        let object = try SerializedObject("optimizer", value)
        let wanted = object.className.lowercased()
        guard let standard = Optimizer.standards.first(where: { $0.className.lowercased() == wanted }) else {
            if Optimizer.notYet.contains(wanted) {
                throw LeptonError(
                    .notSupported,
                    "optimizer '\(object.className)' is not supported by this version; it has "
                        + Optimizer.names.joined(separator: ", "))
            }
            throw unknownName("optimizer", object.className, known: Optimizer.names)
        }
        var reader = ConfigReader(standard.className, object.config)
        let kind = try Optimizer.kind(like: standard.kind, &reader)
        let rate = try Optimizer.learningRate(&reader, default: standard.learningRate)
        var decay = standard.weightDecay
        if object.config["weight_decay"] != nil {
            decay = try reader.value("weight_decay").map { (value) throws(LeptonError) -> Double in
                guard let number = value.doubleValue, number >= 0, number.isFinite else {
                    throw LeptonError(
                        .invalidArgument, argument: "\(standard.className).weight_decay",
                        expected: "null or a finite number of at least 0", received: value.kindName)
                }
                return number
            }
        }
        let name = try reader.string("name")
        self.init(
            className: standard.className, kind: kind, learningRate: rate, weightDecay: decay,
            name: name ?? standard.name)
        try Optimizer.readShared(&reader)
        try reader.finish()
    }

    /// The arguments that belong to the update rule, read with the defaults of `standard`.
    private static func kind(like standard: Kind, _ reader: inout ConfigReader) throws(LeptonError) -> Kind {
        switch standard {
        case .sgd(let momentum, let nesterov):
            return .sgd(
                momentum: try reader.number("momentum", default: momentum, "a number between 0 and 1") {
                    $0 >= 0 && $0 <= 1
                },
                nesterov: try reader.bool("nesterov", default: nesterov))
        case .adam(let beta1, let beta2, let epsilon, let amsgrad):
            return .adam(
                beta1: try fraction("beta_1", beta1, &reader), beta2: try fraction("beta_2", beta2, &reader),
                epsilon: try Optimizer.epsilon(epsilon, &reader),
                amsgrad: try reader.bool("amsgrad", default: amsgrad))
        case .rmsprop(let rho, let momentum, let epsilon, let centered):
            return .rmsprop(
                rho: try fraction("rho", rho, &reader), momentum: try fraction("momentum", momentum, &reader),
                epsilon: try Optimizer.epsilon(epsilon, &reader),
                centered: try reader.bool("centered", default: centered))
        case .adagrad(let initial, let epsilon):
            return .adagrad(
                initialAccumulator: try reader.number(
                    "initial_accumulator_value", default: initial, "a finite number of at least 0"
                ) { $0 >= 0 && $0.isFinite },
                epsilon: try Optimizer.epsilon(epsilon, &reader))
        case .adadelta(let rho, let epsilon):
            return .adadelta(rho: try fraction("rho", rho, &reader), epsilon: try Optimizer.epsilon(epsilon, &reader))
        case .adamax(let beta1, let beta2, let epsilon):
            return .adamax(
                beta1: try fraction("beta_1", beta1, &reader), beta2: try fraction("beta_2", beta2, &reader),
                epsilon: try Optimizer.epsilon(epsilon, &reader))
        case .nadam(let beta1, let beta2, let epsilon):
            return .nadam(
                beta1: try fraction("beta_1", beta1, &reader), beta2: try fraction("beta_2", beta2, &reader),
                epsilon: try Optimizer.epsilon(epsilon, &reader))
        case .lion(let beta1, let beta2):
            // Keras refuses a beta_1 of 0.
            return .lion(
                beta1: try reader.number("beta_1", default: beta1, "a number above 0 and at most 1") {
                    $0 > 0 && $0 <= 1
                },
                beta2: try fraction("beta_2", beta2, &reader))
        }
    }

    private static func fraction(
        _ name: String, _ standard: Double, _ reader: inout ConfigReader
    ) throws(LeptonError) -> Double {
        try reader.number(name, default: standard, "a number of at least 0 and below 1") { $0 >= 0 && $0 < 1 }
    }

    private static func epsilon(_ standard: Double, _ reader: inout ConfigReader) throws(LeptonError) -> Double {
        try reader.number("epsilon", default: standard, "a finite number of at least 0") { $0 >= 0 && $0.isFinite }
    }

    private static func learningRate(
        _ reader: inout ConfigReader, default standard: Double
    ) throws(LeptonError) -> Double {
        if case .object = reader.value("learning_rate") ?? .null {
            throw LeptonError(
                .notSupported, "learning-rate schedules are not supported; set the rate between epochs in a callback")
        }
        return try reader.number("learning_rate", default: standard, "a finite number of at least 0") {
            $0 >= 0 && $0.isFinite
        }
    }

    /// Arguments that all of Keras's optimizers have; only their neutral values are taken.
    private static func readShared(_ reader: inout ConfigReader) throws(LeptonError) {
        for name in ["clipnorm", "global_clipnorm", "clipvalue"] {
            try reader.neutral(name, instead: "leave it out")
        }
        try reader.neutral("use_ema", [.bool(false)], instead: "leave it out")
        try reader.neutral("loss_scale_factor", instead: "leave it out")
        try reader.neutral("gradient_accumulation_steps", instead: "use a larger batch")
        reader.ignore("ema_momentum", "ema_overwrite_frequency", "jit_compile")
    }

    /// As `keras.optimizers.serialize` writes it.
    package var config: JSONValue {
        var fields: JSONObject = [
            "name": .string(name), "learning_rate": .number(learningRate),
            "weight_decay": weightDecay.map { .number($0) } ?? .null, "clipnorm": .null, "global_clipnorm": .null,
            "clipvalue": .null, "use_ema": false, "ema_momentum": 0.99, "ema_overwrite_frequency": .null,
            "loss_scale_factor": .null, "gradient_accumulation_steps": .null,
        ]
        for (key, value) in arguments { fields[key] = value }
        return serialized(module: "keras.optimizers", className: className, config: fields)
    }

    private var arguments: [(String, JSONValue)] {
        switch kind {
        case .sgd(let momentum, let nesterov):
            [("momentum", .number(momentum)), ("nesterov", .bool(nesterov))]
        case .adam(let beta1, let beta2, let epsilon, let amsgrad):
            [
                ("beta_1", .number(beta1)), ("beta_2", .number(beta2)), ("epsilon", .number(epsilon)),
                ("amsgrad", .bool(amsgrad)),
            ]
        case .rmsprop(let rho, let momentum, let epsilon, let centered):
            [
                ("rho", .number(rho)), ("momentum", .number(momentum)), ("epsilon", .number(epsilon)),
                ("centered", .bool(centered)),
            ]
        case .adagrad(let initial, let epsilon):
            [("initial_accumulator_value", .number(initial)), ("epsilon", .number(epsilon))]
        case .adadelta(let rho, let epsilon):
            [("rho", .number(rho)), ("epsilon", .number(epsilon))]
        case .adamax(let beta1, let beta2, let epsilon), .nadam(let beta1, let beta2, let epsilon):
            [("beta_1", .number(beta1)), ("beta_2", .number(beta2)), ("epsilon", .number(epsilon))]
        case .lion(let beta1, let beta2):
            [("beta_1", .number(beta1)), ("beta_2", .number(beta2))]
        }
    }
}
