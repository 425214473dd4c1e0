import CLeptonKernels
import LeptonNN
import LeptonTensor

extension ActivationOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_bias_activation_f32(
                call.destination, call.source, nil, call.rows, call.step.columns, call.step.mode)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        step.mode = activation.kernelMode
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_activation_grad_f32(
                    call.destination, call.source, call.source2, call.rows * call.step.columns, call.step.mode)
            }
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(node.output)
            step.destination = destination
            (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
            step.mode = activation.kernelMode
            builder.emit(step)
        }
    }
}

extension SoftmaxOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_softmax_f32(call.destination, call.source, call.rows, call.step.columns)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_softmax_grad_f32(
                    call.destination, call.source, call.source2, call.rows, call.step.columns)
            }
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(node.output)
            step.destination = destination
            (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
            builder.emit(step)
        }
    }
}

extension ReshapeOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.alias(node.output, to: node.inputs[0])
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.passGradient(from: node.output, to: node.inputs[0])
    }
}

extension DropoutOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard builder.isTraining || isAlways else {
            builder.alias(node.output, to: node.inputs[0])
            return
        }
        var step = Step(dropoutForward)
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        let mask = builder.newBuffer(floatsPerRow: builder.graph.floatsPerRow(node.output))
        builder.save([mask], for: node)
        step.destination2 = mask
        step.columns = builder.graph.floatsPerRow(node.output)
        step.scalar = Float(rate)
        step.ordinal = UInt64(ordinal)
        step.randomSeed = seed ?? 0
        step.hasRandomSeed = seed != nil
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_multiply_f32(call.destination, call.source, call.source2, call.rows * call.step.columns)
            }
            step.source = builder.gradient(node.output)
            step.source2 = builder.saved(node)[0]
            step.destination = destination
            step.columns = builder.graph.floatsPerRow(node.output)
            builder.emit(step)
        }
    }
}

/// The pattern depends on the model's seed, the optimizer step, the layer and the element's place in the batch, and
/// so not on how the batch is cut into shards.
private func dropoutForward(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    let count = call.rows * call.step.columns
    guard call.step.scalar < 1 else {
        call.destination?.update(repeating: 0, count: count)
        call.destination2?.update(repeating: 0, count: count)
        return
    }
    lepton_k_dropout_f32(
        call.destination, call.destination2, call.source, count, call.step.scalar,
        call.step.hasRandomSeed ? call.step.randomSeed : call.frame.seed,
        RandomStream.dropout(ordinal: call.step.ordinal, iteration: call.frame.iteration),
        UInt64(call.frame.firstRow * call.step.columns))
}

extension RandomStream {
    /// The stream of one dropout of a model at one step of the optimizer: 16 bits for the dropout, 40 for the step.
    static func dropout(ordinal: UInt64, iteration: UInt64) -> UInt64 {
        identifier(.dropout, (ordinal & 0xFFFF) << 40 | (iteration & (1 << 40 - 1)))
    }
}

extension PlanBuilder {
    /// sum = existing + part; the sum may be what exists.
    func elementwiseSum(_ sum: Operand, _ existing: Operand, _ part: Operand, floatsPerRow: Int) -> Step {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_add_f32(call.destination, call.source, call.source2, call.rows * call.step.columns)
        }
        step.destination = sum
        step.source = existing
        step.source2 = part
        step.columns = floatsPerRow
        return step
    }

    func elementwiseCopy(_ destination: Operand, _ source: Operand, floatsPerRow: Int) -> Step {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let destination = call.destination, let source = call.source else { return }
            destination.update(from: source, count: call.rows * call.step.columns)
        }
        step.destination = destination
        step.source = source
        step.columns = floatsPerRow
        return step
    }
}
