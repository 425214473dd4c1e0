import LeptonTensor

/// Normalises each sample to mean 0 and variance 1 over groups of channels and all other axes, then scales and shifts
/// each channel by learned numbers (Wu & He, 2018). Output shape: as the input. Weights: gamma and beta, one number a
/// channel.
public struct GroupNormalization: Layer {
    public static let className = "GroupNormalization"
    public static let ruledWeights = ["gamma", "beta"]
    public var options: LayerOptions
    /// A divisor of the number of channels, or -1 for a group of each channel's own.
    public let groups: Int
    /// Of the channels; the batch is axis 0, and negative numbers count from the end.
    public let axis: Int
    public let epsilon: Double
    public let center: Bool
    public let scale: Bool
    public let betaInitializer: Initializer
    public let gammaInitializer: Initializer

    public init(
        groups: Int = 32, axis: Int = -1, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones, inputShape: [Int]? = nil,
        name: String? = nil
    ) {
        self.groups = groups
        self.axis = axis
        self.epsilon = epsilon
        self.center = center
        self.scale = scale
        self.betaInitializer = betaInitializer
        self.gammaInitializer = gammaInitializer
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        groups = try arguments.integer("groups") ?? 32
        axis = try arguments.integer("axis") ?? -1
        epsilon = try arguments.number("epsilon", default: 1e-3)
        (center, scale) = try arguments.centerAndScale()
        betaInitializer = try arguments.initializer("beta_initializer", default: .zeros)
        gammaInitializer = try arguments.initializer("gamma_initializer", default: .ones)
        options = LayerOptions()
        try checkGroups()
    }

    public var arguments: JSONObject {
        [
            "groups": .integer(Int64(groups)), "axis": .integer(Int64(axis)), "epsilon": .number(epsilon),
            "center": .bool(center), "scale": .bool(scale), "beta_initializer": betaInitializer.config,
            "gamma_initializer": gammaInitializer.config,
        ]
    }

    public var supportsMasking: Bool { true }

    private func checkGroups() throws(LeptonError) {
        guard groups > 0 || groups == -1 else {
            throw LeptonError(
                .invalidArgument, argument: "GroupNormalization.groups", expected: "a positive whole number or -1",
                received: "\(groups)")
        }
    }

    /// The axis of the channels and the number of groups.
    private func division(_ shape: [Int]) throws(LeptonError) -> (axis: Int, groups: Int) {
        try checkGroups()
        let axis = try sampleAxes([axis], of: shape, argument: "GroupNormalization.axis")[0]
        let count = groups == -1 ? shape[axis] : groups
        guard count > 0, shape[axis] % count == 0 else {
            throw LeptonError(
                .shapeMismatch, argument: "GroupNormalization.groups",
                expected: "a number that divides the \(shape[axis]) channels", received: "\(count)")
        }
        return (axis, count)
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let shape = inputShapes.first ?? []
        let channels = [shape[try division(shape).axis]]
        var weights: [Weight] = []
        if scale { weights.append(Weight(name: "gamma", shape: channels, initializer: gammaInitializer)) }
        if center { weights.append(Weight(name: "beta", shape: channels, initializer: betaInitializer)) }
        return weights
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        _ = try division(shape)
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        let (axis, count) = try division(shape)
        let split = shape[..<axis] + [count, shape[axis] / count] + shape[(axis + 1)...]
        let grouped = try graph.operations.addReshape(inputs[0], to: Array(split))
        let normal = try graph.operations.addRowNormalization(
            RowNormalizationOperation(kind: .centred, epsilon: Float(epsilon)), grouped,
            axes: split.indices.filter { $0 != axis })
        var result = try graph.operations.addReshape(normal, to: shape)
        // A weight for each channel, along its axis.
        let channels = [shape[axis]] + shape[(axis + 1)...].map { _ in 1 }
        for (weight, function) in zip(weights, (scale ? [BinaryFunction.multiply] : []) + (center ? [.add] : [])) {
            let numbers = try graph.operations.addReshape(
                try graph.operations.addWeightValue(weight), to: channels)
            result = try graph.operations.addBinary(function, result, numbers)
        }
        return result
    }
}
