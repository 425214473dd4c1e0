import LeptonTensor

/// Normalises each sample to mean 0 and variance 1 over one axis or several, then scales and shifts it by learned numbers
/// (Ba et al., 2016). Output shape: as the input. Weights: gamma and beta, with the extents of the axes.
public struct LayerNormalization: Layer {
    public static let className = "LayerNormalization"
    public static let ruledWeights = ["gamma", "beta"]
    public var options: LayerOptions
    /// The batch is axis 0, and negative numbers count from the end.
    public let axis: AxisArgument
    public let epsilon: Double
    public let center: Bool
    public let scale: Bool
    /// Divides by the standard deviation without taking off the mean, as older Keras models do; no beta then.
    public let rmsScaling: Bool
    public let betaInitializer: Initializer
    public let gammaInitializer: Initializer

    public init(
        axis: AxisArgument = -1, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        rmsScaling: Bool = false, betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.rmsScaling = rmsScaling
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        axis = try arguments.axes("axis") ?? -1
        epsilon = try arguments.number("epsilon", default: 1e-3)
        (center, scale) = try arguments.centerAndScale()
        rmsScaling = try arguments.bool("rms_scaling", default: false)
        betaInitializer = try arguments.initializer("beta_initializer", default: .zeros)
        gammaInitializer = try arguments.initializer("gamma_initializer", default: .ones)
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "axis": axis.config, "epsilon": .number(epsilon), "center": .bool(center), "scale": .bool(scale),
            "rms_scaling": .bool(rmsScaling), "beta_initializer": betaInitializer.config,
            "gamma_initializer": gammaInitializer.config,
        ]
    }

    public var supportsMasking: Bool { true }

    private var hasScale: Bool { scale || rmsScaling }
    private var hasOffset: Bool { center && !rmsScaling }

    private func axes(_ shape: [Int]) throws(LeptonError) -> [Int] {
        // Keras sorts the numbers as they were given, which shows in the shape of gamma and beta.
        try sampleAxes(axis.axes.sorted(), of: shape, argument: "LayerNormalization.axis")
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let shape = inputShapes.first ?? []
        let extents = try axes(shape).map { shape[$0] }
        var weights: [Weight] = []
        if hasScale { weights.append(Weight(name: "gamma", shape: extents, initializer: gammaInitializer)) }
        if hasOffset { weights.append(Weight(name: "beta", shape: extents, initializer: betaInitializer)) }
        return weights
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        _ = try axes(shape)
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let operation = RowNormalizationOperation(
            kind: rmsScaling ? .scaledByDeviation : .centred, epsilon: Float(epsilon), hasScale: hasScale,
            hasOffset: hasOffset)
        return try graph.operations.addRowNormalization(
            operation, inputs[0], axes: try axes(graph.operations.sampleShapes[inputs[0]]), weights: weights)
    }
}

extension OperationGraph {
    package mutating func addRowNormalization(
        _ operation: RowNormalizationOperation, _ value: Int, axes: [Int], weights: [Int] = []
    ) throws(LeptonError) -> Int {
        try withAxesLast(axes, of: value) { (operations, value) throws(LeptonError) in
            try operations.add(
                operation, inputs: [value], weights: weights, outputShape: operations.sampleShapes[value])
        }
    }
}
