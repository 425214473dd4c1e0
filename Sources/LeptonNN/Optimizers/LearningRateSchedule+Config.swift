import LeptonTensor

extension LearningRateSchedule {
    private static let classNames = [
        "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "PiecewiseConstantDecay",
        "PolynomialDecay",
    ]

    static func standardName(_ kind: Kind) -> String {
        switch kind {
        case .piecewise: "PiecewiseConstant"
        case .restarts: "SGDRDecay"
        default: className(kind)
        }
    }

    private static func className(_ kind: Kind) -> String {
        switch kind {
        case .exponential: "ExponentialDecay"
        case .inverseTime: "InverseTimeDecay"
        case .piecewise: "PiecewiseConstantDecay"
        case .polynomial: "PolynomialDecay"
        case .cosine: "CosineDecay"
        case .restarts: "CosineDecayRestarts"
        }
    }

    /// Reads what `keras.optimizers.schedules.serialize` writes.
    ///
    /// - Throws: `notSupported` for a schedule of one's own, which is Python code.
    package init(_ value: JSONValue) throws(LeptonError) {
        if let module = value.objectValue?["module"]?.stringValue, module != "keras.optimizers.schedules",
            !module.hasPrefix("keras.src.optimizers.schedules")
        {
            throw LeptonError(
                .notSupported,
                "learning_rate: the schedule '\(value.objectValue?["class_name"]?.stringValue ?? "?")' is not one of "
                    + "Keras's; set the rate from a callback such as keras.callbacks.LearningRateScheduler")
        }
        let object = try SerializedObject("learning_rate", value)
        guard LearningRateSchedule.classNames.contains(object.className) else {
            throw unknownName("learning-rate schedule", object.className, known: LearningRateSchedule.classNames)
        }
        var reader = ConfigReader(object.className, object.config)
        let kind = try LearningRateSchedule.kind(object.className, &reader)
        let initial: Double
        if case .piecewise(_, let values) = kind {
            initial = values[0]
        } else {
            initial = try LearningRateSchedule.needed("initial_learning_rate", object.className, &reader)
        }
        self.init(kind, initial: initial, name: try reader.string("name"))
        try reader.finish()
    }

    private static func kind(_ className: String, _ reader: inout ConfigReader) throws(LeptonError) -> Kind {
        switch className {
        case "ExponentialDecay", "InverseTimeDecay":
            let steps = try steps("decay_steps", &reader)
            let rate = try needed("decay_rate", className, &reader)
            let staircase = try reader.bool("staircase", default: false)
            return className == "ExponentialDecay"
                ? .exponential(steps: steps, rate: rate, staircase: staircase)
                : .inverseTime(steps: steps, rate: rate, staircase: staircase)
        case "PolynomialDecay":
            return .polynomial(
                steps: try steps("decay_steps", &reader), end: try reader.number("end_learning_rate", default: 0.0001),
                power: try reader.number("power", default: 1), cycle: try reader.bool("cycle", default: false))
        case "CosineDecay":
            let steps = try steps("decay_steps", &reader)
            let target = try reader.value("warmup_target").map { (value) throws(LeptonError) -> Double in
                guard let number = value.doubleValue, number.isFinite else {
                    throw LeptonError(
                        .invalidArgument, argument: "CosineDecay.warmup_target",
                        expected: "null or a finite number", received: value.kindName)
                }
                return number
            }
            return .cosine(
                steps: steps, alpha: try reader.number("alpha", default: 0), warmupTarget: target,
                warmupSteps: try reader.number("warmup_steps", default: 0, "a finite number of at least 0") {
                    $0 >= 0 && $0.isFinite
                })
        case "CosineDecayRestarts":
            return .restarts(
                steps: try steps("first_decay_steps", &reader),
                timeFactor: try reader.number("t_mul", default: 2, "a finite number above 0") {
                    $0 > 0 && $0.isFinite
                },
                heightFactor: try reader.number("m_mul", default: 1), alpha: try reader.number("alpha", default: 0))
        default:
            let boundaries = try numbers("boundaries", &reader)
            let values = try numbers("values", &reader)
            guard !boundaries.isEmpty, boundaries.count == values.count - 1 else {
                throw LeptonError(
                    .invalidArgument, argument: "PiecewiseConstantDecay.values",
                    expected: "at least 1 boundary, and one value more than boundaries (\(boundaries.count))",
                    received: "\(values.count)")
            }
            return .piecewise(boundaries: boundaries, values: values)
        }
    }

    private static func steps(_ name: String, _ reader: inout ConfigReader) throws(LeptonError) -> Double {
        let value = reader.value(name)
        guard let number = value?.doubleValue, number > 0, number.isFinite else {
            throw LeptonError(
                .invalidArgument, argument: name, expected: "a finite number above 0",
                received: value?.kindName ?? "nothing")
        }
        return number
    }

    private static func needed(
        _ name: String, _ owner: String, _ reader: inout ConfigReader
    ) throws(LeptonError) -> Double {
        guard let number = reader.value(name)?.doubleValue, number.isFinite else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).\(name)", expected: "a finite number",
                received: reader.value(name)?.kindName ?? "nothing")
        }
        return number
    }

    private static func numbers(_ name: String, _ reader: inout ConfigReader) throws(LeptonError) -> [Double] {
        var result: [Double] = []
        for item in reader.value(name)?.arrayValue ?? [] {
            guard let number = item.doubleValue, number.isFinite else {
                throw LeptonError(
                    .invalidArgument, argument: "PiecewiseConstantDecay.\(name)", expected: "finite numbers",
                    received: item.kindName)
            }
            result.append(number)
        }
        return result
    }

    /// As `keras.optimizers.schedules.serialize` writes it.
    package var config: JSONValue {
        var fields = JSONObject()
        if case .piecewise = kind {} else { fields["initial_learning_rate"] = .number(initial) }
        switch kind {
        case .exponential(let steps, let rate, let staircase), .inverseTime(let steps, let rate, let staircase):
            fields["decay_steps"] = .number(steps)
            fields["decay_rate"] = .number(rate)
            fields["staircase"] = .bool(staircase)
        case .piecewise(let boundaries, let values):
            fields["boundaries"] = .array(boundaries.map { .number($0) })
            fields["values"] = .array(values.map { .number($0) })
        case .polynomial(let steps, let end, let power, let cycle):
            fields["decay_steps"] = .number(steps)
            fields["end_learning_rate"] = .number(end)
            fields["power"] = .number(power)
            fields["cycle"] = .bool(cycle)
        case .cosine(let steps, let alpha, let warmupTarget, let warmupSteps):
            fields["decay_steps"] = .number(steps)
            fields["alpha"] = .number(alpha)
            fields["warmup_target"] = warmupTarget.map { .number($0) } ?? .null
            fields["warmup_steps"] = .number(warmupSteps)
        case .restarts(let steps, let timeFactor, let heightFactor, let alpha):
            fields["first_decay_steps"] = .number(steps)
            fields["t_mul"] = .number(timeFactor)
            fields["m_mul"] = .number(heightFactor)
            fields["alpha"] = .number(alpha)
        }
        fields["name"] = .string(name)
        return serialized(
            module: "keras.optimizers.schedules", className: LearningRateSchedule.className(kind), config: fields)
    }
}
