import LeptonTensor

/// A weight as a value of its own, the same for every row; its gradient is added up over the rows, in row order.
package struct WeightOperation: Operation {
    package var takesShared: Bool { true }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double { 0 }
}

/// Numbers that never change, the same for every row.
package struct ConstantOperation: Operation {
    package let values: [Float]
    package var takesShared: Bool { true }
}

/// A shared value written out for each row.
package struct PerRowOperation: Operation {
    package var takesShared: Bool { true }
    package var givesShared: Bool { false }
}

extension OperationGraph {
    /// A weight as a value of its sample shape, the same for every row.
    package mutating func addWeightValue(_ weight: Int) throws(LeptonError) -> Int {
        try add(
            WeightOperation(), inputs: [], weights: [weight], outputShape: weights[weight].spec.shape)
    }

    /// A tensor that is the same for every row.
    ///
    /// - Throws: `shapeMismatch` when the shape does not have as many elements as there are values.
    package mutating func addConstant(_ values: [Float], shape: [Int]) throws(LeptonError) -> Int {
        guard shape.allSatisfy({ $0 >= 0 }), Shape.checkedProduct(shape) == values.count else {
            throw LeptonError(
                .shapeMismatch, argument: "constant", expected: "\(values.count) elements",
                received: "shape \(Shape.text(shape))")
        }
        return try add(ConstantOperation(values: values), inputs: [], outputShape: shape)
    }

    /// A number that is the same for every row.
    package mutating func addConstant(_ value: Float) throws(LeptonError) -> Int {
        try addConstant([value], shape: [])
    }

    /// The value itself, or a shared one written out for each row.
    package mutating func perRow(_ value: Int) throws(LeptonError) -> Int {
        guard isShared(value) else { return value }
        return try add(PerRowOperation(), inputs: [value], outputShape: sampleShapes[value])
    }
}
