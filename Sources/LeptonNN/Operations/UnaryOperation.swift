import LeptonTensor

/// A function of one number. Raw values are the kernels' numbers (lepton_kernels_operations.h).
package enum UnaryFunction: Int32, Sendable, CaseIterable {
    case absolute = 0
    case negative, square, squareRoot, reciprocalSquareRoot, reciprocal
    case exponential, exponentialMinusOne, logarithm, logarithmOnePlus, logarithmBase2, logarithmBase10
    case sine, cosine, tangent, arcSine, arcCosine, arcTangent
    case hyperbolicSine, hyperbolicCosine, hyperbolicTangent
    case inverseHyperbolicSine, inverseHyperbolicCosine, inverseHyperbolicTangent
    case sigmoid, relu, softplus, errorFunction
    /// Without a gradient from here on: their derivative is 0 wherever it exists.
    case sign, floor, ceiling
    /// Halves go to the even neighbour, as in NumPy.
    case round
    case truncate
    /// 1 or 0.
    case isNaN, isFinite, isInfinite, logicalNot

    /// Whether anything but 0 flows back.
    package var hasGradient: Bool { rawValue < UnaryFunction.sign.rawValue }
}

/// y = f(x), element by element.
package struct UnaryOperation: Operation {
    package let function: UnaryFunction
    package var takesShared: Bool { true }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}

/// y = x, through which no gradient flows back.
package struct StopGradientOperation: Operation {
    package var takesShared: Bool { true }
}

extension OperationGraph {
    /// y = f(x), element by element.
    package mutating func addUnary(_ function: UnaryFunction, _ value: Int) throws(LeptonError) -> Int {
        try add(UnaryOperation(function: function), inputs: [value], outputShape: sampleShapes[value])
    }

    /// The value without a gradient.
    package mutating func addStopGradient(_ value: Int) throws(LeptonError) -> Int {
        try add(StopGradientOperation(), inputs: [value], outputShape: sampleShapes[value])
    }

    /// The value between two bounds; either may be absent. At a bound half of the gradient flows, as in Keras on JAX.
    package mutating func addClip(_ value: Int, from low: Float?, to high: Float?) throws(LeptonError) -> Int {
        var result = value
        if let low { result = try addBinary(.maximum, result, try addConstant(low)) }
        if let high { result = try addBinary(.minimum, result, try addConstant(high)) }
        return result
    }
}
