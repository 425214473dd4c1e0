import LeptonTensor

/// A building block of a model: a value that holds a layer's arguments, not its weights.
///
/// Names, arguments, defaults and config JSON are those of Keras 3.15.
public protocol Layer: Sendable {
    /// "Dense", as in Keras.
    static var className: String { get }
    var options: LayerOptions { get set }

    /// Reads the arguments from a Keras config; `options` and unknown fields are handled by the caller.
    init(arguments: inout ConfigReader) throws(LeptonError)

    /// The arguments as Keras's `get_config` writes them, without those in `options`.
    var arguments: JSONObject { get }

    /// Weights for inputs of these sample shapes, in Keras's order.
    func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight]

    /// Sample shape of the output.
    func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int]

    /// Appends the layer's operations to a graph. Inputs, weights and the result are numbers of values.
    func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int
}

extension Layer {
    public typealias Weight = LayerWeight
}

/// A weight that a layer asks for.
public struct LayerWeight: Sendable {
    package let spec: WeightSpec

    public init(name: String, shape: [Int], initializer: Initializer) {
        spec = WeightSpec(name: name, shape: shape, initializer: initializer)
    }
}

/// The operations of a model under construction; what it holds is the SDK's own affair.
public struct LoweredGraph: Sendable {
    package var operations: OperationGraph
}

/// What every layer has.
public struct LayerOptions: Sendable, Equatable {
    /// Nil until the model names it: "dense", "dense_1", ...
    public var name: String?
    /// False keeps the weights as they are in training.
    public var isTrainable = true
    /// Extents of one sample, for the first layer of a Sequential model.
    public var inputShape: [Int]?

    public init(name: String? = nil, inputShape: [Int]? = nil) {
        self.name = name
        self.inputShape = inputShape
    }
}
