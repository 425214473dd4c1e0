import LeptonNN
import LeptonTensor

/// Inputs, targets and sample weights of a fit or an evaluation, checked against the model and ready to be read by
/// row number. Borrows what needs no conversion: whoever gave the views keeps their memory in place.
package final class PreparedData {
    /// Inputs, then the targets of the outputs that are used, then sample weights.
    let columns: [FloatRows]
    let weights: WeightColumns
    let rows: Int

    /// Bytes of what had to be converted.
    var convertedBytes: Int { columns.reduce(0) { $0 + $1.ownedBytes } }

    /// What a model's data must look like.
    struct Form {
        let inputNames: [String]
        let operations: OperationGraph
        /// For each of the plan's inputs that is looked up in tables, the rows of the smallest.
        let indexLimits: [Int?]
        let outputs: [Objectives.Output]

        /// Where the targets of each output stand among the columns; nil for an output whose targets nobody uses.
        var targetColumns: [Int?] {
            var next = operations.inputs.count
            return outputs.map { output in
                guard output.isUsed else { return nil }
                defer { next += 1 }
                return next
            }
        }

        /// The same column widths for any data: inputs and used targets.
        var floatsPerRow: [Int] {
            operations.inputs.map(operations.floatsPerRow)
                + outputs.filter(\.isUsed).map { $0.targetShape.reduce(1, *) }
        }
    }

    /// Where the sample weights of each output stand among the columns, and how many a row has: 1, or one for each
    /// position of the output.
    struct WeightColumns: Equatable {
        var columns: [Int?]
        var floatsPerRow: [Int]

        static func none(_ form: Form) -> WeightColumns {
            WeightColumns(columns: form.outputs.map { _ in nil }, floatsPerRow: [])
        }
    }

    /// - Parameter classWeights: by class number; other classes weigh 1.
    /// - Throws: `shapeMismatch`, `nonFinite`, `invalidArgument`; see `FloatRows`.
    init(
        form: Form, x: [TensorView], y: [TensorView], sampleWeights: [TensorView], classWeights: [Int: Double]? = nil,
        allowNonFinite: Bool, isEncoded: Bool = false, prefix: String = ""
    ) throws(LeptonError) {
        let inputCount = isEncoded ? form.operations.inputs.count : form.operations.modelInputs.count
        guard x.count == inputCount else {
            throw LeptonError(
                .shapeMismatch, argument: prefix + "x",
                expected: "\(inputCount) tensor\(inputCount == 1 ? "" : "s")", received: "\(x.count)")
        }
        var columns = try FloatRows.columns(
            of: x, for: form.operations, limits: form.indexLimits, allowNonFinite: allowNonFinite, isEncoded: isEncoded
        ) { index in
            guard !isEncoded else { return prefix + "x" }
            return prefix + (x.count == 1 ? "x" : "x[\(index)] ('\(form.inputNames[index])')")
        }
        let rows = columns[0].rows
        let targets = try PreparedData.targets(form, y, rows: rows, allowNonFinite, prefix)
        guard rows > 0 else {
            throw LeptonError(
                .invalidArgument, argument: prefix + "x", expected: "at least 1 row", received: "0")
        }
        columns += targets.compactMap { $0 }
        var weights = WeightColumns.none(form)
        for (output, column) in try PreparedData.weights(
            form, sampleWeights, classWeights, targets, rows: rows, allowNonFinite, prefix
        ).enumerated() {
            guard let column else { continue }
            weights.columns[output] = columns.count
            weights.floatsPerRow.append(column.floatsPerRow)
            columns.append(column)
        }
        self.columns = columns
        self.weights = weights
        self.rows = rows
    }

    private static func targets(
        _ form: Form, _ y: [TensorView], rows: Int, _ allowNonFinite: Bool, _ prefix: String
    ) throws(LeptonError) -> [FloatRows?] {
        let used = form.outputs.indices.filter { form.outputs[$0].isUsed }
        guard y.count == form.outputs.count || y.count == used.count else {
            throw LeptonError(
                .shapeMismatch, argument: prefix + "y",
                expected: "\(form.outputs.count) tensor\(form.outputs.count == 1 ? "" : "s")", received: "\(y.count)")
        }
        var targets: [FloatRows?] = form.outputs.map { _ in nil }
        for (position, output) in used.enumerated() {
            let place = y.count == form.outputs.count ? output : position
            let argument = prefix + (y.count == 1 ? "y" : "y[\(place)] ('\(form.outputs[output].name)')")
            let target = try FloatRows(
                y[place], sampleShape: form.outputs[output].targetShape, argument: argument,
                allowNonFinite: allowNonFinite)
            guard target.rows == rows else {
                throw LeptonError(
                    .shapeMismatch, argument: argument, expected: "\(rows) rows, as many as \(prefix)x",
                    received: "\(target.rows)")
            }
            if form.outputs[output].targetsAreClassNumbers || form.outputs[output].loss?.targets == .classSequence {
                try checkClassNumbers(target, form.outputs[output], argument: argument)
            }
            targets[output] = target
        }
        return targets
    }

    /// Class numbers index into the predictions, so each is checked before anything is read by it.
    private static func checkClassNumbers(
        _ target: FloatRows, _ output: Objectives.Output, argument: String
    ) throws(LeptonError) {
        let classes = output.classes
        let ignored = output.ignoredLabel.map { Float($0) }
        let count = target.rows * target.floatsPerRow
        for index in 0..<count {
            let label = target.pointer[index]
            guard (label >= 0 && label < Float(classes) && label == label.rounded()) || label == ignored else {
                throw LeptonError(
                    .invalidArgument, argument: argument,
                    expected: "whole class numbers from 0 to \(classes - 1)",
                    received: "\(label) in row \(index / max(target.floatsPerRow, 1))")
            }
        }
    }
}
