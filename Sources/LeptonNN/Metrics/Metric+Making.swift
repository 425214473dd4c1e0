import LeptonTensor

extension Metric {
    /// Binary, categorical or sparse categorical accuracy, by the shapes of predictions and targets.
    public static let accuracy = Metric(className: nil, kind: .accuracyOfShapes, name: "accuracy")

    public static func binaryAccuracy(threshold: Double = 0.5) -> Metric {
        Metric(
            className: .binaryAccuracy, kind: .binaryAccuracy(threshold: threshold), name: "binary_accuracy",
            fields: ["threshold": .number(threshold)])
    }
    public static let categoricalAccuracy = Metric(.categoricalAccuracy, .categoricalAccuracy)
    public static let sparseCategoricalAccuracy = Metric(.sparseCategoricalAccuracy, .sparseCategoricalAccuracy)
    public static let meanAbsoluteError = Metric(.meanAbsoluteError, .loss(.meanAbsoluteError, isNegated: false))
    public static let meanSquaredError = Metric(.meanSquaredError, .loss(.meanSquaredError, isNegated: false))
    public static let rootMeanSquaredError = Metric(.rootMeanSquaredError, .rootMeanSquaredError)

    private init(_ className: ClassName, _ kind: Kind) {
        self.init(className: className, kind: kind, name: className.standardName)
    }

    /// A metric by its Keras class name and arguments.
    ///
    ///     let auc = try Metric(className: "AUC", ["curve": "PR"])
    ///
    /// - Throws: `invalidArgument` for unknown names, with the nearest known one, or values out of range; `notSupported`
    ///   where the metric has more than one value.
    public init(className: String, _ arguments: JSONObject = [:]) throws(LeptonError) {
        try self.init(serialized(module: "keras.metrics", className: className, config: arguments))
    }
}
