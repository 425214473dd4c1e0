import LeptonTensor

/// How `Attention` and its like are called: on a list, with two switches.
struct AttentionCall: Sendable {
    var isCausal = false
    var returnsScores = false

    init() {}

    init(_ call: LayerCall, owner: String) throws(LeptonError) {
        try call.check(owner, keywords: ["use_causal_mask", "return_attention_scores"])
        if case .tensor? = call.positional.first {
            throw LeptonError(
                .invalidArgument,
                "\(owner) layer must be called on a list of inputs, namely [query, value] or [query, value, key]. "
                    + "Received: one tensor.")
        }
        isCausal = try call.flag("use_causal_mask", owner)
        returnsScores = try call.flag("return_attention_scores", owner)
    }

    /// Checks the shapes of query, value and key, and returns that of the scores.
    static func scoreShape(_ shapes: [[Int]], owner: String) throws(LeptonError) -> [Int] {
        let (query, value, key) = (shapes[0], shapes[1], shapes.count > 2 ? shapes[2] : shapes[1])
        guard query.count >= 2, key.count == query.count, value.count == query.count, query.last == key.last,
            query.dropLast(2) == key.dropLast(2), key.dropLast() == value.dropLast()
        else {
            throw LeptonError(
                .shapeMismatch, argument: "\(owner) inputs",
                expected: "query (batch, Tq, dim), value (batch, Tv, width) and key (batch, Tv, dim)",
                received: shapes.map(Shape.batchText).joined(separator: ", "))
        }
        return query.dropLast() + [key[key.count - 2]]
    }
}

extension LayerCall {
    /// A keyword that is true or false; false when absent.
    func flag(_ name: String, _ owner: String) throws(LeptonError) -> Bool {
        switch self[name] {
        case nil: return false
        case .value(.bool(let flag)): return flag
        default:
            throw LeptonError(
                .invalidArgument, argument: "\(owner) call argument \(name)", expected: "True or False",
                received: "something else")
        }
    }
}

extension ConfigReader {
    /// A rate of dropout: from 0 to 1, 0 when absent.
    mutating func optionalRate(_ name: String) throws(LeptonError) -> Double {
        try number(name, default: 0, "a number between 0 and 1") { $0 >= 0 && $0 <= 1 }
    }
}

extension LoweredGraph {
    /// query + key for every pair of positions: (..., Tq, Tv, dim).
    mutating func pairSums(_ query: Int, _ key: Int) throws(LeptonError) -> Int {
        let (q, k) = (operations.sampleShapes[query], operations.sampleShapes[key])
        let queries = try operations.addReshape(query, to: q.dropLast() + [1] + q.suffix(1))
        let keys = try operations.addReshape(key, to: k.dropLast(2) + [1] + k.suffix(2))
        return try operations.addBinary(.add, queries, keys)
    }

    /// A value's mask over its positions as one over keys: (1, Tv).
    mutating func keyMask(of value: Int) throws(LeptonError) -> Int? {
        guard let mask = masks[value] else { return nil }
        let shape = operations.sampleShapes[mask]
        return try operations.addReshape(mask, to: shape.dropLast() + [1] + shape.suffix(1))
    }

    /// Attention of one head: samples (T, width).
    fileprivate mutating func headed(_ value: Int) throws(LeptonError) -> Int {
        let shape = operations.sampleShapes[value]
        return try operations.addReshape(value, to: [shape[0], 1, shape[1]])
    }

    mutating func attend(
        _ query: Int, _ key: Int, _ value: Int, mask: Int?, isCausal: Bool
    ) throws(LeptonError) -> Int {
        let result = try operations.addAttention(
            query: try headed(query), key: try headed(key), value: try headed(value), mask: mask, scale: 1,
            isCausal: isCausal)
        let shape = operations.sampleShapes[result]
        return try operations.addReshape(result, to: [shape[0], shape[2]])
    }

    /// 1 where query i may see key j: j is not after i.
    mutating func causalMask(_ queries: Int, _ keys: Int) throws(LeptonError) -> Int {
        let size = Shape.checkedProduct([queries, keys]) ?? Int.max
        guard size <= 1 << 26 else {
            throw LeptonError(
                .outOfMemory, argument: "use_causal_mask", expected: "fewer positions",
                received: "\(queries) by \(keys)")
        }
        let values = (0..<size).map { Float($0 % keys <= $0 / keys ? 1 : 0) }
        return try operations.addConstant(values, shape: [queries, keys])
    }

    /// softmax(scores) · value under the masks, with dropout of the weights; and the weights where they are asked for.
    mutating func attend(
        scores: Int, query: Int, value: Int, call: AttentionCall, dropout: Double, seed: UInt64?
    ) throws(LeptonError) -> [Int] {
        let shape = operations.sampleShapes[scores]
        var scores = scores
        var mask = try keyMask(of: value)
        if call.isCausal {
            let causal = try causalMask(shape[shape.count - 2], shape[shape.count - 1])
            mask =
                try mask.map { known throws(LeptonError) in
                    try operations.addBinary(.logicalAnd, known, causal)
                } ?? causal
        }
        if let mask {
            let lowered = try operations.addBinary(.subtract, scores, scalar: 1e9)
            scores = try operations.addSelect(mask, scores, lowered)
        }
        let weights = try operations.addSoftmax(scores, axes: [shape.count - 1])
        let kept = try operations.addDropout(dropout, weights, seed: seed)
        let result = try operations.addProduct(kept, value)
        return try finishAttention(call.returnsScores ? [result, weights] : [result], query: query)
    }

    /// Zeros where the query is masked out.
    mutating func finishAttention(_ results: [Int], query: Int) throws(LeptonError) -> [Int] {
        guard let mask = masks[query] else { return results }
        let shape = operations.sampleShapes[mask]
        let wide = try operations.addReshape(mask, to: shape + [1])
        return [try operations.addBinary(.keepWhere, results[0], wide)] + results.dropFirst()
    }
}
