import CLeptonKernels
import LeptonNN

extension EmbeddingOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_table_rows_f32(
                call.destination, call.source2, call.source, call.rows, call.step.innerColumns, call.step.columns)
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = builder.parameter(node.weights[0])
        step.destination = builder.makeValue(node.output)
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        step.innerColumns = count
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard let table = builder.weightGradient(node.weights[0]) else { return }
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            let (count, columns) = (call.step.innerColumns, call.step.columns)
            if !call.step.accumulates { call.destination?.update(repeating: 0, count: count * columns) }
            lepton_k_table_rows_grad_f32(
                call.destination, call.source2, call.source, call.rows, count, columns)
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = builder.gradient(node.output)
        step.destination = table.operand
        step.accumulates = table.accumulates
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        step.innerColumns = count
        builder.emit(step)
    }
}

extension MaskOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_rows_differ_f32(
                call.destination, call.source, call.rows, call.step.columns, call.step.scalar)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.rowsPerSample = builder.graph.floatsPerRow(node.output)
        step.columns = groupSize
        step.scalar = value
        builder.emit(step)
    }

    /// A mask does not change with its input.
    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}

extension MaskedOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emit(
            step(builder.value(node.inputs[0]), to: builder.makeValue(node.output), node, builder))
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            builder.emit(step(builder.gradient(node.output), to: destination, node, builder))
        }
    }

    private func step(
        _ source: Operand, to destination: Operand, _ node: OperationGraph.Node, _ builder: PlanBuilder
    ) -> Step {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_keep_rows_f32(call.destination, call.source, call.source2, call.rows, call.step.columns)
        }
        step.source = source
        step.source2 = builder.value(node.inputs[1])
        step.destination = destination
        step.rowsPerSample = builder.graph.floatsPerRow(node.inputs[1])
        step.columns = builder.graph.floatsPerRow(node.output) / max(step.rowsPerSample, 1)
        return step
    }
}
