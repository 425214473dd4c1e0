import LeptonTensor

/// What functions do along the batch where they may: in losses and metrics, whose rows are computed together.
extension FunctionCall {
    /// The axes of the sample that a reduction is over beside the batch; nil when the batch is not among its axes, or the
    /// function may not add up over it.
    func axesWithBatch(of value: Int) throws(LeptonError) -> [Int]? {
        guard graph.operations.takesBatchTotals, !isShared(value) else { return nil }
        guard let axes = try integers("axis") else { return Array(shape(value).indices) }
        let positive = axes.map { $0 < 0 ? $0 + rank(value) : $0 }
        guard positive.contains(0) else { return nil }
        var sample: [Int] = []
        for axis in positive where axis != 0 { sample.append(try sampleAxis(axis, of: value)) }
        return sample
    }

    /// A reduction over the batch and some axes of the sample; nil for one that needs more than sums.
    mutating func overBatch(_ reduction: Reduction, _ value: Int, axes: [Int]) throws(LeptonError) -> Int? {
        switch reduction {
        case .sum, .mean: return try total(value, isMean: reduction == .mean, axes: axes)
        case .any:
            let others = try graph.operations.addBinary(.notEqual, value, scalar: 0)
            return try graph.operations.addBinary(.notEqual, total(others, isMean: false, axes: axes), scalar: 0)
        case .all:
            let zeros = try graph.operations.addBinary(.equal, value, scalar: 0)
            return try graph.operations.addBinary(.equal, total(zeros, isMean: false, axes: axes), scalar: 0)
        default: return nil
        }
    }

    /// The sum or mean over the batch and some axes of the sample; the same for every row.
    mutating func total(_ value: Int, isMean: Bool, axes: [Int]) throws(LeptonError) -> Int {
        try total(value, isMean: isMean, axes: axes, keepsAxes: flag("keepdims"))
    }

    private mutating func total(
        _ value: Int, isMean: Bool, axes: [Int], keepsAxes: Bool
    ) throws(LeptonError) -> Int {
        var rows = value
        if !axes.isEmpty {
            rows = try graph.operations.addReduction(
                isMean ? .mean : .sum, value, axes: axes, keepsAxes: keepsAxes)
        }
        let total = try graph.operations.addBatchTotal(rows, isMean: isMean)
        return try keepsAxes ? graph.operations.addReshape(total, to: [1] + shape(total)) : total
    }

    /// The mean squared distance from the mean over the batch and some axes of the sample.
    mutating func variance(_ value: Int, axes: [Int]) throws(LeptonError) -> Int {
        let rows =
            try axes.isEmpty
            ? value : graph.operations.addReduction(.mean, value, axes: axes, keepsAxes: true)
        let mean = try graph.operations.addBatchTotal(rows, isMean: true)
        let squares = try graph.operations.addBinary(.squaredDifference, value, mean)
        return try total(squares, isMean: true, axes: axes)
    }

    /// Values ready to be broadcast against each other as NumPy does with the batch as the first axis: what is the same
    /// for every row may have an axis of one element in the batch's place.
    ///
    /// - Throws: `shapeMismatch` where the batch would meet another axis.
    mutating func aligned(_ values: [Int]) throws(LeptonError) -> [Int] {
        guard let largest = values.filter({ !isShared($0) }).map(rank).max() else { return values }
        var result: [Int] = []
        for value in values {
            let extents = shape(value)
            if isShared(value), extents.count == largest, extents[0] == 1 {
                result.append(try graph.operations.addReshape(value, to: Array(extents.dropFirst())))
                continue
            }
            guard isShared(value) ? extents.count < largest : rank(value) == largest else {
                let shapes = values.map { isShared($0) ? Shape.text(shape($0)) : Shape.batchText(shape($0)) }
                throw LeptonError(
                    .shapeMismatch,
                    "keras.ops.\(snakeCase(name)): shapes \(shapes.joined(separator: " and ")) would broadcast the "
                        + "batch along another axis; give them the same number of axes, with keras.ops.expand_dims or "
                        + "keras.ops.squeeze")
            }
            result.append(value)
        }
        return result
    }

    /// The operands of a matrix product, whose axes before the last two are broadcast, likewise.
    mutating func alignedMatrices(_ a: Int, _ b: Int) throws(LeptonError) -> (Int, Int) {
        // Without other axes than rows and columns there is none that the batch could meet.
        guard rank(a) > 2 || rank(b) > 2 else { return (a, b) }
        let values = try aligned([a, b])
        return (values[0], values[1])
    }

    /// Values to be joined: all of them have the batch as their first axis, or none.
    ///
    /// - Throws: `shapeMismatch`, as Keras does where the number of rows is not that of the other value.
    func requireSameBatch(_ values: [Int]) throws(LeptonError) {
        guard values.contains(where: isShared), !values.allSatisfy(isShared) else { return }
        let shapes = values.map { isShared($0) ? Shape.text(shape($0)) : Shape.batchText(shape($0)) }
        throw LeptonError(
            .shapeMismatch,
            "keras.ops.\(snakeCase(name)): tensors with and without the batch as their first axis cannot be joined; give "
                + "the others the batch with keras.ops.broadcast_to. Received: shapes \(shapes.joined(separator: ", "))"
        )
    }

    /// The first two arguments, ready to be broadcast against each other.
    mutating func pair(_ first: String = "x1", _ second: String = "x2") throws(LeptonError) -> (Int, Int) {
        let values = try aligned([value(0, first), value(1, second)])
        return (values[0], values[1])
    }
}
