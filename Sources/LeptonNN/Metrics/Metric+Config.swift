import LeptonTensor

extension Metric {
    private static let byName: [String: ClassName] = {
        var names: [String: ClassName] = [
            "mse": .meanSquaredError, "MSE": .meanSquaredError, "mae": .meanAbsoluteError, "MAE": .meanAbsoluteError,
            "mape": .meanAbsolutePercentageError, "MAPE": .meanAbsolutePercentageError,
            "msle": .meanSquaredLogarithmicError, "MSLE": .meanSquaredLogarithmicError, "bce": .binaryCrossentropy,
            "BCE": .binaryCrossentropy,
        ]
        for name in ClassName.allCases {
            names[name.rawValue] = name
            names[snakeCase(name.rawValue)] = name
        }
        return names
    }()

    /// Metrics that are not of targets and predictions.
    private static let standalone: Set<String> = ["Mean", "Sum", "mean", "sum"]

    /// Reads a name or a config object.
    package init(_ value: JSONValue) throws(LeptonError) {
        let object = try SerializedObject("metric", value)
        if object.isBareName, ["accuracy", "acc"].contains(object.className.lowercased()) {
            self.init(className: nil, kind: .accuracyOfShapes, name: object.className)
            return
        }
        guard let className = Metric.byName[object.className] else {
            if object.isBareName, let kind = Loss.kind(ofFunction: object.className) {
                self.init(
                    className: .meanMetricWrapper, kind: .loss(Loss(kind), isNegated: false), name: object.className,
                    fields: ["fn": .string(object.className)])
                return
            }
            if Metric.standalone.contains(object.className) {
                throw LeptonError(
                    .notSupported,
                    "metric '\(object.className)' is not of targets and predictions and cannot be compiled; "
                        + "update it with values yourself")
            }
            throw unknownName("metric", object.className, known: Array(Metric.byName.keys) + ["accuracy", "acc"])
        }
        var reader = ConfigReader(className.rawValue, object.config)
        let given = try reader.string("name")
        let name = given ?? (object.isBareName ? object.className : className.standardName)
        self = try Metric.read(className, name, &reader)
        if case .overlap = kind {} else { try reader.neutral("dtype", [.string("float32")], instead: "use float32") }
        reader.ignore("fn")
        try reader.finish()
    }

    private static func read(
        _ className: ClassName, _ name: String, _ reader: inout ConfigReader
    ) throws(LeptonError) -> Metric {
        var fields = JSONObject()
        let kind: Kind
        switch className {
        case .accuracy: kind = .accuracy
        case .binaryAccuracy:
            let threshold = try reader.number("threshold", default: 0.5)
            fields["threshold"] = .number(threshold)
            kind = .binaryAccuracy(threshold: threshold)
        case .categoricalAccuracy: kind = .categoricalAccuracy
        case .sparseCategoricalAccuracy: kind = .sparseCategoricalAccuracy
        case .topKCategoricalAccuracy, .sparseTopKCategoricalAccuracy:
            let k = try reader.value("k") == nil ? 5 : reader.integer("k", minimum: 0)
            fields["k"] = .integer(Int64(k))
            let isSparse = className == .sparseTopKCategoricalAccuracy
            let fromSortedIDs = isSparse ? try reader.bool("from_sorted_ids", default: false) : false
            if fromSortedIDs { fields["from_sorted_ids"] = true }
            kind = .topK(k, isSparse: isSparse, fromSortedIDs: fromSortedIDs)
        case .rootMeanSquaredError: kind = .rootMeanSquaredError
        case .pearsonCorrelation, .concordanceCorrelation:
            let axis = try reader.axis("axis", default: -1)
            fields["axis"] = .integer(Int64(axis))
            kind = .correlation(isConcordance: className == .concordanceCorrelation, axis: axis)
        case .r2Score: kind = .r2Score(try R2Score(&reader, &fields))
        case .fBetaScore, .f1Score: kind = .fScore(try FScore(className, &reader, &fields))
        case .auc, .precision, .recall, .truePositives, .trueNegatives, .falsePositives, .falseNegatives,
            .precisionAtRecall, .recallAtPrecision, .sensitivityAtSpecificity, .specificityAtSensitivity:
            kind = .bins(try BinnedMetric(className, &reader, &fields))
        case .iou, .binaryIoU, .meanIoU, .oneHotIoU, .oneHotMeanIoU:
            kind = .overlap(try OverlapMetric(className, &reader, &fields))
        case .meanMetricWrapper: kind = try wrapped(&reader, &fields)
        case .traced: kind = .traced(try TracedMetric(&reader, &fields))
        default: kind = try loss(className, &reader, &fields)
        }
        return Metric(className: className, kind: kind, name: name, fields: fields)
    }

    /// The mean of a function's values: a loss, or a metric that is a mean.
    private static func wrapped(_ reader: inout ConfigReader, _ fields: inout JSONObject) throws(LeptonError) -> Kind {
        guard let value = reader.value("fn") else {
            throw LeptonError(
                .invalidArgument, argument: "MeanMetricWrapper.fn", expected: "the name of a function",
                received: "nothing")
        }
        let function = try SerializedObject("metric", value)
        let arguments = reader.rest()
        fields = arguments
        fields["fn"] = .string(function.className)
        if let kind = Loss.kind(ofFunction: function.className) {
            let config: JSONObject = ["class_name": .string(kind.rawValue), "config": .object(arguments)]
            return .loss(try Loss(.object(config)), isNegated: false)
        }
        return try Metric(className: function.className, arguments).kind
    }

    /// A metric that is the mean of a loss's values.
    private static func loss(
        _ className: ClassName, _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) -> Kind {
        guard let kind = className == .logCoshError ? .logCosh : Loss.Kind(rawValue: className.rawValue) else {
            throw LeptonError(.internalError, "no loss is behind the metric \(className.rawValue)")
        }
        // Keras's binary cross-entropy metric takes its mean over the last axis.
        let taken = kind.fields.filter { kind != .binaryCrossentropy || $0 != .axis }
        var loss = Loss(kind)
        for field in taken {
            try loss.readArgument(field, &reader)
            let isUsual = loss.parameters == Loss(kind).parameters
            if kind == .cosineSimilarity, isUsual { continue }
            fields[field.rawValue] = loss.parameters.value(field)
        }
        return .loss(loss, isNegated: kind == .cosineSimilarity)
    }

    package var config: JSONValue {
        guard let className else { return .string(name) }
        var all: JSONObject = ["name": .string(name)]
        if fields["dtype"] == nil { all["dtype"] = "float32" }
        for key in fields.keys { all[key] = fields[key] }
        let module = className == .traced ? "leptonai.metrics" : "keras.metrics"
        return serialized(module: module, className: className.rawValue, config: all)
    }
}
