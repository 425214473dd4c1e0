import LeptonTensor

/// How a reduction combines numbers. Raw values are the kernels' numbers (lepton_kernels_operations.h).
package enum Reduction: Int32, Sendable, CaseIterable {
    case sum = 0
    case mean
    /// Equal extremes share the gradient.
    case maximum, minimum
    case product
    /// log(sum(exp(x))), without overflow.
    case logSumExp
    /// Without a gradient: 1 or 0, and the index of the first extreme.
    case any, all, indexOfMaximum, indexOfMinimum

    package var hasGradient: Bool { rawValue < Reduction.any.rawValue }
}

/// Reduces the middle one of three groups of axes.
package struct ReductionOperation: Operation {
    package let reduction: Reduction
    /// How many elements the axes before, in and after the reduced group have; the batch comes before them.
    package let outer: Int
    package let count: Int
    package let inner: Int
    package var takesShared: Bool { true }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.inputs[0]))
    }
}

/// A running sum or product along an axis.
package struct CumulativeOperation: Operation {
    package let isProduct: Bool
    /// From the end to the beginning.
    package let isReversed: Bool
    package let outer: Int
    package let count: Int
    package let inner: Int
    package var takesShared: Bool { true }
}

extension OperationGraph {
    /// Checks axis numbers and returns them in order, each once.
    func checkedAxes(_ axes: [Int], of value: Int) throws(LeptonError) -> [Int] {
        let rank = sampleShapes[value].count
        for axis in axes where axis < 0 || axis >= rank {
            throw LeptonError(
                .invalidArgument, argument: "axis", expected: "an axis of \(Shape.batchText(sampleShapes[value]))",
                received: "\(axis + 1)")
        }
        guard Set(axes).count == axes.count else {
            throw LeptonError(
                .invalidArgument, argument: "axis", expected: "each axis once",
                received: Shape.text(axes.map { $0 + 1 }))
        }
        return axes.sorted()
    }

    /// The elements before, along and after an axis.
    func extents(around axis: Int, of value: Int) -> (outer: Int, count: Int, inner: Int) {
        let shape = sampleShapes[value]
        return (shape[..<axis].reduce(1, *), shape[axis], shape[(axis + 1)...].reduce(1, *))
    }

    /// Reduces axes of the sample; nil reduces all of them.
    ///
    /// - Parameter keepsAxes: leaves the reduced axes in place with extent 1.
    /// - Throws: `shapeMismatch` for an extreme of nothing.
    package mutating func addReduction(
        _ reduction: Reduction, _ value: Int, axes: [Int]? = nil, keepsAxes: Bool = false
    ) throws(LeptonError) -> Int {
        let shape = sampleShapes[value]
        let axes = try checkedAxes(axes ?? Array(shape.indices), of: value)
        let kept = shape.indices.filter { !axes.contains($0) }
        let result = shape.enumerated().compactMap { index, extent in
            axes.contains(index) ? (keepsAxes ? 1 : nil) : extent
        }
        let count = axes.reduce(1) { $0 * shape[$1] }
        if count == 0, [.maximum, .minimum, .indexOfMaximum, .indexOfMinimum].contains(reduction) {
            throw LeptonError(
                .shapeMismatch, argument: "reduction", expected: "at least one element along the axes",
                received: Shape.batchText(shape))
        }
        var source = value
        let outer: Int
        let inner: Int
        if let first = axes.first, let last = axes.last, last - first + 1 != axes.count {
            source = try addTranspose(value, kept + axes)
            (outer, inner) = (kept.reduce(1) { $0 * shape[$1] }, 1)
        } else {
            let first = axes.first ?? shape.count
            outer = shape[..<first].reduce(1, *)
            inner = shape[((axes.last ?? first - 1) + 1)...].reduce(1, *)
        }
        let operation = ReductionOperation(reduction: reduction, outer: outer, count: count, inner: inner)
        return try add(operation, inputs: [source], outputShape: result)
    }

    /// The mean squared distance from the mean.
    package mutating func addVariance(
        _ value: Int, axes: [Int]? = nil, keepsAxes: Bool = false
    ) throws(LeptonError) -> Int {
        let mean = try addReduction(.mean, value, axes: axes, keepsAxes: true)
        let squares = try addBinary(.squaredDifference, value, mean)
        return try addReduction(.mean, squares, axes: axes, keepsAxes: keepsAxes)
    }

    /// A running sum or product along an axis.
    package mutating func addCumulative(
        isProduct: Bool, _ value: Int, axis: Int, isReversed: Bool = false
    ) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let (outer, count, inner) = extents(around: axis, of: value)
        return try add(
            CumulativeOperation(isProduct: isProduct, isReversed: isReversed, outer: outer, count: count, inner: inner),
            inputs: [value], outputShape: sampleShapes[value])
    }

    /// exp(x) / sum(exp(x)) over some axes together.
    package mutating func addSoftmax(_ value: Int, axes: [Int]) throws(LeptonError) -> Int {
        let shape = sampleShapes[value]
        let axes = try checkedAxes(axes, of: value)
        guard !axes.isEmpty else {
            throw LeptonError(.invalidArgument, argument: "axis", expected: "at least one axis", received: "none")
        }
        let order = shape.indices.filter { !axes.contains($0) } + axes
        let source = try addTranspose(value, order)
        let joined = order.dropLast(axes.count).map { shape[$0] } + [axes.reduce(1) { $0 * shape[$1] }]
        let rows = try addReshape(source, to: joined)
        let softmax = try add(SoftmaxOperation(), inputs: [rows], outputShape: joined)
        let apart = try addReshape(softmax, to: order.map { shape[$0] })
        return try addTranspose(apart, shape.indices.map { axis in order.firstIndex(of: axis) ?? axis })
    }
}
