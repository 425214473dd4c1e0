import LeptonNN
import LeptonTensor

/// Inputs, targets and sample weights of a fit or an evaluation, checked against the model and ready to be read by
/// row number. Borrows what needs no conversion: whoever gave the views keeps their memory in place.
package final class PreparedData {
    /// Inputs, then targets.
    let columns: [FloatRows]
    let sampleWeights: FloatRows?
    let rows: Int

    /// What a model's data must look like.
    struct Form {
        let inputShape: [Int]
        let outputShape: [Int]
        let targetsAreClassNumbers: Bool

        init(operations: OperationGraph, loss: Loss) {
            inputShape = operations.sampleShapes[operations.inputs[0]]
            outputShape = operations.sampleShapes[operations.outputs[0]]
            targetsAreClassNumbers = loss.takesClassNumbers
        }

        var targetShape: [Int] { targetsAreClassNumbers ? outputShape.dropLast() : outputShape }
        var classes: Int { outputShape.last ?? 1 }
    }

    /// - Parameter classWeights: by class number; other classes weigh 1.
    /// - Throws: `shapeMismatch`, `nonFinite`, `invalidArgument`; see `FloatRows`.
    init(
        form: Form, x: [TensorView], y: [TensorView], sampleWeight: TensorView?, classWeights: [Int: Double]? = nil,
        allowNonFinite: Bool, prefix: String = ""
    ) throws(LeptonError) {
        for (name, views) in [("x", x), ("y", y)] where views.count != 1 {
            throw LeptonError(
                .shapeMismatch, argument: prefix + name, expected: "1 tensor", received: "\(views.count)")
        }
        let input = try FloatRows(
            x[0], sampleShape: form.inputShape, argument: prefix + "x", allowNonFinite: allowNonFinite)
        let target = try FloatRows(
            y[0], sampleShape: form.targetShape, argument: prefix + "y", allowNonFinite: allowNonFinite)
        guard input.rows == target.rows else {
            throw LeptonError(
                .shapeMismatch, argument: prefix + "y", expected: "\(input.rows) rows, as many as \(prefix)x",
                received: "\(target.rows)")
        }
        guard input.rows > 0 else {
            throw LeptonError(
                .invalidArgument, argument: prefix + "x", expected: "at least 1 row", received: "0")
        }
        if form.targetsAreClassNumbers {
            try PreparedData.checkClassNumbers(target, classes: form.classes, argument: prefix + "y")
        }
        columns = [input, target]
        rows = input.rows
        sampleWeights = try PreparedData.weights(
            sampleWeight, classWeights, target, form, rows, allowNonFinite, prefix)
    }

    /// Class numbers index into the predictions, so each is checked before anything is read by it.
    private static func checkClassNumbers(_ target: FloatRows, classes: Int, argument: String) throws(LeptonError) {
        let count = target.rows * target.floatsPerRow
        for index in 0..<count {
            let label = target.pointer[index]
            guard label >= 0, label < Float(classes), label == label.rounded() else {
                throw LeptonError(
                    .invalidArgument, argument: argument,
                    expected: "whole class numbers from 0 to \(classes - 1)",
                    received: "\(label) in row \(index / max(target.floatsPerRow, 1))")
            }
        }
    }

    private static func weights(
        _ sampleWeight: TensorView?, _ classWeights: [Int: Double]?, _ target: FloatRows, _ form: Form, _ rows: Int,
        _ allowNonFinite: Bool, _ prefix: String
    ) throws(LeptonError) -> FloatRows? {
        guard let classWeights else {
            guard let sampleWeight else { return nil }
            let weights = try FloatRows(
                sampleWeight, sampleShape: [], argument: prefix + "sample_weight", allowNonFinite: allowNonFinite)
            guard weights.rows == rows else {
                throw LeptonError(
                    .shapeMismatch, argument: prefix + "sample_weight", expected: "\(rows) weights, one a row",
                    received: "\(weights.rows)")
            }
            return weights
        }
        guard sampleWeight == nil else {
            throw LeptonError(
                .invalidArgument, argument: "class_weight", expected: "either class_weight or sample_weight",
                received: "both")
        }
        return try classSampleWeights(classWeights, target, form, rows)
    }

    /// Each row's weight by its class: its class number, the place of its largest target, or its rounded target.
    private static func classSampleWeights(
        _ classWeights: [Int: Double], _ target: FloatRows, _ form: Form, _ rows: Int
    ) throws(LeptonError) -> FloatRows {
        guard form.outputShape.count <= 1 else {
            throw LeptonError(
                .notSupported, "class_weight is not supported for targets of more than 2 axes; use sample_weight")
        }
        for (number, weight) in classWeights where !(weight >= 0 && weight.isFinite) {
            throw LeptonError(
                .invalidArgument, argument: "class_weight", expected: "finite weights of at least 0",
                received: "\(weight) for class \(number)")
        }
        let width = target.floatsPerRow
        let weights = try AlignedBuffer<Float>(zeros: rows, purpose: "class weights")
        for row in 0..<rows {
            let values = target.pointer + row * width
            var number = 0
            if width == 1 {
                number = Int(exactly: values[0].rounded(.toNearestOrEven)) ?? -1
            } else {
                for column in 1..<width where values[column] > values[number] { number = column }
            }
            weights.pointer[row] = Float(classWeights[number] ?? 1)
        }
        return FloatRows(owning: weights, floatsPerRow: 1)
    }
}
