import LeptonNN

/// Where a state stands: all rows of the batch, one state after the other.
private struct StatePlace: BitwiseCopyable {
    /// Floats of the states before it, of one row.
    let before: Int
    let floatsPerRow: Int

    init(_ slot: Int, _ graph: OperationGraph) {
        before = graph.states.prefix(slot).reduce(0) { $0 + $1.floatsPerRow }
        floatsPerRow = graph.states[slot].floatsPerRow
    }

    /// The shard's rows.
    func offset(_ frame: Frame) -> Int { before * frame.batchRows + frame.firstRow * floatsPerRow }
    func count(_ frame: Frame) -> Int { frame.rows * floatsPerRow }
}

extension StateReadOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let destination = call.destination, let place = call.details(as: StatePlace.self),
                let states = call.frame.states
            else { return }
            destination.update(from: states.current + place.offset(call.frame), count: place.count(call.frame))
        }
        step.destination = builder.makeValue(node.output)
        step.details = builder.keep(StatePlace(slot, builder.graph))
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}

extension StateWriteOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let source = call.source, let place = call.details(as: StatePlace.self),
                let states = call.frame.states
            else { return }
            (states.next + place.offset(call.frame)).update(from: source, count: place.count(call.frame))
        }
        step.source = builder.value(node.inputs[0])
        step.details = builder.keep(StatePlace(slot, builder.graph))
        builder.emit(step)
        builder.alias(node.output, to: node.inputs[0])
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.passGradient(from: node.output, to: node.inputs[0])
    }
}
