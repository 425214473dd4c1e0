import LeptonTensor

/// c = op(a) · op(b) over the last two axes, the ones before them broadcast as NumPy does it.
///
/// Samples of a are (..., m, k), or (..., k, m) where a is transposed; of b (..., k, n), or (..., n, k).
package struct MatmulOperation: Operation {
    package let transposesA: Bool
    package let transposesB: Bool
    package var takesShared: Bool { true }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        let a = graph.sampleShapes[node.inputs[0]]
        return Double(graph.floatsPerRow(node.output)) * Double(a[a.count - (transposesA ? 2 : 1)])
    }
}

extension OperationGraph {
    /// The matrix product of samples of at least two axes each.
    package mutating func addProduct(
        _ a: Int, _ b: Int, transposesA: Bool = false, transposesB: Bool = false
    ) throws(LeptonError) -> Int {
        let (left, right) = (sampleShapes[a], sampleShapes[b])
        guard left.count >= 2, right.count >= 2,
            left[left.count - (transposesA ? 2 : 1)] == right[right.count - (transposesB ? 1 : 2)]
        else {
            throw LeptonError(
                .shapeMismatch,
                "Inner dimensions (`x1.shape[-1]` and `x2.shape[-2]`) must be equal, but received "
                    + "`x1.shape=\(text(of: a))` and `x2.shape=\(text(of: b))`")
        }
        let outer = try broadcastShape(Array(left.dropLast(2)), Array(right.dropLast(2)))
        let shape = outer + [left[left.count - (transposesA ? 1 : 2)], right[right.count - (transposesB ? 2 : 1)]]
        return try add(
            MatmulOperation(transposesA: transposesA, transposesB: transposesB), inputs: [a, b], outputShape: shape)
    }

    /// NumPy's `matmul` of samples: one of a single axis is a row on the left, a column on the right, and that axis is
    /// not in the result.
    package mutating func addMatmul(_ a: Int, _ b: Int) throws(LeptonError) -> Int {
        let (left, right) = (sampleShapes[a], sampleShapes[b])
        guard let inner = left.last, !right.isEmpty, inner == right[max(0, right.count - 2)] else {
            throw LeptonError(
                .shapeMismatch,
                "Inner dimensions (`x1.shape[-1]` and `x2.shape[-2]`) must be equal, but received "
                    + "`x1.shape=\(text(of: a))` and `x2.shape=\(text(of: b))`")
        }
        let row = left.count == 1 ? try addReshape(a, to: [1, inner]) : a
        let column = right.count == 1 ? try addReshape(b, to: [inner, 1]) : b
        let product = try addProduct(row, column)
        var shape = sampleShapes[product]
        if right.count == 1 { shape.removeLast() }
        if left.count == 1 { shape.remove(at: shape.count - (right.count == 1 ? 1 : 2)) }
        return try addReshape(product, to: shape)
    }

    /// A value's shape, with the batch where it has one.
    package func text(of value: Int) -> String {
        isShared(value) ? Shape.text(sampleShapes[value]) : Shape.batchText(sampleShapes[value])
    }
}
