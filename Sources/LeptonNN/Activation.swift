import LeptonTensor

/// An activation function by its Keras name.
public enum Activation: String, Sendable, CaseIterable {
    case linear
    /// max(x, 0)
    case relu
    /// 1 / (1 + exp(-x))
    case sigmoid
    case tanh
    /// exp(x) / sum(exp(x)) over the last axis.
    case softmax

    /// - Throws: `invalidArgument` with the nearest known name.
    package init(_ value: JSONValue?, owner: String) throws(LeptonError) {
        guard let value else {
            self = .linear
            return
        }
        let object = try SerializedObject("\(owner).activation", value)
        guard let activation = Activation(rawValue: object.className) else {
            throw unknownName("activation", object.className, known: Activation.allCases.map(\.rawValue))
        }
        self = activation
    }

    /// As Keras writes it in a layer's config.
    package var config: JSONValue { .string(rawValue) }

    /// Whether operations that make a product apply it themselves, in the same pass.
    package var isFused: Bool {
        switch self {
        case .linear, .relu, .sigmoid, .tanh: true
        case .softmax: false
        }
    }

    /// What such an operation applies: this one, or nothing when an operation of its own has to follow.
    package var fusedPart: Activation { isFused ? self : .linear }

    /// Shape of the activation of values of a sample shape.
    package func outputShape(for shape: [Int]) throws(LeptonError) -> [Int] {
        guard isFused || !shape.isEmpty else {
            throw LeptonError(
                .shapeMismatch, argument: "\(rawValue) input", expected: "at least 2 axes, batch included",
                received: "(None,)")
        }
        return shape
    }
}

extension LoweredGraph {
    /// Appends an activation after a value. Every layer with an `activation` argument ends with it.
    package mutating func append(_ activation: Activation, after value: Int) throws(LeptonError) -> Int {
        let shape = try activation.outputShape(for: operations.sampleShapes[value])
        switch activation {
        case .linear: return value
        case .softmax: return try operations.add(SoftmaxOperation(), inputs: [value], outputShape: shape)
        default:
            return try operations.add(
                ActivationOperation(activation: activation), inputs: [value], outputShape: shape)
        }
    }

    /// Appends what an operation that applied the `fusedPart` itself has left to do.
    package mutating func appendUnfused(_ activation: Activation, after value: Int) throws(LeptonError) -> Int {
        activation.isFused ? value : try append(activation, after: value)
    }
}
