import CLeptonKernels
import LeptonNN

/// While training, the moments of a channel are those of the whole batch: each shard leaves the mean of its rows and
/// their squared deviations, and in the next phase all are combined in shard order (Chan, Golub & LeVeque, 1979), by every
/// shard for itself, so that the result does not depend on who ran what. The way back does the same with two sums.
extension BatchNormalizationOperation: ExecutableOperation {
    private func gamma(_ node: OperationGraph.Node) -> Int? { hasScale ? node.weights[0] : nil }
    private func beta(_ node: OperationGraph.Node) -> Int? { hasOffset ? node.weights[hasScale ? 1 : 0] : nil }
    private func movingMean(_ node: OperationGraph.Node) -> Int { node.weights[node.weights.count - 2] }
    private func movingVariance(_ node: OperationGraph.Node) -> Int { node.weights[node.weights.count - 1] }

    private func usesBatch(_ builder: PlanBuilder) -> Bool { builder.isTraining && !isFrozen }

    private func mask(_ node: OperationGraph.Node, _ builder: PlanBuilder) -> Operand {
        hasMask ? builder.value(node.inputs[1]) : .none
    }

    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let (rowsPerSample, columns) = builder.matrixExtents(node.output)
        let factor = builder.newBuffer(floatsPerRow: 0, fixedFloats: columns)
        var mean = builder.parameter(movingMean(node))
        if usesBatch(builder) {
            mean = builder.newBuffer(floatsPerRow: 0, fixedFloats: columns)
            let count = builder.newBuffer(floatsPerRow: 0, fixedFloats: 1)
            emitMoments(node, mean: mean, factor: factor, count: count, into: &builder)
            builder.save([mean, factor, count], for: node)
        } else {
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_channel_factor_f32(call.destination, call.source, call.step.columns, 1, call.step.scalar)
            }
            step.source = builder.parameter(movingVariance(node))
            step.destination = factor
            step.columns = columns
            step.scalar = epsilon
            builder.emit(step)
            builder.save([mean, factor], for: node)
        }

        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_channel_apply_f32(
                call.destination, call.source, call.source2, call.source3, call.source4, call.source5, call.rows,
                call.step.columns)
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = mean
        step.source3 = factor
        step.source4 = gamma(node).map(builder.parameter) ?? .none
        step.source5 = beta(node).map(builder.parameter) ?? .none
        step.destination = builder.makeValue(node.output)
        (step.rowsPerSample, step.columns) = (rowsPerSample, columns)
        builder.emit(step)
    }

    /// The batch's mean and factor of each channel and how many rows they are from, and after the step the moving averages.
    private func emitMoments(
        _ node: OperationGraph.Node, mean: Operand, factor: Operand, count: Operand, into builder: inout PlanBuilder
    ) {
        let (rowsPerSample, columns) = builder.matrixExtents(node.output)
        let parts = builder.newPartial(floats: 2 * columns + 1)
        var own = Step(shardMoments)
        own.source = builder.value(node.inputs[0])
        own.destination = parts
        own.source2 = mask(node, builder)
        if hasMask { own.destination2 = builder.newBuffer(like: node.inputs[0]) }
        (own.rowsPerSample, own.columns) = (rowsPerSample, columns)
        builder.emit(own)
        builder.endPhase()

        var all = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let mean = call.destination, let factor = call.destination2 else { return }
            let rows = call.combineMoments(of: call.step.source, mean: mean, squares: factor)
            call.destination3?.pointee = rows
            lepton_k_channel_factor_f32(factor, factor, call.step.columns, 1 / max(rows, 1), call.step.scalar)
        }
        all.source = parts
        all.destination = mean
        all.destination2 = factor
        all.destination3 = count
        (all.rowsPerSample, all.columns) = (rowsPerSample, columns)
        all.scalar = epsilon
        builder.emit(all)

        var moving = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            let columns = call.step.columns
            // All shards are done: the first one's part takes in the others.
            guard let part = call.source, let momentum = call.details(as: Double.self) else { return }
            let rows = call.combineMoments(of: call.step.source, mean: part, squares: part + columns)
            lepton_k_moving_average_f32(call.destination, part, columns, 1, momentum)
            lepton_k_moving_average_f32(call.destination2, part + columns, columns, 1 / max(rows, 1), momentum)
        }
        moving.source = parts
        moving.destination = builder.parameter(movingMean(node))
        moving.destination2 = builder.parameter(movingVariance(node))
        (moving.rowsPerSample, moving.columns) = (rowsPerSample, columns)
        moving.details = builder.keep(momentum)
        builder.emitFinishing(moving)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let (rowsPerSample, columns) = builder.matrixExtents(node.output)
        let saved = builder.saved(node)
        let gradient = builder.gradient(node.output)
        let needsTotals = usesBatch(builder) && builder.wantsGradient(node.inputs[0])
        let sums =
            needsTotals
            ? builder.newPartial(floats: 2 * columns) : builder.newBuffer(floatsPerRow: 0, fixedFloats: 2 * columns)
        let ofGamma = gamma(node).flatMap { builder.weightGradient($0) }
        let ofBeta = beta(node).flatMap { builder.weightGradient($0) }

        if needsTotals || ofGamma != nil || ofBeta != nil {
            var step = Step(shardSums)
            step.source = gradient
            step.source2 = builder.value(node.inputs[0])
            step.source3 = saved[0]
            step.source4 = saved[1]
            step.destination = sums
            if let ofGamma { (step.destination2, step.accumulates) = (ofGamma.operand, ofGamma.accumulates) }
            if let ofBeta { (step.destination3, step.accumulates2) = (ofBeta.operand, ofBeta.accumulates) }
            (step.rowsPerSample, step.columns) = (rowsPerSample, columns)
            builder.emit(step)
        }
        if needsTotals { builder.endPhase() }
        let usesBatch = usesBatch(builder)
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = usesBatch ? Step(batchGradient) : Step(frozenGradient)
            step.source = gradient
            step.source2 = builder.value(node.inputs[0])
            step.source3 = saved[0]
            step.source4 = saved[1]
            step.source5 = gamma(node).map(builder.parameter) ?? .none
            step.source6 = sums
            step.destination = destination
            step.destination2 = builder.newBuffer(floatsPerRow: 0, fixedFloats: 4 * columns)
            if usesBatch {
                step.source7 = saved[2]
                step.source8 = mask(node, builder)
            }
            (step.rowsPerSample, step.columns) = (rowsPerSample, columns)
            builder.emit(step)
        }
    }
}

/// destination(2, columns) = this shard's sums for gamma and beta, which are also their gradients.
private func shardSums(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    let columns = call.step.columns
    guard let sums = call.destination else { return }
    lepton_k_channel_sums_f32(
        sums, sums + columns, call.source, call.source2, call.source3, call.source4, call.rows, columns)
    pass(sums, to: call.destination2, call.step.accumulates, columns)
    pass(sums + columns, to: call.destination3, call.step.accumulates2, columns)
}

private func pass(
    _ sums: UnsafePointer<Float>, to gradient: UnsafeMutablePointer<Float>?, _ accumulates: Bool, _ columns: Int
) {
    guard let gradient else { return }
    if accumulates {
        lepton_k_add_f32(gradient, gradient, sums, columns)
    } else {
        gradient.update(from: sums, count: columns)
    }
}

/// The moments of the shard's rows, and how many they are; rows that are masked out are left out.
private func shardMoments(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let part = call.destination, let source = call.source else { return }
    let columns = call.step.columns
    var (values, rows) = (source, call.rows)
    if let kept = call.destination2 {
        (values, rows) = (kept, 0)
        call.forEachRun(of: call.source2) { start, length, isKept in
            guard isKept else { return }
            (kept + rows * columns).update(from: source + start * columns, count: length * columns)
            rows += length
        }
    }
    part[2 * columns] = Float(rows)
    guard rows > 0 else { return part.update(repeating: 0, count: 2 * columns) }
    lepton_k_channel_moments_f32(part, part + columns, values, rows, columns)
}

/// The gradient through the moments as well: the sums are those of all shards, in shard order.
private func batchGradient(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    let columns = call.step.columns
    guard let totals = call.destination2 else { return }
    totals.update(repeating: 0, count: 4 * columns)
    call.forEachPart(call.step.source6) { part, _ in lepton_k_add_f32(totals, totals, part, 2 * columns) }
    guard let gradient = call.destination, let up = call.source, let values = call.source2 else { return }
    let count = call.source7?.pointee ?? 1
    // Rows that are masked out are normalised with moments that do not depend on them.
    let zeros = totals + 2 * columns
    call.forEachRun(of: call.source8) { start, length, isKept in
        let (first, sums) = (start * columns, isKept ? totals : zeros)
        lepton_k_channel_grad_f32(
            gradient + first, up + first, values + first, call.source3, call.source4, call.source5, sums,
            sums + columns, isKept ? count : 1, length, columns)
    }
}

/// The gradient when mean and factor are given numbers: without the sums.
private func frozenGradient(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    let columns = call.step.columns
    guard let zeros = call.destination2 else { return }
    zeros.update(repeating: 0, count: 2 * columns)
    lepton_k_channel_grad_f32(
        call.destination, call.source, call.source2, call.source3, call.source4, call.source5, zeros,
        zeros + columns, 1, call.rows, columns)
}

extension StepArguments {
    /// Calls `body` with the first row, the number of rows and the mask of each run of rows that a mask treats alike; of
    /// all rows at once where there is no mask.
    fileprivate func forEachRun(of mask: UnsafeMutablePointer<Float>?, _ body: (Int, Int, Bool) -> Void) {
        guard let mask else { return body(0, rows, true) }
        var start = 0
        while start < rows {
            let isKept = mask[start] != 0
            var end = start + 1
            while end < rows, (mask[end] != 0) == isKept { end += 1 }
            body(start, end - start, isKept)
            start = end
        }
    }

    /// Combines all shards' moments (mean, then squared deviations, then rows) in shard order and returns the rows they stand for.
    /// `mean` may be the first part itself.
    fileprivate func combineMoments(
        of parts: Operand, mean: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>
    ) -> Float {
        let columns = step.columns
        var count: Float = 0
        forEachPart(parts) { part, _ in
            let rows = part[2 * columns]
            guard rows > 0 else { return }
            if count == 0 {
                mean.update(from: part, count: columns)
                squares.update(from: part + columns, count: columns)
            } else {
                lepton_k_channel_combine_f32(mean, squares, count, part, part + columns, rows, columns)
            }
            count += rows
        }
        if count == 0 {
            mean.update(repeating: 0, count: columns)
            squares.update(repeating: 0, count: columns)
        }
        return count
    }
}
