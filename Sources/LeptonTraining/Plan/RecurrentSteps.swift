import LeptonNN

extension RecurrentOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let details = details(node, builder)
        let sizes = RecurrentDetails.Part.allCases.map { details.size(of: $0) }
        let packed = details.packedFloats
        let memory = builder.newBuffer(
            floatsPerRow: sizes.reduce(0) { $0 + $1.perRow }, fixedFloats: sizes.reduce(0) { $0 + $1.fixed })
        var step = Step(recurrentForward)
        step.details = builder.keep(details)
        step.source = builder.value(node.inputs[0])
        setOperands(&step, node, builder)
        let states = node.inputs.suffix(hasInitialState ? cell.states : 0).map { builder.value($0) }
        if let hidden = states.first { step.source6 = hidden }
        if states.count > 1 { step.source7 = states[1] }
        step.source8 = builder.newBuffer(floatsPerRow: 0, fixedFloats: packed.kernel + packed.recurrent)
        step.destination = builder.makeValue(node.output)
        step.destination4 = memory
        if node.outputs.count > 1 { step.destination2 = builder.makeValue(node.outputs[1]) }
        if node.outputs.count > 2 { step.destination3 = builder.makeValue(node.outputs[2]) }
        builder.emit(step)
        builder.save([memory], for: node)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let details = details(node, builder)
        let kept = builder.keep(details)
        let memory = builder.saved(node)[0]
        let stateGradients = builder.newBuffer(floatsPerRow: 2 * units)
        let biasSums = builder.newBuffer(floatsPerRow: 0, fixedFloats: details.columns)

        var step = Step(recurrentBackward)
        step.details = kept
        setOperands(&step, node, builder)
        step.source = builder.gradient(node.output)
        if node.outputs.count > 1 { step.source6 = builder.gradient(node.outputs[1]) }
        if node.outputs.count > 2 { step.source7 = builder.gradient(node.outputs[2]) }
        // The transposed kernel, then a state's gradient, one of an output and a state with dropout.
        step.source8 = builder.newBuffer(floatsPerRow: 3 * units, fixedFloats: details.packedFloats.transposed)
        step.destination = stateGradients
        step.destination3 = biasSums
        step.destination4 = memory
        builder.emit(step)

        emitWeightGradients(node, into: &builder, details: kept, memory: memory, biasSums: biasSums)
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step(recurrentInputGradient)
            step.details = kept
            step.destination = destination
            step.source = memory
            step.source2 = builder.parameter(node.weights[0])
            step.source8 = builder.newBuffer(floatsPerRow: 2 * builder.graph.floatsPerRow(node.inputs[0]))
            builder.emit(step)
        }
        for (index, state) in node.inputs.suffix(hasInitialState ? cell.states : 0).enumerated() {
            builder.contributeGradient(state) { builder, destination in
                var step = Step { stepPointer, framePointer in
                    let call = StepArguments(stepPointer, framePointer)
                    guard let destination = call.destination, let source = call.source else { return }
                    let count = call.frame.rows * call.step.columns
                    destination.update(from: source + Int(call.step.mode) * count, count: count)
                }
                step.destination = destination
                step.source = stateGradients
                step.columns = units
                step.mode = Int32(index)
                builder.emit(step)
            }
        }
    }

    private func details(_ node: OperationGraph.Node, _ builder: PlanBuilder) -> RecurrentDetails {
        RecurrentDetails(
            self, sequence: builder.graph.sampleShapes[node.inputs[0]], isTraining: builder.isTraining)
    }

    /// Kernels, bias and mask, which both directions take.
    private func setOperands(_ step: inout Step, _ node: OperationGraph.Node, _ builder: PlanBuilder) {
        step.source2 = builder.parameter(node.weights[0])
        step.source3 = builder.parameter(node.weights[1])
        if hasBias { step.source4 = builder.parameter(node.weights[2]) }
        if hasMask { step.source5 = builder.value(node.inputs[1]) }
    }

    private func emitWeightGradients(
        _ node: OperationGraph.Node, into builder: inout PlanBuilder, details: UnsafeRawPointer, memory: Operand,
        biasSums: Operand
    ) {
        if let kernel = builder.weightGradient(node.weights[0]) {
            var step = Step(recurrentInputKernelGradient)
            step.details = details
            step.destination = kernel.operand
            step.accumulates = kernel.accumulates
            step.source = memory
            builder.emit(step)
        }
        if let recurrent = builder.weightGradient(node.weights[1]) {
            var step = Step(recurrentKernelGradient)
            step.details = details
            step.destination = recurrent.operand
            step.accumulates = recurrent.accumulates
            step.source = memory
            if recurrentDropout != nil {
                let time = builder.graph.sampleShapes[node.inputs[0]][0]
                step.source8 = builder.newBuffer(floatsPerRow: time * units)
            }
            builder.emit(step)
        }
        if hasBias, let bias = builder.weightGradient(node.weights[2]) {
            var step = Step(recurrentBiasGradient)
            step.details = details
            step.destination = bias.operand
            step.accumulates = bias.accumulates
            step.source = biasSums
            builder.emit(step)
        }
    }
}
