import LeptonTensor

/// Intersection over union: of a confusion matrix, each class's hits over all that are of the class or taken for it.
/// Sums: the matrix, a row for each class of the targets.
package struct OverlapMetric: Sendable, Equatable {
    package let classes: Int
    let targets: [Int]
    package var ignoredClass: Int?
    package var hasSparseTargets = true
    package var hasSparsePredictions = true
    /// Of BinaryIoU: predictions from here on are class 1.
    package var threshold: Double?
    /// Keras keeps the matrix in whole numbers unless told otherwise.
    package var cutsWeights = true

    /// More would take gigabytes.
    private static let maximumClasses = 4096

    init(
        _ className: Metric.ClassName, _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) {
        let owner = className.rawValue
        if className == .binaryIoU {
            classes = 2
            targets = try OverlapMetric.targets(owner, &reader, classes: 2) ?? [0, 1]
            let given = try reader.number("threshold", default: 0.5)
            threshold = given
            fields["threshold"] = .number(given)
        } else {
            classes = try reader.integer("num_classes", minimum: 1)
            guard classes <= OverlapMetric.maximumClasses else {
                throw LeptonError(
                    .outOfMemory, argument: "\(owner).num_classes", expected: "at most \(OverlapMetric.maximumClasses)",
                    received: "\(classes)")
            }
            fields["num_classes"] = .integer(Int64(classes))
            if className == .iou || className == .oneHotIoU {
                guard let given = try OverlapMetric.targets(owner, &reader, classes: classes) else {
                    throw LeptonError(
                        .invalidArgument, argument: "\(owner).target_class_ids", expected: "a list of classes",
                        received: "nothing")
                }
                targets = given
            } else {
                targets = Array(0..<classes)
            }
        }
        if className != .meanIoU, className != .oneHotMeanIoU {
            fields["target_class_ids"] = .array(targets.map { .integer(Int64($0)) })
        }
        if className != .binaryIoU { try readForm(className, &reader, &fields) }
        let type = try reader.string("dtype")
        cutsWeights = !(type?.hasPrefix("float") ?? false)
        fields["dtype"] = .string(type ?? "int32")
    }

    private mutating func readForm(
        _ className: Metric.ClassName, _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) {
        ignoredClass = try reader.wholeNumber("ignore_class")
        fields["ignore_class"] = ignoredClass.map { .integer(Int64($0)) } ?? .null
        let isOneHot = className == .oneHotIoU || className == .oneHotMeanIoU
        hasSparseTargets = isOneHot ? false : try reader.bool("sparse_y_true", default: true)
        hasSparsePredictions = try reader.bool("sparse_y_pred", default: !isOneHot)
        if !isOneHot { fields["sparse_y_true"] = .bool(hasSparseTargets) }
        fields["sparse_y_pred"] = .bool(hasSparsePredictions)
        let axis = try reader.axis("axis", default: -1)
        guard axis == -1 else {
            throw LeptonError(
                .notSupported, "\(className.rawValue).axis = \(axis) is not supported; put the classes on the last axis"
            )
        }
        fields["axis"] = -1
    }

    private static func targets(
        _ owner: String, _ reader: inout ConfigReader, classes: Int
    ) throws(LeptonError) -> [Int]? {
        guard let value = reader.value("target_class_ids") else { return nil }
        var targets: [Int] = []
        for item in value.arrayValue ?? [] {
            guard let target = item.intValue, target >= 0, target < classes else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).target_class_ids",
                    expected: "classes in the range [0, \(classes))", received: item.kindName)
            }
            targets.append(target)
        }
        guard !targets.isEmpty else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).target_class_ids", expected: "a list of classes",
                received: value.kindName)
        }
        return targets
    }

    /// Whether targets lack the axis of classes that predictions have.
    var takesClassNumbers: Bool { hasSparseTargets && !hasSparsePredictions }

    func check(columns: Int, name: String) throws(LeptonError) {
        guard hasSparseTargets || !hasSparsePredictions else {
            throw LeptonError(
                .notSupported,
                "metric '\(name)': one-hot targets beside predictions that are class numbers are not supported; give the "
                    + "targets as class numbers too")
        }
    }

    func value(_ matrix: UnsafePointer<Double>) -> Double {
        var sum = 0.0
        var valid = 0.0
        for target in targets {
            var (row, column) = (0.0, 0.0)
            for other in 0..<classes {
                row += matrix[target * classes + other]
                column += matrix[other * classes + target]
            }
            let hits = matrix[target * classes + target]
            let union = row + column - hits
            guard union > 1e-9 else { continue }
            valid += 1
            sum += hits / (union + epsilon)
        }
        return sum / (valid + epsilon)
    }
}
