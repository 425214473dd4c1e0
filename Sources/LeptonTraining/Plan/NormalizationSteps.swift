import CLeptonKernels
import LeptonNN

extension RowNormalizationOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_row_norm_f32(
                call.destination, call.destination2, call.source, call.source2, call.source3, call.rows,
                call.step.columns, call.step.mode, call.step.scalar)
        }
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        step.source = builder.value(node.inputs[0])
        if hasScale { step.source2 = builder.parameter(node.weights[0]) }
        if hasOffset { step.source3 = builder.parameter(node.weights[hasScale ? 1 : 0]) }
        step.destination = builder.makeValue(node.output)
        step.destination2 = builder.newBuffer(floatsPerRow: 2 * step.rowsPerSample)
        builder.save([step.destination2], for: node)
        step.mode = kind.rawValue
        step.scalar = epsilon
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_row_norm_grad_f32(
                call.destination, call.destination2, call.destination3, call.source, call.source2, call.source3,
                call.source4, call.rows, call.step.columns, call.step.mode, call.step.scalar,
                call.step.accumulates ? 1 : 0, call.step.accumulates2 ? 1 : 0)
        }
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        step.source = builder.gradient(node.output)
        step.source2 = builder.value(node.inputs[0])
        if hasScale {
            step.source3 = builder.parameter(node.weights[0])
            if let gamma = builder.weightGradient(node.weights[0]) {
                (step.destination2, step.accumulates) = (gamma.operand, gamma.accumulates)
            }
        }
        if hasOffset, let beta = builder.weightGradient(node.weights[hasScale ? 1 : 0]) {
            (step.destination3, step.accumulates2) = (beta.operand, beta.accumulates)
        }
        step.source4 = builder.saved(node)[0]
        step.mode = kind.rawValue
        step.scalar = epsilon
        if builder.wantsGradient(node.inputs[0]) {
            builder.contributeGradient(node.inputs[0]) { builder, destination in
                step.destination = destination
                builder.emit(step)
            }
        } else {
            builder.emit(step)
        }
    }
}
