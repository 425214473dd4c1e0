import CLeptonKernels
import LeptonNN

extension SlidingWindow {
    /// For the kernels, with leading axes of extent 1 up to three.
    var kernelWindow: lepton_k_window {
        func triple(_ numbers: [Int], _ neutral: Int) -> (Int, Int, Int) {
            let all = [Int](repeating: neutral, count: 3 - numbers.count) + numbers
            return (all[0], all[1], all[2])
        }
        return lepton_k_window(
            in: triple(input, 1), out: triple(output, 1), kernel: triple(kernel, 1), stride: triple(strides, 1),
            dilation: triple(dilation, 1), before: triple(before, 0), in_channels: inputChannels,
            out_channels: outputChannels, groups: groups)
    }
}

extension StepArguments {
    /// Calls `body` with the window that a step was given as its details.
    func withWindow(_ body: (UnsafePointer<lepton_k_window>) -> Void) {
        guard let details = step.details else { return }
        body(details.assumingMemoryBound(to: lepton_k_window.self))
    }
}

extension PlanBuilder {
    /// A step over windows, of an operation with these extents.
    fileprivate func windowStep(_ body: Step.Body, _ window: SlidingWindow) -> Step {
        var step = Step(body)
        step.details = keep(window.kernelWindow)
        return step
    }

    /// The same with the scratch memory that the convolution kernels take.
    fileprivate mutating func scratchStep(_ body: Step.Body, _ window: SlidingWindow) -> Step {
        var step = windowStep(body, window)
        var description = window.kernelWindow
        step.destination2 = newBuffer(floatsPerRow: 0, fixedFloats: Int(lepton_k_convolution_scratch(&description)))
        return step
    }

    /// Emits a layer's own step: images, kernel, bias and activation to its output.
    fileprivate mutating func emitLayer(
        _ step: Step, _ node: OperationGraph.Node, hasBias: Bool, activation: Activation
    ) {
        var step = step
        step.source = value(node.inputs[0])
        step.source2 = parameter(node.weights[0])
        if hasBias { step.source3 = parameter(node.weights[1]) }
        step.destination = makeValue(node.output)
        (step.rowsPerSample, step.columns) = matrixExtents(node.output)
        step.mode = activation.kernelMode
        emit(step)
    }

    /// Emits the gradient of a node's kernel from images and the gradient of what they were convolved to.
    fileprivate mutating func emitKernelGradient(
        _ node: OperationGraph.Node, images: Operand, gradient: Operand, _ makeStep: (inout PlanBuilder) -> Step
    ) {
        guard let kernel = weightGradient(node.weights[0]) else { return }
        var step = makeStep(&self)
        step.destination = kernel.operand
        step.accumulates = kernel.accumulates
        step.source = images
        step.source2 = gradient
        emit(step)
    }

    /// Emits the gradient of a node's input from that of its output and its kernel.
    fileprivate mutating func emitInputGradient(
        _ node: OperationGraph.Node, gradient: Operand, _ makeStep: (inout PlanBuilder) -> Step
    ) {
        contributeGradient(node.inputs[0]) { builder, destination in
            var step = makeStep(&builder)
            step.destination = destination
            step.source = gradient
            step.source2 = builder.parameter(node.weights[0])
            builder.emit(step)
        }
    }
}

extension ConvolutionOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let step = builder.scratchStep(convolutionForward, window)
        builder.emitLayer(step, node, hasBias: hasBias, activation: activation)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let gradient = builder.emitActivationBackward(node, activation: activation, hasBias: hasBias)
        builder.emitKernelGradient(node, images: builder.value(node.inputs[0]), gradient: gradient) {
            $0.scratchStep(convolutionKernelGradient, window)
        }
        builder.emitInputGradient(node, gradient: gradient) { $0.scratchStep(convolutionInputGradient, window) }
    }
}

extension TransposedConvolutionOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let step = builder.scratchStep(transposedForward, window)
        builder.emitLayer(step, node, hasBias: hasBias, activation: activation)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let gradient = builder.emitActivationBackward(node, activation: activation, hasBias: hasBias)
        builder.emitKernelGradient(node, images: gradient, gradient: builder.value(node.inputs[0])) {
            $0.scratchStep(convolutionKernelGradient, window)
        }
        builder.emitInputGradient(node, gradient: gradient) { $0.scratchStep(convolutionForward, window) }
    }
}

extension DepthwiseOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let step = builder.windowStep(depthwiseForward, window)
        builder.emitLayer(step, node, hasBias: hasBias, activation: activation)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let gradient = builder.emitActivationBackward(node, activation: activation, hasBias: hasBias)
        builder.emitKernelGradient(node, images: builder.value(node.inputs[0]), gradient: gradient) {
            $0.windowStep(depthwiseKernelGradient, window)
        }
        builder.emitInputGradient(node, gradient: gradient) { $0.windowStep(depthwiseInputGradient, window) }
    }
}

extension PoolingOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.windowStep(takesMaximum ? maximumForward : meanForward, window)
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        if takesMaximum, builder.isTraining {
            // Which element of each window was the largest: as many numbers of 32 bits as there are outputs.
            let taps = builder.newBuffer(like: node.output)
            builder.save([taps], for: node)
            step.destination2 = taps
        }
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = builder.windowStep(takesMaximum ? maximumBackward : meanBackward, window)
            step.destination = destination
            step.source = builder.gradient(node.output)
            if takesMaximum { step.source2 = builder.saved(node)[0] }
            builder.emit(step)
        }
    }
}

/// destination = activation(source convolved with source2 + source3)
private func convolutionForward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        lepton_k_convolution_f32(
            call.destination, call.source, call.source2, call.source3, $0, call.samples, call.step.mode,
            call.destination2)
    }
}

/// destination (+)= the kernel's gradient, from the images source and the gradient source2
private func convolutionKernelGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        lepton_k_convolution_kernel_grad_f32(
            call.destination, call.source, call.source2, $0, call.samples, call.step.accumulates ? 1 : 0,
            call.destination2)
    }
}

/// destination = the images' gradient, from the gradient source and the kernel source2
private func convolutionInputGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        lepton_k_convolution_input_grad_f32(
            call.destination, call.source, call.source2, $0, call.samples, call.destination2)
    }
}

/// The same as a layer's result: destination = activation(... + source3)
private func transposedForward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    convolutionInputGradient(step, frame)
    lepton_k_bias_activation_f32(
        call.destination, call.destination, call.source3, call.rows, call.step.columns, call.step.mode)
}

private func depthwiseForward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        lepton_k_depthwise_f32(
            call.destination, call.source, call.source2, call.source3, $0, call.samples, call.step.mode)
    }
}

private func depthwiseKernelGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        lepton_k_depthwise_kernel_grad_f32(
            call.destination, call.source, call.source2, $0, call.samples, call.step.accumulates ? 1 : 0)
    }
}

private func depthwiseInputGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        lepton_k_depthwise_input_grad_f32(call.destination, call.source, call.source2, $0, call.samples)
    }
}

/// destination = the largest values of source; destination2, if any, which element of its window each was
private func maximumForward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        let taps = call.destination2.map { UnsafeMutableRawPointer($0).assumingMemoryBound(to: Int32.self) }
        lepton_k_max_pool_f32(call.destination, taps, call.source, $0, call.samples)
    }
}

/// destination = the gradient source, where source2 says
private func maximumBackward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow {
        let taps = call.source2.map { UnsafeRawPointer($0).assumingMemoryBound(to: Int32.self) }
        lepton_k_max_pool_grad_f32(call.destination, call.source, taps, $0, call.samples)
    }
}

private func meanForward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow { lepton_k_average_pool_f32(call.destination, call.source, $0, call.samples) }
}

private func meanBackward(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    call.withWindow { lepton_k_average_pool_grad_f32(call.destination, call.source, $0, call.samples) }
}
