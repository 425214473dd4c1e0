import CLeptonKernels
import LeptonNN
import LeptonTensor

/// The numbers of a noise operation, and how what is drawn for a sample spreads over it.
private struct NoiseDetails: BitwiseCopyable {
    var rate: Float = 0
    var kept: Float = 0
    var shift: Float = 0
    var base: Float = 0
    var mean: Float = 0
    var deviation: Float = 0
    /// Floats drawn for a sample, and in a sample.
    let drawn: Int
    let full: Int
    let isSharedByRows: Bool
    let rank: Int
    let extents: UnsafePointer<Int>
    let strides: UnsafePointer<Int>
}

extension NoiseOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard builder.isTraining || isAlways else {
            builder.alias(node.output, to: node.inputs[0])
            return
        }
        let details = builder.keep(details(node, builder))
        let full = builder.graph.floatsPerRow(node.output)
        let noise = emitDrawing(node, details, into: &builder)
        var step: Step
        switch kind {
        case .masked:
            step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                guard let details = call.details(as: NoiseDetails.self) else { return }
                lepton_k_masked_f32(
                    call.destination, call.source, call.source2, call.rows * call.step.columns, details.shift,
                    details.base)
            }
            builder.save([noise], for: node)
        case .multiplied:
            step = Step(multiply)
            builder.save([noise], for: node)
        case .added:
            step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_add_f32(call.destination, call.source, call.source2, call.rows * call.step.columns)
            }
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = noise
        step.destination = builder.makeValue(node.output)
        step.columns = full
        step.details = details
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard let noise = builder.saved(node).first else {
            builder.passGradient(from: node.output, to: node.inputs[0])
            return
        }
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step(multiply)
            step.source = builder.gradient(node.output)
            step.source2 = noise
            step.destination = destination
            step.columns = builder.graph.floatsPerRow(node.output)
            builder.emit(step)
        }
    }

    /// The random numbers, one for each element of the value.
    private func emitDrawing(
        _ node: OperationGraph.Node, _ details: UnsafeRawPointer, into builder: inout PlanBuilder
    ) -> Operand {
        let full = builder.graph.floatsPerRow(node.output)
        let drawn = noiseShape.reduce(1, *)
        var draw: Step
        if case .masked = kind { draw = Step(drawMask) } else { draw = Step(drawNormal) }
        draw.destination =
            isSharedByRows
            ? builder.newBuffer(floatsPerRow: 0, fixedFloats: drawn) : builder.newBuffer(floatsPerRow: drawn)
        draw.details = details
        draw.ordinal = UInt64(ordinal)
        draw.randomSeed = seed ?? 0
        draw.hasRandomSeed = seed != nil
        builder.emit(draw)
        guard drawn != full || isSharedByRows else { return draw.destination }

        var spread = Step(spreadOverSamples)
        spread.source = draw.destination
        spread.destination = builder.newBuffer(floatsPerRow: full)
        spread.details = details
        builder.emit(spread)
        return spread.destination
    }

    private func details(_ node: OperationGraph.Node, _ builder: PlanBuilder) -> NoiseDetails {
        let shape = builder.graph.sampleShapes[node.output]
        var strides = [Int](repeating: 0, count: shape.count)
        var stride = 1
        for axis in noiseShape.indices.reversed() {
            strides[axis] = noiseShape[axis] == 1 ? 0 : stride
            stride *= noiseShape[axis]
        }
        var details = NoiseDetails(
            drawn: stride, full: shape.reduce(1, *), isSharedByRows: isSharedByRows, rank: shape.count,
            extents: builder.details.keep(shape), strides: builder.details.keep(strides))
        switch kind {
        case .masked(let rate, let kept, let shift, let base):
            (details.rate, details.kept, details.shift, details.base) = (rate, kept, shift, base)
        case .added(let deviation): details.deviation = deviation
        case .multiplied(let deviation): (details.mean, details.deviation) = (1, deviation)
        }
        return details
    }
}

extension StepArguments {
    /// Where the numbers of a random operation begin: they depend on the model's seed, the optimizer step, the layer and
    /// the element's place in the batch, and so not on how the batch is cut into shards.
    fileprivate func place(
        _ details: NoiseDetails
    ) -> (count: Int, seed: UInt64, stream: UInt64, offset: UInt64) {
        // 16 bits for the layer above 40 for the step: a stream of its own for each layer and step.
        let index = (step.ordinal & 0xFFFF) << 40 | (frame.iteration & (1 << 40 - 1))
        return (
            details.isSharedByRows ? details.drawn : frame.rows * details.drawn,
            step.hasRandomSeed ? step.randomSeed : frame.seed, RandomStream.identifier(.dropout, index),
            details.isSharedByRows ? 0 : UInt64(frame.firstRow * details.drawn)
        )
    }
}

private func drawMask(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: NoiseDetails.self) else { return }
    let place = call.place(details)
    guard details.rate < 1 else {
        call.destination?.update(repeating: 0, count: place.count)
        return
    }
    lepton_k_mask_f32(
        call.destination, place.count, details.rate, details.kept, place.seed, place.stream, place.offset)
}

private func drawNormal(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: NoiseDetails.self) else { return }
    let place = call.place(details)
    lepton_k_normal_f32(
        call.destination, place.count, details.mean, details.deviation, place.seed, place.stream, place.offset)
}

private func spreadOverSamples(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: NoiseDetails.self), let source = call.source,
        let destination = call.destination
    else { return }
    for row in 0..<call.frame.rows {
        lepton_k_spread_f32(
            destination + row * details.full, details.isSharedByRows ? source : source + row * details.drawn,
            details.rank, details.extents, details.strides)
    }
}

private func multiply(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    lepton_k_multiply_f32(call.destination, call.source, call.source2, call.rows * call.step.columns)
}
