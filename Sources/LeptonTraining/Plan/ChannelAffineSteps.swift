import CLeptonKernels
import LeptonNN

extension ChannelAffineOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        emit(builder.value(node.inputs[0]), to: builder.makeValue(node.output), shift, offset, node, &builder)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            emit(builder.gradient(node.output), to: destination, shift.map { _ in 0 }, nil, node, &builder)
        }
    }

    private func emit(
        _ source: Operand, to destination: Operand, _ shift: [Float], _ offset: [Float]?,
        _ node: OperationGraph.Node, _ builder: inout PlanBuilder
    ) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_channel_apply_f32(
                call.destination, call.source, call.source2, call.source3, nil, call.source4, call.rows,
                call.step.columns)
        }
        step.source = source
        step.source2 = .constant(builder.details.keep(shift))
        step.source3 = .constant(builder.details.keep(factor))
        if let offset { step.source4 = .constant(builder.details.keep(offset)) }
        step.destination = destination
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        builder.emit(step)
    }
}
