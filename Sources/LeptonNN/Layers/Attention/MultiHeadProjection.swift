import LeptonTensor

/// The four projections of a multi-head layer: each an EinsumDense in Keras, a matrix product here.
struct MultiHeadProjection {
    let heads: Int
    /// Heads of key and value.
    let groups: Int
    let keyWidth: Int
    let valueWidth: Int
    let hasBias: Bool
    /// Whether the query is also projected to what the result of each head is multiplied with.
    var hasGate = false
    let outputShape: [Int]?
    let kernelInitializer: Initializer
    let biasInitializer: Initializer

    private func weights(_ name: String, input: [Int], output: [Int]) -> [LayerWeight] {
        let (fanIn, fanOut) = (input.reduce(1.0) { $0 * Double($1) }, output.reduce(1.0) { $0 * Double($1) })
        let kernel = LayerWeight(
            name: "\(name)/kernel", shape: input + output,
            initializer: kernelInitializer.scaled(fanIn: fanIn, fanOut: fanOut))
        return hasBias
            ? [kernel, LayerWeight(name: "\(name)/bias", shape: output, initializer: biasInitializer)] : [kernel]
    }

    func weights(_ shapes: MultiHeadCall.Roles<[Int]>) -> [LayerWeight] {
        weights("query", input: shapes.query.suffix(1), output: [heads, keyWidth])
            + weights("key", input: shapes.key.suffix(1), output: [groups, keyWidth])
            + (hasGate ? weights("gate", input: shapes.query.suffix(1), output: [heads, valueWidth]) : [])
            + weights("value", input: shapes.value.suffix(1), output: [groups, valueWidth])
            + weights(
                "attention_output", input: [heads, valueWidth], output: outputShape ?? Array(shapes.query.suffix(1)))
    }

    private func dense(
        _ value: Int, place: Int, _ weights: [Int], output: [Int], _ graph: inout LoweredGraph
    ) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[value]
        let each = hasBias ? 2 : 1
        let units = output.reduce(1, *)
        let product = try graph.operations.add(
            DenseOperation(units: units, hasBias: hasBias, activation: .linear), inputs: [value],
            weights: Array(weights[(place * each)..<((place + 1) * each)]), outputShape: shape.dropLast() + [units])
        return try graph.operations.addReshape(product, to: shape.dropLast() + output)
    }

    /// Query, key and value with axes (..., heads, width).
    func project(
        _ values: MultiHeadCall.Roles<Int>, _ weights: [Int], _ graph: inout LoweredGraph
    ) throws(LeptonError) -> (query: Int, key: Int, value: Int) {
        (
            try dense(values.query, place: 0, weights, output: [heads, keyWidth], &graph),
            try dense(values.key, place: 1, weights, output: [groups, keyWidth], &graph),
            try dense(values.value, place: hasGate ? 3 : 2, weights, output: [groups, valueWidth], &graph)
        )
    }

    /// What a result (..., heads, width) is multiplied with.
    func gate(
        _ query: Int, _ weights: [Int], _ graph: inout LoweredGraph
    ) throws(LeptonError) -> Int {
        try graph.append(
            .sigmoid, after: dense(query, place: 2, weights, output: [heads, valueWidth], &graph))
    }

    func projectBack(
        _ value: Int, _ shapes: MultiHeadCall.Roles<[Int]>, _ weights: [Int], _ graph: inout LoweredGraph
    ) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[value]
        let flat = try graph.operations.addReshape(value, to: shape.dropLast(2) + [heads * valueWidth])
        return try dense(
            flat, place: hasGate ? 4 : 3, weights, output: outputShape ?? Array(shapes.query.suffix(1)), &graph)
    }
}
