import CLeptonKernels
import LeptonNN

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension NormalizeOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        let (mean, deviation) = operands(node, &builder)
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_normalize_rows_f32(
                call.destination, call.source, call.source2, call.source3, call.rows, call.step.columns, call.step.mode)
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = mean
        step.source3 = deviation
        step.destination = builder.makeValue(node.output)
        step.columns = builder.graph.floatsPerRow(node.output)
        step.mode = isInverse ? 1 : 0
        builder.save([deviation], for: node)
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        builder.contributeGradient(node.inputs[0]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                lepton_k_normalize_rows_grad_f32(
                    call.destination, call.source, call.source2, call.rows, call.step.columns, call.step.mode)
            }
            step.source = builder.gradient(node.output)
            step.source2 = builder.saved(node)[0]
            step.destination = destination
            step.columns = builder.graph.floatsPerRow(node.output)
            step.mode = isInverse ? 1 : 0
            builder.emit(step)
        }
    }

    /// Mean and deviation of each element of a sample: constants, or what a step makes of the weights.
    private func operands(_ node: OperationGraph.Node, _ builder: inout PlanBuilder) -> (Operand, Operand) {
        switch statistics {
        case .constants(let mean, let deviation):
            return (.constant(builder.details.keep(mean)), .constant(builder.details.keep(deviation)))
        case .weights(let places):
            let mean = builder.newBuffer(floatsPerRow: 0, fixedFloats: places.count)
            let deviation = builder.newBuffer(floatsPerRow: 0, fixedFloats: places.count)
            var step = Step(spreadStatistics)
            step.source = builder.parameter(node.weights[0])
            step.source2 = builder.parameter(node.weights[1])
            step.destination = mean
            step.destination2 = deviation
            step.columns = places.count
            step.details = UnsafeRawPointer(builder.details.keep(places))
            step.isShared = true
            builder.emit(step)
            return (mean, deviation)
        }
    }
}

/// destination(columns) = mean, destination2(columns) = max(sqrt(variance), smallest), each at its place.
private func spreadStatistics(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let mean = call.destination, let deviation = call.destination2, let means = call.source,
        let variances = call.source2, let places = call.step.details?.assumingMemoryBound(to: Int32.self)
    else { return }
    for index in 0..<call.step.columns {
        let place = Int(places[index])
        mean[index] = means[place]
        deviation[index] = max(sqrtf(variances[place]), NormalizeOperation.smallestDeviation)
    }
}

extension DigitizeOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            lepton_k_digitize_f32(
                call.destination, call.source, call.rows * call.step.columns, call.source2, call.step.innerColumns)
        }
        step.source = builder.value(node.inputs[0])
        step.source2 = .constant(builder.details.keep(boundaries))
        step.destination = builder.makeValue(node.output)
        step.columns = builder.graph.floatsPerRow(node.output)
        step.innerColumns = boundaries.count
        builder.emit(step)
    }

    /// Bins do not change with small steps of the input.
    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}

private struct EncodeExtents: BitwiseCopyable {
    let length: Int
    let inner: Int
    let depth: Int
}

extension EncodeOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let extents = call.details(as: EncodeExtents.self) else { return }
            lepton_k_encode_f32(
                call.destination, call.source, call.source2, call.source3, call.rows, extents.length, extents.inner,
                extents.depth, call.step.mode)
        }
        step.source = builder.value(node.inputs[0])
        if node.inputs.count > 1 { step.source2 = builder.value(node.inputs[1]) }
        step.source3 = scaleOperand(builder)
        step.destination = builder.makeValue(node.output)
        step.mode =
            switch mode {
            case .oneHot, .integer: Int32(LEPTON_K_ONE_HOT)
            case .multiHot: Int32(LEPTON_K_MULTI_HOT)
            case .count, .tfIdf: Int32(LEPTON_K_COUNT)
            }
        step.details = builder.keep(extents(node, builder))
        builder.emit(step)
    }

    /// Of the weights alone: numbers of classes do not change with small steps.
    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        guard node.inputs.count > 1 else { return }
        builder.contributeGradient(node.inputs[1]) { builder, destination in
            var step = Step { stepPointer, framePointer in
                let call = StepArguments(stepPointer, framePointer)
                guard let extents = call.details(as: EncodeExtents.self) else { return }
                lepton_k_encode_weights_grad_f32(
                    call.destination, call.source, call.source2, call.source3, call.rows, extents.length, extents.inner,
                    extents.depth)
            }
            step.source = builder.gradient(node.output)
            step.source2 = builder.value(node.inputs[0])
            step.source3 = scaleOperand(builder)
            step.destination = destination
            step.details = builder.keep(extents(node, builder))
            builder.emit(step)
        }
    }

    private func scaleOperand(_ builder: PlanBuilder) -> Operand {
        scale.map { .constant(builder.details.keep($0)) } ?? .none
    }

    private func extents(_ node: OperationGraph.Node, _ builder: PlanBuilder) -> EncodeExtents {
        let sample = builder.graph.sampleShapes[node.inputs[0]]
        let length = mode == .oneHot ? 1 : sample.first ?? 1
        return EncodeExtents(
            length: length, inner: mode == .oneHot ? sample.reduce(1, *) : sample.dropFirst().reduce(1, *), depth: depth
        )
    }
}

extension IntegerMapOperation: ExecutableOperation {
    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let destination = call.destination, let source = call.source, let details = call.step.details else {
                return
            }
            Unmanaged<MapReference>.fromOpaque(details)._withUnsafeGuaranteedRef { reference in
                for index in 0..<call.rows * call.step.columns {
                    let number = source[index].rounded(.towardZero)
                    destination[index] = Int64(exactly: number).map(reference.map.value) ?? .nan
                }
            }
        }
        let reference = MapReference(map)
        builder.details.keep(object: reference)
        step.details = UnsafeRawPointer(Unmanaged.passUnretained(reference).toOpaque())
        step.source = builder.value(node.inputs[0])
        step.destination = builder.makeValue(node.output)
        step.columns = builder.graph.floatsPerRow(node.output)
        builder.emit(step)
    }

    /// Whole numbers do not change with small steps.
    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {}
}

private final class MapReference: Sendable {
    let map: any IntegerMap
    init(_ map: any IntegerMap) { self.map = map }
}
