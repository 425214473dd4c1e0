import CLeptonKernels
import LeptonNN

extension PenaltyOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.alias(node.output, to: node.inputs[0])
        guard let sum = builder.penaltySum else { return }
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            let count = call.rows * call.step.columns
            var value = 0.0
            if call.step.scalar != 0 {
                value += Double(call.step.scalar) * lepton_k_sum_absolute_f32(call.source, count)
            }
            if call.step.factor != 0 {
                value += Double(call.step.factor) * lepton_k_sum_squares_f32(call.source, count)
            }
            call.frame.sums[call.step.sumIndex] += value
        }
        step.source = builder.value(node.output)
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        step.scalar = Float(l1)
        step.factor = Float(l2)
        step.sumIndex = sum
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        if builder.hasGradient(node) { builder.passGradient(from: node.output, to: node.inputs[0]) }
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                let count = call.rows * call.step.columns
                let rows = Float(call.frame.batchRows)
                call.destination?.update(repeating: 0, count: count)
                lepton_k_penalty_grad_f32(
                    call.destination, call.source, count, call.step.scalar / rows, call.step.factor / rows)
            }
            step.source = builder.value(node.output)
            step.destination = destination
            (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
            step.scalar = Float(l1)
            step.factor = Float(l2)
            builder.emit(step)
        }
    }
}
