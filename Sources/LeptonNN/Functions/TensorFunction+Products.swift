import LeptonTensor

extension TensorFunction {
    /// Functions that multiply and add.
    static let products: [String: TensorFunction] = [
        "Matmul": matmulFunction, "Dot": dotFunction, "LayerNorm": layerNormFunction, "RMSNorm": rMSNormFunction,
    ]

    /// NumPy's matmul; a batched tensor of rank 2 is a row for each row of the batch.
    private static func product(_ call: inout FunctionCall, _ first: Int, _ second: Int) throws(LeptonError) -> Int {
        let (a, b) = try call.alignedMatrices(first, second)
        if call.isShared(a), !call.isShared(b) {
            // The batch would have to be an axis of the matrix.
            guard call.shape(b).count >= 2 else { throw call.batchAxis() }
            return try call.graph.operations.addMatmul(a, b)
        }
        if !call.isShared(a), !call.isShared(b), call.shape(b).count < 2 { throw call.batchAxis() }
        return try call.graph.operations.addMatmul(a, b)
    }

    private static func normalized(_ call: inout FunctionCall, standardEpsilon: Double) throws(LeptonError) -> Int {
        let x = try call.value(0)
        guard !call.flag("rms_scaling") else {
            throw LeptonError(.notSupported, "LayerNorm.rms_scaling is not supported; use keras.ops.rms_normalization")
        }
        var axes: [Int] = []
        for axis in try call.integers("axis") ?? [-1] { axes.append(try call.sampleAxis(axis, of: x)) }
        let mean = try call.graph.operations.addReduction(.mean, x, axes: axes, keepsAxes: true)
        let variance = try call.graph.operations.addVariance(x, axes: axes, keepsAxes: true)
        let epsilon = Float(try call.number("epsilon", default: standardEpsilon))
        let shifted = try call.graph.operations.addBinary(.add, variance, scalar: epsilon)
        let inverse = try call.graph.operations.addUnary(.reciprocalSquareRoot, shifted)
        let centred = try call.graph.operations.addBinary(.subtract, x, mean)
        var result = try call.graph.operations.addBinary(.multiply, centred, inverse)
        if call.argument(1, "gamma") != nil {
            let scale = try call.value(1, "gamma")
            result = try call.graph.operations.addBinary(.multiply, result, scale)
        }
        if call.argument(2, "beta") != nil {
            let shift = try call.value(2, "beta")
            result = try call.graph.operations.addBinary(.add, result, shift)
        }
        return result
    }

    private static let matmulFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let a = try call.value(0, "x1")
        let b = try call.value(1, "x2")
        return try product(&call, a, b)
    }

    private static let dotFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let a = try call.value(0, "x1")
        let b = try call.value(1, "x2")
        if call.rank(a) == 0 || call.rank(b) == 0 { return try call.graph.operations.addBinary(.multiply, a, b) }
        guard call.isShared(b), call.shape(b).count <= 2 else {
            throw LeptonError(
                .notSupported,
                "keras.ops.dot of two tensors that both have a batch axis is not supported; use keras.ops.matmul")
        }
        return try product(&call, a, b)
    }

    private static let layerNormFunction = TensorFunction.one(["axis", "epsilon", "rms_scaling"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        try normalized(&call, standardEpsilon: 1e-3)
    }

    private static let rMSNormFunction = TensorFunction.one(["axis", "epsilon"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: x)
        let squares = try call.graph.operations.addUnary(.square, x)
        let mean = try call.graph.operations.addReduction(.mean, squares, axes: [axis], keepsAxes: true)
        let epsilon = Float(try call.number("epsilon", default: 1e-7))
        let shifted = try call.graph.operations.addBinary(.add, mean, scalar: epsilon)
        let inverse = try call.graph.operations.addUnary(.reciprocalSquareRoot, shifted)
        let scaled = try call.graph.operations.addBinary(.multiply, x, inverse)
        guard call.argument(1, "scale") != nil else { return scaled }
        let scale = try call.value(1, "scale")
        return try call.graph.operations.addBinary(.multiply, scaled, scale)
    }
}
