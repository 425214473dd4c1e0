import LeptonTensor

extension PreparedData {
    /// The weights of each output's rows or positions: given ones, or those that classes have.
    static func weights(
        _ form: Form, _ given: [TensorView], _ classWeights: [Int: Double]?, _ targets: [FloatRows?], rows: Int,
        _ allowNonFinite: Bool, _ prefix: String
    ) throws(LeptonError) -> [FloatRows?] {
        if let classWeights {
            guard given.isEmpty else {
                throw LeptonError(
                    .invalidArgument, argument: "class_weight", expected: "either class_weight or sample_weight",
                    received: "both")
            }
            guard form.outputs.count == 1, let target = targets[0] else {
                throw LeptonError(
                    .invalidArgument, argument: "class_weight", expected: "a model with one output",
                    received: "\(form.outputs.count) outputs; give sample_weight, one for each output")
            }
            return [try classSampleWeights(classWeights, target, form.outputs[0], rows)]
        }
        guard !given.isEmpty else { return form.outputs.map { _ in nil } }
        guard given.count == 1 || given.count == form.outputs.count else {
            throw LeptonError(
                .shapeMismatch, argument: prefix + "sample_weight",
                expected: "1 tensor, or one for each of the \(form.outputs.count) outputs", received: "\(given.count)")
        }
        var columns: [FloatRows?] = []
        for (index, output) in form.outputs.enumerated() {
            guard output.isUsed else {
                columns.append(nil)
                continue
            }
            let argument = prefix + (given.count == 1 ? "sample_weight" : "sample_weight[\(index)]")
            let column = try weightColumn(
                given[given.count == 1 ? 0 : index], positions: output.weightPositions, argument, allowNonFinite
            )
            guard column.rows == rows else {
                throw LeptonError(
                    .shapeMismatch, argument: argument, expected: "\(rows) weights, one a row",
                    received: "\(column.rows)")
            }
            columns.append(column)
        }
        return columns
    }

    /// One weight a row, or one for each position of a row ("temporal" weights).
    private static func weightColumn(
        _ view: TensorView, positions: [Int], _ argument: String, _ allowNonFinite: Bool
    ) throws(LeptonError) -> FloatRows {
        let isTemporal = !positions.isEmpty && view.sampleExtents == positions
        return try FloatRows(
            view, sampleShape: isTemporal ? positions : [], argument: argument, allowNonFinite: allowNonFinite)
    }

    /// Each row's weight by its class: its class number, the place of its largest target, or its rounded target.
    private static func classSampleWeights(
        _ classWeights: [Int: Double], _ target: FloatRows, _ output: Objectives.Output, _ rows: Int
    ) throws(LeptonError) -> FloatRows {
        guard output.shape.count <= 1 else {
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
