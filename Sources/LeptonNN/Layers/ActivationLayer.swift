import LeptonTensor

/// An activation function as a layer of its own; Keras's `Activation`. Output shape: as the input.
public struct ActivationLayer: Layer {
    public static let className = "Activation"
    public var options: LayerOptions
    public let activation: Activation

    public init(_ activation: Activation, inputShape: [Int]? = nil, name: String? = nil) {
        self.activation = activation
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let value = arguments.value("activation") else {
            throw LeptonError(
                .invalidArgument, argument: "Activation.activation", expected: "an activation's name",
                received: "nothing")
        }
        activation = try Activation(value, owner: "Activation")
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["activation": .string(activation.rawValue)] }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard let shape = inputShapes.first, !(activation == .softmax && shape.isEmpty) else {
            throw LeptonError(
                .shapeMismatch, argument: "softmax input", expected: "at least 2 axes, batch included",
                received: "(None,)")
        }
        return shape
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        switch activation {
        case .linear: return inputs[0]
        case .softmax: return try graph.operations.add(SoftmaxOperation(), inputs: inputs, outputShape: shape)
        default:
            return try graph.operations.add(
                ActivationOperation(activation: activation), inputs: inputs, outputShape: shape)
        }
    }
}
