import LeptonTensor

extension Loss {
    private static let aliases: [String: Kind] = [
        "mse": .meanSquaredError, "MSE": .meanSquaredError, "mae": .meanAbsoluteError, "MAE": .meanAbsoluteError,
        "mape": .meanAbsolutePercentageError, "MAPE": .meanAbsolutePercentageError,
        "msle": .meanSquaredLogarithmicError, "MSLE": .meanSquaredLogarithmicError, "bce": .binaryCrossentropy,
        "BCE": .binaryCrossentropy, "kld": .klDivergence, "KLD": .klDivergence, "logcosh": .logCosh,
    ]

    private static let byName: [String: Kind] = {
        var names = aliases
        for kind in Kind.allCases {
            names[kind.rawValue] = kind
            names[kind.functionName] = kind
        }
        return names
    }()

    /// The loss that a function of Keras's computes, where it can be measured beside others.
    static func kind(ofFunction name: String) -> Kind? {
        guard name == name.lowercased(), let kind = byName[name], !kind.hasOwnTargets else { return nil }
        return kind
    }

    /// What there is instead of losses of Keras's that are not here.
    private static let notYet: [String: String] = {
        let shapes = "name the cross-entropy that is meant: binary, categorical or sparse_categorical_crossentropy"
        return ["crossentropy": shapes, "ce": shapes]
    }()

    /// Reads a name or a config object.
    package init(_ value: JSONValue) throws(LeptonError) {
        if case .array = value {
            throw LeptonError(.notSupported, "a list of losses is not supported; the model has one output")
        }
        let object = try SerializedObject("loss", value)
        guard let kind = Loss.byName[object.className] else {
            if let instead = Loss.notYet[object.className] {
                throw LeptonError(
                    .notSupported, "loss '\(object.className)' is not supported by this version; \(instead)")
            }
            throw unknownName("loss", object.className, known: Array(Loss.byName.keys))
        }
        self.init(kind)
        if object.isBareName { name = object.className }
        var reader = ConfigReader(kind.rawValue, object.config)
        name = try reader.string("name") ?? name
        for field in kind.fields { try readArgument(field, &reader) }
        reduction = try Loss.readReduction(kind, &reader, object.config)
        try reader.neutral("dtype", [.string("float32")], instead: "use float32")
        reader.ignore("fn")
        try reader.finish()
    }

    private static func readReduction(
        _ kind: Kind, _ reader: inout ConfigReader, _ config: JSONObject
    ) throws(LeptonError) -> Reduction {
        // Absent is not null: null is Keras's way to ask for no reduction.
        guard config["reduction"] != nil else { return .sumOverBatchSize }
        let text = try reader.string("reduction")
        if let text, let reduction = Reduction(rawValue: text) { return reduction }
        let known = Reduction.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
        throw LeptonError(
            .invalidArgument, argument: "\(kind.rawValue).reduction",
            expected: text == nil || text == "none"
                ? "one of \(known): a model is trained on one number" : "one of \(known)",
            received: text.map { "'\($0)'" } ?? "null")
    }

    /// Reads one argument that the loss has.
    mutating func readArgument(_ field: Field, _ reader: inout ConfigReader) throws(LeptonError) {
        let key = field.rawValue
        switch field {
        case .fromLogits: parameters.fromLogits = try reader.bool(key, default: false)
        case .labelSmoothing:
            parameters.labelSmoothing = try reader.number(key, default: 0, "a number between 0 and 1") {
                $0 >= 0 && $0 <= 1
            }
        case .axis: parameters.axis = try reader.axis(key, default: -1)
        case .axes: parameters.axes = try Loss.readAxes(kind, &reader)
        case .margin: parameters.margin = try reader.number(key, default: parameters.margin)
        case .removeDiagonal: parameters.removeDiagonal = try reader.bool(key, default: true)
        case .delta:
            parameters.delta = try reader.number(key, default: parameters.delta, "a finite number of at least 0") {
                $0 >= 0 && $0.isFinite
            }
        case .alpha: parameters.alpha = try reader.number(key, default: parameters.alpha)
        case .beta: parameters.beta = try reader.number(key, default: parameters.beta)
        case .gamma: parameters.gamma = try reader.number(key, default: parameters.gamma)
        case .applyClassBalancing: parameters.applyClassBalancing = try reader.bool(key, default: false)
        case .ignoreClass: parameters.ignoreClass = try reader.wholeNumber(key)
        case .q:
            parameters.q = try reader.number(key, default: parameters.q, "a number in the interval (0, 1)") {
                $0 > 0 && $0 < 1
            }
        }
    }

    /// Null, a number, or a list of numbers.
    private static func readAxes(_ kind: Kind, _ reader: inout ConfigReader) throws(LeptonError) -> [Int]? {
        guard let value = reader.value("axis") else { return nil }
        var axes: [Int] = []
        for item in value.arrayValue ?? [value] {
            guard let axis = item.intValue, axis.magnitude <= Shape.maximumRank else {
                throw LeptonError(
                    .invalidArgument, argument: "\(kind.rawValue).axis", expected: "null, an axis, or a list of axes",
                    received: item.kindName)
            }
            axes.append(axis)
        }
        return axes
    }

    package var config: JSONValue {
        var fields: JSONObject = ["name": .string(name), "reduction": .string(reduction.rawValue)]
        let usual = Parameters(standardOf: kind)
        for field in kind.fields {
            let value = parameters.value(field)
            if kind.quietFields.contains(field), value == usual.value(field) { continue }
            fields[field == .axes ? "axis" : field.rawValue] = value
        }
        return serialized(module: "keras.losses", className: kind.rawValue, config: fields)
    }
}

extension Loss.Parameters {
    func value(_ field: Loss.Field) -> JSONValue {
        switch field {
        case .fromLogits: .bool(fromLogits)
        case .labelSmoothing: .number(labelSmoothing)
        case .axis: .integer(Int64(axis))
        case .axes: axes.map { .array($0.map { .integer(Int64($0)) }) } ?? .null
        case .delta: .number(delta)
        case .alpha: .number(alpha)
        case .beta: .number(beta)
        case .gamma: .number(gamma)
        case .applyClassBalancing: .bool(applyClassBalancing)
        case .ignoreClass: ignoreClass.map { .integer(Int64($0)) } ?? .null
        case .q: .number(q)
        case .margin: .number(margin)
        case .removeDiagonal: .bool(removeDiagonal)
        }
    }
}

extension ConfigReader {
    /// An axis, counted from the front or, below 0, from the end.
    package mutating func axis(_ name: String, default standard: Int) throws(LeptonError) -> Int {
        guard let number = try wholeNumber(name) else { return standard }
        return number
    }

    /// A whole number that fits in 32 bits; nil when absent or null.
    package mutating func wholeNumber(_ name: String) throws(LeptonError) -> Int? {
        let number = try number(name, default: .nan, "a whole number") {
            $0 == $0.rounded() && abs($0) <= Double(Int32.max)
        }
        return Int(exactly: number)
    }
}
