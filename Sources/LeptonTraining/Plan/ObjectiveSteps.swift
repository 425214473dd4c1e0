import CLeptonKernels
import LeptonNN

/// A metric once "accuracy" has been settled by the shapes.
struct ResolvedMetric: Sendable, Equatable {
    let name: String
    let kind: Metric.Kind
    let threshold: Float
    /// Whether sample weights count.
    let isWeighted: Bool
}

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
        /// Pairs of sums: each loss, then each metric.
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
            sumCount = 2 * objectives.outputs.reduce(0) { $0 + ($1.loss == nil ? 0 : 1) + $1.metrics.count }
        }
    }
}

extension PlanBuilder {
    /// The losses, with their gradients when training, and the metrics. They add to pairs of sums, each a total and a
    /// count to divide it by: first the losses in the order of the outputs, then the metrics.
    mutating func emitObjective(_ objective: Plan.Objective) {
        var nextLoss = 0
        var nextMetric = 2 * objective.outputs.count { $0.objective.loss != nil }
        for (value, output) in zip(graph.outputs, objective.outputs) {
            guard let target = output.target else { continue }
            var base = Step { _, _ in }
            base.source = self.value(value)
            base.source2 = .data(target)
            (base.rowsPerSample, base.columns) = matrixExtents(value)
            if let loss = output.objective.loss {
                var step = loss.makeStep().taking(base, loss, output)
                if isTraining, wantsGradient(value) { step.destination = makeGradientPart(value) }
                step.sumIndex = nextLoss
                emit(step)
                if isTraining, wantsGradient(value) { finishGradientPart(value, step.destination) }
                nextLoss += 2
            }
            for metric in output.objective.metrics {
                var step = metric.makeStep().taking(base, metric, output)
                step.sumIndex = nextMetric
                emit(step)
                nextMetric += 2
            }
        }
    }
}

extension Step {
    /// Takes over what does not depend on the kind of loss or metric: operands, extents, sample weights.
    fileprivate func taking(_ base: Step, weights output: Plan.Objective.Output?) -> Step {
        var step = self
        step.source = base.source
        step.source2 = base.source2
        step.rowsPerSample = base.rowsPerSample
        step.columns = base.columns
        step.rowsPerWeight = base.rowsPerSample
        if let output, let column = output.weights {
            step.source3 = .data(column)
            step.rowsPerWeight = base.rowsPerSample / max(output.weightsPerRow, 1)
        }
        return step
    }

    fileprivate func taking(_ base: Step, _ loss: Loss, _ output: Plan.Objective.Output) -> Step {
        var step = taking(base, weights: output)
        step.mode = loss.fromLogits ? 1 : 0
        step.scalar = Float(loss.labelSmoothing)
        step.factor = Float(output.objective.lossWeight)
        return step
    }

    fileprivate func taking(_ base: Step, _ metric: ResolvedMetric, _ output: Plan.Objective.Output) -> Step {
        var step = taking(base, weights: metric.isWeighted ? output : nil)
        step.scalar = metric.threshold
        return step
    }
}

extension StepArguments {
    /// Sample weights; nil where all weigh 1.
    var weights: UnsafeMutablePointer<Float>? { source3 }

    /// What a gradient is multiplied with: the loss of a batch is a mean over the elements of the whole batch, of which
    /// this shard has a part, times the output's weight.
    var lossScale: Float { step.factor / Float(frame.batchRows * step.rowsPerSample) }

    func addLoss(_ total: Double) {
        frame.sums[step.sumIndex] += total
        frame.sums[step.sumIndex + 1] += Double(rows)
    }

    func addMetric(_ total: Double) {
        frame.sums[step.sumIndex] += total
        if let weights {
            var sum = 0.0
            for index in 0..<rows / step.rowsPerWeight { sum += Double(weights[index]) }
            frame.sums[step.sumIndex + 1] += sum * Double(step.rowsPerWeight)
        } else {
            frame.sums[step.sumIndex + 1] += Double(rows)
        }
    }
}

/// A loss kernel with the form of the binary and the categorical cross-entropy: gradient, predictions, targets,
/// weights, rows per weight, rows, columns, scale, whether predictions are logits, label smoothing.
typealias SmoothedLossKernel =
    @convention(c) (
        UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int,
        Int, Float, Int32, Float
    ) -> Double

extension Loss {
    fileprivate func makeStep() -> Step {
        switch kind {
        case .binaryCrossentropy: return smoothedStep(lepton_k_loss_binary_crossentropy_f32)
        case .categoricalCrossentropy: return smoothedStep(lepton_k_loss_categorical_crossentropy_f32)
        case .meanSquaredError:
            return Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.addLoss(
                    lepton_k_loss_mse_f32(
                        call.destination, call.source, call.source2, call.weights,
                        call.step.rowsPerWeight, call.rows, call.step.columns, call.lossScale))
            }
        case .sparseCategoricalCrossentropy:
            return Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.addLoss(
                    lepton_k_loss_sparse_categorical_crossentropy_f32(
                        call.destination, call.source, call.source2, call.weights,
                        call.step.rowsPerWeight, call.rows, call.step.columns, call.lossScale, call.step.mode))
            }
        }
    }

    private func smoothedStep(_ kernel: @escaping SmoothedLossKernel) -> Step {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let kernel = call.step.smoothedLossKernel else { return }
            call.addLoss(
                kernel(
                    call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight,
                    call.rows, call.step.columns, call.lossScale, call.step.mode, call.step.scalar))
        }
        step.smoothedLossKernel = kernel
        return step
    }
}

/// A metric kernel that needs nothing but the numbers: predictions, targets, weights, rows per weight, rows, columns.
typealias MetricKernel =
    @convention(c) (UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int, Int) -> Double

extension ResolvedMetric {
    fileprivate func makeStep() -> Step {
        switch kind {
        case .accuracy: return plainStep(lepton_k_metric_accuracy_f32)
        case .categoricalAccuracy: return plainStep(lepton_k_metric_categorical_accuracy_f32)
        case .sparseCategoricalAccuracy: return plainStep(lepton_k_metric_sparse_categorical_accuracy_f32)
        case .meanAbsoluteError: return plainStep(lepton_k_metric_mae_f32)
        case .meanSquaredError:
            return Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.addMetric(
                    lepton_k_loss_mse_f32(
                        nil, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
                        call.step.columns, 0))
            }
        case .binaryAccuracy:
            return Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.addMetric(
                    lepton_k_metric_binary_accuracy_f32(
                        call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
                        call.step.columns, call.step.scalar))
            }
        }
    }

    private func plainStep(_ kernel: @escaping MetricKernel) -> Step {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let kernel = call.step.metricKernel else { return }
            call.addMetric(
                kernel(
                    call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
                    call.step.columns))
        }
        step.metricKernel = kernel
        return step
    }
}
