import LeptonTensor

extension TensorFunction {
    private static let axisAndKeepdims = ["axis", "keepdims"]

    private static func reduction(_ reduction: Reduction, more: [String] = []) -> TensorFunction {
        .one(axisAndKeepdims + more) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            if let axes = try call.axesWithBatch(of: x), let total = try call.overBatch(reduction, x, axes: axes) {
                return total
            }
            let axes = try call.reducedAxes(of: x)
            for name in more where name == "initial" {
                if let value = call.setting(name) {
                    throw LeptonError(
                        .notSupported,
                        "\(call.name).initial = \(value.text.prefix(40)) is not supported; use maximum or minimum")
                }
            }
            return try call.graph.operations.addReduction(reduction, x, axes: axes, keepsAxes: call.flag("keepdims"))
        }
    }

    /// Functions of many numbers along axes.
    static let reductions: [String: TensorFunction] = [
        "Sum": reduction(.sum), "Mean": reduction(.mean), "Max": reduction(.maximum, more: ["initial"]),
        "Min": reduction(.minimum, more: ["initial"]), "Amax": reduction(.maximum), "Amin": reduction(.minimum),
        "Prod": reduction(.product, more: ["dtype"]), "Logsumexp": reduction(.logSumExp), "Any": reduction(.any),
        "All": reduction(.all), "Argmax": place(.indexOfMaximum), "Argmin": place(.indexOfMinimum), "Var": varFunction,
        "Std": stdFunction, "Ptp": ptpFunction, "Cumsum": cumulative(isProduct: false),
        "Cumprod": cumulative(isProduct: true), "Norm": norm, "Normalize": normalize, "Moments": momentsFunction,
        "Average": averageFunction, "Sort": sortFunction, "Argsort": argsortFunction, "TopK": topKFunction,
    ]

    private static func place(_ reduction: Reduction) -> TensorFunction {
        .one(axisAndKeepdims) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            let axes = try call.reducedAxes(of: x)
            return try call.graph.operations.addReduction(reduction, x, axes: axes, keepsAxes: call.flag("keepdims"))
        }
    }

    private static func cumulative(isProduct: Bool) -> TensorFunction {
        .one(["axis", "dtype"]) { (call: inout FunctionCall) throws(LeptonError) in
            let x = try call.value(0)
            guard let axis = try call.integer("axis") else { throw call.batchAxis() }
            let sample = try call.sampleAxis(axis, of: x)
            return try call.graph.operations.addCumulative(isProduct: isProduct, x, axis: sample)
        }
    }

    /// Vector norms: 2 by default, 1, infinity and any other order above 0.
    private static let norm = TensorFunction.one(["ord", "axis", "keepdims"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        if call.setting("ord") == nil, let axes = try call.axesWithBatch(of: x) {
            let squares = try call.graph.operations.addUnary(.square, x)
            return try call.graph.operations.addUnary(
                .squareRoot, call.total(squares, isMean: false, axes: axes))
        }
        let axes = try call.reducedAxes(of: x)
        guard axes?.count == 1 || call.setting("ord") == nil else {
            throw LeptonError(.notSupported, "Norm: norms of matrices are not supported; name one axis")
        }
        let keeps = call.flag("keepdims")
        if let name = call.setting("ord")?.stringValue, name != "inf" {
            throw call.wrong("ord", "a number above 0 or 'inf'", .string(name))
        }
        let magnitude = try call.graph.operations.addUnary(.absolute, x)
        if call.setting("ord")?.stringValue == "inf" {
            return try call.graph.operations.addReduction(.maximum, magnitude, axes: axes, keepsAxes: keeps)
        }
        let order = try call.number("ord", default: 2)
        guard order > 0, order.isFinite else { throw call.wrong("ord", "a number above 0 or 'inf'", .number(order)) }
        if order == 1 { return try call.graph.operations.addReduction(.sum, magnitude, axes: axes, keepsAxes: keeps) }
        let powers =
            order == 2
            ? try call.graph.operations.addUnary(.square, x)
            : try call.graph.operations.addBinary(.power, magnitude, scalar: Float(order))
        let sum = try call.graph.operations.addReduction(.sum, powers, axes: axes, keepsAxes: keeps)
        return order == 2
            ? try call.graph.operations.addUnary(.squareRoot, sum)
            : try call.graph.operations.addBinary(.power, sum, scalar: Float(1 / order))
    }

    /// x / max(norm, epsilon), as Keras has it.
    private static let normalize = TensorFunction.one(["axis", "order", "epsilon"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: x)
        let order = try call.number("order", default: 2)
        let epsilon = Float(try call.number("epsilon", default: 1e-7))
        guard order == 2 || order == 1 else {
            throw LeptonError(.notSupported, "Normalize.order = \(order) is not supported; use 1 or 2")
        }
        guard order == 2 else {
            let magnitude = try call.graph.operations.addUnary(.absolute, x)
            let sum = try call.graph.operations.addReduction(.sum, magnitude, axes: [axis], keepsAxes: true)
            let bounded = try call.graph.operations.addBinary(.maximum, sum, scalar: epsilon)
            return try call.graph.operations.addBinary(.divide, x, bounded)
        }
        let squares = try call.graph.operations.addUnary(.square, x)
        let sum = try call.graph.operations.addReduction(.sum, squares, axes: [axis], keepsAxes: true)
        let bounded = try call.graph.operations.addBinary(.maximum, sum, scalar: epsilon * epsilon)
        let inverse = try call.graph.operations.addUnary(.reciprocalSquareRoot, bounded)
        return try call.graph.operations.addBinary(.multiply, x, inverse)
    }

    private static let varFunction = TensorFunction.one(axisAndKeepdims) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        if let axes = try call.axesWithBatch(of: x) { return try call.variance(x, axes: axes) }
        let axes = try call.reducedAxes(of: x)
        return try call.graph.operations.addVariance(x, axes: axes, keepsAxes: call.flag("keepdims"))
    }

    private static let stdFunction = TensorFunction.one(axisAndKeepdims) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        if let axes = try call.axesWithBatch(of: x) {
            return try call.graph.operations.addUnary(.squareRoot, call.variance(x, axes: axes))
        }
        let axes = try call.reducedAxes(of: x)
        let variance = try call.graph.operations.addVariance(x, axes: axes, keepsAxes: call.flag("keepdims"))
        return try call.graph.operations.addUnary(.squareRoot, variance)
    }

    private static let ptpFunction = TensorFunction.one(axisAndKeepdims) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axes = try call.reducedAxes(of: x)
        let keeps = call.flag("keepdims")
        let high = try call.graph.operations.addReduction(.maximum, x, axes: axes, keepsAxes: keeps)
        let low = try call.graph.operations.addReduction(.minimum, x, axes: axes, keepsAxes: keeps)
        return try call.graph.operations.addBinary(.subtract, high, low)
    }

    private static let momentsFunction = TensorFunction(["axes", "keepdims", "synchronized"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        var axes: [Int] = []
        for axis in try call.integers("axes") ?? [] { axes.append(try call.sampleAxis(axis, of: x)) }
        let keeps = call.flag("keepdims")
        return [
            try call.graph.operations.addReduction(.mean, x, axes: axes, keepsAxes: keeps),
            try call.graph.operations.addVariance(x, axes: axes, keepsAxes: keeps),
        ]
    }

    private static let averageFunction = TensorFunction.one(["axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axes = try call.reducedAxes(of: x)
        guard call.argument(1, "weights") != nil else {
            return try call.graph.operations.addReduction(.mean, x, axes: axes)
        }
        let weights = try call.value(1, "weights")
        let weighted = try call.graph.operations.addBinary(.multiply, x, weights)
        let total = try call.graph.operations.addReduction(.sum, weighted, axes: axes)
        let ones = try call.graph.operations.addBinary(.equal, x, x)
        let spread = try call.graph.operations.addBinary(.multiply, ones, weights)
        let count = try call.graph.operations.addReduction(.sum, spread, axes: axes)
        return try call.graph.operations.addBinary(.divide, total, count)
    }

    private static let sortFunction = TensorFunction.one(["axis"]) { (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: x)
        return try call.graph.operations.addSort(x, axis: axis)
    }

    private static let argsortFunction = TensorFunction.one(["axis"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: x)
        return try call.graph.operations.addArgsort(x, axis: axis)
    }

    private static let topKFunction = TensorFunction(["k", "sorted"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let x = try call.value(0)
        guard let count = try call.integer("k") else { throw call.wrong("k", "a whole number", nil) }
        let top = try call.graph.operations.addTopK(x, count: count)
        return [top.values, top.places]
    }
}
