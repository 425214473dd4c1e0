import LeptonTensor

/// Metrics of positives and negatives at one or many thresholds: counts, precision, recall, areas under curves.
///
/// Sums: for each label kept apart, and first for true and then for false labels, the weight of the predictions in each
/// bin between two thresholds; bin i holds those above i thresholds.
package struct BinnedMetric: Sendable, Equatable {
    enum Result: Sendable, Equatable {
        case truePositives, falsePositives, trueNegatives, falseNegatives
        case precision, recall
        /// The best of one rate where another is at least a value.
        case best(Rate, whereAtLeast: Float, of: Rate)
        case area(Curve, Summation)
    }

    enum Rate: Sendable, Equatable { case precision, recall, specificity }

    enum Curve: String, Sendable { case roc = "ROC", pr = "PR", prGain = "PRGAIN" }

    enum Summation: String, Sendable { case interpolation, majoring, minoring }

    let result: Result
    /// Ascending.
    package let thresholds: [Float]
    /// Of a metric with a value at each of several thresholds: where each value stands among the thresholds.
    var order: [Int]?
    /// 0 to 1 in equal steps: bins are computed rather than looked up.
    package var isEven = false
    /// Whether the first threshold is below 0.
    package var beginsBelowZero: Bool { thresholds[0] < 0 }
    package var fromLogits = false
    package var keepsLabelsApart = false
    package var labelWeights: [Float]?
    package var onlyColumn: Int?
    package var topK: Int?
    /// Of an AUC of several labels, when it was told.
    var labels: Int?

    /// More would take gigabytes.
    private static let maximumThresholds = 1 << 20

    init(
        _ className: Metric.ClassName, _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) {
        let owner = className.rawValue
        switch className {
        case .auc: (result, thresholds, isEven) = try BinnedMetric.area(&reader, &fields)
        case .precisionAtRecall, .recallAtPrecision, .sensitivityAtSpecificity, .specificityAtSensitivity:
            let wanted = BinnedMetric.constraint(className)
            guard reader.value(wanted.argument) != nil else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).\(wanted.argument)", expected: "a number in the range [0, 1]",
                    received: "nothing")
            }
            let value = try reader.number(wanted.argument, default: 0, "a number in the range [0, 1]") {
                $0 >= 0 && $0 <= 1
            }
            result = .best(wanted.best, whereAtLeast: Float(value), of: wanted.constrained)
            let count = try BinnedMetric.thresholdCount(owner, &reader, minimum: 1)
            thresholds = count == 1 ? [0.5] : BinnedMetric.evenThresholds(count)
            isEven = count > 1
            fields[wanted.argument] = .number(value)
            fields["num_thresholds"] = .integer(Int64(count))
        default:
            result = BinnedMetric.count(className)
            let given = try BinnedMetric.ownThresholds(className, &reader, &fields)
            thresholds = Array(Set(given)).sorted()
            if given.count > 1 {
                let places = thresholds
                order = given.map { threshold in places.firstIndex(of: threshold) ?? 0 }
            }
        }
        if className == .auc { try readLabels(&reader, &fields) }
        if BinnedMetric.hasTopK(className) {
            topK = try reader.wholeNumber("top_k")
            if let topK, topK < 1 {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).top_k", expected: "null or a number of at least 1",
                    received: "\(topK)")
            }
            fields["top_k"] = topK.map { .integer(Int64($0)) } ?? .null
        }
        if BinnedMetric.hasClassID(className) {
            onlyColumn = try reader.wholeNumber("class_id")
            fields["class_id"] = onlyColumn.map { .integer(Int64($0)) } ?? .null
        }
    }

    // MARK: Reading

    private static func hasTopK(_ name: Metric.ClassName) -> Bool { name == .precision || name == .recall }

    private static func hasClassID(_ name: Metric.ClassName) -> Bool {
        switch name {
        case .auc, .truePositives, .trueNegatives, .falsePositives, .falseNegatives: false
        default: true
        }
    }

    private static func count(_ name: Metric.ClassName) -> Result {
        switch name {
        case .truePositives: .truePositives
        case .falsePositives: .falsePositives
        case .trueNegatives: .trueNegatives
        case .falseNegatives: .falseNegatives
        case .recall: .recall
        default: .precision
        }
    }

    private static func constraint(
        _ name: Metric.ClassName
    ) -> (argument: String, constrained: Rate, best: Rate) {
        switch name {
        case .precisionAtRecall: ("recall", .recall, .precision)
        case .recallAtPrecision: ("precision", .precision, .recall)
        case .sensitivityAtSpecificity: ("specificity", .specificity, .recall)
        default: ("sensitivity", .recall, .specificity)
        }
    }

    private static func thresholdCount(
        _ owner: String, _ reader: inout ConfigReader, minimum: Int
    ) throws(LeptonError) -> Int {
        guard reader.value("num_thresholds") != nil else { return 200 }
        let count = try reader.integer("num_thresholds", minimum: minimum)
        guard count <= maximumThresholds else {
            throw LeptonError(
                .outOfMemory, argument: "\(owner).num_thresholds", expected: "at most \(maximumThresholds)",
                received: "\(count)")
        }
        return count
    }

    private static func evenThresholds(_ count: Int) -> [Float] {
        (0..<count).map { Float(Double($0) / Double(count - 1)) }
    }

    /// "thresholds" of a metric that has a value at each: null, a number, or a list.
    private static func ownThresholds(
        _ name: Metric.ClassName, _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) -> [Float] {
        let owner = name.rawValue
        let value = reader.value("thresholds")
        fields["thresholds"] = value ?? .null
        guard let value else {
            // With top_k every prediction that is left counts as positive, as in Keras.
            return [hasTopK(name) && reader.value("top_k") != nil ? -1e10 : 0.5]
        }
        let given = try unitNumbers(value, "\(owner).thresholds")
        guard !given.isEmpty else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).thresholds", expected: "at least one threshold",
                received: "an empty list")
        }
        return given
    }

    /// A number, or a list of numbers, in [0, 1].
    private static func unitNumbers(_ value: JSONValue, _ argument: String) throws(LeptonError) -> [Float] {
        var numbers: [Float] = []
        for item in value.arrayValue ?? [value] {
            guard let number = item.doubleValue, number >= 0, number <= 1 else {
                throw LeptonError(
                    .invalidArgument, argument: argument, expected: "threshold values in [0, 1]",
                    received: item.kindName)
            }
            numbers.append(Float(number))
        }
        return numbers
    }

    /// Curve, thresholds from below 0 to above 1, and whether those between are even.
    private static func area(
        _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) -> (Result, [Float], Bool) {
        let curve = try choice("curve", Curve.roc, &reader) { Curve(rawValue: $0.uppercased()) }
        let summation = try choice("summation_method", Summation.interpolation, &reader) {
            Summation(rawValue: $0.lowercased())
        }
        var inner: [Float]
        var isEven = true
        var count = 0
        if let given = reader.value("thresholds") {
            // Keras writes the number of thresholds beside the list of them.
            reader.ignore("num_thresholds")
            inner = try unitNumbers(given, "AUC.thresholds").sorted()
            count = inner.count + 2
            isEven = inner.count > 0
            for (index, threshold) in inner.enumerated() {
                let even = Double(index + 1) / Double(count - 1)
                if abs(Double(threshold) - even) > 1e-7 + 1e-5 * even { isEven = false }
            }
        } else {
            count = try thresholdCount("AUC", &reader, minimum: 2)
            inner = Array(evenThresholds(count).dropFirst().dropLast())
        }
        fields["num_thresholds"] = .integer(Int64(count))
        fields["curve"] = .string(curve.rawValue)
        fields["summation_method"] = .string(summation.rawValue)
        if let given = reader.value("thresholds") { fields["thresholds"] = given }
        return (.area(curve, summation), [Float(-1e-7)] + inner + [Float(1 + 1e-7)], isEven)
    }

    private static func choice<Choice: RawRepresentable<String>>(
        _ argument: String, _ standard: Choice, _ reader: inout ConfigReader, _ named: (String) -> Choice?
    ) throws(LeptonError) -> Choice {
        guard let text = try reader.string(argument) else { return standard }
        guard let choice = named(text) else {
            throw LeptonError(
                .invalidArgument, argument: "AUC.\(argument)",
                expected: argument == "curve"
                    ? "'ROC', 'PR' or 'PRGAIN'" : "'interpolation', 'majoring' or 'minoring'",
                received: "'\(text)'")
        }
        return choice
    }

    private mutating func readLabels(
        _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) {
        keepsLabelsApart = try reader.bool("multi_label", default: false)
        labels = try reader.wholeNumber("num_labels")
        if labels != nil, !keepsLabelsApart {
            throw LeptonError(
                .invalidArgument, argument: "AUC.num_labels", expected: "null, unless multi_label is true",
                received: "\(labels ?? 0)")
        }
        if let given = reader.value("label_weights") {
            var weights: [Float] = []
            for item in given.arrayValue ?? [given] {
                guard let number = item.doubleValue, number.isFinite, number >= 0 else {
                    throw LeptonError(
                        .invalidArgument, argument: "AUC.label_weights", expected: "finite numbers of at least 0",
                        received: item.kindName)
                }
                weights.append(Float(number))
            }
            labelWeights = weights
        }
        fromLogits = try reader.bool("from_logits", default: false)
        fields["multi_label"] = .bool(keepsLabelsApart)
        fields["num_labels"] = labels.map { .integer(Int64($0)) } ?? .null
        fields["label_weights"] = labelWeights.map { .array($0.map { .number(Double($0)) }) } ?? .null
        fields["from_logits"] = .bool(fromLogits)
    }
}
