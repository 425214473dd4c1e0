import LeptonTensor

/// A convolution that keeps channels apart: each is convolved with `depthMultiplier` kernels of its own.
///
/// Input (batch, spatial axes..., channels), output (batch, spatial axes..., channels · depthMultiplier); kernel
/// (window..., channels, depthMultiplier), bias (channels · depthMultiplier).
public struct DepthwiseConvolution<Axes: SpatialAxes>: Layer {
    public static var className: String { "DepthwiseConv\(Axes.count)D" }
    public static var ruledWeights: [String] { ["depthwise", "bias"] }
    public var options: LayerOptions

    public let kernelSize: SpatialExtents
    public let strides: SpatialExtents
    public let padding: WindowPadding
    public let depthMultiplier: Int
    public let dataFormat: DataFormat
    public let dilationRate: SpatialExtents
    public let activation: Activation
    public let useBias: Bool
    public let depthwiseInitializer: Initializer
    public let biasInitializer: Initializer

    public init(
        kernelSize: SpatialExtents, strides: SpatialExtents = 1, padding: WindowPadding = .valid,
        depthMultiplier: Int = 1, dataFormat: DataFormat = .channelsLast, dilationRate: SpatialExtents = 1,
        activation: Activation = .linear, useBias: Bool = true, depthwiseInitializer: Initializer = .glorotUniform(),
        biasInitializer: Initializer = .zeros, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.depthMultiplier = depthMultiplier
        self.dataFormat = dataFormat
        self.dilationRate = dilationRate
        self.activation = activation
        self.useBias = useBias
        self.depthwiseInitializer = depthwiseInitializer
        self.biasInitializer = biasInitializer
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        let owner = Self.className
        kernelSize = try arguments.requiredSpatialExtents("kernel_size")
        strides = try arguments.spatialExtents("strides") ?? 1
        padding = try arguments.windowPadding()
        depthMultiplier =
            arguments.value("depth_multiplier") == nil ? 1 : try arguments.integer("depth_multiplier", minimum: 1)
        dataFormat = try arguments.dataFormat()
        dilationRate = try arguments.spatialExtents("dilation_rate") ?? 1
        activation = try Activation(arguments.value("activation"), owner: owner)
        useBias = try arguments.bool("use_bias", default: true)
        depthwiseInitializer = try Initializer(
            arguments.value("depthwise_initializer"), argument: "\(owner).depthwise_initializer",
            default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "\(owner).bias_initializer", default: .zeros)
        options = LayerOptions()
        _ = try checked()
    }

    public var arguments: JSONObject {
        let rank = Axes.count
        return [
            "depth_multiplier": .integer(Int64(depthMultiplier)), "kernel_size": kernelSize.config(rank),
            "strides": strides.config(rank), "padding": padding.config, "data_format": dataFormat.config,
            "dilation_rate": dilationRate.config(rank), "activation": activation.config, "use_bias": .bool(useBias),
            "depthwise_initializer": depthwiseInitializer.config, "bias_initializer": biasInitializer.config,
            "activity_regularizer": .null,
        ]
    }

    private func checked() throws(LeptonError) -> WindowArguments {
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
        let kernel = Weight(
            name: "kernel", shape: window.kernel + [window.outputChannels / depthMultiplier, depthMultiplier],
            initializer: depthwiseInitializer)
        guard useBias else { return [kernel] }
        return [kernel, Weight(name: "bias", shape: [window.outputChannels], initializer: biasInitializer)]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let window = try window(for: inputShapes)
        return SpatialShape(extents: window.output, channels: window.outputChannels).sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let window = try window(for: inputs.map { graph.operations.sampleShapes[$0] })
        let images = try graph.operations.addChannelsLast(inputs[0], from: dataFormat)
        let value = try graph.operations.addDepthwise(
            images, window, multiplier: depthMultiplier, weights: weights, activation: activation.fusedPart)
        return try graph.appendUnfused(activation, after: try graph.operations.addChannelsBack(value, to: dataFormat))
    }
}

public typealias DepthwiseConv1D = DepthwiseConvolution<OneAxis>
public typealias DepthwiseConv2D = DepthwiseConvolution<TwoAxes>

func checkDepthwise(_ multiplier: Int, _ padding: WindowPadding, owner: String) throws(LeptonError) {
    guard multiplier >= 1 else {
        throw LeptonError(
            .invalidArgument, argument: "\(owner).depth_multiplier", expected: "a whole number of at least 1",
            received: "\(multiplier)")
    }
    guard padding != .causal else {
        throw LeptonError(
            .invalidArgument, argument: "\(owner).padding", expected: "'valid' or 'same'", received: "'causal'")
    }
}

extension SlidingWindow {
    /// The window over images whose channels have been repeated.
    init(
        depthwise arguments: WindowArguments, padding: WindowPadding, input: SpatialShape, multiplier: Int,
        owner: String
    ) throws(LeptonError) {
        guard let channels = Shape.checkedProduct([input.channels, multiplier]) else {
            throw LeptonError(
                .outOfMemory, argument: "\(owner).depth_multiplier", expected: "channels that fit in memory",
                received: "\(multiplier)")
        }
        try self.init(
            kernel: arguments.kernel, strides: arguments.strides, dilation: arguments.dilation, padding: padding,
            input: SpatialShape(extents: input.extents, channels: channels), outputChannels: channels, groups: channels,
            owner: owner)
    }
}

extension OperationGraph {
    /// A depthwise convolution of channels-last images. Each channel stands `multiplier` times in a row first, so that
    /// the kernel has one plane for each.
    mutating func addDepthwise(
        _ images: Int, _ window: SlidingWindow, multiplier: Int, weights: [Int], activation: Activation
    ) throws(LeptonError) -> Int {
        let repeated = try addRepeat(images, axis: window.input.count, count: multiplier)
        let operation = DepthwiseOperation(window: window, hasBias: weights.count > 1, activation: activation)
        return try add(
            operation, inputs: [repeated], weights: weights, outputShape: window.output + [window.outputChannels])
    }
}
