import LeptonTensor

extension Activation {
    /// Whether operations that make a product apply it themselves, in the same pass.
    package var isFused: Bool {
        switch self {
        case .linear, .relu, .sigmoid, .tanh: true
        default: false
        }
    }

    /// What such an operation applies: this one, or nothing when an operation of its own has to follow.
    package var fusedPart: Activation { isFused ? self : .linear }

    /// The function of one number that it is; nil for those that look at a whole row.
    package var elementwise: ElementwiseFunction? {
        switch self {
        case .softmax, .logSoftmax, .sparsemax, .glu: nil
        case .linear: .init(.linear)
        case .relu: .init(.relu, b: .infinity)
        case .sigmoid: .init(.sigmoid)
        case .tanh: .init(.tanh)
        case .leakyRelu: .init(.leakyRelu, a: 0.2)
        case .relu6: .init(.relu6)
        case .celu: .init(.celu, a: 1)
        case .elu: .elu(alpha: 1)
        case .selu: .selu
        case .softplus: .init(.softplus)
        case .softsign: .init(.softsign)
        case .squareplus: .init(.squareplus, a: 4)
        case .softShrink: .init(.softShrink, a: 0.5)
        case .hardShrink: .init(.hardShrink, a: 0.5)
        case .tanhShrink: .init(.tanhShrink)
        case .sparsePlus: .init(.sparsePlus)
        case .sparseSigmoid: .init(.sparseSigmoid)
        case .silu: .init(.silu)
        case .gelu: .init(.gelu)
        case .exponential: .init(.exponential)
        case .hardSigmoid: .init(.hardSigmoid)
        case .hardSilu: .init(.hardSilu)
        case .hardTanh: .init(.hardTanh)
        case .mish: .init(.mish)
        case .logSigmoid: .init(.logSigmoid)
        }
    }

    /// Shape of the activation of values of a sample shape.
    ///
    /// - Throws: `shapeMismatch` where a row is needed and there is none, or its halves.
    package func outputShape(for shape: [Int]) throws(LeptonError) -> [Int] {
        guard elementwise == nil else { return shape }
        guard let last = shape.last else {
            throw LeptonError(
                .shapeMismatch, argument: "\(rawValue) input", expected: "at least 2 axes, batch included",
                received: "(None,)")
        }
        guard self == .glu else { return shape }
        guard last % 2 == 0 else {
            throw LeptonError(
                .shapeMismatch, argument: "glu input", expected: "an even number of elements on the last axis",
                received: "\(last)")
        }
        return shape.dropLast() + [last / 2]
    }
}

extension LoweredGraph {
    /// Appends an activation after a value. Every layer with an `activation` argument ends with it.
    package mutating func append(_ activation: Activation, after value: Int) throws(LeptonError) -> Int {
        let shape = try activation.outputShape(for: operations.sampleShapes[value])
        switch activation {
        case .linear: return value
        case .softmax: return try operations.add(SoftmaxOperation(), inputs: [value], outputShape: shape)
        case .logSoftmax: return try operations.add(LogSoftmaxOperation(), inputs: [value], outputShape: shape)
        case .sparsemax: return try operations.add(SparsemaxOperation(), inputs: [value], outputShape: shape)
        case .glu: return try operations.add(GatedLinearOperation(), inputs: [value], outputShape: shape)
        default:
            guard let function = activation.elementwise, !activation.isFused else {
                return try operations.add(
                    ActivationOperation(activation: activation), inputs: [value], outputShape: shape)
            }
            return try operations.addFunction(function, value)
        }
    }

    /// Appends what an operation that applied the `fusedPart` itself has left to do.
    ///
    /// - Throws: `notSupported` for glu, which changes the shape that the layer promises.
    package mutating func appendUnfused(_ activation: Activation, after value: Int) throws(LeptonError) -> Int {
        guard activation != .glu else {
            throw LeptonError(
                .notSupported,
                "activation 'glu' halves the last axis; use it in an Activation layer of its own after this one")
        }
        return activation.isFused ? value : try append(activation, after: value)
    }
}
