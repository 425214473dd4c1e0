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

extension PlanBuilder {
    /// The loss, with its gradient when training, and the metrics. They add to pairs of sums: pair 0 is the loss,
    /// pair i + 1 metric i; each a total and a count to divide it by.
    mutating func emitObjective(_ objective: Plan.Objective) {
        let output = graph.outputs[0]
        let target = Operand.data(graph.inputs.count)
        var step = objective.loss.makeStep()
        step.source = value(output)
        step.source2 = target
        if isTraining, wantsGradient(output) { step.destination = makeGradient(output) }
        (step.rowsPerSample, step.columns) = matrixExtents(output)
        step.mode = objective.loss.fromLogits ? 1 : 0
        step.scalar = Float(objective.loss.labelSmoothing)
        emit(step)

        for (index, metric) in objective.metrics.enumerated() {
            var step = metric.makeStep()
            step.source = value(output)
            step.source2 = target
            (step.rowsPerSample, step.columns) = matrixExtents(output)
            step.mode = metric.isWeighted ? 1 : 0
            step.scalar = metric.threshold
            step.sumIndex = 2 * (index + 1)
            emit(step)
        }
    }
}

extension StepArguments {
    /// The loss of a batch is a mean over the elements of the whole batch, of which this shard has a part.
    var lossScale: Float { 1 / Float(frame.batchRows * step.rowsPerSample) }

    func addLoss(_ total: Double) {
        frame.sums[step.sumIndex] += total
        frame.sums[step.sumIndex + 1] += Double(rows)
    }

    /// Sample weights for a metric that takes them.
    var metricWeights: UnsafePointer<Float>? { step.mode == 1 ? frame.sampleWeights : nil }

    func addMetric(_ total: Double) {
        frame.sums[step.sumIndex] += total
        if let weights = metricWeights {
            var sum = 0.0
            for row in 0..<frame.rows { sum += Double(weights[row]) }
            frame.sums[step.sumIndex + 1] += sum * Double(step.rowsPerSample)
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
                        call.destination, call.source, call.source2, call.frame.sampleWeights,
                        call.step.rowsPerSample, call.rows, call.step.columns, call.lossScale))
            }
        case .sparseCategoricalCrossentropy:
            return Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.addLoss(
                    lepton_k_loss_sparse_categorical_crossentropy_f32(
                        call.destination, call.source, call.source2, call.frame.sampleWeights,
                        call.step.rowsPerSample, call.rows, call.step.columns, call.lossScale, call.step.mode))
            }
        }
    }

    private func smoothedStep(_ kernel: @escaping SmoothedLossKernel) -> Step {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let kernel = call.step.smoothedLossKernel else { return }
            call.addLoss(
                kernel(
                    call.destination, call.source, call.source2, call.frame.sampleWeights, call.step.rowsPerSample,
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
                        nil, call.source, call.source2, call.metricWeights, call.step.rowsPerSample, call.rows,
                        call.step.columns, 0))
            }
        case .binaryAccuracy:
            return Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.addMetric(
                    lepton_k_metric_binary_accuracy_f32(
                        call.source, call.source2, call.metricWeights, call.step.rowsPerSample, call.rows,
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
                    call.source, call.source2, call.metricWeights, call.step.rowsPerSample, call.rows,
                    call.step.columns))
        }
        step.metricKernel = kernel
        return step
    }
}
