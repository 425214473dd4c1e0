import LeptonTensor

extension Optimizer {
    /// What an optimizer is without arguments, by its Keras class name.
    private static let standards: [Optimizer] = [
        .sgd(), .adam(), .adamW(), .rmsprop(), .adagrad(), .adadelta(), .adamax(), .nadam(), .lion(), .ftrl(),
        .adafactor(), .lamb(), .muon(), .scheduleFreeAdamW(),
    ]

    private static let scalingName = "LossScaleOptimizer"

    private static var names: [String] {
        standards.map { $0.className.lowercased() } + [scalingName.lowercased()]
    }

    /// Reads a name or a config object; case does not count in a bare name, as in Keras.
    package init(_ value: JSONValue) throws(LeptonError) {
        let object = try SerializedObject("optimizer", value)
        let wanted = object.className.lowercased()
        if wanted == Optimizer.scalingName.lowercased() {
            self = try Optimizer.scaled(object.config)
            return
        }
        guard let standard = Optimizer.standards.first(where: { $0.className.lowercased() == wanted }) else {
            throw unknownName("optimizer", object.className, known: Optimizer.names)
        }
        var reader = ConfigReader(standard.className, object.config)
        let kind = try Optimizer.kind(like: standard.kind, &reader)
        let rate = try Optimizer.rate(&reader, default: standard.rate)
        let options = try UpdateOptions(&reader, standard: standard.options)
        let name = try reader.string("name")
        self.init(
            className: standard.className, kind: kind, rate: rate, options: options, name: name ?? standard.name)
        try reader.finish()
    }

    /// An optimizer with dynamic loss scaling around it.
    private static func scaled(_ config: JSONObject) throws(LeptonError) -> Optimizer {
        var reader = ConfigReader(scalingName, config)
        guard let inner = reader.value("inner_optimizer") else {
            throw LeptonError(
                .invalidArgument, argument: "\(scalingName).inner_optimizer", expected: "an optimizer",
                received: "nothing")
        }
        var optimizer = try Optimizer(inner)
        guard optimizer.scaling == nil else {
            throw LeptonError(
                .invalidArgument, argument: "\(scalingName).inner_optimizer",
                expected: "an optimizer without loss scaling", received: scalingName)
        }
        var scaling = LossScaling()
        scaling.initialScale = try reader.number(
            "initial_scale", default: scaling.initialScale, "a finite number above 0"
        ) { $0 > 0 && $0.isFinite }
        // The state counts in float32, which is exact up to here.
        let most = 1 << 24
        if reader.value("dynamic_growth_steps") != nil {
            scaling.growthSteps = try reader.integer("dynamic_growth_steps", minimum: 1)
            guard scaling.growthSteps <= most else {
                throw LeptonError(
                    .invalidArgument, argument: "\(scalingName).dynamic_growth_steps", expected: "1 ... \(most)",
                    received: "\(scaling.growthSteps)")
            }
        }
        scaling.name = try reader.string("name") ?? scaling.name
        try reader.finish()
        optimizer.scaling = scaling
        // As in Keras: gradients would be scaled twice.
        optimizer.options.lossScaleFactor = nil
        return optimizer
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
        case .lamb(let beta1, let beta2, let epsilon):
            return .lamb(
                beta1: try fraction("beta_1", beta1, &reader), beta2: try fraction("beta_2", beta2, &reader),
                epsilon: try Optimizer.epsilon(epsilon, &reader))
        case .scheduleFree(let beta1, let beta2, let epsilon, let warmupSteps):
            return .scheduleFree(
                beta1: try reader.number("beta_1", default: beta1, "a number above 0 and below 1") { $0 > 0 && $0 < 1 },
                beta2: try fraction("beta_2", beta2, &reader), epsilon: try Optimizer.epsilon(epsilon, &reader),
                warmupSteps: try reader.number("warmup_steps", default: warmupSteps))
        case .ftrl(let settings): return .ftrl(try settings.read(&reader))
        case .adafactor(let settings): return .adafactor(try settings.read(&reader))
        case .muon(let settings): return .muon(try settings.read(&reader))
        }
    }

    static func fraction(
        _ name: String, _ standard: Double, _ reader: inout ConfigReader
    ) throws(LeptonError) -> Double {
        try reader.number(name, default: standard, "a number of at least 0 and below 1") { $0 >= 0 && $0 < 1 }
    }

    static func epsilon(_ standard: Double, _ reader: inout ConfigReader) throws(LeptonError) -> Double {
        try reader.number("epsilon", default: standard, "a finite number of at least 0") { $0 >= 0 && $0.isFinite }
    }

    private static func rate(_ reader: inout ConfigReader, default standard: Rate) throws(LeptonError) -> Rate {
        guard let value = reader.value("learning_rate") else { return standard }
        if case .object = value { return .scheduled(try LearningRateSchedule(value)) }
        return .constant(
            try reader.number("learning_rate", default: 0, "a finite number of at least 0, or a schedule") {
                $0 >= 0 && $0.isFinite
            })
    }

    /// As `keras.optimizers.serialize` writes it.
    package var config: JSONValue {
        guard let scaling else { return plainConfig }
        return serialized(
            module: "keras.optimizers", className: Optimizer.scalingName,
            config: [
                "name": .string(scaling.name), "inner_optimizer": plainConfig,
                "initial_scale": .number(scaling.initialScale),
                "dynamic_growth_steps": .integer(Int64(scaling.growthSteps)),
            ])
    }

    private var plainConfig: JSONValue {
        var fields: JSONObject = ["name": .string(name)]
        switch rate {
        case .constant(let rate): fields["learning_rate"] = .number(rate)
        case .scheduled(let schedule): fields["learning_rate"] = schedule.config
        }
        for (key, value) in options.fields { fields[key] = value }
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
        case .adamax(let beta1, let beta2, let epsilon), .nadam(let beta1, let beta2, let epsilon),
            .lamb(let beta1, let beta2, let epsilon):
            [("beta_1", .number(beta1)), ("beta_2", .number(beta2)), ("epsilon", .number(epsilon))]
        case .lion(let beta1, let beta2):
            [("beta_1", .number(beta1)), ("beta_2", .number(beta2))]
        case .scheduleFree(let beta1, let beta2, let epsilon, let warmupSteps):
            [
                ("beta_1", .number(beta1)), ("beta_2", .number(beta2)), ("epsilon", .number(epsilon)),
                ("warmup_steps", .number(warmupSteps)),
            ]
        case .ftrl(let settings): settings.fields
        case .adafactor(let settings): settings.fields
        case .muon(let settings): settings.fields
        }
    }
}
