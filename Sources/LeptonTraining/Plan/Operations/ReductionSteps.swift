import CLeptonKernels
import LeptonNN

/// Sizes of a step over one axis between others, for one sample.
private struct AxisExtents {
    let outer: Int
    let count: Int
    let inner: Int
    let isReversed: Bool
}

extension ReductionOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let axes = call.details(as: AxisExtents.self) else { return }
            lepton_k_reduce_f32(
                call.destination, call.source, call.samples * axes.outer, axes.count, axes.inner, call.step.mode)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.mode = reduction.rawValue
        step.details = builder.keep(AxisExtents(outer: outer, count: count, inner: inner, isReversed: false))
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard reduction.hasGradient else { return }
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = builder.step(for: node) { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                guard let axes = call.details(as: AxisExtents.self) else { return }
                lepton_k_reduce_grad_f32(
                    call.destination, call.source, call.source2 ?? call.destination, call.source3 ?? call.source,
                    call.samples * axes.outer, axes.count, axes.inner, call.step.mode)
            }
            step.source = builder.gradient(node.output)
            if reduction != .sum, reduction != .mean {
                step.source2 = builder.value(node.inputs[0])
                step.source3 = builder.value(node.output)
            }
            step.destination = destination
            step.mode = reduction.rawValue
            step.details = builder.keep(AxisExtents(outer: outer, count: count, inner: inner, isReversed: false))
            builder.emit(step)
        }
    }
}

extension CumulativeOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = sumStep(node, builder, isReversed: isReversed)
        step.mode = isProduct ? 1 : 0
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step: Step
            if isProduct {
                step = builder.step(for: node) { stepPointer, framePointer in
                    let call = StepArguments(stepPointer, framePointer)
                    guard let axes = call.details(as: AxisExtents.self) else { return }
                    lepton_k_cumulative_product_grad_f32(
                        call.destination, call.source, call.source2, call.samples * axes.outer, axes.count, axes.inner,
                        axes.isReversed ? 1 : 0)
                }
                step.source2 = builder.value(node.inputs[0])
                step.details = builder.keep(
                    AxisExtents(outer: outer, count: count, inner: inner, isReversed: isReversed))
            } else {
                step = sumStep(node, builder, isReversed: !isReversed)
            }
            step.source = builder.gradient(node.output)
            step.destination = destination
            builder.emit(step)
        }
    }

    /// A running sum, or product; the gradient of a sum is the running sum from the other end.
    private func sumStep(_ node: OperationGraph.Node, _ builder: PlanBuilder, isReversed: Bool) -> Step {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let axes = call.details(as: AxisExtents.self) else { return }
            lepton_k_cumulative_f32(
                call.destination, call.source, call.samples * axes.outer, axes.count, axes.inner, call.step.mode,
                axes.isReversed ? 1 : 0)
        }
        step.details = builder.keep(AxisExtents(outer: outer, count: count, inner: inner, isReversed: isReversed))
        return step
    }
}

extension ArgsortOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let axes = call.details(as: AxisExtents.self) else { return }
            lepton_k_argsort_f32(
                call.destination, call.source, call.destination2, call.samples * axes.outer, axes.count, axes.inner,
                axes.isReversed ? 1 : 0)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.destination2 = builder.newBuffer(floatsPerRow: 0, fixedFloats: 2 * count)
        step.details = builder.keep(AxisExtents(outer: outer, count: count, inner: inner, isReversed: isDescending))
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}
