import CLeptonKernels
import LeptonNN

/// Attention of one sample, and how far the operands move from one to the next.
private struct AttentionPlan {
    var shape: lepton_k_attention
    let blocks: Int
    let queryFloats: Int
    let keyFloats: Int
    let valueFloats: Int
    let outputFloats: Int
    let maskFloats: Int
    /// The weights of all heads are kept for the backward pass.
    let keepsWeights: Bool

    var weightFloats: Int { shape.heads * shape.queries * shape.keys }
}

extension AttentionOperation: ExecutableOperation {
    private func plan(_ node: OperationGraph.Node, _ builder: PlanBuilder) -> AttentionPlan {
        var shape = lepton_k_attention()
        shape.heads = heads
        shape.group = group
        shape.queries = queries
        shape.keys = keys
        shape.key_width = keyWidth
        shape.value_width = valueWidth
        shape.scale = scale
        shape.causal = isCausal ? 1 : 0
        var maskFloats = 0
        if node.inputs.count > 3 {
            let mask = builder.graph.sampleShapes[node.inputs[3]]
            let steps = LoopShape.Operand(mask, to: [heads, queries, keys], isFixed: false).steps
            (shape.mask_head, shape.mask_query, shape.mask_key) = (steps[0], steps[1], steps[2])
            maskFloats = mask.reduce(1, *)
        }
        return AttentionPlan(
            shape: shape, blocks: blocks, queryFloats: queries * heads * keyWidth,
            keyFloats: keys * heads / group * keyWidth, valueFloats: keys * heads / group * valueWidth,
            outputFloats: queries * heads * valueWidth, maskFloats: maskFloats, keepsWeights: builder.isTraining)
    }

    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step(attend)
        step.source = builder.value(node.inputs[0])
        step.source2 = builder.value(node.inputs[1])
        step.source3 = builder.value(node.inputs[2])
        if node.inputs.count > 3 { step.source4 = builder.value(node.inputs[3]) }
        step.destination = builder.makeValue(node.output)
        let plan = plan(node, builder)
        let weights =
            plan.keepsWeights
            ? builder.newBuffer(floatsPerRow: blocks * plan.weightFloats)
            : builder.newBuffer(floatsPerRow: 0, fixedFloats: queries * keys)
        builder.save([weights], for: node)
        step.destination2 = weights
        step.details = builder.keep(plan)
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        contribute(node, [], &builder)
    }

    /// Asks for the gradients of query, key and value one inside the other, because one step writes all of them.
    private func contribute(_ node: OperationGraph.Node, _ given: [Operand], _ builder: inout PlanBuilder) {
        guard given.count < 3 else {
            guard given.contains(where: { $0 != .none }) else { return }
            var step = Step(attendBackward)
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(node.inputs[0])
            step.source3 = builder.value(node.inputs[1])
            step.source4 = builder.value(node.inputs[2])
            step.source5 = builder.saved(node)[0]
            step.destination = given[0]
            step.destination2 = given[1]
            step.destination3 = given[2]
            step.destination4 = builder.newBuffer(floatsPerRow: 0, fixedFloats: queries * keys)
            step.details = builder.keep(plan(node, builder))
            builder.emit(step)
            return
        }
        let input = node.inputs[given.count]
        guard builder.wantsGradient(input) else { return contribute(node, given + [.none], &builder) }
        builder.contributeGradient(input) { builder, destination in
            contribute(node, given + [destination], &builder)
        }
    }
}

private func attend(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    guard var plan = call.details(as: AttentionPlan.self), let out = call.destination,
        let weights = call.destination2, let query = call.source, let key = call.source2, let value = call.source3
    else { return }
    let mask = call.source4
    for index in 0..<(call.samples * plan.blocks) {
        lepton_k_attention_f32(
            out + index * plan.outputFloats, weights + (plan.keepsWeights ? index * plan.weightFloats : 0),
            plan.keepsWeights ? plan.shape.queries * plan.shape.keys : 0, query + index * plan.queryFloats,
            key + index * plan.keyFloats, value + index * plan.valueFloats, mask.map { $0 + index * plan.maskFloats },
            &plan.shape)
    }
}

private func attendBackward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    guard var plan = call.details(as: AttentionPlan.self), let given = call.source, let query = call.source2,
        let key = call.source3, let value = call.source4, let weights = call.source5, let work = call.destination4
    else { return }
    let (forQuery, forKey, forValue) = (call.destination, call.destination2, call.destination3)
    for index in 0..<(call.samples * plan.blocks) {
        lepton_k_attention_grad_f32(
            forQuery.map { $0 + index * plan.queryFloats }, forKey.map { $0 + index * plan.keyFloats },
            forValue.map { $0 + index * plan.valueFloats }, work, given + index * plan.outputFloats,
            query + index * plan.queryFloats, key + index * plan.keyFloats, value + index * plan.valueFloats,
            weights + index * plan.weightFloats, &plan.shape)
    }
}
