import LeptonNN
import LeptonTensor

/// A value that the graph computes for a program's own loss or metric.
struct TracedValue {
    let value: Int
    /// Elements of a row, or of the whole when the value is the same for every row.
    let count: Int
    /// One for the whole batch rather than one for each row.
    let isOfBatch: Bool
    /// Whether the value that is meant is the mean of the rows' values rather than their sum, or the values themselves;
    /// nil for these.
    let isMeanOfRows: Bool?
}

/// A model's operations with those of a program's own losses and metrics after them.
struct TracedGraph {
    private var graph: OperationGraph
    private let modelNodes: Int
    private var used: [Int] = []

    init(_ model: OperationGraph) {
        graph = model
        modelNodes = model.nodes.count
    }

    /// The graph, without operations that a total over the batch needs no more because its rows are added up anyway.
    func finished() -> OperationGraph {
        var result = graph
        result.dropUnused(from: modelNodes, keeping: used)
        return result
    }

    /// Appends what an output's loss and metrics compute.
    mutating func append(_ output: inout Plan.Objective.Output, number: Int) throws(LeptonError) {
        let objective = output.objective
        output.metrics = objective.metrics.map { _ in nil }
        let functions = objective.metrics.contains { $0.metric.traced != nil }
        guard output.target != nil, objective.loss?.function != nil || functions else { return }
        let predictions = graph.outputs[number]
        let target = graph.addGiven(.target, output: number, objective.targetShape)
        if let loss = objective.loss, let function = loss.function {
            var value = try function.append(to: &graph, inputs: [target, predictions])[0]
            if let mask = objective.mask { value = try masked(value, mask, loss, output) }
            output.loss = try lossValue(value, loss, output)
        }
        for (place, resolved) in objective.metrics.enumerated() {
            guard let metric = resolved.metric.traced, let plain = metric.update else { continue }
            var values: [Int]
            if resolved.isWeighted, output.weights != nil {
                values = try weighted(metric, resolved, output, number, inputs: [target, predictions])
            } else {
                values = try plain.append(to: &graph, inputs: [target, predictions])
            }
            output.metrics[place] = values.map { metricValue($0) }
        }
    }

    private mutating func weighted(
        _ metric: TracedMetric, _ resolved: ResolvedMetric, _ output: Plan.Objective.Output, _ number: Int,
        inputs: [Int]
    ) throws(LeptonError) -> [Int] {
        guard let function = metric.weightedUpdate, function.inputShapes[2].reduce(1, *) == output.weightsPerRow else {
            throw LeptonError(
                .shapeMismatch, argument: "sample_weight",
                expected: metric.weightedUpdate.map { "weights of shape \(Shape.batchText($0.inputShapes[2]))" }
                    ?? "none: the metric '\(resolved.name)' was read without sample weights",
                received: "\(output.weightsPerRow) weights a row")
        }
        let weights = graph.addGiven(.weights, output: number, function.inputShapes[2])
        return try function.append(to: &graph, inputs: inputs + [weights])
    }

    /// A loss's values as the mask of the predictions weighs them: as Keras has it, what counts weighs more by as much as
    /// does not count.
    ///
    /// - Throws: `shapeMismatch` when there is no number of the mask for each value; `notSupported`.
    private mutating func masked(
        _ value: Int, _ mask: Int, _ loss: Loss, _ output: Plan.Objective.Output
    ) throws(LeptonError) -> Int {
        let isOfBatch = graph.isShared(value)
        guard output.weights == nil || (loss.reduction != .meanWithSampleWeight && !isOfBatch) else {
            throw LeptonError(
                .notSupported,
                "the loss '\(loss.name)' on the output '\(output.objective.name)', which has a mask, is not supported "
                    + "together with sample weights; give values for each position, and another reduction than "
                    + "mean_with_sample_weight")
        }
        graph.takesBatchTotals = true
        defer { graph.takesBatchTotals = false }
        let shape = graph.sampleShapes[mask]
        let kept = try graph.addStopGradient(mask)
        let share =
            try shape.isEmpty ? kept : graph.addReduction(.mean, kept, axes: Array(shape.indices))
        let mean = try graph.addBatchTotal(share, isMean: true)
        guard !isOfBatch else {
            // One value for the batch is that of each position.
            guard loss.reduction == .sum else {
                return try graph.addBinary(.keepWhere, value, mean)
            }
            let count = try graph.addBatchTotal(
                shape.isEmpty ? kept : graph.addReduction(.sum, kept, axes: Array(shape.indices)), isMean: false)
            return try graph.addBinary(.multiply, value, count)
        }
        let values = graph.sampleShapes[value]
        guard graph.samplesPerRow(value) == 1, shape == Array(values.prefix(shape.count)) else {
            throw LeptonError(
                .shapeMismatch, argument: "mask of the output '\(output.objective.name)'",
                expected: "the shape of the values of the loss '\(loss.name)', \(Shape.batchText(values))",
                received: Shape.batchText(shape))
        }
        let wide = try graph.addReshape(
            kept, to: shape + [Int](repeating: 1, count: values.count - shape.count))
        let counted = try graph.addBinary(.multiply, value, wide)
        guard loss.reduction != .sum else { return counted }
        // Where nothing counts, all is 0, and stays it.
        let divisor = try graph.addBinary(.maximum, mean, scalar: .leastNormalMagnitude)
        return try graph.addBinary(.divide, counted, divisor)
    }

    private mutating func lossValue(
        _ value: Int, _ loss: Loss, _ output: Plan.Objective.Output
    ) throws(LeptonError) -> TracedValue {
        let count = graph.floatsPerRow(value)
        let fits =
            output.weights == nil
            || (graph.isShared(value)
                ? count == 1 && output.weightsPerRow == 1
                : graph.samplesPerRow(value) == 1 && count % max(output.weightsPerRow, 1) == 0)
        guard fits else {
            let shape = graph.sampleShapes[value]
            throw LeptonError(
                .shapeMismatch, argument: "sample_weight",
                expected: "weights that fit the values of the loss '\(loss.name)', of shape "
                    + (graph.isShared(value) ? Shape.text(shape) : Shape.batchText(shape)),
                received: "\(output.weightsPerRow) weights a row")
        }
        // A mean of all rows is what the reduction does anyway, unless weights come between.
        if output.weights == nil, count == 1, let total = graph.batchTotal(value) {
            return keep(total.rows, isMeanOfRows: total.isMean)
        }
        return keep(value, isMeanOfRows: nil)
    }

    private mutating func metricValue(_ value: Int) -> TracedValue {
        guard let total = graph.batchTotal(value) else { return keep(value, isMeanOfRows: nil) }
        return keep(total.rows, isMeanOfRows: total.isMean)
    }

    private mutating func keep(_ value: Int, isMeanOfRows: Bool?) -> TracedValue {
        used.append(value)
        return TracedValue(
            value: value, count: graph.floatsPerRow(value), isOfBatch: graph.isShared(value),
            isMeanOfRows: isMeanOfRows)
    }
}
