import CLeptonKernels
import LeptonNN

extension TransposeOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = permuteStep(node, builder, node.inputs[0], permutation)
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            let inverse = permutation.indices.map { permutation.firstIndex(of: $0) ?? $0 }
            var step = permuteStep(node, builder, node.output, inverse)
            step.source = builder.gradient(node.output)
            step.destination = destination
            builder.emit(step)
        }
    }

    private func permuteStep(
        _ node: OperationGraph.Node, _ builder: PlanBuilder, _ from: Int, _ permutation: [Int]
    ) -> Step {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard var loop = call.loop() else { return }
            lepton_k_permute_f32(call.destination, call.source, &loop)
        }
        let shape = builder.graph.sampleShapes[from]
        step.details = builder.keep(
            LoopShape.loop(
                over: permutation.map { shape[$0] },
                [LoopShape.Operand(shape, permutation: permutation)]))
        return step
    }
}

/// Copies one stretch after another between a value and a part of another.
private struct BlockCopies {
    let outer: Int
    let count: Int
    /// From one stretch to the next, in floats.
    let outStep: Int
    let inStep: Int
    /// Where the stretches begin.
    let outOffset: Int
    let inOffset: Int
    /// From one sample to the next; 0 for a shared source.
    let outRow: Int
    let inRow: Int
    /// The destination is shared: samples are added up instead of copied.
    let addsUp: Bool
}

private func copyBlocks(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    guard let copies = call.details(as: BlockCopies.self), let out = call.destination, let source = call.source else {
        return
    }
    for sample in 0..<call.samples {
        let target = out + sample * copies.outRow + copies.outOffset
        let from = source + sample * copies.inRow + copies.inOffset
        if copies.addsUp, sample > 0 {
            for stretch in 0..<copies.outer {
                let sum = target + stretch * copies.outStep
                lepton_k_add_f32(sum, sum, from + stretch * copies.inStep, copies.count)
            }
        } else {
            lepton_k_copy_blocks_f32(target, copies.outStep, from, copies.inStep, copies.outer, copies.count)
        }
    }
}

extension ConcatenateOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let destination = builder.makeValue(node.output)
        let total = counts.reduce(0, +)
        var offset = 0
        for (input, count) in zip(node.inputs, counts) {
            var step = builder.step(for: node, copyBlocks)
            step.source = builder.value(input)
            step.destination = destination
            step.details = builder.keep(
                BlockCopies(
                    outer: outer, count: count, outStep: total, inStep: count, outOffset: offset, inOffset: 0,
                    outRow: outer * total, inRow: builder.isFixed(input, in: node) ? 0 : outer * count, addsUp: false))
            builder.emit(step)
            offset += count
        }
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let total = counts.reduce(0, +)
        var offset = 0
        for (input, count) in zip(node.inputs, counts) {
            let isFixed = builder.isFixed(input, in: node)
            builder.contributeGradient(input) { builder, destination in
                var step = builder.step(for: node, copyBlocks)
                step.source = builder.gradient(node.output)
                step.destination = destination
                step.details = builder.keep(
                    BlockCopies(
                        outer: outer, count: count, outStep: count, inStep: total, outOffset: 0, inOffset: offset,
                        outRow: isFixed ? 0 : outer * count, inRow: outer * total, addsUp: isFixed))
                builder.emit(step)
            }
            offset += count
        }
    }
}

extension SplitOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let total = counts.reduce(0, +)
        var offset = 0
        for (output, count) in zip(node.outputs, counts) {
            var step = builder.step(for: node, copyBlocks)
            step.source = builder.value(node.inputs[0])
            step.destination = builder.makeValue(output)
            step.details = builder.keep(
                BlockCopies(
                    outer: outer, count: count, outStep: count, inStep: total, outOffset: 0, inOffset: offset,
                    outRow: outer * count, inRow: outer * total, addsUp: false))
            builder.emit(step)
            offset += count
        }
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let total = counts.reduce(0, +)
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            if node.outputs.contains(where: { builder.gradient($0) == .none }) {
                var zero = builder.step(for: node) { stepPointer, framePointer in
                    let call = StepArguments(stepPointer, framePointer)
                    call.destination?.update(repeating: 0, count: call.samples * call.step.columns)
                }
                zero.destination = destination
                zero.columns = outer * total
                builder.emit(zero)
            }
            var offset = 0
            for (output, count) in zip(node.outputs, counts) {
                if builder.gradient(output) != .none {
                    var step = builder.step(for: node, copyBlocks)
                    step.source = builder.gradient(output)
                    step.destination = destination
                    step.details = builder.keep(
                        BlockCopies(
                            outer: outer, count: count, outStep: total, inStep: count, outOffset: offset, inOffset: 0,
                            outRow: outer * total, inRow: outer * count, addsUp: false))
                    builder.emit(step)
                }
                offset += count
            }
        }
    }
}
