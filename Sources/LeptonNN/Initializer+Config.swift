import LeptonTensor

extension Initializer {
    private static let fixedScaling: [String: Initializer] = [
        "GlorotUniform": .glorotUniform(), "GlorotNormal": .glorotNormal(), "HeUniform": .heUniform(),
        "HeNormal": .heNormal(), "LecunUniform": .lecunUniform(), "LecunNormal": .lecunNormal(),
    ]

    private static let otherNames = [
        "Zeros", "Ones", "Constant", "RandomUniform", "RandomNormal", "TruncatedNormal", "VarianceScaling",
        "Orthogonal", "Identity",
    ]

    /// Keras takes class names and their snake-case forms, and a few short forms of its own.
    private static let aliases: [String: String] = {
        var names = [
            "zero": "Zeros", "one": "Ones", "IdentityInitializer": "Identity",
            "OrthogonalInitializer": "Orthogonal", "normal": "RandomNormal", "uniform": "RandomUniform",
        ]
        for name in otherNames + Array(fixedScaling.keys) {
            names[name] = name
            names[snakeCase(name)] = name
        }
        return names
    }()

    /// Reads a name or a config object; nil gives `standard`.
    package init(_ value: JSONValue?, argument: String, default standard: Initializer) throws(LeptonError) {
        guard let value else {
            self = standard
            return
        }
        let object = try SerializedObject(argument, value)
        guard let className = Initializer.aliases[object.className] else {
            throw unknownName("initializer", object.className, known: Array(Initializer.aliases.keys))
        }
        var reader = ConfigReader(className, object.config)
        self = try Initializer(className: className, &reader)
        try reader.finish()
    }

    private init(className: String, _ reader: inout ConfigReader) throws(LeptonError) {
        let seed = try reader.seed()
        var kind: Kind
        switch className {
        case "Zeros": kind = .constant(0)
        case "Ones": kind = .constant(1)
        case "Constant": kind = .constant(try reader.number("value", default: 0))
        case "Identity": kind = .identity(gain: try reader.number("gain", default: 1))
        case "Orthogonal": kind = .orthogonal(gain: try reader.number("gain", default: 1))
        case "RandomUniform":
            let minimum = try reader.number("minval", default: -0.05)
            let maximum = try reader.number(
                "maxval", default: 0.05, "a finite number of at least minval (\(minimum))"
            ) { $0.isFinite && $0 >= minimum }
            kind = .uniform(minimum: minimum, maximum: maximum)
        case "RandomNormal", "TruncatedNormal":
            let mean = try reader.number("mean", default: 0)
            let deviation = try reader.number("stddev", default: 0.05, "a finite number of at least 0") {
                $0.isFinite && $0 >= 0
            }
            kind =
                className == "RandomNormal"
                ? .normal(mean: mean, deviation: deviation) : .truncatedNormal(mean: mean, deviation: deviation)
        case "VarianceScaling":
            kind = try Initializer.varianceScaling(&reader)
        default:
            kind = (Initializer.fixedScaling[className] ?? .glorotUniform()).kind
        }
        var (inputAxes, outputAxes): ([Int]?, [Int]?)
        if case .varianceScaling = kind {
            inputAxes = try Initializer.axes("input_axes", className, &reader)
            outputAxes = try Initializer.axes("output_axes", className, &reader)
        }
        self.init(className: className, kind: kind, seed: seed, inputAxes: inputAxes, outputAxes: outputAxes)
    }

    private static func axes(
        _ name: String, _ owner: String, _ reader: inout ConfigReader
    ) throws(LeptonError) -> [Int]? {
        guard let value = reader.value(name) else { return nil }
        var axes: [Int] = []
        for item in value.arrayValue ?? [value] {
            guard let axis = item.intValue else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).\(name)", expected: "a list of whole numbers",
                    received: item.kindName)
            }
            axes.append(axis)
        }
        return axes
    }

    private static func varianceScaling(_ reader: inout ConfigReader) throws(LeptonError) -> Kind {
        let scale = try reader.number("scale", default: 1, "a number above 0") { $0.isFinite && $0 > 0 }
        let modeName = try reader.string("mode") ?? FanMode.fanIn.rawValue
        guard let mode = FanMode(rawValue: modeName) else {
            throw unknownName("mode", modeName, known: FanMode.allCases.map(\.rawValue))
        }
        let distributionName = try reader.string("distribution") ?? Distribution.truncatedNormal.rawValue
        let canonical = distributionName == "normal" ? Distribution.truncatedNormal.rawValue : distributionName
        guard let distribution = Distribution(rawValue: canonical) else {
            throw unknownName("distribution", distributionName, known: Distribution.allCases.map(\.rawValue))
        }
        return .varianceScaling(scale: scale, mode: mode, distribution: distribution)
    }

    /// As `keras.initializers.serialize` writes it.
    package var config: JSONValue {
        var fields = JSONObject()
        let seedValue: JSONValue = seed.map { .integer(Int64(bitPattern: $0)) } ?? .null
        switch kind {
        case .forgetGateOnes(let others): return others.config
        case .constant(let value):
            if className == "Constant" { fields["value"] = .number(value) }
        case .identity(let gain):
            fields["gain"] = .number(gain)
        case .orthogonal(let gain):
            fields["gain"] = .number(gain)
            fields["seed"] = seedValue
        case .uniform(let minimum, let maximum):
            fields["minval"] = .number(minimum)
            fields["maxval"] = .number(maximum)
            fields["seed"] = seedValue
        case .normal(let mean, let deviation), .truncatedNormal(let mean, let deviation):
            fields["mean"] = .number(mean)
            fields["stddev"] = .number(deviation)
            fields["seed"] = seedValue
        case .varianceScaling(let scale, let mode, let distribution):
            if className == "VarianceScaling" {
                fields["scale"] = .number(scale)
                fields["mode"] = .string(mode.rawValue)
                fields["distribution"] = .string(distribution.rawValue)
            }
            fields["seed"] = seedValue
            func list(_ axes: [Int]?) -> JSONValue { axes.map { .array($0.map { .integer(Int64($0)) }) } ?? .null }
            fields["input_axes"] = list(inputAxes)
            fields["output_axes"] = list(outputAxes)
        }
        return serialized(module: "keras.initializers", className: className, config: fields)
    }
}
