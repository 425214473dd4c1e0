import LeptonTensor

/// What training makes small. Formulas as in Keras 3.15; the loss of a batch is the mean over all its elements of
/// value times sample weight ("sum_over_batch_size").
public struct Loss: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case meanSquaredError = "MeanSquaredError"
        case binaryCrossentropy = "BinaryCrossentropy"
        case categoricalCrossentropy = "CategoricalCrossentropy"
        case sparseCategoricalCrossentropy = "SparseCategoricalCrossentropy"
    }

    package let kind: Kind
    package var fromLogits = false
    package var labelSmoothing = 0.0
    package var name: String

    private init(_ kind: Kind, fromLogits: Bool = false, labelSmoothing: Double = 0) {
        self.kind = kind
        self.fromLogits = fromLogits
        self.labelSmoothing = labelSmoothing
        name = snakeCase(kind.rawValue)
    }

    /// mean((y - p)²) over the last axis.
    public static let meanSquaredError = Loss(.meanSquaredError)

    /// -(y log p + (1 - y) log(1 - p)), labels in 0 ... 1.
    public static func binaryCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(.binaryCrossentropy, fromLogits: fromLogits, labelSmoothing: labelSmoothing)
    }

    /// -sum(y log p) over the last axis, labels one-hot.
    public static func categoricalCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(.categoricalCrossentropy, fromLogits: fromLogits, labelSmoothing: labelSmoothing)
    }

    /// The same with labels as class numbers.
    public static func sparseCategoricalCrossentropy(fromLogits: Bool = false) -> Loss {
        Loss(.sparseCategoricalCrossentropy, fromLogits: fromLogits)
    }

    private static let byName: [String: Kind] = {
        var names = [
            "mse": Kind.meanSquaredError, "MSE": .meanSquaredError, "bce": .binaryCrossentropy,
            "BCE": .binaryCrossentropy,
        ]
        for kind in Kind.allCases {
            names[kind.rawValue] = kind
            names[snakeCase(kind.rawValue)] = kind
        }
        return names
    }()

    private static let notYet: Set<String> = [
        "mae", "mean_absolute_error", "MeanAbsoluteError", "huber", "Huber", "hinge", "Hinge", "kl_divergence",
        "KLDivergence", "poisson", "Poisson", "log_cosh", "LogCosh", "cosine_similarity", "CosineSimilarity",
        "mape", "msle", "categorical_focal_crossentropy", "binary_focal_crossentropy",
    ]

    /// Reads a name or a config object.
    package init(_ value: JSONValue) throws(LeptonError) {
        if case .array = value {
            throw LeptonError(.notSupported, "a list of losses is not supported; the model has one output")
        }
        let object = try SerializedObject("loss", value)
        guard let kind = Loss.byName[object.className] else {
            if Loss.notYet.contains(object.className) {
                throw LeptonError(
                    .notSupported,
                    "loss '\(object.className)' is not supported by this version; it has "
                        + Kind.allCases.map { snakeCase($0.rawValue) }.joined(separator: ", "))
            }
            throw unknownName("loss", object.className, known: Array(Loss.byName.keys))
        }
        self.init(kind)
        var reader = ConfigReader(kind.rawValue, object.config)
        name = try reader.string("name") ?? name
        if kind != .meanSquaredError {
            fromLogits = try reader.bool("from_logits", default: false)
            try reader.neutral("axis", [.integer(-1)], instead: "put the classes on the last axis")
        }
        if kind == .binaryCrossentropy || kind == .categoricalCrossentropy {
            labelSmoothing = try reader.number("label_smoothing", default: 0, "a number between 0 and 1") {
                $0 >= 0 && $0 <= 1
            }
        }
        try reader.neutral(
            "reduction", [.string("sum_over_batch_size"), .string("mean")], instead: "use sum_over_batch_size")
        try reader.neutral("ignore_class", instead: "give those rows a sample weight of 0")
        try reader.neutral("dtype", [.string("float32")], instead: "use float32")
        reader.ignore("fn")
        try reader.finish()
    }

    package var config: JSONValue {
        var fields: JSONObject = ["name": .string(name), "reduction": "sum_over_batch_size"]
        if kind != .meanSquaredError { fields["from_logits"] = .bool(fromLogits) }
        if kind == .binaryCrossentropy || kind == .categoricalCrossentropy {
            fields["label_smoothing"] = .number(labelSmoothing)
            fields["axis"] = -1
        }
        return serialized(module: "keras.losses", className: kind.rawValue, config: fields)
    }

    /// Whether targets are class numbers, one per row of predictions, rather than a tensor like the predictions.
    package var takesClassNumbers: Bool { kind == .sparseCategoricalCrossentropy }
}
