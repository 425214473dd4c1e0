import LeptonTensor

/// A fully connected layer: y = activation(x · kernel + bias) over the last axis.
///
/// Input (batch, ..., k), output (batch, ..., units); kernel (k, units), bias (units).
///
///     Dense(units: 64, activation: .relu, inputShape: [30])
public struct Dense: Layer {
    public static let className = "Dense"
    public static let ruledWeights = ["kernel", "bias"]
    public var options: LayerOptions

    public let units: Int
    public let activation: Activation
    public let useBias: Bool
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer

    /// - Parameters:
    ///   - units: number of outputs, at least 1 (checked when the model is built).
    ///   - inputShape: extents of one sample; needed on the first layer only, and there optional.
    public init(
        units: Int, activation: Activation = .linear, useBias: Bool = true,
        kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
        kernelRegularizer: Regularizer? = nil, biasRegularizer: Regularizer? = nil,
        activityRegularizer: Regularizer? = nil, kernelConstraint: Constraint? = nil,
        biasConstraint: Constraint? = nil, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.units = units
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        options = LayerOptions(name: name, inputShape: inputShape)
        options.regularizers["kernel"] = kernelRegularizer
        options.regularizers["bias"] = biasRegularizer
        options.constraints["kernel"] = kernelConstraint
        options.constraints["bias"] = biasConstraint
        options.activityRegularizer = activityRegularizer
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        units = try arguments.integer("units", minimum: 1)
        activation = try Activation(arguments.value("activation"), owner: "Dense")
        useBias = try arguments.bool("use_bias", default: true)
        kernelInitializer = try Initializer(
            arguments.value("kernel_initializer"), argument: "Dense.kernel_initializer", default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "Dense.bias_initializer", default: .zeros)
        try arguments.neutral("lora_rank", instead: "leave it out")
        options = LayerOptions()
        if let dimension = arguments.value("input_dim") {
            guard let extent = dimension.intValue, extent > 0 else {
                throw LeptonError(
                    .invalidArgument, argument: "Dense.input_dim", expected: "a whole number of at least 1",
                    received: dimension.kindName)
            }
            options.inputShape = [extent]
        }
    }

    public var arguments: JSONObject {
        [
            "units": .integer(Int64(units)), "activation": activation.config, "use_bias": .bool(useBias),
            "kernel_initializer": kernelInitializer.config, "bias_initializer": biasInitializer.config,
        ]
    }

    public var supportsMasking: Bool { true }

    private func inputExtent(_ inputShapes: [[Int]]) throws(LeptonError) -> Int {
        guard units >= 1 else {
            throw LeptonError(
                .invalidArgument, argument: "Dense.units", expected: "a whole number of at least 1",
                received: "\(units)")
        }
        guard let extent = inputShapes.first?.last else {
            throw LeptonError(
                .shapeMismatch, argument: "Dense input", expected: "at least 2 axes, batch included",
                received: Shape.batchText(inputShapes.first ?? []))
        }
        return extent
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let kernel = Weight(
            name: "kernel", shape: [try inputExtent(inputShapes), units], initializer: kernelInitializer)
        guard useBias else { return [kernel] }
        return [kernel, Weight(name: "bias", shape: [units], initializer: biasInitializer)]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        _ = try inputExtent(inputShapes)
        return inputShapes[0].dropLast() + [units]
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let product = DenseOperation(units: units, hasBias: useBias, activation: activation.fusedPart)
        let value = try graph.operations.add(product, inputs: inputs, weights: weights, outputShape: shape)
        return try graph.appendUnfused(activation, after: value)
    }
}
