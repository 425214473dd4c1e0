import CLeptonKernels
import LeptonNN

extension Activation {
    /// The kernels' number for a fused activation. The others are operations of their own and never asked.
    var kernelMode: Int32 {
        switch self {
        case .relu: Int32(LEPTON_K_RELU)
        case .sigmoid: Int32(LEPTON_K_SIGMOID)
        case .tanh: Int32(LEPTON_K_TANH)
        default: Int32(LEPTON_K_LINEAR)
        }
    }
}

extension DenseOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step(denseForward)
        step.source = builder.value(node.inputs[0])
        step.source2 = builder.parameter(node.weights[0])
        if hasBias { step.source3 = builder.parameter(node.weights[1]) }
        step.destination = builder.makeValue(node.output)
        (step.rowsPerSample, step.innerColumns) = builder.matrixExtents(node.inputs[0])
        step.columns = units
        step.mode = activation.kernelMode
        // A product with one column has a way of its own, with sums of its own.
        if !builder.isTraining, units > 1 {
            var packing = Step(packKernel)
            packing.source = step.source2
            packing.columns = units
            packing.innerColumns = step.innerColumns
            step.source8 = builder.newPacked(floats: lepton_k_packed_floats(step.innerColumns, units), packing)
        }
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let (rowsPerSample, innerColumns) = builder.matrixExtents(node.inputs[0])
        let gradient = builder.emitActivationBackward(node, activation: activation, hasBias: hasBias)
        if let kernel = builder.weightGradient(node.weights[0]) {
            var step = Step(denseKernelGradient)
            step.destination = kernel.operand
            step.accumulates = kernel.accumulates
            step.source = builder.value(node.inputs[0])
            step.source2 = gradient
            step.rowsPerSample = rowsPerSample
            step.columns = units
            step.innerColumns = innerColumns
            builder.emit(step)
        }
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step(denseInputGradient)
            step.destination = destination
            step.source = gradient
            step.source2 = builder.parameter(node.weights[0])
            step.rowsPerSample = rowsPerSample
            step.columns = units
            step.innerColumns = innerColumns
            builder.emit(step)
        }
    }
}

extension PlanBuilder {
    /// Takes the gradient of an output through the activation, in place, and writes the bias's gradient,
    /// in one pass. Returns where the gradient stands.
    mutating func emitActivationBackward(
        _ node: OperationGraph.Node, activation: Activation, hasBias: Bool
    ) -> Operand {
        let gradient = exclusiveGradient(node.output)
        let bias = hasBias ? weightGradient(node.weights[1]) : nil
        guard bias != nil || activation != .linear else { return gradient }
        var step = Step(activationBackward)
        step.destination = gradient
        step.destination2 = bias?.operand ?? .none
        step.accumulates = bias?.accumulates ?? false
        step.source = value(node.output)
        (step.rowsPerSample, step.columns) = matrixExtents(node.output)
        step.mode = activation.kernelMode
        emit(step)
        return gradient
    }
}

/// destination = source(inner, columns), laid out for products.
private func packKernel(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    let columns = call.step.columns
    lepton_k_pack_f32(call.destination, 0, call.step.innerColumns, columns, call.source, columns)
}

/// destination(rows, columns) = activation(source(rows, inner) · source2(inner, columns) + source3(columns)); source8 is
/// source2 laid out for products, where the frame has it.
private func denseForward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    let (rows, columns, inner) = (call.rows, call.step.columns, call.step.innerColumns)
    if let packed = call.source8 {
        lepton_k_gemm_packed_f32(rows, columns, inner, call.source, inner, packed, 0, call.destination, columns)
    } else {
        lepton_k_gemm_f32(
            0, 0, rows, columns, inner, call.source, inner, call.source2, columns, 0, call.destination, columns)
    }
    if call.step.source3.base != .none || call.step.mode != LEPTON_K_LINEAR {
        lepton_k_bias_activation_f32(
            call.destination, call.destination, call.source3, rows, columns, call.step.mode)
    }
}

/// destination(rows, columns) *= activation'(source); destination2(columns) = its column sums, if wanted.
private func activationBackward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    let (rows, columns) = (call.rows, call.step.columns)
    if let bias = call.destination2 {
        lepton_k_activation_bias_grad_f32(
            call.destination, bias, call.destination, call.source, rows, columns, call.step.mode,
            call.step.accumulates ? 1 : 0)
    } else {
        lepton_k_activation_grad_f32(
            call.destination, call.destination, call.source, rows * columns, call.step.mode)
    }
}

/// destination(inner, columns) (+)= source(rows, inner)ᵀ · source2(rows, columns)
private func denseKernelGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    let (columns, inner) = (call.step.columns, call.step.innerColumns)
    lepton_k_gemm_f32(
        1, 0, inner, columns, call.rows, call.source, inner, call.source2, columns, call.step.accumulates ? 1 : 0,
        call.destination, columns)
}

/// destination(rows, inner) = source(rows, columns) · source2(inner, columns)ᵀ
private func denseInputGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    let (columns, inner) = (call.step.columns, call.step.innerColumns)
    lepton_k_gemm_f32(
        0, 1, call.rows, inner, columns, call.source, columns, call.source2, columns, 0, call.destination, inner)
}
