import LeptonTensor

extension TensorFunction {
    private static func unary(_ function: UnaryFunction) -> TensorFunction {
        .one { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            return try call.graph.operations.addUnary(function, x)
        }
    }

    /// Functions of one number.
    static let elementwise: [String: TensorFunction] = [
        "Absolute": unary(.absolute), "Abs": unary(.absolute), "Fabs": unary(.absolute), "Negative": unary(.negative),
        "Square": unary(.square), "Sqrt": unary(.squareRoot), "Rsqrt": unary(.reciprocalSquareRoot),
        "Reciprocal": unary(.reciprocal), "Exp": unary(.exponential), "Expm1": unary(.exponentialMinusOne),
        "Log": unary(.logarithm), "Log1p": unary(.logarithmOnePlus), "Log2": unary(.logarithmBase2),
        "Log10": unary(.logarithmBase10), "Sin": unary(.sine), "Cos": unary(.cosine), "Tan": unary(.tangent),
        "Arcsin": unary(.arcSine), "Arccos": unary(.arcCosine), "Arctan": unary(.arcTangent),
        "Sinh": unary(.hyperbolicSine), "Cosh": unary(.hyperbolicCosine), "Tanh": unary(.hyperbolicTangent),
        "Arcsinh": unary(.inverseHyperbolicSine), "Arccosh": unary(.inverseHyperbolicCosine),
        "Arctanh": unary(.inverseHyperbolicTangent), "Sigmoid": unary(.sigmoid), "Relu": unary(.relu),
        "Softplus": unary(.softplus), "Erf": unary(.errorFunction), "Sign": unary(.sign), "Floor": unary(.floor),
        "Ceil": unary(.ceiling), "Trunc": unary(.truncate), "Isnan": unary(.isNaN), "Isfinite": unary(.isFinite),
        "Isinf": unary(.isInfinite), "LogicalNot": unary(.logicalNot), "Copy": copyFunction,
        "StopGradient": stopGradientFunction, "ConvertToTensor": convertToTensorFunction, "Cast": cast,
        "SaturateCast": cast, "Round": round, "Clip": clip, "Deg2rad": scaled(by: 0.017453292519943295),
        "Rad2deg": scaled(by: 57.29577951308232), "Exp2": exp2Function, "Erfc": erfcFunction, "OnesLike": filled(1),
        "ZerosLike": filled(0), "FullLike": fullLikeFunction,
    ]

    private static func scaled(by factor: Float) -> TensorFunction {
        .one { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            return try call.graph.operations.addBinary(.multiply, x, scalar: factor)
        }
    }

    private static func filled(_ value: Float) -> TensorFunction {
        .one(["dtype"]) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            // Not x · 0, which NaN and infinity survive: 1 wherever x equals itself or not.
            let same = try call.graph.operations.addBinary(.equal, x, x)
            let zero = try call.graph.operations.addBinary(.multiply, same, scalar: 0)
            return try call.graph.operations.addBinary(.add, zero, scalar: value)
        }
    }

    /// All values are float32: casts to whole numbers cut, casts to truth values compare with 0.
    private static let cast = TensorFunction.one(["dtype"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let dtype = call.setting("dtype")?.stringValue ?? "float32"
        if dtype.hasPrefix("float") || dtype == "bfloat16" { return x }
        if dtype == "bool" { return try call.graph.operations.addBinary(.notEqual, x, scalar: 0) }
        guard dtype.hasPrefix("int") || dtype.hasPrefix("uint") else {
            throw call.wrong("dtype", "a type of numbers", .string(dtype))
        }
        return try call.graph.operations.addUnary(.truncate, x)
    }

    private static let round = TensorFunction.one(["decimals"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        guard let decimals = try call.integer("decimals"), decimals != 0 else {
            return try call.graph.operations.addUnary(.round, x)
        }
        guard (-30...30).contains(decimals) else {
            throw call.wrong("decimals", "a number in -30 ... 30", call.setting("decimals"))
        }
        var factor: Float = 1
        for _ in 0..<abs(decimals) { factor *= 10 }
        if decimals < 0 { factor = 1 / factor }
        let scaled = try call.graph.operations.addBinary(.multiply, x, scalar: factor)
        let rounded = try call.graph.operations.addUnary(.round, scaled)
        return try call.graph.operations.addBinary(.divide, rounded, scalar: factor)
    }

    private static let clip = TensorFunction.one(["x_min", "x_max"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        func bound(_ name: String) throws(LeptonError) -> Float? {
            guard let value = call.setting(name) else { return nil }
            guard let number = value.doubleValue else { throw call.wrong(name, "a number", value) }
            return Float(number)
        }
        let (low, high) = (try bound("x_min"), try bound("x_max"))
        return try call.graph.operations.addClip(x, from: low, to: high)
    }

    // MARK: Two numbers

    private static func two(_ function: BinaryFunction, _ first: String = "x1", _ second: String = "x2")
        -> TensorFunction
    {
        .one { (call: inout FunctionCall) throws(LeptonError) in
            let (a, b) = try call.pair(first, second)
            return try call.graph.operations.addBinary(function, a, b)
        }
    }

    static let binary: [String: TensorFunction] = [
        "Add": two(.add), "Subtract": two(.subtract), "Multiply": two(.multiply), "Divide": two(.divide),
        "TrueDivide": two(.divide), "Power": two(.power), "Maximum": two(.maximum), "Minimum": two(.minimum),
        "Mod": two(.remainder), "FloorDivide": two(.floorDivide), "Arctan2": two(.arcTangent2), "Equal": two(.equal),
        "NotEqual": two(.notEqual), "Less": two(.less), "LessEqual": two(.lessOrEqual), "Greater": two(.greater),
        "GreaterEqual": two(.greaterOrEqual), "LogicalAnd": two(.logicalAnd), "LogicalOr": two(.logicalOr),
        "LogicalXor": two(.logicalXor), "DivideNoNan": divideNoNanFunction, "Hypot": hypotFunction,
        "Logaddexp": logOfSum(baseLogarithm: 1), "Where": whereFunction,
    ]

    private static let copyFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        try call.value(0)
    }

    private static let stopGradientFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0, "variable")
        return try call.graph.operations.addStopGradient(x)
    }

    private static let convertToTensorFunction = TensorFunction.one(["dtype", "sparse", "ragged"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        try call.value(0)
    }

    private static let exp2Function = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let scaled = try call.graph.operations.addBinary(.multiply, x, scalar: 0.6931471805599453)
        return try call.graph.operations.addUnary(.exponential, scaled)
    }

    private static let erfcFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let error = try call.graph.operations.addUnary(.errorFunction, x)
        let one = try call.graph.operations.addConstant(1)
        return try call.graph.operations.addBinary(.subtract, one, error)
    }

    private static let fullLikeFunction = TensorFunction.one(["dtype"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let value = try call.aligned([x, call.value(1, "fill_value")])[1]
        let zeros = try call.graph.operations.addBinary(.multiply, x, scalar: 0)
        return try call.graph.operations.addBinary(.add, zeros, value)
    }

    private static let divideNoNanFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let (a, b) = try call.pair()
        // 1 in place of a divisor of 0, and 0 in place of what comes out.
        let isZero = try call.graph.operations.addBinary(.equal, b, scalar: 0)
        let divisor = try call.graph.operations.addBinary(.add, b, isZero)
        let quotient = try call.graph.operations.addBinary(.divide, a, divisor)
        return try call.graph.operations.addBinary(.keepUnless, quotient, isZero)
    }

    private static let hypotFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let (a, b) = try call.pair()
        let sum = try call.graph.operations.addBinary(
            .add, call.graph.operations.addUnary(.square, a), call.graph.operations.addUnary(.square, b))
        return try call.graph.operations.addUnary(.squareRoot, sum)
    }

    /// log(base^x1 + base^x2) to the base, given the base's natural logarithm: the larger one and what the distance adds,
    /// without overflow.
    static func logOfSum(baseLogarithm: Float) -> TensorFunction {
        .one { (call: inout FunctionCall) throws(LeptonError) in
            let (a, b) = try call.pair()
            let largest = try call.graph.operations.addBinary(.maximum, a, b)
            let difference = try call.graph.operations.addBinary(.subtract, a, b)
            let distance = try call.graph.operations.addUnary(.absolute, difference)
            let exponent = try call.graph.operations.addBinary(.multiply, distance, scalar: -baseLogarithm)
            let softplus = try call.graph.operations.addUnary(.softplus, exponent)
            let added = try call.graph.operations.addBinary(.multiply, softplus, scalar: 1 / baseLogarithm)
            return try call.graph.operations.addBinary(.add, largest, added)
        }
    }

    private static let whereFunction = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let condition = try call.value(0, "condition")
        let a = try call.value(1, "x1")
        let b = try call.value(2, "x2")
        let values = try call.aligned([condition, a, b])
        return try call.graph.operations.addSelect(values[0], values[1], values[2])
    }
}
