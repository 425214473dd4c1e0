import LeptonTensor

/// Normalises each channel to mean 0 and variance 1 over the batch, then scales and shifts it by learned numbers (Ioffe &
/// Szegedy, 2015). When predicting, evaluating or frozen, moving averages of mean and variance stand for the batch's.
///
/// Output shape: as the input. Weights: gamma, beta, moving_mean, moving_variance, each with one number a channel.
public struct BatchNormalization: Layer {
    public static let className = "BatchNormalization"
    public static let ruledWeights = ["gamma", "beta"]
    public var options: LayerOptions
    /// Of the channels; the batch is axis 0, and negative numbers count from the end.
    public let axis: Int
    /// How much of a moving average stays at each step.
    public let momentum: Double
    /// Added to the variance.
    public let epsilon: Double
    /// Whether beta is added.
    public let center: Bool
    /// Whether gamma multiplies.
    public let scale: Bool
    public let betaInitializer: Initializer
    public let gammaInitializer: Initializer
    public let movingMeanInitializer: Initializer
    public let movingVarianceInitializer: Initializer
    public init(
        axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        movingMeanInitializer: Initializer = .zeros, movingVarianceInitializer: Initializer = .ones,
        inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.axis = axis
        self.momentum = momentum
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        self.movingMeanInitializer = movingMeanInitializer
        self.movingVarianceInitializer = movingVarianceInitializer
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        axis = try arguments.integer("axis") ?? -1
        momentum = try arguments.number("momentum", default: 0.99)
        epsilon = try arguments.number("epsilon", default: 1e-3)
        (center, scale) = try arguments.centerAndScale()
        betaInitializer = try arguments.initializer("beta_initializer", default: .zeros)
        gammaInitializer = try arguments.initializer("gamma_initializer", default: .ones)
        movingMeanInitializer = try arguments.initializer("moving_mean_initializer", default: .zeros)
        movingVarianceInitializer = try arguments.initializer("moving_variance_initializer", default: .ones)
        try arguments.neutral("synchronized", [.bool(false)], instead: "statistics are over the whole batch anyway")
        try arguments.neutral("renorm", [.bool(false)], instead: "leave it out")
        arguments.ignore("renorm_clipping", "renorm_momentum")
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "axis": .integer(Int64(axis)), "momentum": .number(momentum), "epsilon": .number(epsilon),
            "center": .bool(center), "scale": .bool(scale), "beta_initializer": betaInitializer.config,
            "gamma_initializer": gammaInitializer.config, "moving_mean_initializer": movingMeanInitializer.config,
            "moving_variance_initializer": movingVarianceInitializer.config, "synchronized": false, "renorm": false,
            "renorm_clipping": .null, "renorm_momentum": 0.99,
        ]
    }

    public var supportsMasking: Bool { true }

    public var maskedInputs: [String: Int?] { ["mask": 0] }

    private func channelAxis(_ shape: [Int]) throws(LeptonError) -> Int {
        try sampleAxes([axis], of: shape, argument: "BatchNormalization.axis")[0]
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let shape = inputShapes.first ?? []
        let channels = [shape[try channelAxis(shape)]]
        var weights: [Weight] = []
        if scale { weights.append(Weight(name: "gamma", shape: channels, initializer: gammaInitializer)) }
        if center { weights.append(Weight(name: "beta", shape: channels, initializer: betaInitializer)) }
        return weights + [
            Weight(name: "moving_mean", shape: channels, initializer: movingMeanInitializer, isTrainable: false),
            Weight(
                name: "moving_variance", shape: channels, initializer: movingVarianceInitializer, isTrainable: false),
        ]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        _ = try channelAxis(shape)
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let isFrozen = graph.operations.fixedMode == .inference || !options.isTrainable
        guard isFrozen || graph.operations.fixedMode != .training else {
            throw LeptonError(
                .notSupported,
                "BatchNormalization called with training=True in code of one's own is not supported: predictions would "
                    + "depend on the rows beside them; pass the training argument of the code on, or leave it out")
        }
        let shape = graph.operations.sampleShapes[inputs[0]]
        let axis = try channelAxis(shape)
        let mask = try mask(of: inputs[0], axis, isFrozen: isFrozen, graph)
        let operation = BatchNormalizationOperation(
            momentum: momentum, epsilon: Float(epsilon), hasScale: scale, hasOffset: center, isFrozen: isFrozen,
            hasMask: mask != nil)
        return try graph.operations.withAxesLast([axis], of: inputs[0]) { (operations, value) throws(LeptonError) in
            try operations.add(
                operation, inputs: [value] + (mask.map { [$0] } ?? []), weights: weights,
                outputShape: operations.sampleShapes[value])
        }
    }

    /// What of the input the batch's moments are made from; nil for all.
    private func mask(
        of value: Int, _ axis: Int, isFrozen: Bool, _ graph: LoweredGraph
    ) throws(LeptonError) -> Int? {
        guard let mask = graph.masks[value] else { return nil }
        let (shape, maskShape) = (graph.operations.sampleShapes[value], graph.operations.sampleShapes[mask])
        guard maskShape.count == shape.count - 1 else {
            throw LeptonError(
                .invalidArgument,
                "The mask provided should be one dimension less than the inputs. Received: "
                    + "mask.shape=\(Shape.batchText(maskShape)), inputs.shape=\(Shape.batchText(shape))")
        }
        guard !isFrozen else { return nil }
        guard axis == shape.count - 1 else {
            throw LeptonError(
                .notSupported,
                "training BatchNormalization on masked values is supported with the channels on the last axis only; "
                    + "normalise before masking")
        }
        return mask
    }
}

extension ConfigReader {
    /// A whole number; nil when absent or null.
    package mutating func integer(_ name: String) throws(LeptonError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.intValue else { throw wrong(name, "a whole number", value) }
        return number
    }

    package mutating func initializer(
        _ name: String, default standard: Initializer
    ) throws(LeptonError) -> Initializer {
        try Initializer(value(name), argument: argumentName(name), default: standard)
    }

    /// Whether beta is added and gamma multiplies.
    mutating func centerAndScale() throws(LeptonError) -> (center: Bool, scale: Bool) {
        return (try bool("center", default: true), try bool("scale", default: true))
    }
}
