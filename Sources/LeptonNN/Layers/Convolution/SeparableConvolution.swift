import LeptonTensor

/// A depthwise convolution followed by one with windows of a single element, which mixes the channels.
///
/// Input (batch, spatial axes..., channels), output (batch, spatial axes..., filters); depthwise kernel (window...,
/// channels, depthMultiplier), pointwise kernel (1..., channels · depthMultiplier, filters), bias (filters).
public struct SeparableConvolution<Axes: SpatialAxes>: Layer {
    public static var className: String { "SeparableConv\(Axes.count)D" }
    public static var ruledWeights: [String] { ["depthwise", "pointwise", "bias"] }
    public var options: LayerOptions

    public let filters: Int
    public let kernelSize: SpatialExtents
    public let strides: SpatialExtents
    public let padding: WindowPadding
    public let dataFormat: DataFormat
    public let dilationRate: SpatialExtents
    public let depthMultiplier: Int
    public let activation: Activation
    public let useBias: Bool
    public let depthwiseInitializer: Initializer
    public let pointwiseInitializer: Initializer
    public let biasInitializer: Initializer

    public init(
        filters: Int, kernelSize: SpatialExtents, strides: SpatialExtents = 1, padding: WindowPadding = .valid,
        dataFormat: DataFormat = .channelsLast, dilationRate: SpatialExtents = 1, depthMultiplier: Int = 1,
        activation: Activation = .linear, useBias: Bool = true, depthwiseInitializer: Initializer = .glorotUniform(),
        pointwiseInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros,
        inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dataFormat = dataFormat
        self.dilationRate = dilationRate
        self.depthMultiplier = depthMultiplier
        self.activation = activation
        self.useBias = useBias
        self.depthwiseInitializer = depthwiseInitializer
        self.pointwiseInitializer = pointwiseInitializer
        self.biasInitializer = biasInitializer
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        let owner = Self.className
        filters = try arguments.integer("filters", minimum: 1)
        kernelSize = try arguments.requiredSpatialExtents("kernel_size")
        strides = try arguments.spatialExtents("strides") ?? 1
        padding = try arguments.windowPadding()
        dataFormat = try arguments.dataFormat()
        dilationRate = try arguments.spatialExtents("dilation_rate") ?? 1
        depthMultiplier =
            arguments.value("depth_multiplier") == nil ? 1 : try arguments.integer("depth_multiplier", minimum: 1)
        activation = try Activation(arguments.value("activation"), owner: owner)
        useBias = try arguments.bool("use_bias", default: true)
        depthwiseInitializer = try Initializer(
            arguments.value("depthwise_initializer"), argument: "\(owner).depthwise_initializer",
            default: .glorotUniform())
        pointwiseInitializer = try Initializer(
            arguments.value("pointwise_initializer"), argument: "\(owner).pointwise_initializer",
            default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "\(owner).bias_initializer", default: .zeros)
        options = LayerOptions()
        _ = try checked()
    }

    public var arguments: JSONObject {
        let rank = Axes.count
        return [
            "depth_multiplier": .integer(Int64(depthMultiplier)), "filters": .integer(Int64(filters)),
            "kernel_size": kernelSize.config(rank), "strides": strides.config(rank), "padding": padding.config,
            "data_format": dataFormat.config, "dilation_rate": dilationRate.config(rank),
            "activation": activation.config, "use_bias": .bool(useBias),
            "depthwise_initializer": depthwiseInitializer.config, "pointwise_initializer": pointwiseInitializer.config,
            "bias_initializer": biasInitializer.config, "activity_regularizer": .null,
        ]
    }

    private func checked() throws(LeptonError) -> WindowArguments {
        guard filters >= 1 else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).filters", expected: "a whole number of at least 1",
                received: "\(filters)")
        }
        try checkDepthwise(depthMultiplier, padding, owner: Self.className)
        return try WindowArguments(
            kernel: kernelSize, strides: strides, dilation: dilationRate, rank: Axes.count, owner: Self.className,
            allowsBoth: true)
    }

    private func window(for inputShapes: [[Int]]) throws(LeptonError) -> SlidingWindow {
        let input = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        return try SlidingWindow(
            depthwise: try checked(), padding: padding, input: input, multiplier: depthMultiplier,
            owner: Self.className)
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let window = try window(for: inputShapes)
        let weights = [
            Weight(
                name: "depthwise_kernel",
                shape: window.kernel + [window.outputChannels / depthMultiplier, depthMultiplier],
                initializer: depthwiseInitializer),
            Weight(
                name: "pointwise_kernel",
                shape: [Int](repeating: 1, count: Axes.count) + [window.outputChannels, filters],
                initializer: pointwiseInitializer),
        ]
        return useBias ? weights + [Weight(name: "bias", shape: [filters], initializer: biasInitializer)] : weights
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        SpatialShape(extents: try window(for: inputShapes).output, channels: filters).sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let window = try window(for: inputs.map { graph.operations.sampleShapes[$0] })
        let images = try graph.operations.addChannelsLast(inputs[0], from: dataFormat)
        let apart = try graph.operations.addDepthwise(
            images, window, multiplier: depthMultiplier, weights: [weights[0]], activation: .linear)
        let ones = [Int](repeating: 1, count: Axes.count)
        let pointwise = try SlidingWindow(
            kernel: ones, strides: ones, dilation: ones, padding: .valid,
            input: SpatialShape(extents: window.output, channels: window.outputChannels), outputChannels: filters,
            owner: Self.className)
        let value = try graph.operations.add(
            ConvolutionOperation(window: pointwise, hasBias: useBias, activation: activation.fusedPart),
            inputs: [apart], weights: Array(weights.dropFirst()), outputShape: window.output + [filters])
        return try graph.appendUnfused(activation, after: try graph.operations.addChannelsBack(value, to: dataFormat))
    }
}

public typealias SeparableConv1D = SeparableConvolution<OneAxis>
public typealias SeparableConv2D = SeparableConvolution<TwoAxes>
