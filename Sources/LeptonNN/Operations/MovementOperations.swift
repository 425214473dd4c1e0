import LeptonTensor

/// The axes of a sample in another order: axis i of the result is axis `permutation[i]` of the input.
package struct TransposeOperation: Operation {
    package let permutation: [Int]
    package var takesShared: Bool { true }
}

/// Values end to end along an axis. `counts` holds, for each input, how many floats one stretch of it has: the product
/// of its extents from the axis on; `outer` is how many stretches a sample has.
package struct ConcatenateOperation: Operation {
    package let outer: Int
    package let counts: [Int]
    package var takesShared: Bool { true }
}

/// A value cut along an axis into several; numbers as in `ConcatenateOperation`.
package struct SplitOperation: Operation {
    package let outer: Int
    package let counts: [Int]
    package var takesShared: Bool { true }
}

extension OperationGraph {
    /// The same numbers under another sample shape.
    ///
    /// - Throws: `shapeMismatch` when the number of elements differs.
    package mutating func addReshape(_ value: Int, to shape: [Int]) throws(LeptonError) -> Int {
        let given = sampleShapes[value]
        if given == shape { return value }
        guard shape.allSatisfy({ $0 >= 0 }), Shape.checkedProduct(shape) == Shape.checkedProduct(given) else {
            throw LeptonError(
                .shapeMismatch,
                "The total size of the tensor must be unchanged. Received: input_shape=\(Shape.text(given)), "
                    + "target_shape=\(Shape.text(shape))")
        }
        return try add(ReshapeOperation(), inputs: [value], outputShape: shape)
    }

    /// The axes of a sample in another order.
    package mutating func addTranspose(_ value: Int, _ permutation: [Int]) throws(LeptonError) -> Int {
        let shape = sampleShapes[value]
        guard permutation.sorted() == Array(shape.indices) else {
            throw LeptonError(
                .invalidArgument, argument: "axes", expected: "each axis of \(text(of: value)) once",
                received: Shape.text(permutation.map { $0 + 1 }))
        }
        if permutation == Array(shape.indices) { return value }
        let result = permutation.map { shape[$0] }
        // Where only axes of extent 1 move, no number does.
        if permutation.filter({ shape[$0] != 1 }) == shape.indices.filter({ shape[$0] != 1 }) {
            return try addReshape(value, to: result)
        }
        return try add(TransposeOperation(permutation: permutation), inputs: [value], outputShape: result)
    }

    /// Values end to end along an axis.
    ///
    /// - Throws: `shapeMismatch` when other extents differ; `invalidArgument` without values.
    package mutating func addConcatenation(_ values: [Int], axis: Int) throws(LeptonError) -> Int {
        guard let first = values.first else {
            throw LeptonError(.invalidArgument, argument: "xs", expected: "at least one tensor", received: "none")
        }
        _ = try checkedAxes([axis], of: first)
        let wanted = sampleShapes[first]
        var total = 0
        for value in values {
            var shape = sampleShapes[value]
            if shape.count == wanted.count {
                total += shape[axis]
                shape[axis] = wanted[axis]
            }
            guard shape == wanted else {
                throw LeptonError(
                    .shapeMismatch,
                    "Every value in `xs` must have the same shape except on the `axis` dim. But found element of shape "
                        + "\(text(of: value)),  which is different from the first element's shape \(text(of: first)).")
            }
        }
        if values.count == 1 { return first }
        var shape = wanted
        shape[axis] = total
        let operation = ConcatenateOperation(
            outer: wanted[..<axis].reduce(1, *), counts: values.map { sampleShapes[$0][axis...].reduce(1, *) })
        return try add(operation, inputs: values, outputShape: shape)
    }

    /// Values of one shape along a new axis.
    package mutating func addStack(_ values: [Int], axis: Int) throws(LeptonError) -> Int {
        guard let first = values.first else {
            throw LeptonError(.invalidArgument, argument: "x", expected: "at least one tensor", received: "none")
        }
        let wanted = sampleShapes[first]
        guard axis >= 0, axis <= wanted.count else {
            throw LeptonError(
                .invalidArgument, argument: "axis", expected: "an axis between 1 and \(wanted.count + 1)",
                received: "\(axis + 1)")
        }
        var expanded: [Int] = []
        for value in values {
            guard sampleShapes[value] == wanted else {
                throw LeptonError(
                    .shapeMismatch,
                    "Every value in `x` must have the same shape. But found element of shape \(text(of: value)),  which "
                        + "is different from the first element's shape \(text(of: first)).")
            }
            expanded.append(try addReshape(value, to: Array(wanted[..<axis]) + [1] + wanted[axis...]))
        }
        return try addConcatenation(expanded, axis: axis)
    }

    /// A value cut along an axis into pieces of these extents.
    package mutating func addSplit(_ value: Int, axis: Int, extents: [Int]) throws(LeptonError) -> [Int] {
        _ = try checkedAxes([axis], of: value)
        let shape = sampleShapes[value]
        guard !extents.isEmpty, extents.allSatisfy({ $0 >= 0 && $0 <= shape[axis] }),
            extents.reduce(0, +) == shape[axis]
        else {
            throw LeptonError(
                .invalidArgument, argument: "indices_or_sections",
                expected: "parts that add up to \(shape[axis])", received: Shape.text(extents))
        }
        if extents.count == 1 { return [value] }
        let inner = shape[(axis + 1)...].reduce(1, *)
        let operation = SplitOperation(outer: shape[..<axis].reduce(1, *), counts: extents.map { $0 * inner })
        let shapes = extents.map { extent in Array(shape[..<axis]) + [extent] + shape[(axis + 1)...] }
        return try add(operation, inputs: [value], outputShapes: shapes)
    }
}
