import LeptonTensor

/// A function of two numbers. Raw values are the kernels' numbers (lepton_kernels_operations.h).
package enum BinaryFunction: Int32, Sendable, CaseIterable {
    case add = 0
    case subtract, multiply, divide, power
    /// Where both are equal, each gets half of the gradient.
    case maximum, minimum
    case squaredDifference, arcTangent2
    /// The remainder has the sign of the divisor, as in Python.
    case remainder
    /// a where b is not 0, else 0; and a where b is 0, else 0.
    case keepWhere, keepUnless
    /// Without a gradient from here on.
    case floorDivide
    /// 1 or 0.
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, logicalAnd, logicalOr, logicalXor

    /// Whether anything but 0 flows back.
    package var hasGradient: Bool { rawValue < BinaryFunction.floorDivide.rawValue }
}

/// y = f(a, b), element by element, with broadcasting over the axes of a sample as NumPy does it.
package struct BinaryOperation: Operation {
    package let function: BinaryFunction
    package var takesShared: Bool { true }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}

/// x repeated along axes of extent 1, and along new axes before the first.
package struct BroadcastOperation: Operation {
    package var takesShared: Bool { true }
}

/// The shape to which NumPy broadcasts two.
///
/// - Throws: `shapeMismatch` in Keras's words.
package func broadcastShape(_ a: [Int], _ b: [Int]) throws(LeptonError) -> [Int] {
    let rank = max(a.count, b.count)
    let (left, right) = (paddedShape(a, rank: rank), paddedShape(b, rank: rank))
    var result: [Int] = []
    for (x, y) in zip(left, right) {
        guard x == y || x == 1 || y == 1 else {
            throw LeptonError(
                .shapeMismatch,
                "Cannot broadcast shape, the failure dim has value \(x) which cannot be broadcasted to \(y). "
                    + "Input shapes are: \(Shape.batchText(a)) and \(Shape.batchText(b)).")
        }
        result.append(x == 1 ? y : x)
    }
    return result
}

/// A shape with extents of 1 before it, up to a rank.
package func paddedShape(_ shape: [Int], rank: Int) -> [Int] {
    [Int](repeating: 1, count: max(0, rank - shape.count)) + shape
}

extension OperationGraph {
    /// y = f(a, b) with broadcasting over the axes of a sample.
    package mutating func addBinary(_ function: BinaryFunction, _ a: Int, _ b: Int) throws(LeptonError) -> Int {
        let shape = try broadcastShape(sampleShapes[a], sampleShapes[b])
        return try add(BinaryOperation(function: function), inputs: [a, b], outputShape: shape)
    }

    /// y = f(a, b) for a number b.
    package mutating func addBinary(_ function: BinaryFunction, _ a: Int, scalar b: Float) throws(LeptonError) -> Int {
        try addBinary(function, a, try addConstant(b))
    }

    /// a where the condition is not 0, else b; all three are broadcast.
    package mutating func addSelect(_ condition: Int, _ a: Int, _ b: Int) throws(LeptonError) -> Int {
        let chosen = try addBinary(.keepWhere, a, condition)
        let others = try addBinary(.keepUnless, b, condition)
        return try addBinary(.add, chosen, others)
    }

    /// The value under a larger shape, repeated.
    ///
    /// - Throws: `shapeMismatch` when NumPy would not broadcast to that shape.
    package mutating func addBroadcast(_ value: Int, to shape: [Int]) throws(LeptonError) -> Int {
        let given = sampleShapes[value]
        if given == shape { return value }
        guard given.count <= shape.count, try broadcastShape(given, shape) == shape else {
            throw LeptonError(
                .shapeMismatch,
                "Cannot broadcast shape \(Shape.batchText(given)) to shape \(Shape.batchText(shape)).")
        }
        return try add(BroadcastOperation(), inputs: [value], outputShape: shape)
    }
}
