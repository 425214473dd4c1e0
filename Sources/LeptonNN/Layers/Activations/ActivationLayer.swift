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

    public var arguments: JSONObject { ["activation": activation.config] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try activation.outputShape(for: inputShapes.first ?? [])
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try graph.append(activation, after: inputs[0])
    }
}
