import LeptonTensor

/// A function of one number that is differentiated from its input. Raw values are the kernels' numbers
/// (lepton_kernels_functions.h, which has the formulas).
package struct ElementwiseFunction: Sendable, Equatable {
    package enum Kind: Int32, Sendable {
        case linear = 0
        case relu, leakyRelu, relu6, celu, elu, softplus, softsign, squareplus, softShrink, sparsePlus, silu, gelu
        case geluTanh, sigmoid, tanh, tanhShrink, exponential, hardSigmoid, hardSilu, hardTanh, hardShrink, threshold
        case mish, logSigmoid, sparseSigmoid, affine
    }

    package let kind: Kind
    package var a: Float = 0
    package var b: Float = 0
    package var c: Float = 0

    package init(_ kind: Kind, a: Float = 0, b: Float = 0, c: Float = 0) {
        self.kind = kind
        self.a = a
        self.b = b
        self.c = c
    }

    /// Keras's relu with its three parameters; a slope without a limit and a threshold is the leaky one.
    package static func relu(negativeSlope: Float, maximum: Float?, threshold: Float) -> ElementwiseFunction {
        if maximum == nil, threshold == 0, negativeSlope != 0 { return .init(.leakyRelu, a: negativeSlope) }
        if maximum == 6, threshold == 0, negativeSlope == 0 { return .init(.relu6) }
        return .init(.relu, a: negativeSlope, b: maximum ?? .infinity, c: threshold)
    }

    package static func elu(alpha: Float) -> ElementwiseFunction { .init(.elu, a: alpha, b: 1) }

    package static let selu = ElementwiseFunction(.elu, a: 1.6732632423543772, b: 1.0507009873554805)
}

/// y = f(x), element by element, keeping x for the way back.
package struct FunctionOperation: Operation {
    package let function: ElementwiseFunction
}

/// y = x - log(sum(exp(x))) over the last axis.
package struct LogSoftmaxOperation: Operation {}

/// The projection of each row on the simplex (Martins & Astudillo, 2016), over the last axis.
package struct SparsemaxOperation: Operation {}

/// y = u · sigmoid(v) with u and v the halves of the last axis.
package struct GatedLinearOperation: Operation {}

/// y = x > 0 ? x : alpha · x. Weight: alpha, whose elements repeat along a sample.
package struct PReLUOperation: Operation {
    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}

extension OperationGraph {
    /// y = f(x), element by element.
    package mutating func addFunction(_ function: ElementwiseFunction, _ value: Int) throws(LeptonError) -> Int {
        try add(FunctionOperation(function: function), inputs: [value], outputShape: sampleShapes[value])
    }

    /// Gives `body` the value with some axes joined to one that stands last, and returns what it makes of it, which has
    /// the same shape, with the axes back in their places.
    ///
    /// - Parameter axes: of the sample, in any order.
    package mutating func withAxesLast(
        _ axes: [Int], of value: Int,
        _ body: (inout OperationGraph, Int) throws(LeptonError) -> Int
    ) throws(LeptonError) -> Int {
        let last = try checkedAxes(axes, of: value)
        let shape = sampleShapes[value]
        let order = shape.indices.filter { !last.contains($0) } + last
        let moved = order.map { shape[$0] }
        let transposed = try addTranspose(value, order)
        let joined = try addReshape(
            transposed, to: moved.dropLast(last.count) + [moved.suffix(last.count).reduce(1, *)])
        let result = try addReshape(try body(&self, joined), to: moved)
        var back = order
        for (place, axis) in order.enumerated() { back[axis] = place }
        return try addTranspose(result, back)
    }
}

/// Keras's axis numbers, which count the batch and may count from the end, as axes of a sample.
///
/// - Throws: `invalidArgument` for one out of range or given twice; `notSupported` for the batch axis.
package func sampleAxes(_ axes: [Int], of shape: [Int], argument: String) throws(LeptonError) -> [Int] {
    let rank = shape.count + 1
    var result: [Int] = []
    for axis in axes {
        guard axis >= -rank, axis < rank else {
            throw LeptonError(
                .invalidArgument, argument: argument,
                expected: "an axis of the input shape \(Shape.batchText(shape))", received: "\(axis)")
        }
        let number = axis < 0 ? axis + rank : axis
        guard number > 0 else {
            throw LeptonError(
                .notSupported, "\(argument) = \(axis) is the axis of the batch, along which rows are independent here")
        }
        guard !result.contains(number - 1) else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "each axis once",
                received: axes.map(String.init).joined(separator: ", "))
        }
        result.append(number - 1)
    }
    return result
}
