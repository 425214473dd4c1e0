import LeptonTensor

/// How gradients change weights. Update rules and defaults as in Keras 3.15 (keras/src/optimizers).
public struct Optimizer: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case sgd(momentum: Double, nesterov: Bool)
        case adam(beta1: Double, beta2: Double, epsilon: Double, amsgrad: Bool)
    }

    package let kind: Kind
    package var learningRate: Double
    package var name: String

    private init(kind: Kind, learningRate: Double, name: String) {
        self.kind = kind
        self.learningRate = learningRate
        self.name = name
    }

    /// w -= rate · g; with momentum m = momentum · m - rate · g, w += m.
    public static func sgd(learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false) -> Optimizer {
        Optimizer(
            kind: .sgd(momentum: momentum, nesterov: nesterov), learningRate: learningRate, name: "sgd")
    }

    /// Adam (Kingma & Ba, 2015), with epsilon outside the bias correction as Keras has it.
    public static func adam(
        learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-7,
        amsgrad: Bool = false
    ) -> Optimizer {
        Optimizer(
            kind: .adam(beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad), learningRate: learningRate,
            name: "adam")
    }

    /// Names of the per-weight state, in the order in which Keras saves it.
    package var slotNames: [String] {
        switch kind {
        case .sgd(let momentum, _): momentum == 0 ? [] : ["momentum"]
        case .adam(_, _, _, let amsgrad): ["momentum", "velocity"] + (amsgrad ? ["velocity_hat"] : [])
        }
    }

    private static let notYet: Set<String> = [
        "rmsprop", "adagrad", "adadelta", "adamax", "nadam", "ftrl", "lion", "adamw", "adafactor", "lamb", "muon",
    ]

    /// Reads a name or a config object; case does not count in a bare name, as in Keras.
    package init(_ value: JSONValue) throws(LeptonError) {
        let object = try SerializedObject("optimizer", value)
        let isSGD: Bool
        switch object.className.lowercased() {
        case "sgd": isSGD = true
        case "adam": isSGD = false
        case let name where Optimizer.notYet.contains(name):
            throw LeptonError(
                .notSupported, "optimizer '\(object.className)' is not supported by this version; it has sgd, adam")
        default: throw unknownName("optimizer", object.className, known: ["sgd", "adam"])
        }
        var reader = ConfigReader(isSGD ? "SGD" : "Adam", object.config)
        let rate = try Optimizer.learningRate(&reader, default: isSGD ? 0.01 : 0.001)
        let unit = "a number of at least 0 and below 1"
        func isUnit(_ number: Double) -> Bool { number >= 0 && number < 1 }
        if isSGD {
            let momentum = try reader.number("momentum", default: 0, "a number between 0 and 1") {
                $0 >= 0 && $0 <= 1
            }
            self = .sgd(
                learningRate: rate, momentum: momentum, nesterov: try reader.bool("nesterov", default: false))
        } else {
            self = .adam(
                learningRate: rate, beta1: try reader.number("beta_1", default: 0.9, unit, where: isUnit),
                beta2: try reader.number("beta_2", default: 0.999, unit, where: isUnit),
                epsilon: try reader.number("epsilon", default: 1e-7, "a number of at least 0") {
                    $0 >= 0 && $0.isFinite
                },
                amsgrad: try reader.bool("amsgrad", default: false))
        }
        name = try reader.string("name") ?? name
        try Optimizer.readShared(&reader)
        try reader.finish()
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
        for name in ["weight_decay", "clipnorm", "global_clipnorm", "clipvalue"] {
            try reader.neutral(name, instead: "leave it out")
        }
        try reader.neutral("use_ema", [.bool(false)], instead: "leave it out")
        try reader.neutral("loss_scale_factor", instead: "leave it out")
        try reader.neutral("gradient_accumulation_steps", instead: "use a larger batch")
        reader.ignore("ema_momentum", "ema_overwrite_frequency", "jit_compile")
    }

    package var config: JSONValue {
        var fields: JSONObject = [
            "name": .string(name), "learning_rate": .number(learningRate), "weight_decay": .null, "clipnorm": .null,
            "global_clipnorm": .null, "clipvalue": .null, "use_ema": false, "ema_momentum": 0.99,
            "ema_overwrite_frequency": .null, "loss_scale_factor": .null, "gradient_accumulation_steps": .null,
        ]
        switch kind {
        case .sgd(let momentum, let nesterov):
            fields["momentum"] = .number(momentum)
            fields["nesterov"] = .bool(nesterov)
            return serialized(module: "keras.optimizers", className: "SGD", config: fields)
        case .adam(let beta1, let beta2, let epsilon, let amsgrad):
            fields["beta_1"] = .number(beta1)
            fields["beta_2"] = .number(beta2)
            fields["epsilon"] = .number(epsilon)
            fields["amsgrad"] = .bool(amsgrad)
            return serialized(module: "keras.optimizers", className: "Adam", config: fields)
        }
    }
}
