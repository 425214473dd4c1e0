import CLeptonKernels
import LeptonNN

/// Elements of one axis at places; extents for one sample.
private struct Places {
    let outer: Int
    let count: Int
    let taken: Int
    let inner: Int
    /// Fixed places, or nil where they are a value.
    var indices: UnsafePointer<Int32>?
    var fill: Float = 0
    /// From one sample to the next, of the value and of the places; 0 where shared.
    var valueRow = 0
    var placesRow = 0

    var outRow: Int { outer * taken * inner }
}

extension TakeOperation: ExecutableOperation {
    private func places(_ builder: PlanBuilder) -> Places {
        Places(
            outer: outer, count: count, taken: indices.count, inner: inner, indices: builder.details.keep(indices),
            fill: fill)
    }

    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let places = call.details(as: Places.self) else { return }
            lepton_k_take_f32(
                call.destination, call.source, places.indices, call.samples * places.outer, places.count, places.taken,
                places.inner, places.fill)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.details = builder.keep(places(builder))
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = builder.step(for: node) { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                guard let places = call.details(as: Places.self) else { return }
                lepton_k_take_grad_f32(
                    call.destination, call.source, places.indices, call.samples * places.outer, places.count,
                    places.taken, places.inner)
            }
            step.source = builder.gradient(node.output)
            step.destination = destination
            step.details = builder.keep(places(builder))
            builder.emit(step)
        }
    }
}

extension PlanBuilder {
    /// Emits a step that reads a value at places and writes the output, sample by sample.
    fileprivate mutating func emitTaking(_ node: OperationGraph.Node, _ places: Places, _ body: Step.Body) {
        var step = self.step(for: node, body)
        step.source = value(node.inputs[0])
        step.source2 = value(node.inputs[1])
        step.destination = makeValue(node.output)
        step.details = keep(rows(places, node))
        emit(step)
    }

    /// Emits a step that adds the output's gradient to the value's at places, sample by sample.
    fileprivate mutating func emitTakingGradient(_ node: OperationGraph.Node, _ places: Places, _ body: Step.Body) {
        contributeGradient(node.inputs[0]) { builder, destination in
            var zero = builder.step(for: node) { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                call.destination?.update(repeating: 0, count: call.samples * call.step.columns)
            }
            zero.isShared = builder.graph.isShared(node.inputs[0])
            zero.destination = destination
            zero.columns = builder.graph.floatsPerRow(node.inputs[0])
            builder.emit(zero)
            var step = builder.step(for: node, body)
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(node.inputs[1])
            step.destination = destination
            step.details = builder.keep(builder.rows(places, node))
            builder.emit(step)
        }
    }

    private func rows(_ places: Places, _ node: OperationGraph.Node) -> Places {
        var places = places
        places.valueRow = isFixed(node.inputs[0], in: node) ? 0 : graph.floatsPerRow(node.inputs[0])
        places.placesRow = isFixed(node.inputs[1], in: node) ? 0 : graph.floatsPerRow(node.inputs[1])
        return places
    }
}

/// A kernel that takes elements at computed places, or adds to them: out, in, places, outer, n, taken, inner.
private typealias TakingKernel = (
    UnsafeMutablePointer<Float>?, UnsafePointer<Float>?, UnsafePointer<Float>?, Int, Int, Int, Int
) -> Void

extension StepArguments {
    /// Calls a kernel for each sample; `isGradient` when it writes to the value's place.
    fileprivate func forEachSample(isGradient: Bool, _ kernel: TakingKernel) {
        guard let places = details(as: Places.self), let out = destination, let from = source, let at = source2 else {
            return
        }
        for sample in 0..<samples {
            kernel(
                out + sample * (isGradient ? places.valueRow : places.outRow),
                from + sample * (isGradient ? places.outRow : places.valueRow), at + sample * places.placesRow,
                places.outer, places.count, places.taken, places.inner)
        }
    }
}

extension TakeAlongAxisOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitTaking(node, Places(outer: outer, count: count, taken: taken, inner: inner)) { step, frame in
            StepArguments(step, frame).forEachSample(isGradient: false, lepton_k_take_along_f32)
        }
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitTakingGradient(node, Places(outer: outer, count: count, taken: taken, inner: inner)) {
            step, frame in
            StepArguments(step, frame).forEachSample(isGradient: true, lepton_k_take_along_grad_f32)
        }
    }
}

extension TakeAtOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitTaking(node, Places(outer: outer, count: count, taken: taken, inner: inner)) { step, frame in
            StepArguments(step, frame).forEachSample(isGradient: false, lepton_k_take_at_f32)
        }
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.emitTakingGradient(node, Places(outer: outer, count: count, taken: taken, inner: inner)) {
            step, frame in
            StepArguments(step, frame).forEachSample(isGradient: true, lepton_k_take_at_grad_f32)
        }
    }
}

extension OneHotOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.step(for: node) { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_one_hot_f32(
                call.destination, call.source, call.samples * call.step.innerColumns, call.step.columns)
        }
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.columns = depth
        step.innerColumns = builder.graph.floatsPerRow(node.inputs[0])
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}
