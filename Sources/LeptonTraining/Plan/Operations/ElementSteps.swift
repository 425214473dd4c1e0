import CLeptonKernels
import LeptonNN

extension UnaryOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_unary_f32(call.destination, call.source, call.samples * call.step.columns, call.step.mode)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.columns = builder.graph.floatsPerRow(node.output)
        step.mode = function.rawValue
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard function.hasGradient else { return }
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = builder.step(for: node) { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_unary_grad_f32(
                    call.destination, call.source, call.source2, call.samples * call.step.columns, call.step.mode)
            }
            let takesValue = lepton_k_unary_slope_takes_value(function.rawValue) != 0
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(takesValue ? node.output : node.inputs[0])
            step.destination = destination
            step.columns = builder.graph.floatsPerRow(node.output)
            step.mode = function.rawValue
            builder.emit(step)
        }
    }
}

extension BinaryOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard var loop = call.loop() else { return }
            lepton_k_binary_f32(call.destination, call.source, call.source2, &loop, call.step.mode)
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = builder.value(node.inputs[1])
        step.destination = builder.makeValue(node.output)
        step.mode = function.rawValue
        step.details = builder.keep(
            LoopShape.loop(
                over: builder.graph.sampleShapes[node.output], node.inputs.map { builder.loopOperand($0, in: node) }))
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard function.hasGradient else { return }
        for (side, input) in node.inputs.enumerated() where flows(to: side) {
            if function == .add || function == .subtract && side == 0,
                builder.graph.sampleShapes[input] == builder.graph.sampleShapes[node.output],
                !builder.isFixed(input, in: node)
            {
                builder.passGradient(from: node.output, to: input)
                continue
            }
            builder.contributeGradient(input) { builder, destination in
                builder.emitGradient(of: self, node, side: side, to: destination)
            }
        }
    }

    private func flows(to side: Int) -> Bool {
        side == 0 || (function != .keepWhere && function != .keepUnless)
    }

    /// Which operands the derivative by one side is computed from.
    fileprivate func needs(_ operand: Int, side: Int) -> Bool {
        switch function {
        case .add, .subtract: false
        case .multiply: operand != side
        case .keepWhere, .keepUnless: operand == 1
        case .divide, .remainder: side == 1 || operand == 1
        default: true
        }
    }
}

/// The gradient of a broadcast operand: a loop, and how many floats are set to 0 first.
private struct BroadcastGradient {
    let loop: lepton_k_loop
    let floats: Int
    let isFixed: Bool
    /// The gradient has the output's very shape and is written rather than added to.
    let overwrites: Bool
}

extension PlanBuilder {
    fileprivate mutating func emitGradient(
        of operation: BinaryOperation, _ node: OperationGraph.Node, side: Int, to destination: Operand
    ) {
        var step = broadcastGradientStep(node, of: node.inputs[side], destination)
        if operation.needs(0, side: side) { step.source2 = value(node.inputs[0]) }
        if operation.needs(1, side: side) { step.source3 = value(node.inputs[1]) }
        step.mode = operation.function.rawValue
        step.ordinal = UInt64(side)
        emit(step)
    }

    /// destination = the output's gradient, times a slope, added up over the axes along which an input was repeated.
    fileprivate func broadcastGradientStep(
        _ node: OperationGraph.Node, of input: Int, _ destination: Operand
    ) -> Step {
        var step = self.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let plan = call.details(as: BroadcastGradient.self) else { return }
            var loop = plan.loop
            loop.extents.0 *= call.samples
            if !plan.overwrites {
                call.destination?.update(repeating: 0, count: plan.floats * (plan.isFixed ? 1 : call.samples))
            }
            lepton_k_binary_grad_f32(
                call.destination, call.source, call.source2, call.source3, &loop, call.step.mode,
                Int32(call.step.ordinal), plan.overwrites ? 1 : 0)
        }
        step.source = gradient(node.output)
        step.destination = destination
        let shape = graph.sampleShapes[node.output]
        let operands = (node.inputs + node.inputs).prefix(2).map { loopOperand($0, in: node) }
        let isFixed = isFixed(input, in: node)
        step.details = keep(
            BroadcastGradient(
                loop: LoopShape.loop(over: shape, operands + [loopOperand(input, in: node)]),
                floats: graph.floatsPerRow(input), isFixed: isFixed,
                overwrites: !isFixed && graph.floatsPerRow(input) == graph.floatsPerRow(node.output)))
        return step
    }

    fileprivate mutating func emitBroadcast(_ node: OperationGraph.Node) {
        var step = self.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard var loop = call.loop() else { return }
            lepton_k_permute_f32(call.destination, call.source, &loop)
        }
        step.source = value(node.inputs[0])
        step.destination = makeValue(node.output)
        step.details = keep(
            LoopShape.loop(over: graph.sampleShapes[node.output], [loopOperand(node.inputs[0], in: node)]))
        emit(step)
    }

    fileprivate mutating func emitBroadcastGradient(_ node: OperationGraph.Node) {
        contributeGradient(node.inputs[0]) { builder, destination in
            var step = builder.broadcastGradientStep(node, of: node.inputs[0], destination)
            step.mode = BinaryFunction.add.rawValue
            builder.emit(step)
        }
    }
}

extension BroadcastOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitBroadcast(node)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitBroadcastGradient(node)
    }
}

extension PerRowOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitBroadcast(node)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitBroadcastGradient(node)
    }
}
