import LeptonTensor

extension UpdateOptions {
    /// Reads the arguments that all of Keras's optimizers have.
    init(_ reader: inout ConfigReader, standard: UpdateOptions) throws(LeptonError) {
        self = standard
        if reader.has("weight_decay") { weightDecay = try reader.decay("weight_decay") }
        clipping = try UpdateOptions.clipping(&reader)
        usesAverage = try reader.bool("use_ema", default: false)
        averageMomentum = try reader.number("ema_momentum", default: 0.99, "a number between 0 and 1") {
            $0 >= 0 && $0 <= 1
        }
        if reader.value("ema_overwrite_frequency") != nil {
            averageOverwriteFrequency = try reader.integer("ema_overwrite_frequency", minimum: 1)
        }
        if reader.value("loss_scale_factor") != nil {
            // Scaling the loss and the gradients back changes rounding alone, as long as it does not leave the range of
            // float32; so nothing is scaled.
            lossScaleFactor = try reader.number(
                "loss_scale_factor", default: 1,
                "a number in 1e-10 ... 1e20, with which float32 gradients keep their range"
            ) { $0 >= 1e-10 && $0 <= 1e20 }
        }
        // Keras takes 0 for none.
        if let steps = reader.value("gradient_accumulation_steps"), steps.intValue != 0 {
            accumulationSteps = try reader.integer("gradient_accumulation_steps", minimum: 2)
        }
        reader.ignore("jit_compile")
        if let value = reader.value("exclude_from_weight_decay") {
            var excluded = ConfigReader("exclude_from_weight_decay", value.objectValue ?? [:])
            undecayedNames = try excluded.strings("var_names")
            undecayedPaths = try excluded.strings("paths")
            for name in undecayedNames { try Words.check(name, "exclude_from_weight_decay") }
            try excluded.finish()
        }
    }

    private static func clipping(_ reader: inout ConfigReader) throws(LeptonError) -> Clipping {
        var given: [(name: String, clipping: Clipping)] = []
        if reader.value("clipnorm") != nil {
            given.append(("clipnorm", .norm(try reader.number("clipnorm", default: 0))))
        }
        if reader.value("global_clipnorm") != nil {
            given.append(("global_clipnorm", .globalNorm(try reader.number("global_clipnorm", default: 0))))
        }
        if reader.value("clipvalue") != nil {
            given.append(("clipvalue", .value(try reader.number("clipvalue", default: 0))))
        }
        guard given.count <= 1 else {
            throw LeptonError(
                .invalidArgument, argument: "clipnorm, clipvalue, global_clipnorm", expected: "at most one of them",
                received: given.map(\.name).joined(separator: " and "))
        }
        return given.first?.clipping ?? .none
    }

    /// As Keras's `get_config` has them; what is excluded from decay, which Keras leaves out, where there is any.
    var fields: [(String, JSONValue)] {
        func number(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        func whole(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        var (norm, globalNorm, value): (Double?, Double?, Double?)
        switch clipping {
        case .none: break
        case .norm(let limit): norm = limit
        case .globalNorm(let limit): globalNorm = limit
        case .value(let limit): value = limit
        }
        var fields: [(String, JSONValue)] = [
            ("weight_decay", number(weightDecay)), ("clipnorm", number(norm)),
            ("global_clipnorm", number(globalNorm)), ("clipvalue", number(value)), ("use_ema", .bool(usesAverage)),
            ("ema_momentum", .number(averageMomentum)),
            ("ema_overwrite_frequency", whole(averageOverwriteFrequency)),
            ("loss_scale_factor", number(lossScaleFactor)),
            ("gradient_accumulation_steps", whole(accumulationSteps)),
        ]
        if !undecayedNames.isEmpty || !undecayedPaths.isEmpty {
            let excluded: JSONObject = [
                "var_names": .array(undecayedNames.map { .string($0) }),
                "paths": .array(undecayedPaths.map { .string($0) }),
            ]
            fields.append(("exclude_from_weight_decay", .object(excluded)))
        }
        return fields
    }
}

extension ConfigReader {
    /// Weight decay: null for none.
    mutating func decay(_ name: String) throws(LeptonError) -> Double? {
        guard value(name) != nil else { return nil }
        return try number(name, default: 0, "null or a finite number of at least 0") { $0 >= 0 && $0.isFinite }
    }

    /// A list of strings; empty when absent.
    mutating func strings(_ name: String) throws(LeptonError) -> [String] {
        guard let list = value(name) else { return [] }
        var result: [String] = []
        for item in list.arrayValue ?? [list] {
            guard let text = item.stringValue else {
                throw LeptonError(
                    .invalidArgument, argument: name, expected: "a list of strings", received: item.kindName)
            }
            result.append(text)
        }
        return result
    }
}

extension FtrlSettings {
    func read(_ reader: inout ConfigReader) throws(LeptonError) -> FtrlSettings {
        var settings = self
        settings.power = try reader.number(
            "learning_rate_power", default: power, "a finite number of at most 0"
        ) { $0 <= 0 && $0.isFinite }
        func strength(_ name: String, _ standard: Double) throws(LeptonError) -> Double {
            try reader.number(name, default: standard, "a finite number of at least 0") { $0 >= 0 && $0.isFinite }
        }
        settings.initialAccumulator = try strength("initial_accumulator_value", initialAccumulator)
        settings.l1 = try strength("l1_regularization_strength", l1)
        settings.l2 = try strength("l2_regularization_strength", l2)
        settings.shrinkage = try strength("l2_shrinkage_regularization_strength", shrinkage)
        settings.beta = try reader.number("beta", default: beta)
        return settings
    }

    var fields: [(String, JSONValue)] {
        [
            ("learning_rate_power", .number(power)), ("initial_accumulator_value", .number(initialAccumulator)),
            ("l1_regularization_strength", .number(l1)), ("l2_regularization_strength", .number(l2)),
            ("l2_shrinkage_regularization_strength", .number(shrinkage)), ("beta", .number(beta)),
        ]
    }
}

extension AdafactorSettings {
    func read(_ reader: inout ConfigReader) throws(LeptonError) -> AdafactorSettings {
        var settings = self
        settings.beta2Decay = try reader.number("beta_2_decay", default: beta2Decay)
        settings.epsilon1 = try reader.number("epsilon_1", default: epsilon1)
        settings.epsilon2 = try reader.number("epsilon_2", default: epsilon2)
        settings.clipThreshold = try reader.number("clip_threshold", default: clipThreshold, "a finite number above 0")
        {
            $0 > 0 && $0.isFinite
        }
        settings.relativeStep = try reader.bool("relative_step", default: relativeStep)
        return settings
    }

    var fields: [(String, JSONValue)] {
        [
            ("beta_2_decay", .number(beta2Decay)), ("epsilon_1", .number(epsilon1)),
            ("epsilon_2", .number(epsilon2)), ("clip_threshold", .number(clipThreshold)),
            ("relative_step", .bool(relativeStep)),
        ]
    }
}

extension MuonSettings {
    /// More iterations than any use asks for are a mistake, and one that takes all the time there is.
    private static let mostIterations = 1000

    func read(_ reader: inout ConfigReader) throws(LeptonError) -> MuonSettings {
        var settings = self
        settings.adamBeta1 = try Optimizer.fraction("adam_beta_1", adamBeta1, &reader)
        settings.adamBeta2 = try Optimizer.fraction("adam_beta_2", adamBeta2, &reader)
        if reader.has("adam_weight_decay") { settings.adamWeightDecay = try reader.decay("adam_weight_decay") }
        settings.epsilon = try Optimizer.epsilon(epsilon, &reader)
        settings.excludedLayers = try reader.strings("exclude_layers")
        for word in settings.excludedLayers { try Words.check(word, "exclude_layers") }
        settings.excludesEmbeddings = try reader.bool("exclude_embeddings", default: excludesEmbeddings)
        settings.a = try reader.number("muon_a", default: a)
        settings.b = try reader.number("muon_b", default: b)
        settings.c = try reader.number("muon_c", default: c)
        settings.adamRateRatio = try reader.number("adam_lr_ratio", default: adamRateRatio)
        settings.momentum = try reader.number("momentum", default: momentum)
        if reader.value("ns_steps") != nil {
            settings.iterations = try reader.integer("ns_steps", minimum: 0)
            guard settings.iterations <= MuonSettings.mostIterations else {
                throw LeptonError(
                    .invalidArgument, argument: "Muon.ns_steps", expected: "0 ... \(MuonSettings.mostIterations)",
                    received: "\(settings.iterations)")
            }
        }
        settings.nesterov = try reader.bool("nesterov", default: nesterov)
        if reader.has("rms_rate") {
            settings.rmsRate = reader.value("rms_rate") == nil ? nil : try reader.number("rms_rate", default: 0)
        }
        return settings
    }

    var fields: [(String, JSONValue)] {
        [
            ("adam_beta_1", .number(adamBeta1)), ("adam_beta_2", .number(adamBeta2)), ("epsilon", .number(epsilon)),
            ("exclude_layers", .array(excludedLayers.map { .string($0) })), ("muon_a", .number(a)),
            ("muon_b", .number(b)), ("muon_c", .number(c)), ("adam_lr_ratio", .number(adamRateRatio)),
            ("momentum", .number(momentum)), ("ns_steps", .integer(Int64(iterations))), ("nesterov", .bool(nesterov)),
            ("exclude_embeddings", .bool(excludesEmbeddings)),
            ("adam_weight_decay", adamWeightDecay.map { .number($0) } ?? .null),
            ("rms_rate", rmsRate.map { .number($0) } ?? .null),
        ]
    }
}
