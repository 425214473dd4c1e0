import CLeptonKernels
import LeptonNN

extension Plan {
    /// What beside the model's outputs a plan computes.
    struct Objective {
        struct Output {
            let objective: Objectives.Output
            /// Columns of the data; see `PreparedData`.
            let target: Int?
            let weights: Int?
            /// Sample weights in a row of data.
            let weightsPerRow: Int
        }

        let outputs: [Output]
        /// Of all columns: inputs, targets, sample weights.
        let floatsPerRow: [Int]
        /// A pair of sums for each loss, then a block of sums for each metric.
        let sumCount: Int

        init(_ objectives: Objectives, form: PreparedData.Form, weights: PreparedData.WeightColumns) {
            let targets = form.targetColumns
            let base = form.floatsPerRow.count
            outputs = objectives.outputs.indices.map { index in
                let column = weights.columns[index]
                return Output(
                    objective: objectives.outputs[index], target: targets[index], weights: column,
                    weightsPerRow: column.map { weights.floatsPerRow[$0 - base] } ?? 1)
            }
            floatsPerRow = form.floatsPerRow + weights.floatsPerRow
            sumCount = objectives.outputs.reduce(0) { sum, output in
                output.metrics.reduce(sum + (output.loss == nil ? 0 : 2)) { $0 + $1.sumCount }
            }
        }
    }
}

extension PlanBuilder {
    /// The losses, with their gradients when training, and the metrics. They add to blocks of sums: first a total and a
    /// count to divide it by for each loss, in the order of the outputs, and then the metrics' blocks.
    mutating func emitObjective(_ objective: Plan.Objective) {
        var nextLoss = 0
        var nextMetric = 2 * objective.outputs.count { $0.objective.loss != nil }
        for (value, output) in zip(graph.outputs, objective.outputs) {
            guard let target = output.target else { continue }
            var base = Step { _, _ in }
            base.source = self.value(value)
            base.source2 = .data(target)
            if let column = output.weights { base.source3 = .data(column) }
            base.rowsPerWeight = output.weightsPerRow
            if let loss = output.objective.loss {
                base.sumIndex = nextLoss
                base.factor = Float(output.objective.lossWeight)
                let gradient = isTraining && wantsGradient(value) ? makeGradientPart(value) : .none
                emitLoss(output.objective, loss, of: value, gradient: gradient, base: base)
                if gradient != .none { finishGradientPart(value, gradient) }
                nextLoss += 2
            }
            for metric in output.objective.metrics {
                base.sumIndex = nextMetric
                emitMetric(metric, of: value, base: base)
                nextMetric += metric.sumCount
            }
        }
    }
}
