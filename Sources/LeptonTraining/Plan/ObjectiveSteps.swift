import CLeptonKernels
import LeptonNN
import LeptonTensor

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
            /// What the graph computes for a program's own loss.
            var loss: TracedValue?
            /// What it computes for each metric that is a program's own: what the batch adds to its state.
            var metrics: [[TracedValue]?] = []
        }

        private(set) var outputs: [Output]
        /// The model's operations, and after them those of a program's own losses and metrics.
        let graph: OperationGraph
        /// Of all columns: inputs, targets, sample weights.
        let floatsPerRow: [Int]
        /// A pair of sums for each loss, then a block of sums for each metric.
        let sumCount: Int

        /// - Throws: `shapeMismatch` for sample weights that a program's own loss or metric cannot take.
        init(
            _ objectives: Objectives, form: PreparedData.Form, weights: PreparedData.WeightColumns
        ) throws(LeptonError) {
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
            var extended = TracedGraph(form.operations)
            for index in outputs.indices { try extended.append(&outputs[index], number: index) }
            graph = extended.finished()
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
            let mask = output.objective.mask.map {
                OutputMask(values: self.value($0), positions: graph.floatsPerRow($0))
            }
            if let loss = output.objective.loss {
                base.sumIndex = nextLoss
                base.factor = Float(output.objective.lossWeight)
                let differentiated = output.loss?.value ?? value
                let gradient = isTraining && wantsGradient(differentiated) ? makeGradientPart(differentiated) : .none
                if let traced = output.loss {
                    emitTracedLoss(loss, traced, gradient: gradient, base: base)
                } else {
                    emitLoss(output.objective, loss, of: value, mask: mask, gradient: gradient, base: base)
                }
                if gradient != .none { finishGradientPart(differentiated, gradient) }
                nextLoss += 2
            }
            for (metric, traced) in zip(output.objective.metrics, output.metrics) {
                base.sumIndex = nextMetric
                if let traced {
                    emitTracedMetric(traced, base: base)
                } else {
                    emitMetric(metric, of: value, mask: mask, base: base)
                }
                nextMetric += metric.sumCount
            }
        }
    }
}
