import LeptonTensor

/// How a multi-head layer is called: which of the inputs are query, value, key and mask, and two switches.
struct MultiHeadCall: Sendable {
    private var query = 0
    private var value = 1
    private var key = 1
    private(set) var mask: Int?
    private(set) var hasKey = false
    private(set) var isCausal = false
    private(set) var returnsScores = false

    init() {}

    init(_ call: LayerCall, owner: String) throws(LeptonError) {
        let tensors = ["query", "value", "key", "attention_mask"]
        try call.check(owner, keywords: tensors + ["use_causal_mask", "return_attention_scores"])
        var places: [String: Int] = [:]
        // In Keras the masks of query, value and key stand between key and attention_mask.
        let names = ["query", "value", "key"]
        var positional = call.positional
        if positional.count == 1, case .list(let all)? = positional.first { positional = all }
        guard positional.count <= names.count else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner) call", expected: "at most query, value and key without keywords",
                received: "\(positional.count) arguments")
        }
        for (name, argument) in zip(names, positional) {
            if argument == .value(.null) { continue }
            guard case .tensor(let place) = argument else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner) call argument \(name)", expected: "a tensor",
                    received: "something else")
            }
            places[name] = place
        }
        for name in tensors {
            guard let argument = call[name] else { continue }
            guard case .tensor(let place) = argument, places[name] == nil else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner) call argument \(name)", expected: "one tensor",
                    received: places[name] == nil ? "something else" : "two")
            }
            places[name] = place
        }
        guard let query = places["query"], let value = places["value"] else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner) call", expected: "query and value",
                received: places.keys.sorted().joined(separator: ", "))
        }
        self.query = query
        self.value = value
        key = places["key"] ?? value
        hasKey = places["key"] != nil
        mask = places["attention_mask"]
        isCausal = try call.flag("use_causal_mask", owner)
        returnsScores = try call.flag("return_attention_scores", owner)
    }

    /// Which inputs Keras's names of masks are for.
    ///
    /// - Parameter takesQuery: false where the query's mask is the one that the query comes with.
    func maskedInputs(takesQuery: Bool) -> [String: Int?] {
        ["query_mask": takesQuery ? query : nil, "value_mask": value, "key_mask": key]
    }

    struct Roles<Value> {
        let query: Value
        let value: Value
        let key: Value
    }

    func values(_ inputs: [Int]) -> Roles<Int> {
        Roles(query: inputs[query], value: inputs[value], key: inputs[key])
    }

    func shapes(_ inputs: [[Int]], owner: String) throws(LeptonError) -> Roles<[Int]> {
        let shapes = Roles(query: inputs[query], value: inputs[value], key: inputs[key])
        guard shapes.value.dropLast() == shapes.key.dropLast(), !shapes.value.isEmpty, !shapes.key.isEmpty else {
            throw LeptonError(
                .shapeMismatch,
                "All dimensions of `value` and `key`, except the last one, must be equal. Received: value_shape="
                    + "\(Shape.batchText(shapes.value)) and key_shape=\(Shape.batchText(shapes.key))")
        }
        guard shapes.query.count >= 2, shapes.value.count == shapes.query.count else {
            throw LeptonError(
                .shapeMismatch, argument: "\(owner) inputs",
                expected: "query and value of at least 3 axes, batch included, and as many each",
                received: "\(Shape.batchText(shapes.query)), \(Shape.batchText(shapes.value))")
        }
        return shapes
    }
}

/// The axes of projected samples (..., heads, width) as attention takes them: axes that are not attended over first,
/// then the attended ones joined to one, then heads and width.
struct AttentionOrder {
    /// Axes of the sample, without the last.
    private let attended: [Int]
    private let others: [Int]

    /// - Parameters:
    ///   - axes: with the batch as axis 0, nil for all.
    ///   - rank: axes of a sample before projection.
    init(_ axes: [Int]?, rank: Int) throws(LeptonError) {
        let all = Array(0..<(rank - 1))
        guard let axes else {
            attended = all
            others = []
            return
        }
        // Keras counts negative axes from the heads' axis of the projected values.
        let positive = axes.map { ($0 < 0 ? $0 + rank + 1 : $0) - 1 }
        guard !positive.isEmpty, positive.allSatisfy(all.contains), Set(positive).count == positive.count else {
            throw LeptonError(
                .invalidArgument, argument: "attention_axes", expected: "axes between the batch and the last one",
                received: Shape.text(axes))
        }
        attended = positive
        others = all.filter { !positive.contains($0) }
    }

    func check(_ shapes: MultiHeadCall.Roles<[Int]>) throws(LeptonError) {
        guard others.allSatisfy({ shapes.query[$0] == shapes.value[$0] }) else {
            throw LeptonError(
                .shapeMismatch, argument: "attention", expected: "equal extents along axes that are not attended over",
                received: "\(Shape.batchText(shapes.query)), \(Shape.batchText(shapes.value))")
        }
    }

    private func size(_ axes: [Int], _ shape: [Int]) -> Int { axes.reduce(1) { $0 * shape[$1] } }

    func queries(_ shape: [Int]) -> Int { size(attended, shape) }
    var isWhole: Bool { others.isEmpty }

    func scoreShape(_ shapes: MultiHeadCall.Roles<[Int]>, heads: Int) -> [Int] {
        others.map { shapes.query[$0] } + [heads] + attended.map { shapes.query[$0] }
            + attended.map { shapes.value[$0] }
    }

    /// (others, attended joined, heads, width)
    func gather(_ value: Int, _ graph: inout OperationGraph) throws(LeptonError) -> Int {
        let shape = graph.sampleShapes[value]
        let order = others + attended + [shape.count - 2, shape.count - 1]
        let moved = try graph.addTranspose(value, order)
        return try graph.addReshape(
            moved, to: others.map { shape[$0] } + [size(attended, shape)] + shape.suffix(2))
    }

    /// The reverse, for a result of the query's positions.
    func scatter(_ value: Int, like query: [Int], _ graph: inout OperationGraph) throws(LeptonError) -> Int {
        let last = graph.sampleShapes[value].suffix(2)
        let apart = try graph.addReshape(value, to: (others + attended).map { query[$0] } + last)
        let order = others + attended + [query.count - 1, query.count]
        return try graph.addTranspose(apart, order.indices.map { order.firstIndex(of: $0) ?? $0 })
    }
}

extension LoweredGraph {
    /// The masks of a call's inputs and its own, as one that can be broadcast to (heads, queries, keys).
    mutating func attentionMask(
        _ call: MultiHeadCall, _ inputs: [Int], _ shapes: MultiHeadCall.Roles<[Int]>, _ order: AttentionOrder,
        isOneHeadPerKey: Bool
    ) throws(LeptonError) -> Int? {
        let values = call.values(inputs)
        let (queries, keys) = (order.queries(shapes.query), order.queries(shapes.value))
        var parts: [Int] = []
        func lying(_ mask: Int, _ shape: [Int]) throws(LeptonError) -> Int {
            try operations.addReshape(mask, to: shape)
        }
        if let mask = masks[values.query] { parts.append(try lying(mask, [queries, 1])) }
        if let mask = masks[values.value] { parts.append(try lying(mask, [1, keys])) }
        if call.hasKey, let mask = masks[values.key] { parts.append(try lying(mask, [1, keys])) }
        if let place = call.mask {
            let shape = operations.sampleShapes[inputs[place]]
            guard order.isWhole else {
                throw LeptonError(
                    .notSupported, "attention_mask together with attention_axes is not supported; transpose the inputs")
            }
            // (T, S) or (heads, T, S), each extent of which may be 1.
            let pair = shape.count >= 2 ? Array(shape.suffix(2)) : []
            guard shape.count == 2 || shape.count == 3, [1, queries].contains(pair[0]), [1, keys].contains(pair[1])
            else {
                throw LeptonError(
                    .shapeMismatch, argument: "attention_mask",
                    expected: "a mask of shape \(Shape.batchText([queries, keys])), or with an axis for heads",
                    received: Shape.batchText(shape))
            }
            parts.append(inputs[place])
        }
        guard order.isWhole || parts.isEmpty else {
            throw LeptonError(.notSupported, "masks together with attention_axes are not supported")
        }
        guard var result = parts.first else { return nil }
        for part in parts.dropFirst() { result = try operations.addBinary(.logicalAnd, result, part) }
        return result
    }

    /// The same as the attention operation, step by step, for weights that are dropped or looked at. Scores are
    /// (blocks..., heads, queries, keys); masked weights are 0, as Keras has it here.
    mutating func attendUnfused(
        _ heads: (query: Int, key: Int, value: Int), mask: Int?, isCausal: Bool, dropout: Double, seed: UInt64?
    ) throws(LeptonError) -> (result: Int, scores: Int?) {
        let rank = operations.sampleShapes[heads.query].count
        let headsFirst = Array(0..<(rank - 3)) + [rank - 2, rank - 3, rank - 1]
        let groups = operations.sampleShapes[heads.query][rank - 2] / operations.sampleShapes[heads.key][rank - 2]
        let query = try operations.addTranspose(heads.query, headsFirst)
        var key = try operations.addTranspose(heads.key, headsFirst)
        var value = try operations.addTranspose(heads.value, headsFirst)
        if groups > 1 {
            key = try operations.addRepeat(key, axis: rank - 3, count: groups)
            value = try operations.addRepeat(value, axis: rank - 3, count: groups)
        }
        var scores = try operations.addProduct(query, key, transposesB: true)
        let shape = operations.sampleShapes[scores]
        var mask = mask
        if isCausal {
            let causal = try causalMask(shape[rank - 2], shape[rank - 1])
            mask =
                try mask.map { known throws(LeptonError) in
                    try operations.addBinary(.logicalAnd, known, causal)
                } ?? causal
        }
        if let mask { scores = try operations.addSelect(mask, scores, try operations.addConstant(-1e9)) }
        scores = try operations.addSoftmax(scores, axes: [rank - 1])
        if let mask { scores = try operations.addBinary(.keepWhere, scores, mask) }
        let kept = try operations.addDropout(dropout, scores, seed: seed)
        let result = try operations.addProduct(kept, value)
        return (try operations.addTranspose(result, headsFirst), scores)
    }
}
