import LeptonTensor

/// What is measured beside the loss; a mean over the epoch's rows. Formulas as in Keras 3.15.
public struct Metric: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case accuracy = "Accuracy"
        case binaryAccuracy = "BinaryAccuracy"
        case categoricalAccuracy = "CategoricalAccuracy"
        case sparseCategoricalAccuracy = "SparseCategoricalAccuracy"
        case meanAbsoluteError = "MeanAbsoluteError"
        case meanSquaredError = "MeanSquaredError"
    }

    /// Nil for "accuracy" until the shapes of predictions and targets say which one is meant.
    package let kind: Kind?
    /// The key in the history.
    package let name: String
    package var threshold = 0.5

    private init(kind: Kind?, name: String, threshold: Double = 0.5) {
        self.kind = kind
        self.name = name
        self.threshold = threshold
    }

    /// Binary, categorical or sparse categorical accuracy, by the shapes of predictions and targets.
    public static let accuracy = Metric(kind: nil, name: "accuracy")
    public static func binaryAccuracy(threshold: Double = 0.5) -> Metric {
        Metric(kind: .binaryAccuracy, name: "binary_accuracy", threshold: threshold)
    }
    public static let categoricalAccuracy = Metric(kind: .categoricalAccuracy, name: "categorical_accuracy")
    public static let sparseCategoricalAccuracy = Metric(
        kind: .sparseCategoricalAccuracy, name: "sparse_categorical_accuracy")
    public static let meanAbsoluteError = Metric(kind: .meanAbsoluteError, name: "mean_absolute_error")
    public static let meanSquaredError = Metric(kind: .meanSquaredError, name: "mean_squared_error")

    private static let byName: [String: Kind] = {
        var names = [
            "mse": Kind.meanSquaredError, "MSE": .meanSquaredError, "mae": .meanAbsoluteError,
            "MAE": .meanAbsoluteError,
        ]
        for kind in Kind.allCases {
            names[kind.rawValue] = kind
            names[snakeCase(kind.rawValue)] = kind
        }
        return names
    }()

    private static let notYet: Set<String> = [
        "AUC", "auc", "Precision", "precision", "Recall", "recall", "F1Score", "MeanIoU", "R2Score", "crossentropy",
        "ce", "TopKCategoricalAccuracy", "RootMeanSquaredError", "binary_crossentropy", "categorical_crossentropy",
        "sparse_categorical_crossentropy", "CosineSimilarity", "LogCoshError", "KLDivergence",
    ]

    /// Reads a name or a config object.
    package init(_ value: JSONValue) throws(LeptonError) {
        let object = try SerializedObject("metric", value)
        if object.isBareName, ["accuracy", "acc"].contains(object.className) {
            self.init(kind: nil, name: object.className)
            return
        }
        guard let kind = Metric.byName[object.className] else {
            if Metric.notYet.contains(object.className) {
                throw LeptonError(
                    .notSupported,
                    "metric '\(object.className)' is not supported by this version; it has accuracy, "
                        + Kind.allCases.map { snakeCase($0.rawValue) }.joined(separator: ", "))
            }
            throw unknownName("metric", object.className, known: Array(Metric.byName.keys) + ["accuracy", "acc"])
        }
        if object.isBareName {
            self.init(kind: kind, name: object.className)
            return
        }
        var reader = ConfigReader(kind.rawValue, object.config)
        let name = try reader.string("name") ?? snakeCase(kind.rawValue)
        var threshold = 0.5
        if kind == .binaryAccuracy {
            threshold = try reader.number("threshold", default: 0.5, "a number between 0 and 1") {
                $0 >= 0 && $0 <= 1
            }
        }
        try reader.neutral("dtype", [.string("float32")], instead: "use float32")
        reader.ignore("fn")
        try reader.finish()
        self.init(kind: kind, name: name, threshold: threshold)
    }

    package var config: JSONValue {
        guard let kind else { return .string(name) }
        var fields: JSONObject = ["name": .string(name), "dtype": "float32"]
        if kind == .binaryAccuracy { fields["threshold"] = .number(threshold) }
        return serialized(module: "keras.metrics", className: kind.rawValue, config: fields)
    }

    /// Settles "accuracy" as Keras does: one output is binary; targets of one class number a row are sparse.
    package func resolved(predictionExtent: Int, targetsAreClassNumbers: Bool) -> Kind {
        if let kind { return kind }
        if predictionExtent == 1 { return .binaryAccuracy }
        return targetsAreClassNumbers ? .sparseCategoricalAccuracy : .categoricalAccuracy
    }
}
