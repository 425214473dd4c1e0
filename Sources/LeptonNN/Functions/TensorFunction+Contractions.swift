import LeptonTensor

extension TensorFunction {
    /// Products that sum over named axes, and what is made of them.
    static let contractions: [String: TensorFunction] = [
        "Einsum": einsum, "Tensordot": tensordot, "Inner": inner, "DotProductAttention": dotProductAttention,
        "BinaryCrossentropy": binaryCrossentropy, "CategoricalCrossentropy": categoricalCrossentropy(isSparse: false),
        "SparseCategoricalCrossentropy": categoricalCrossentropy(isSparse: true),
    ]

    private static let einsum = TensorFunction.one(["subscripts"]) { (call: inout FunctionCall) throws(LeptonError) in
        guard let equation = call.setting("subscripts")?.stringValue else {
            throw call.wrong("subscripts", "an equation such as 'bij,bjk->bik'", call.setting("subscripts"))
        }
        var values: [Int] = []
        for argument in call.call.positional { values.append(try call.value(argument, "operands")) }
        return try call.graph.operations.addEinsum(equation, values)
    }

    /// Sums over the last axes of the first value and the first of a second one without a batch axis, or over the axes
    /// named for each.
    private static let tensordot = TensorFunction.one(["axes"]) { (call: inout FunctionCall) throws(LeptonError) in
        let a = try call.value(0, "x1")
        let b = try call.value(1, "x2")
        let (rankA, rankB) = (call.rank(a), call.rank(b))
        var pairs: (a: [Int], b: [Int])
        if let count = (call.setting("axes") ?? 2).intValue {
            guard count >= 0, count <= rankA, count <= rankB else {
                throw call.wrong("axes", "at most as many axes as each tensor has", call.setting("axes"))
            }
            pairs = (Array(rankA - count..<rankA), Array(0..<count))
        } else {
            let lists = call.setting("axes")?.arrayValue ?? []
            func axes(_ value: JSONValue, _ rank: Int) -> [Int]? {
                let numbers = value.intValue.map { [$0] } ?? value.arrayValue?.compactMap(\.intValue) ?? []
                let positive = numbers.map { $0 < 0 ? $0 + rank : $0 }
                return positive.allSatisfy { (0..<rank).contains($0) } ? positive : nil
            }
            guard lists.count == 2, let first = axes(lists[0], rankA), let second = axes(lists[1], rankB),
                first.count == second.count
            else {
                throw call.wrong("axes", "a number, or as many axes of the one as of the other", call.setting("axes"))
            }
            pairs = (first, second)
        }
        let letters = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        guard rankA + rankB <= letters.count, Set(pairs.a).count == pairs.a.count else {
            throw call.wrong("axes", "each axis once", call.setting("axes"))
        }
        let labelsA = Array(letters.prefix(rankA))
        var labelsB = Array(letters[rankA..<rankA + rankB])
        for (first, second) in zip(pairs.a, pairs.b) { labelsB[second] = labelsA[first] }
        let kept =
            labelsA.indices.filter { !pairs.a.contains($0) }.map { labelsA[$0] }
            + labelsB.indices.filter { !pairs.b.contains($0) }.map { labelsB[$0] }
        return try call.graph.operations.addEinsum(
            "\(String(labelsA)),\(String(labelsB))->\(String(kept))", [a, b])
    }

    /// The product over the last axes of both, the second without a batch axis.
    private static let inner = TensorFunction.one { (call: inout FunctionCall) throws(LeptonError) in
        let a = try call.value(0, "x1")
        let b = try call.value(1, "x2")
        if call.rank(a) == 0 || call.rank(b) == 0 { return try call.graph.operations.addBinary(.multiply, a, b) }
        guard call.isShared(b), call.rank(b) <= 2 else {
            throw LeptonError(
                .notSupported,
                "keras.ops.inner of two tensors that both have a batch axis is not supported; use keras.ops.einsum")
        }
        return try call.graph.operations.addEinsum(call.rank(b) == 1 ? "...z,z->..." : "...z,yz->...y", [a, b])
    }

    /// softmax(scale · query · key + bias) · value over (time, heads, width), the scale 1 / sqrt(width) if not given;
    /// where the mask is 0, or beyond the present when causal, nothing is attended to.
    private static let dotProductAttention = TensorFunction.one(
        ["is_causal", "flash_attention", "attn_logits_soft_cap"]
    ) { (call: inout FunctionCall) throws(LeptonError) in
        let query = try call.value(0, "query")
        let key = try call.value(1, "key")
        let value = try call.value(2, "value")
        let (shape, keys) = (call.shape(query), call.shape(key))
        guard shape.count == 3, keys.count == 3, shape[2] > 0 else {
            throw LeptonError(
                .shapeMismatch, argument: "DotProductAttention",
                expected: "tensors of rank 4 (batch, time, heads, width)",
                received: "\(Shape.batchText(shape)) and \(Shape.batchText(keys))")
        }
        guard call.setting("attn_logits_soft_cap") == nil, call.setting("flash_attention")?.boolValue != true else {
            throw LeptonError(
                .notSupported,
                "dot_product_attention with attn_logits_soft_cap or flash_attention=True is not supported; leave them out"
            )
        }
        let scale = Float(try call.number("scale", at: 5, default: 1 / Double(shape[2]).squareRoot()))
        var mask = call.argument(4, "mask") == nil ? nil : try call.aligned([query, call.value(4, "mask")])[1]
        guard call.argument(3, "bias") != nil else {
            return try call.graph.operations.addAttention(
                query: query, key: key, value: value, mask: mask, scale: scale, isCausal: call.flag("is_causal"))
        }
        let bias = try call.aligned([query, call.value(3, "bias")])[1]
        if call.flag("is_causal") {
            let causal = try call.graph.causalMask(shape[0], keys[0])
            mask =
                try mask.map { (known) throws(LeptonError) in
                    try call.graph.operations.addBinary(.logicalAnd, known, causal)
                } ?? causal
        }
        let product = try call.graph.operations.addEinsum("btnh,bsnh->bnts", [query, key])
        let scaled = try call.graph.operations.addBinary(.multiply, product, scalar: scale)
        var logits = try call.graph.operations.addBinary(.add, scaled, bias)
        if let mask {
            let lowest = try call.graph.operations.addConstant(-0.7 * Float.greatestFiniteMagnitude)
            logits = try call.graph.operations.addSelect(mask, logits, lowest)
        }
        let weights = try call.graph.operations.addSoftmax(logits, axes: [2])
        return try call.graph.operations.addEinsum("bnts,bsnh->btnh", [weights, value])
    }

    // MARK: Cross-entropies

    /// Keras's epsilon: probabilities are kept this far from 0 and 1.
    private static let epsilon: Float = 1e-7

    private static let binaryCrossentropy = TensorFunction.one(["from_logits"]) {
        (call: inout FunctionCall) throws(LeptonError) in
        let target = try call.value(0, "target")
        let output = try call.value(1, "output")
        guard call.shape(target) == call.shape(output) else { throw call.differentShapes(target, output) }
        let one = try call.graph.operations.addConstant(1)
        let hit: Int
        let miss: Int
        if call.flag("from_logits") {
            let negative = try call.graph.operations.addUnary(.negative, output)
            hit = try call.graph.append(.logSigmoid, after: output)
            miss = try call.graph.append(.logSigmoid, after: negative)
        } else {
            let clipped = try call.graph.operations.addClip(output, from: epsilon, to: 1 - epsilon)
            let rest = try call.graph.operations.addBinary(.subtract, one, clipped)
            hit = try call.graph.operations.addUnary(.logarithm, clipped)
            miss = try call.graph.operations.addUnary(.logarithm, rest)
        }
        let other = try call.graph.operations.addBinary(.subtract, one, target)
        let first = try call.graph.operations.addBinary(.multiply, target, hit)
        let second = try call.graph.operations.addBinary(.multiply, other, miss)
        let sum = try call.graph.operations.addBinary(.add, first, second)
        return try call.graph.operations.addUnary(.negative, sum)
    }

    private static func categoricalCrossentropy(isSparse: Bool) -> TensorFunction {
        .one(["from_logits", "axis"]) { (call: inout FunctionCall) throws(LeptonError) in
            var target = try call.value(0, "target")
            let output = try call.value(1, "output")
            let axis = try call.sampleAxis(call.integer("axis") ?? -1, of: output)
            let shape = call.shape(output)
            if isSparse {
                guard axis == shape.count - 1 else {
                    throw LeptonError(
                        .notSupported, "sparse_categorical_crossentropy is supported with the classes on the last axis")
                }
                let places = Array(shape.dropLast())
                guard call.shape(target) == places || call.shape(target) == places + [1] else {
                    throw call.differentShapes(target, output)
                }
                target = try call.graph.operations.addReshape(target, to: places)
                target = try call.graph.operations.addOneHot(target, depth: shape[axis])
            }
            guard call.shape(target) == shape else { throw call.differentShapes(target, output) }
            let logarithm: Int
            if call.flag("from_logits") {
                let total = try call.graph.operations.addReduction(.logSumExp, output, axes: [axis], keepsAxes: true)
                logarithm = try call.graph.operations.addBinary(.subtract, output, total)
            } else {
                let total = try call.graph.operations.addReduction(.sum, output, axes: [axis], keepsAxes: true)
                let share = try call.graph.operations.addBinary(.divide, output, total)
                let clipped = try call.graph.operations.addClip(share, from: epsilon, to: 1 - epsilon)
                logarithm = try call.graph.operations.addUnary(.logarithm, clipped)
            }
            let terms = try call.graph.operations.addBinary(.multiply, target, logarithm)
            let sum = try call.graph.operations.addReduction(.sum, terms, axes: [axis])
            return try call.graph.operations.addUnary(.negative, sum)
        }
    }
}

extension FunctionCall {
    fileprivate func differentShapes(_ target: Int, _ output: Int) -> LeptonError {
        LeptonError(
            .shapeMismatch,
            "Arguments `target` and `output` must have the same shape. Received: "
                + "target.shape=\(Shape.batchText(shape(target))), output.shape=\(Shape.batchText(shape(output)))")
    }

    /// A number given by position or name, or as a setting.
    func number(
        _ keyword: String, at position: Int, default standard: Double
    ) throws(LeptonError) -> Double {
        guard let argument = argument(position, keyword) else { return try number(keyword, default: standard) }
        guard case .value(let value) = argument, let number = value.doubleValue else {
            throw wrong(keyword, "a number", nil)
        }
        return number
    }
}
