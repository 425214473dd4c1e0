import LeptonTensor

extension TensorFunction {
    private static func named(_ activation: Activation) -> TensorFunction {
        .one { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            return try call.graph.append(activation, after: x)
        }
    }

    private static func with(
        _ attribute: String, _ standard: Double, _ make: @escaping @Sendable (Float) -> ElementwiseFunction
    ) -> TensorFunction {
        .one([attribute]) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            let number = try call.number(attribute, default: standard)
            return try call.graph.operations.addFunction(make(Float(number)), x)
        }
    }

    /// Functions over an axis that activations know as the last one.
    private static func overAxis(_ activation: Activation) -> TensorFunction {
        .one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: x)
            guard axis == call.shape(x).count - 1 else {
                return try call.graph.operations.withAxesLast([axis], of: x) {
                    (operations, value) throws(LeptonError) in
                    var inner = LoweredGraph(operations: operations)
                    let result = try inner.append(activation, after: value)
                    operations = inner.operations
                    return result
                }
            }
            return try call.graph.append(activation, after: x)
        }
    }

    /// The first half of an axis times the sigmoid of the second.
    private static let overHalvedAxis = TensorFunction.one(["axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: x)
        let extent = call.shape(x)[axis]
        guard extent % 2 == 0 else {
            throw call.wrong("axis", "an axis of an even number of elements", .integer(Int64(extent)))
        }
        let halves = try call.graph.operations.addSplit(x, axis: axis, extents: [extent / 2, extent / 2])
        let gate = try call.graph.operations.addUnary(.sigmoid, halves[1])
        return try call.graph.operations.addBinary(.multiply, halves[0], gate)
    }

    /// Activation functions.
    static let activations: [String: TensorFunction] = [
        "Relu6": named(.relu6), "SparseSigmoid": named(.sparseSigmoid), "Softsign": named(.softsign),
        "SparsePlus": named(.sparsePlus), "Silu": named(.silu), "LogSigmoid": named(.logSigmoid),
        "HardSigmoid": named(.hardSigmoid), "HardSilu": named(.hardSilu), "Selu": named(.selu),
        "TanhShrink": named(.tanhShrink), "HardTanh": named(.hardTanh), "Mish": named(.mish),
        "SoftShrink": with("threshold", 0.5) { .init(.softShrink, a: $0) },
        "HardShrink": with("threshold", 0.5) { .init(.hardShrink, a: $0) },
        "Squareplus": with("b", 4) { .init(.squareplus, a: $0) },
        "LeakyRelu": with("negative_slope", 0.2) { .init(.leakyRelu, a: $0) },
        "Elu": with("alpha", 1) { .elu(alpha: $0) }, "Celu": with("alpha", 1) { .init(.celu, a: $0) },
        "Gelu": geluFunction, "Softmax": softmaxFunction, "LogSoftmax": overAxis(.logSoftmax),
        "Sparsemax": overAxis(.sparsemax), "Glu": overHalvedAxis,
    ]

    private static let geluFunction = TensorFunction.one(["approximate"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let isApproximate = call.setting("approximate")?.boolValue ?? true
        return try call.graph.operations.addFunction(.init(isApproximate ? .geluTanh : .gelu), x)
    }

    private static let softmaxFunction = TensorFunction.one(["axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        var axes: [Int] = []
        for axis in try call.integers("axis") ?? [-1] { axes.append(try call.sampleAxis(axis, of: x)) }
        return try call.graph.operations.addSoftmax(x, axes: axes)
    }
}
