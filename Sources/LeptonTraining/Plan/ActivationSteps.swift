import CLeptonKernels
import LeptonNN

extension Step {
    /// Numbers of a function and where they stand in a step.
    fileprivate mutating func set(_ function: ElementwiseFunction, _ builder: PlanBuilder) {
        mode = function.kind.rawValue
        details = builder.keep(FunctionParameters(a: function.a, b: function.b, c: function.c))
    }
}

private struct FunctionParameters: BitwiseCopyable {
    var a: Float = 0
    var b: Float = 0
    var c: Float = 0
}

extension FunctionOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            let parameters = call.details(as: FunctionParameters.self) ?? FunctionParameters()
            lepton_k_function_f32(
                call.destination, call.source, call.rows * call.step.columns, call.step.mode, parameters.a,
                parameters.b, parameters.c)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.columns = builder.graph.floatsPerRow(node.output)
        step.set(function, builder)
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                let parameters = call.details(as: FunctionParameters.self) ?? FunctionParameters()
                lepton_k_function_grad_f32(
                    call.destination, call.source, call.source2, call.rows * call.step.columns, call.step.mode,
                    parameters.a, parameters.b, parameters.c)
            }
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(node.inputs[0])
            step.destination = destination
            step.columns = builder.graph.floatsPerRow(node.output)
            step.set(function, builder)
            builder.emit(step)
        }
    }
}

extension PlanBuilder {
    /// A step over the matrix rows of a value: from a node's first input to its output.
    fileprivate mutating func emitRows(_ body: Step.Body, _ node: OperationGraph.Node) {
        var step = Step(body)
        step.source = value(node.inputs[0])
        step.destination = makeValue(node.output)
        (step.rowsPerSample, step.columns) = matrixExtents(node.output)
        emit(step)
    }

    /// The way back: from the output's gradient and `kept` to the input's.
    fileprivate mutating func emitRowsBackward(_ body: Step.Body, _ node: OperationGraph.Node, kept: Int) {
        contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step(body)
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(kept)
            step.destination = destination
            (step.rowsPerSample, step.columns) = builder.matrixExtents(node.output)
            builder.emit(step)
        }
    }
}

extension LogSoftmaxOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitRows(
            { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_log_softmax_f32(call.destination, call.source, call.rows, call.step.columns)
            }, node)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitRowsBackward(
            { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_log_softmax_grad_f32(
                    call.destination, call.source, call.source2, call.rows, call.step.columns)
            }, node, kept: node.output)
    }
}

extension SparsemaxOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitRows(
            { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_sparsemax_f32(call.destination, call.source, call.rows, call.step.columns)
            }, node)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitRowsBackward(
            { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_sparsemax_grad_f32(
                    call.destination, call.source, call.source2, call.rows, call.step.columns)
            }, node, kept: node.output)
    }
}

extension GatedLinearOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitRows(
            { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_glu_f32(call.destination, call.source, call.rows, call.step.columns)
            }, node)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitRowsBackward(
            { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_glu_grad_f32(call.destination, call.source, call.source2, call.rows, call.step.columns)
            }, node, kept: node.inputs[0])
    }
}

extension PReLUOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_prelu_f32(
                call.destination, call.source, call.source2, call.rows * call.step.columns, call.step.innerColumns)
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = builder.parameter(node.weights[0])
        step.destination = builder.makeValue(node.output)
        setExtents(&step, node, builder)
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let alpha = builder.weightGradient(node.weights[0])
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_prelu_grad_f32(
                call.destination, call.destination2, call.source, call.source2, call.source3,
                call.rows * call.step.columns, call.step.innerColumns, call.step.accumulates ? 1 : 0)
        }
        step.source = builder.gradient(node.output)
        step.source2 = builder.value(node.inputs[0])
        step.source3 = builder.parameter(node.weights[0])
        step.destination2 = alpha?.operand ?? .none
        step.accumulates = alpha?.accumulates ?? false
        setExtents(&step, node, builder)
        if builder.wantsGradient(node.inputs[0]) {
            builder.contributeGradient(node.inputs[0]) { builder, destination in
                step.destination = destination
                builder.emit(step)
            }
        } else if alpha != nil {
            builder.emit(step)
        }
    }

    private func setExtents(_ step: inout Step, _ node: OperationGraph.Node, _ builder: PlanBuilder) {
        step.columns = builder.graph.floatsPerRow(node.output)
        step.innerColumns = builder.graph.weight(node.weights[0]).spec.shape.reduce(1, *)
    }
}
