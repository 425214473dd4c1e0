import CLeptonKernels
import LeptonNN

/// What the step of a loss of the whole batch knows: how sample weights count.
private struct BatchLossDetails: BitwiseCopyable {
    let isSum: Bool
    let isWeightedMean: Bool
    /// A batch total: the sample weights added up.
    var weightTotal = Operand.none
}

extension PlanBuilder {
    /// Emits a program's own loss: its values are a value of the graph, whose gradient begins here.
    mutating func emitTracedLoss(_ loss: Loss, _ traced: TracedValue, gradient: Operand, base: Step) {
        repeats = traced.isOfBatch ? 1 : graph.samplesPerRow(traced.value)
        defer { repeats = 1 }
        guard !traced.isOfBatch else {
            emitLossOfBatch(loss, traced, gradient: gradient, base: base)
            return
        }
        var details = LossDetails(loss)
        if let isMean = traced.isMeanOfRows { details.isSum = !isMean }
        var step = base
        step.source = value(traced.value)
        step.source2 = .none
        step.rowsPerSample = traced.count
        step.columns = 1
        step.rowsPerWeight = max(traced.count / max(base.rowsPerWeight, 1), 1)
        if step.source3 != .none, loss.reduction == .meanWithSampleWeight {
            details.divisor = emitWeightTotal(step)
            if gradient != .none { endPhase() }
        }
        step.destination = gradient
        step.details = keep(details)
        step.run = { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let details = call.details(as: LossDetails.self), let values = call.source else { return }
            let scale = call.lossScale(details)
            let weights = call.weights
            let slopes = call.destination
            var total = 0.0
            for row in 0..<call.rows {
                let weight = weights.map { $0[row / call.step.rowsPerWeight] } ?? 1
                total += Double(values[row] * weight)
                slopes?[row] = scale * weight
            }
            call.addValues(total, details)
        }
        emit(step)
    }

    /// A loss whose value is one for the whole batch: Keras multiplies it with each sample's weight and reduces that.
    private mutating func emitLossOfBatch(_ loss: Loss, _ traced: TracedValue, gradient: Operand, base: Step) {
        var details = BatchLossDetails(
            isSum: loss.reduction == .sum, isWeightedMean: loss.reduction == .meanWithSampleWeight)
        if base.source3 != .none {
            details.weightTotal = newPartial(floats: 1)
            var count = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.destination?.pointee = Float(call.weightSum)
            }
            count.source3 = base.source3
            count.destination = details.weightTotal
            emit(count)
            endPhase()
        }
        var step = base
        step.source = value(traced.value)
        step.source2 = .none
        step.columns = traced.count
        step.destination = gradient
        step.details = keep(details)
        step.run = lossOfBatch
        emit(step)
    }

    /// Emits what a batch adds to the state of a program's own metric.
    mutating func emitTracedMetric(_ values: [TracedValue], base: Step) {
        var next = base.sumIndex
        defer { repeats = 1 }
        for traced in values {
            repeats = traced.isOfBatch ? 1 : graph.samplesPerRow(traced.value)
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                guard let values = call.source else { return }
                let sums = call.frame.sums + call.step.sumIndex
                let columns = call.step.columns
                // What is the same for every row counts once, with the first shard.
                if call.step.isShared, call.frame.shard != 0 { return }
                let scale = call.step.mode == 1 ? 1 / Double(call.frame.batchRows) : 1
                for row in 0..<call.samples {
                    for column in 0..<columns { sums[column] += scale * Double(values[row * columns + column]) }
                }
            }
            step.source = value(traced.value)
            step.columns = traced.count
            step.isShared = traced.isOfBatch
            step.mode = traced.isMeanOfRows ?? false ? 1 : 0
            step.sumIndex = next
            emit(step)
            next += traced.count
        }
    }
}

/// The first shard adds the loss and begins its gradient; what the others begin is 0, and all are added up.
private func lossOfBatch(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: BatchLossDetails.self), let values = call.source else { return }
    let count = call.step.columns
    var share = details.isSum || count == 0 ? 1 : 1 / Double(count)
    if details.weightTotal != .none {
        let weights = call.total(details.weightTotal)
        if details.isWeightedMean {
            share = weights == 0 ? 0 : 1
        } else {
            share = details.isSum ? weights : weights / Double(call.frame.batchRows)
        }
    }
    let isFirst = call.frame.shard == 0
    let slope = isFirst ? Float(Double(call.step.factor) * share) : 0
    var total = 0.0
    for index in 0..<count {
        total += Double(values[index])
        call.destination?[index] = slope
    }
    guard isFirst else { return }
    call.frame.sums[call.step.sumIndex] += share * total
    call.frame.sums[call.step.sumIndex + 1] += 1
}

extension BatchTotalOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let count = builder.graph.floatsPerRow(node.output)
        let parts = builder.newPartial(floats: count)
        var own = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_reduce_f32(call.destination, call.source, 1, call.rows, call.step.columns, call.step.mode)
        }
        own.source = builder.value(node.inputs[0])
        own.destination = parts
        own.columns = count
        own.mode = Reduction.sum.rawValue
        builder.emit(own)
        builder.endPhase()
        builder.emit(combined(parts, to: builder.makeValue(node.output), columns: count))
    }

    /// What the shards' gradients of the total add up to is the gradient of each row.
    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard builder.wantsGradient(node.inputs[0]) else { return }
        let count = builder.graph.floatsPerRow(node.output)
        let parts = builder.newPartial(floats: count)
        var own = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let part = call.destination, let gradient = call.source else { return }
            part.update(from: gradient, count: call.step.columns)
        }
        own.source = builder.gradient(node.output)
        own.destination = parts
        own.columns = count
        builder.emit(own)
        builder.endPhase()
        let all = builder.newBuffer(floatsPerRow: 0, fixedFloats: count)
        builder.emit(combined(parts, to: all, columns: count))
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                guard let gradient = call.destination, let total = call.source else { return }
                for row in 0..<call.rows {
                    (gradient + row * call.step.columns).update(from: total, count: call.step.columns)
                }
            }
            step.source = all
            step.destination = destination
            step.columns = count
            builder.emit(step)
        }
    }

    /// Every shard adds up all shards' parts in their order, so that all have the same bits.
    private func combined(_ parts: Operand, to destination: Operand, columns: Int) -> Step {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let total = call.destination else { return }
            let columns = call.step.columns
            let scale = call.step.mode == 1 ? 1 / Float(call.frame.batchRows) : 1
            for column in 0..<columns {
                var sum = 0.0
                call.forEachPart(call.step.source) { part, _ in sum += Double(part[column]) }
                total[column] = Float(sum) * scale
            }
        }
        step.source = parts
        step.destination = destination
        step.columns = columns
        step.mode = isMean ? 1 : 0
        return step
    }
}
