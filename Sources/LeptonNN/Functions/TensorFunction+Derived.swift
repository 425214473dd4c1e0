import LeptonTensor

extension TensorFunction {
    /// Functions that are made of others.
    static let derived: [String: TensorFunction] = [
        "Cbrt": cubeRoot, "Sinc": sinc, "Heaviside": heaviside, "NanToNum": nanToNum, "Threshold": threshold,
        "Fmax": ignoringNaN(.maximum), "Fmin": ignoringNaN(.minimum), "Fmod": fmod,
        "Logaddexp2": logOfSum(baseLogarithm: 0.6931471805599453),
        "Isclose": isClose, "CountNonzero": countNonzero, "Nansum": nanSum, "Nanmean": nanMean,
        "Nanmax": nanExtreme(.maximum), "Nanmin": nanExtreme(.minimum), "Median": median, "Diff": difference,
        "Slice": slice, "Hstack": hstack, "Diagonal": diagonal, "Trace": trace, "Cross": cross,
    ]

    // MARK: Element by element

    private static let cubeRoot = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let size = try call.graph.operations.addUnary(.absolute, x)
        let root = try call.graph.operations.addBinary(.power, size, scalar: 1 / 3)
        let sign = try call.graph.operations.addUnary(.sign, x)
        return try call.graph.operations.addBinary(.multiply, sign, root)
    }

    /// sin(pi x) / (pi x), 1 at 0.
    private static let sinc = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let isZero = try call.graph.operations.addBinary(.equal, x, scalar: 0)
        let angle = try call.graph.operations.addBinary(.multiply, x, scalar: Float.pi)
        let divisor = try call.graph.operations.addBinary(.add, angle, isZero)
        let sine = try call.graph.operations.addUnary(.sine, angle)
        let quotient = try call.graph.operations.addBinary(.divide, sine, divisor)
        return try call.graph.operations.addBinary(.add, quotient, isZero)
    }

    /// 0 below 0, 1 above, and x2 at 0.
    private static let heaviside = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let (x, atZero) = try call.pair()
        let isAbove = try call.graph.operations.addBinary(.greater, x, scalar: 0)
        let isZero = try call.graph.operations.addBinary(.equal, x, scalar: 0)
        return try call.graph.operations.addSelect(isZero, atZero, isAbove)
    }

    private static let nanToNum = TensorFunction.one(["nan", "posinf", "neginf"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let largest = Double(Float.greatestFiniteMagnitude)
        let nan = Float(try call.number("nan", default: 0))
        let above = Float(try call.number("posinf", default: largest))
        let below = Float(try call.number("neginf", default: -largest))
        let isNaN = try call.graph.operations.addUnary(.isNaN, x)
        let isInfinite = try call.graph.operations.addUnary(.isInfinite, x)
        let isPositive = try call.graph.operations.addBinary(.greater, x, scalar: 0)
        let values = (
            nan: try call.graph.operations.addConstant(nan), above: try call.graph.operations.addConstant(above),
            below: try call.graph.operations.addConstant(below)
        )
        let bound = try call.graph.operations.addSelect(isPositive, values.above, values.below)
        let finite = try call.graph.operations.addSelect(isInfinite, bound, x)
        return try call.graph.operations.addSelect(isNaN, values.nan, finite)
    }

    private static let threshold = TensorFunction.one(["threshold", "default_value"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let limit = Float(try call.number("threshold", default: 0))
        let isAbove = try call.graph.operations.addBinary(.greater, x, scalar: limit)
        let standard = try call.graph.operations.addConstant(Float(call.number("default_value", default: 0)))
        return try call.graph.operations.addSelect(isAbove, x, standard)
    }

    /// The extreme of two numbers, or the one that is a number.
    private static func ignoringNaN(_ extreme: BinaryFunction) -> TensorFunction {
        .one { (call: inout FunctionCall) throws(LeptonError) in
            let (a, b) = try call.pair()
            let isNaN = (
                a: try call.graph.operations.addUnary(.isNaN, a), b: try call.graph.operations.addUnary(.isNaN, b)
            )
            let first = try call.graph.operations.addSelect(isNaN.a, b, a)
            let second = try call.graph.operations.addSelect(isNaN.b, a, b)
            return try call.graph.operations.addBinary(extreme, first, second)
        }
    }

    /// The remainder with the sign of the dividend, as in C.
    private static let fmod = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let (a, b) = try call.pair()
        let quotient = try call.graph.operations.addBinary(.divide, a, b)
        let whole = try call.graph.operations.addUnary(.truncate, quotient)
        let part = try call.graph.operations.addBinary(.multiply, whole, b)
        return try call.graph.operations.addBinary(.subtract, a, part)
    }

    /// |a - b| <= atol + rtol |b|.
    private static let isClose = TensorFunction.one(["equal_nan", "rtol", "atol"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        guard !call.flag("equal_nan") else {
            throw LeptonError(.notSupported, "isclose with equal_nan=True is not supported; use isnan beside it")
        }
        let (a, b) = try call.pair()
        let difference = try call.graph.operations.addBinary(.subtract, a, b)
        let distance = try call.graph.operations.addUnary(.absolute, difference)
        let size = try call.graph.operations.addUnary(.absolute, b)
        let relative = Float(try call.number("rtol", at: 2, default: 1e-5))
        let absolute = Float(try call.number("atol", at: 3, default: 1e-8))
        let scaled = try call.graph.operations.addBinary(.multiply, size, scalar: relative)
        let limit = try call.graph.operations.addBinary(.add, scaled, scalar: absolute)
        let isNear = try call.graph.operations.addBinary(.lessOrEqual, distance, limit)
        let isSame = try call.graph.operations.addBinary(.equal, a, b)
        return try call.graph.operations.addBinary(.logicalOr, isNear, isSame)
    }

    // MARK: Along axes

    private static let countNonzero = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let counts = try call.graph.operations.addBinary(.notEqual, x, scalar: 0)
        if let axes = try call.axesWithBatch(of: x) { return try call.total(counts, isMean: false, axes: axes) }
        let axes = try call.reducedAxes(of: x)
        return try call.graph.operations.addReduction(.sum, counts, axes: axes)
    }

    /// The numbers, with 0 in the place of NaN, and 1 where there is one.
    private static func numbers(_ call: inout FunctionCall, _ x: Int) throws(LeptonError) -> (values: Int, present: Int)
    {
        let isNaN = try call.graph.operations.addUnary(.isNaN, x)
        let zero = try call.graph.operations.addConstant(0)
        let values = try call.graph.operations.addSelect(isNaN, zero, x)
        return (values, try call.graph.operations.addUnary(.logicalNot, isNaN))
    }

    private static let nanSum = TensorFunction.one(["axis", "keepdims"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axes = try call.reducedAxes(of: x)
        let values = try numbers(&call, x).values
        return try call.graph.operations.addReduction(.sum, values, axes: axes, keepsAxes: call.flag("keepdims"))
    }

    private static let nanMean = TensorFunction.one(["axis", "keepdims"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axes = try call.reducedAxes(of: x)
        let keeps = call.flag("keepdims")
        let found = try numbers(&call, x)
        let total = try call.graph.operations.addReduction(.sum, found.values, axes: axes, keepsAxes: keeps)
        let count = try call.graph.operations.addReduction(.sum, found.present, axes: axes, keepsAxes: keeps)
        return try call.graph.operations.addBinary(.divide, total, count)
    }

    private static func nanExtreme(_ reduction: Reduction) -> TensorFunction {
        .one(["axis", "keepdims"]) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            let axes = try call.reducedAxes(of: x)
            let isNaN = try call.graph.operations.addUnary(.isNaN, x)
            let never = try call.graph.operations.addConstant(reduction == .maximum ? -.infinity : .infinity)
            let values = try call.graph.operations.addSelect(isNaN, never, x)
            return try call.graph.operations.addReduction(
                reduction, values, axes: axes, keepsAxes: call.flag("keepdims"))
        }
    }

    /// The middle element, or the mean of the two in the middle.
    private static let median = TensorFunction.one(["axis", "keepdims"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        guard let axes = try call.reducedAxes(of: x), axes.count == 1, call.shape(x)[axes[0]] > 0 else {
            throw LeptonError(.notSupported, "keras.ops.median is supported along one axis; reshape the tensor first")
        }
        let (axis, count) = (axes[0], call.shape(x)[axes[0]])
        let sorted = try call.graph.operations.addSort(x, axis: axis)
        let middle = try call.graph.operations.addSlice(
            sorted, axis: axis, start: (count - 1) / 2, count: count % 2 == 1 ? 1 : 2)
        return try call.graph.operations.addReduction(.mean, middle, axes: [axis], keepsAxes: call.flag("keepdims"))
    }

    private static let difference = TensorFunction.one(["n", "axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0, "a")
        let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: x)
        let times = try call.integer("n") ?? 1
        guard times >= 0, times < call.shape(x)[axis] else {
            throw call.wrong(
                "n", "0 to \(call.shape(x)[axis] - 1), for what is left to have an element", call.setting("n"))
        }
        for _ in 0..<times {
            let count = call.shape(x)[axis] - 1
            let later = try call.graph.operations.addSlice(x, axis: axis, start: 1, count: count)
            let earlier = try call.graph.operations.addSlice(x, axis: axis, start: 0, count: count)
            x = try call.graph.operations.addBinary(.subtract, later, earlier)
        }
        return x
    }

    // MARK: Parts

    /// A block of fixed extents from a constant place on; the batch whole.
    private static let slice = TensorFunction.one(["shape"]) { (call: inout FunctionCall) throws(LeptonError) in
        var x = try call.value(0, "inputs")
        let rank = call.rank(x)
        guard let extents = call.setting("shape")?.arrayValue?.map({ $0.isNull ? -1 : $0.intValue ?? Int.min }),
            extents.count == rank
        else { throw call.wrong("shape", "\(rank) extents", call.setting("shape")) }
        let argument = call.argument(1, "start_indices") ?? .value(.null)
        let starts = try call.constantIndices(argument, extent: 1 << 24).indices
        guard starts.count == rank else { throw call.wrong("start_indices", "\(rank) whole numbers", nil) }
        if !call.isShared(x), starts[0] != 0 || extents[0] != -1 { throw call.batchAxis() }
        for axis in (call.isShared(x) ? 0 : 1)..<rank {
            let sample = try call.sampleAxis(axis, of: x)
            let count = extents[axis] == -1 ? call.shape(x)[sample] - starts[axis] : extents[axis]
            x = try call.graph.operations.addSlice(x, axis: sample, start: starts[axis], count: count)
        }
        return x
    }

    private static let hstack = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let values = try call.values()
        let axis = try call.sampleAxis(call.rank(values[0]) == 1 ? 0 : 1, of: values[0])
        return try call.graph.operations.addConcatenation(values, axis: axis)
    }

    /// The diagonals over two axes of the sample, along a new last axis.
    private static func diagonals(_ call: inout FunctionCall) throws(LeptonError) -> Int {
        let x = try call.value(0)
        let first = try call.sampleAxis(call.integer("axis1") ?? 0, of: x)
        let second = try call.sampleAxis(call.integer("axis2") ?? 1, of: x)
        let offset = try call.integer("offset") ?? 0
        guard first != second else { throw call.wrong("axis2", "another axis than axis1", call.setting("axis2")) }
        let shape = call.shape(x)
        let kept = shape.indices.filter { $0 != first && $0 != second }
        let (rows, columns) = (shape[first], shape[second])
        let start = (row: max(0, -max(offset, -rows)), column: max(0, min(offset, columns)))
        let count = min(rows - start.row, columns - start.column)
        guard count > 0 else { throw call.wrong("offset", "a diagonal with elements", call.setting("offset")) }
        let moved = try call.graph.operations.addTranspose(x, kept + [first, second])
        let flat = try call.graph.operations.addReshape(moved, to: kept.map { shape[$0] } + [rows * columns])
        return try call.graph.operations.addSlice(
            flat, axis: kept.count, start: start.row * columns + start.column, count: count, step: columns + 1)
    }

    private static let diagonal = TensorFunction.one(["offset", "axis1", "axis2"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        try diagonals(&call)
    }

    private static let trace = TensorFunction.one(["offset", "axis1", "axis2"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let elements = try diagonals(&call)
        return try call.graph.operations.addReduction(.sum, elements, axes: [call.shape(elements).count - 1])
    }

    /// The vector product of two tensors with 3 elements on the last axis.
    private static let cross = TensorFunction.one(["axisa", "axisb", "axisc", "axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let (a, b) = try call.pair()
        for name in ["axisa", "axisb", "axisc", "axis"] {
            guard let axis = try call.integer(name), axis != -1 else { continue }
            throw LeptonError(.notSupported, "keras.ops.cross is supported over the last axes; use moveaxis before it")
        }
        guard call.shape(a).last == 3, call.shape(b).last == 3 else {
            throw LeptonError(
                .shapeMismatch, argument: "Cross", expected: "3 elements on the last axis of both tensors",
                received: "\(Shape.batchText(call.shape(a))) and \(Shape.batchText(call.shape(b)))")
        }
        func turned(_ value: Int, by shift: Int) throws(LeptonError) -> Int {
            try call.graph.operations.addRoll(value, axis: call.shape(value).count - 1, shift: shift)
        }
        let first = try call.graph.operations.addBinary(.multiply, turned(a, by: -1), turned(b, by: -2))
        let second = try call.graph.operations.addBinary(.multiply, turned(a, by: -2), turned(b, by: -1))
        return try call.graph.operations.addBinary(.subtract, first, second)
    }
}
