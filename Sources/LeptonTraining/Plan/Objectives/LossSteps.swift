import CLeptonKernels
import LeptonNN

/// What a loss step knows beside its operands.
struct LossDetails: BitwiseCopyable {
    /// Which element-wise loss, as the kernel numbers them, and its options.
    var kernel: Int32 = 0
    var options: (Float, Float, Float, Float) = (0, 0, 0, 0)
    var fromLogits: Int32 = 0
    var smoothing: Float = 0
    /// Whether the loss of a batch is the sum of its values.
    var isSum = false
    /// Whether it is their mean by weight.
    var isWeightedMean = false
    /// A batch total: what the sum of values is divided by, where that is not their number. Whoever writes it also adds
    /// to the second sum.
    var divisor = Operand.none
    /// A batch total: labels that are neither 0 nor 1.
    var otherLabels = Operand.none
    /// Whether the step belongs to a metric: it adds up values and their number, and has no gradient.
    var isMetric = false
    /// Of a metric: whether rows count, whatever their weight.
    var countsAllRows = false
    /// Whether values are counted with the other sign.
    var isNegated = false

    init(_ loss: Loss) {
        let given = loss.parameters
        fromLogits = given.fromLogits ? 1 : 0
        smoothing = Float(given.labelSmoothing)
        isSum = loss.reduction == .sum
        isWeightedMean = loss.reduction == .meanWithSampleWeight
        switch loss.kind {
        case .meanAbsoluteError: kernel = Int32(LEPTON_K_LOSS_ABSOLUTE)
        case .meanAbsolutePercentageError: kernel = Int32(LEPTON_K_LOSS_PERCENTAGE)
        case .meanSquaredLogarithmicError: kernel = Int32(LEPTON_K_LOSS_LOGARITHMIC)
        case .huber:
            kernel = Int32(LEPTON_K_LOSS_HUBER)
            options.0 = Float(given.delta)
        case .logCosh: kernel = Int32(LEPTON_K_LOSS_LOG_COSH)
        case .hinge: kernel = Int32(LEPTON_K_LOSS_HINGE)
        case .squaredHinge: kernel = Int32(LEPTON_K_LOSS_SQUARED_HINGE)
        case .poisson: kernel = Int32(LEPTON_K_LOSS_POISSON)
        case .klDivergence: kernel = Int32(LEPTON_K_LOSS_KL_DIVERGENCE)
        case .binaryFocalCrossentropy:
            kernel = Int32(given.fromLogits ? LEPTON_K_LOSS_BINARY_FOCAL_LOGITS : LEPTON_K_LOSS_BINARY_FOCAL)
            options = (
                smoothing, Float(given.alpha), Float(given.gamma), given.applyClassBalancing ? 1 : 0
            )
        case .categoricalFocalCrossentropy: options = (Float(given.alpha), Float(given.gamma), 0, 0)
        case .categoricalGeneralizedCrossEntropy: options.0 = Float(given.q)
        default: break
        }
    }
}

extension PlanBuilder {
    /// Emits a loss of an output.
    ///
    /// - Parameters:
    ///   - gradient: where the loss's slope goes; none when nobody wants it.
    ///   - base: a step with predictions, targets, sample weights and how many of them a row has (`rowsPerWeight`), the
    ///     loss's weight and the place of its sums.
    mutating func emitLoss(
        _ output: Objectives.Output, _ loss: Loss, of value: Int, gradient: Operand, base: Step
    ) {
        let axis = output.lossAxis
        switch loss.kind {
        case .ctc: return emitLabelSequenceLoss(loss, labels: output.labels, of: value, gradient: gradient, base: base)
        case .circle: return emitCircleLoss(loss, of: value, gradient: gradient, base: base)
        default: break
        }
        guard !loss.kind.groupsElements else {
            emitOverlapLoss(loss, of: value, gradient: gradient, base: base)
            return
        }
        var details = LossDetails(loss)
        var step = takingRows(base, loss.targets, axis: axis, of: value)
        if step.source3 != .none, loss.reduction == .meanWithSampleWeight, loss.parameters.ignoreClass == nil {
            details.divisor = emitWeightTotal(step)
        }
        emitSmoothing(loss, axis: axis, of: value, step, &details)
        emitLabelPreparation(loss, &step, &details)
        if details.otherLabels != .none || (details.divisor != .none && gradient != .none) { endPhase() }
        step.destination = gradient
        emitValues(loss, axis: axis, of: value, step, details)
    }

    /// The step that computes values, once everything that it needs is there.
    mutating func emitValues(_ loss: Loss, axis: Int, of value: Int, _ prepared: Step, _ details: LossDetails) {
        let gradient = prepared.destination
        var step = prepared
        if gradient != .none, isMoved(axis, of: value) {
            step.destination = newBuffer(like: value)
        }
        var run = loss.valueStep
        run.takeOperands(of: step)
        run.details = keep(details)
        emit(run)
        if step.destination != gradient {
            let shape = graph.sampleShapes[value]
            emitMove(
                gradient, step.destination, blocks: shape[..<axis].reduce(1, *),
                extent: shape[(axis + 1)...].reduce(1, *), after: shape[axis])
        }
    }

    /// Predictions and targets as matrices whose columns are the given axis of a sample.
    mutating func takingRows(_ base: Step, _ targets: Loss.Targets, axis: Int, of value: Int) -> Step {
        var step = base
        (step.rowsPerSample, step.columns) = matrixExtents(value)
        if isMoved(axis, of: value) {
            let shape = graph.sampleShapes[value]
            let (blocks, after) = (shape[..<axis].reduce(1, *), shape[(axis + 1)...].reduce(1, *))
            (step.rowsPerSample, step.columns) = (blocks * after, shape[axis])
            step.source = newBuffer(like: value)
            emitMove(step.source, base.source, blocks: blocks, extent: shape[axis], after: after)
            if targets == .likePredictions {
                step.source2 = newBuffer(like: value)
                emitMove(step.source2, base.source2, blocks: blocks, extent: shape[axis], after: after)
            }
        }
        step.rowsPerWeight = step.rowsPerSample / max(base.rowsPerWeight, 1)
        return step
    }

    private func isMoved(_ axis: Int, of value: Int) -> Bool { axis < graph.sampleShapes[value].count - 1 }

    private mutating func emitMove(
        _ destination: Operand, _ source: Operand, blocks: Int, extent: Int, after: Int
    ) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_move_axis_f32(
                call.destination, call.source, call.rows, call.step.innerColumns, call.step.columns)
        }
        step.destination = destination
        step.source = source
        step.rowsPerSample = blocks
        step.innerColumns = extent
        step.columns = after
        emit(step)
    }

    /// The sum of the batch's sample weights, one for each value.
    mutating func emitWeightTotal(_ loss: Step) -> Operand {
        let total = newPartial(floats: 1)
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            let sum = call.weightSum
            call.destination?.pointee = Float(sum)
            call.frame.sums[call.step.sumIndex + 1] += sum
        }
        step.takeOperands(of: loss)
        step.destination = total
        emit(step)
        return total
    }

    /// Smooths labels whose classes are not on the last axis: Keras divides by the extent of the last axis all the same.
    mutating func emitSmoothing(
        _ loss: Loss, axis: Int, of value: Int, _ rows: Step, _ details: inout LossDetails
    ) {
        guard details.smoothing != 0, isMoved(axis, of: value) else { return }
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let labels = call.destination else { return }
            for index in 0..<call.rows * call.step.columns {
                labels[index] = labels[index] * (1 - call.step.scalar) + call.step.factor
            }
        }
        step.destination = rows.source2
        (step.rowsPerSample, step.columns) = (rows.rowsPerSample, rows.columns)
        step.scalar = details.smoothing
        step.factor = details.smoothing / Float(graph.sampleShapes[value].last ?? 1)
        emit(step)
        details.smoothing = 0
    }

    /// What a loss does to its labels first: leaves some out, or asks whether all of them are 0 and 1.
    mutating func emitLabelPreparation(_ loss: Loss, _ step: inout Step, _ details: inout LossDetails) {
        if let ignored = loss.parameters.ignoreClass {
            emitIgnoring(ignored, reduction: loss.reduction, &step, &details)
        }
        if loss.kind == .hinge || loss.kind == .squaredHinge {
            details.otherLabels = newPartial(floats: 1)
            var count = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                guard let labels = call.source2 else { return }
                var others = 0
                for index in 0..<call.rows * call.step.columns where labels[index] != 0 && labels[index] != 1 {
                    others += 1
                }
                call.destination?.pointee = Float(others)
            }
            count.takeOperands(of: step)
            count.destination = details.otherLabels
            emit(count)
        }
    }

    /// Gives labels of a class the weight 0, and a number that can be looked up.
    private mutating func emitIgnoring(
        _ ignored: Int, reduction: Loss.Reduction, _ step: inout Step, _ details: inout LossDetails
    ) {
        let weights = newBuffer(floatsPerRow: step.rowsPerSample)
        let labels = newBuffer(floatsPerRow: step.rowsPerSample)
        let countsWeights = details.isMetric || reduction == .meanWithSampleWeight
        // A mean is over the values that are left; Keras's metric counts them all when there are no weights.
        let isCounted = details.isMetric ? step.source3 != .none : !details.isSum
        let valid = isCounted ? newPartial(floats: 1) : .none
        var prepare = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let weights = call.destination2, let labels = call.destination3, let given = call.source2 else {
                return
            }
            var left = 0.0
            for row in 0..<call.rows {
                let isValid = given[row] != call.step.scalar
                let weight = call.weights.map { $0[row / call.step.rowsPerWeight] } ?? 1
                labels[row] = isValid ? given[row] : 0
                weights[row] = isValid ? weight : 0
                if isValid { left += call.step.mode == 1 ? Double(weight) : 1 }
            }
            guard let total = call.destination else { return }
            total.pointee = Float(left)
            call.frame.sums[call.step.sumIndex + 1] += left
        }
        prepare.takeOperands(of: step)
        prepare.destination = valid
        prepare.destination2 = weights
        prepare.destination3 = labels
        prepare.scalar = Float(ignored)
        prepare.mode = countsWeights ? 1 : 0
        emit(prepare)
        details.divisor = valid
        step.source2 = labels
        step.source3 = weights
        step.rowsPerWeight = 1
    }
}

extension Step {
    /// Takes over what does not depend on the kind of loss or metric.
    mutating func takeOperands(of other: Step) {
        (source, source2, source3) = (other.source, other.source2, other.source3)
        destination = other.destination
        (rowsPerSample, columns, rowsPerWeight) = (other.rowsPerSample, other.columns, other.rowsPerWeight)
        (factor, sumIndex) = (other.factor, other.sumIndex)
    }
}
