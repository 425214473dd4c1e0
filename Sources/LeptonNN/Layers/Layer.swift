import LeptonTensor

/// A building block of a model: a value that holds a layer's arguments, not its weights.
///
/// Names, arguments, defaults and config JSON are those of Keras 3.15.
public protocol Layer: Sendable {
    /// "Dense", as in Keras.
    static var className: String { get }
    /// The names that its "dtype" may have: float32 alone for layers that compute.
    static var acceptedDTypes: [String] { get }
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

    /// How many inputs the layer takes in one call; checked before any of the functions here is called.
    var inputCounts: ClosedRange<Int> { get }

    /// Sample shapes of all outputs, for layers that may have several.
    func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]]

    /// As `lower`, for layers that may have several outputs.
    func lowerAll(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> [Int]

    /// Whether the mask of the first input is also that of the first output.
    var supportsMasking: Bool { get }

    /// Keywords of a call that may bring a mask, and for which input; a list of masks is for that input and those after it.
    /// Nil for a mask that Keras takes and does not look at.
    var maskedInputs: [String: Int?] { get }

    /// Whether `lower` puts the penalty of `activity_regularizer` where it belongs; otherwise it is on the outputs.
    var placesActivityPenalty: Bool { get }

    /// Weights that the layer has the arguments `<weight>_regularizer` and `<weight>_constraint` for: "kernel", "bias".
    /// `recurrent`, say, is the weight of that name or else `recurrent_kernel`. They are read into `options`, applied to
    /// the weights and written to the config for every layer alike.
    static var ruledWeights: [String] { get }

    /// The layer as a certain call uses it: what its functions do may depend on the call's keywords.
    ///
    /// - Throws: `invalidArgument` or `notSupported` for keywords that it does not take.
    func configured(for call: LayerCall) throws(LeptonError) -> any Layer

    /// Under which module and class Keras writes the layer.
    var identity: LayerIdentity { get }

    /// Whether training changes the weights, those of layers inside as well.
    mutating func setTrainable(_ isTrainable: Bool)
}

extension Layer {
    public typealias Weight = LayerWeight

    public static var acceptedDTypes: [String] { ["float32"] }
    public var inputCounts: ClosedRange<Int> { 1...1 }
    public var supportsMasking: Bool { false }
    public var maskedInputs: [String: Int?] { [:] }
    public var placesActivityPenalty: Bool { false }
    public static var ruledWeights: [String] { [] }
    public var identity: LayerIdentity { LayerIdentity(module: "keras.layers", className: Self.className) }
    public mutating func setTrainable(_ isTrainable: Bool) { options.isTrainable = isTrainable }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        try call.check(identity.className)
        return self
    }

    public func outputShapes(for inputShapes: [[Int]]) throws(LeptonError) -> [[Int]] {
        [try outputShape(for: inputShapes)]
    }

    public func lowerAll(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> [Int] {
        [try lower(into: &graph, inputs: inputs, weights: weights)]
    }
}

/// A weight that a layer asks for.
public struct LayerWeight: Sendable {
    package let spec: WeightSpec

    /// - Parameters:
    ///   - isTrainable: false for what training changes by other means than gradients.
    ///   - regularizer, constraint: nil for those that the layer's options have for a weight of this name.
    public init(
        name: String, shape: [Int], initializer: Initializer, isTrainable: Bool = true,
        regularizer: Regularizer? = nil, constraint: Constraint? = nil
    ) {
        spec = WeightSpec(
            name: name, shape: shape, initializer: initializer, isTrainable: isTrainable, regularizer: regularizer,
            constraint: constraint)
    }
}

extension LayerWeight {
    /// The weight as one of a layer that contains the layer that asked for it.
    package func inside(_ name: String, isTrainable: Bool = true) -> LayerWeight {
        LayerWeight(spec: spec.inside(name, isTrainable: isTrainable))
    }

    init(spec: WeightSpec) { self.spec = spec }
}

/// How Keras writes a layer.
public struct LayerIdentity: Sendable {
    public let module: String
    public let className: String
    package let registeredName: String?
    /// What Keras adds to the numbers of its calls among the outputs of a functional config.
    package let firstCall: Int
    /// Whether it is a model, whose config has no policy of its own.
    package let isModel: Bool
    /// False for layers that Keras's own class is not made with "trainable".
    package let hasTrainable: Bool

    package init(
        module: String, className: String, registeredName: String? = nil, firstCall: Int = 0, isModel: Bool = false,
        hasTrainable: Bool = true
    ) {
        self.module = module
        self.className = className
        self.registeredName = registeredName
        self.firstCall = firstCall
        self.isModel = isModel
        self.hasTrainable = hasTrainable
    }
}

/// The operations of a model under construction; what it holds is the SDK's own affair.
public struct LoweredGraph: Sendable {
    package var operations: OperationGraph
    /// The mask of each value that has one: a value of 0 and 1 with the first axes of the masked value's sample shape.
    package var masks: [Int: Int] = [:]
    /// The layers around what is lowered, by their names.
    package var path: [String] = []
    /// Rows in every batch, where that is fixed.
    package var batchSize: Int?
    /// What encoders make of the data; nil while none is known.
    package var encodedLengths: (any EncodedLengths)?

    package init(operations: OperationGraph = OperationGraph()) {
        self.operations = operations
    }
}

/// What every layer has.
public struct LayerOptions: Sendable, Equatable {
    /// Nil until the model names it: "dense", "dense_1", ...
    public var name: String?
    /// False keeps the weights as they are in training.
    public var isTrainable = true
    /// Extents of one sample, for the first layer of a Sequential model.
    public var inputShape: [Int]?
    /// Rows in every batch, with `inputShape`; nil for any number, which only stateful layers do not take.
    public var batchSize: Int?
    /// Penalties on weights, by the name that the arguments have for the weight: "kernel".
    public var regularizers: [String: Regularizer] = [:]
    /// What weights are made to obey, likewise.
    public var constraints: [String: Constraint] = [:]
    /// A penalty on what the layer gives, divided by the number of rows.
    public var activityRegularizer: Regularizer?

    public init(name: String? = nil, inputShape: [Int]? = nil) {
        self.name = name
        self.inputShape = inputShape
    }
}
