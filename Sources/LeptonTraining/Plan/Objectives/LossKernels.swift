import CLeptonKernels
import LeptonNN

extension StepArguments {
    /// Sample weights; nil where all weigh 1.
    var weights: UnsafeMutablePointer<Float>? { source3 }

    /// The shard's sample weights added up, each as often as it is used.
    var weightSum: Double {
        guard let weights else { return Double(rows) }
        var sum = 0.0
        for index in 0..<rows / step.rowsPerWeight { sum += Double(weights[index]) }
        return sum * Double(step.rowsPerWeight)
    }

    /// The whole batch's total of a number that each shard wrote.
    func total(_ operand: Operand) -> Double {
        var total = 0.0
        forEachPart(operand) { part, _ in total += Double(part.pointee) }
        return total
    }

    /// What a gradient is multiplied with: the loss of a batch is a mean over the whole batch, of which this shard has a
    /// part, times the output's weight.
    func lossScale(_ details: LossDetails) -> Float {
        guard destination != nil else { return 0 }
        if details.divisor != .none {
            let divisor = total(details.divisor)
            return divisor == 0 ? 0 : Float(Double(step.factor) / divisor)
        }
        return details.isSum ? step.factor : step.factor / Float(frame.batchRows * step.rowsPerSample)
    }

    /// Adds the shard's sum of values, and how many they are unless somebody else counts.
    func addValues(_ total: Double, _ details: LossDetails) {
        frame.sums[step.sumIndex] += details.isNegated ? -total : total
        guard details.divisor == .none else { return }
        if details.isMetric {
            frame.sums[step.sumIndex + 1] += details.countsAllRows ? Double(rows) : weightSum
        } else {
            frame.sums[step.sumIndex + 1] += details.isSum ? (frame.shard == 0 ? 1 : 0) : Double(rows)
        }
    }

    /// Runs a kernel that computes a loss's values, and adds what it returns.
    func addLoss(_ kernel: (LossDetails, Float) -> Double) {
        guard let details = details(as: LossDetails.self) else { return }
        addValues(kernel(details, lossScale(details)), details)
    }
}

extension Loss {
    /// A step that computes the loss's values and, where there is a destination, their slopes.
    var valueStep: Step {
        switch kind {
        case .meanSquaredError: Step(runMeanSquaredError)
        case .binaryCrossentropy: Step(runBinaryCrossentropy)
        case .categoricalCrossentropy: Step(runCategoricalCrossentropy)
        case .sparseCategoricalCrossentropy: Step(runSparseCategoricalCrossentropy)
        case .categoricalFocalCrossentropy: Step(runCategoricalFocalCrossentropy)
        case .categoricalGeneralizedCrossEntropy: Step(runGeneralizedCrossEntropy)
        case .cosineSimilarity: Step(runCosineSimilarity)
        case .categoricalHinge: Step(runCategoricalHinge)
        default: Step(runElementLoss)
        }
    }
}

private func runMeanSquaredError(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { _, scale in
        lepton_k_loss_mse_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale)
    }
}

private func runElementLoss(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { details, scale in
        var options = details.options
        // Labels of 0 and 1 stand for -1 and 1 where the whole batch has no others.
        if details.otherLabels != .none {
            options = call.total(details.otherLabels) == 0 ? (2, -1, 0, 0) : (1, 0, 0, 0)
        }
        return withUnsafeBytes(of: &options) { bytes in
            lepton_k_loss_elementwise_f32(
                call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
                call.step.columns, scale, details.kernel, bytes.baseAddress?.assumingMemoryBound(to: Float.self))
        }
    }
}

private func runBinaryCrossentropy(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { details, scale in
        lepton_k_loss_binary_crossentropy_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale, details.fromLogits, details.smoothing)
    }
}

private func runCategoricalCrossentropy(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { details, scale in
        lepton_k_loss_categorical_crossentropy_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale, details.fromLogits, details.smoothing)
    }
}

private func runSparseCategoricalCrossentropy(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { details, scale in
        lepton_k_loss_sparse_categorical_crossentropy_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale, details.fromLogits)
    }
}

private func runCategoricalFocalCrossentropy(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { details, scale in
        lepton_k_loss_categorical_focal_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale, details.fromLogits, details.smoothing, details.options.0, details.options.1)
    }
}

private func runGeneralizedCrossEntropy(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { details, scale in
        lepton_k_loss_generalized_crossentropy_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale, details.options.0)
    }
}

private func runCosineSimilarity(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { _, scale in
        lepton_k_loss_cosine_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale)
    }
}

private func runCategoricalHinge(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    call.addLoss { _, scale in
        lepton_k_loss_categorical_hinge_f32(
            call.destination, call.source, call.source2, call.weights, call.step.rowsPerWeight, call.rows,
            call.step.columns, scale)
    }
}
