import LeptonTensor

/// y = softmax(q · kᵀ · scale) · v for each head, under a mask. Samples: q (blocks..., queries, heads, key width),
/// k (blocks..., keys, heads / group, key width), v (blocks..., keys, heads / group, value width), and the mask, if
/// any, a fourth input that can be broadcast to (heads, queries, keys): 0 hides a key from a query.
package struct AttentionOperation: Operation {
    /// Samples of attention within one sample of the model.
    package let blocks: Int
    package let heads: Int
    /// Heads of q that share one of k and v.
    package let group: Int
    package let queries: Int
    package let keys: Int
    package let keyWidth: Int
    package let valueWidth: Int
    package let scale: Float
    /// Hides from query i the keys after i.
    package let isCausal: Bool

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(blocks * heads) * Double(queries) * Double(keys) * Double(keyWidth + valueWidth)
    }
}

extension OperationGraph {
    /// Attention of values with axes (..., positions, heads, width).
    ///
    /// - Throws: `shapeMismatch` for shapes that do not belong together.
    package mutating func addAttention(
        query: Int, key: Int, value: Int, mask: Int? = nil, scale: Float, isCausal: Bool
    ) throws(LeptonError) -> Int {
        let (q, k, v) = (sampleShapes[query], sampleShapes[key], sampleShapes[value])
        guard q.count >= 3, k.count == q.count, v.count == q.count, k.dropLast() == v.dropLast(),
            q.dropLast(3) == k.dropLast(3), q.last == k.last, k[k.count - 2] > 0,
            q[q.count - 2] % k[k.count - 2] == 0
        else {
            throw LeptonError(
                .shapeMismatch, argument: "attention",
                expected: "query, key and value of axes (batch, positions, heads, width) that belong together",
                received: "\(text(of: query)), \(text(of: key)), \(text(of: value))")
        }
        let operation = AttentionOperation(
            blocks: q.dropLast(3).reduce(1, *), heads: q[q.count - 2], group: q[q.count - 2] / k[k.count - 2],
            queries: q[q.count - 3], keys: k[k.count - 3], keyWidth: q[q.count - 1], valueWidth: v[v.count - 1],
            scale: scale, isCausal: isCausal)
        var inputs = [query, key, value]
        if let mask {
            let whole = [operation.heads, operation.queries, operation.keys]
            guard operation.blocks == 1, sampleShapes[mask].count <= 3,
                try broadcastShape(sampleShapes[mask], whole) == whole
            else {
                throw LeptonError(
                    .shapeMismatch, argument: "attention_mask",
                    expected: "a mask that can be broadcast to \(Shape.batchText(whole))", received: text(of: mask))
            }
            inputs.append(mask)
        }
        return try add(operation, inputs: inputs, outputShape: q.dropLast() + [operation.valueWidth])
    }
}
