import LeptonTensor

/// A convolution over one, two or three spatial axes: y = activation(x * kernel + bias).
///
/// Input (batch, spatial axes..., channels), output (batch, spatial axes..., filters); kernel (window..., channels /
/// groups, filters), bias (filters).
///
///     Conv2D(filters: 32, kernelSize: 3, activation: .relu, inputShape: [28, 28, 1])
public struct Convolution<Axes: SpatialAxes>: Layer {
    public static var className: String { "Conv\(Axes.count)D" }
    public static var ruledWeights: [String] { ["kernel", "bias"] }
    public var options: LayerOptions

    public let filters: Int
    public let kernelSize: SpatialExtents
    public let strides: SpatialExtents
    public let padding: WindowPadding
    public let dataFormat: DataFormat
    public let dilationRate: SpatialExtents
    public let groups: Int
    public let activation: Activation
    public let useBias: Bool
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer

    /// - Parameters:
    ///   - filters: channels of the output, at least 1.
    ///   - kernelSize, strides, dilationRate: one number for all axes, or one for each; at least 1. Strides above 1
    ///     do not go with a dilation above 1.
    ///   - padding: `.causal` with one spatial axis only.
    ///   - groups: channels are convolved in so many groups, which divide both numbers of channels.
    ///   - inputShape: extents of one sample; needed on the first layer only, and there optional.
    public init(
        filters: Int, kernelSize: SpatialExtents, strides: SpatialExtents = 1, padding: WindowPadding = .valid,
        dataFormat: DataFormat = .channelsLast, dilationRate: SpatialExtents = 1, groups: Int = 1,
        activation: Activation = .linear, useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform(),
        biasInitializer: Initializer = .zeros, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.dataFormat = dataFormat
        self.dilationRate = dilationRate
        self.groups = groups
        self.activation = activation
        self.useBias = useBias
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        let owner = Self.className
        filters = try arguments.integer("filters", minimum: 1)
        kernelSize = try arguments.requiredSpatialExtents("kernel_size")
        strides = try arguments.spatialExtents("strides") ?? 1
        padding = try arguments.windowPadding(allowsCausal: Axes.count == 1)
        dataFormat = try arguments.dataFormat()
        dilationRate = try arguments.spatialExtents("dilation_rate") ?? 1
        groups = arguments.value("groups") == nil ? 1 : try arguments.integer("groups", minimum: 1)
        activation = try Activation(arguments.value("activation"), owner: owner)
        useBias = try arguments.bool("use_bias", default: true)
        kernelInitializer = try Initializer(
            arguments.value("kernel_initializer"), argument: "\(owner).kernel_initializer", default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "\(owner).bias_initializer", default: .zeros)
        try arguments.neutral("lora_rank", instead: "leave it out")
        arguments.ignore("lora_alpha")
        options = LayerOptions()
        _ = try checked()
    }

    public var arguments: JSONObject {
        [
            "filters": .integer(Int64(filters)), "kernel_size": kernelSize.config(Axes.count),
            "strides": strides.config(Axes.count),
            "padding": padding.config, "data_format": dataFormat.config,
            "dilation_rate": dilationRate.config(Axes.count),
            "groups": .integer(Int64(groups)), "activation": activation.config, "use_bias": .bool(useBias),
            "kernel_initializer": kernelInitializer.config, "bias_initializer": biasInitializer.config,
            "activity_regularizer": .null,
        ]
    }

    /// The arguments that do not depend on the input, checked.
    private func checked() throws(LeptonError) -> WindowArguments {
        guard filters >= 1, groups >= 1, filters % groups == 0 else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).filters",
                expected: "a number of at least 1 that groups (\(groups), at least 1) divides", received: "\(filters)")
        }
        guard padding != .causal || Axes.count == 1 else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).padding", expected: "'valid' or 'same'",
                received: "'causal'")
        }
        return try WindowArguments(
            kernel: kernelSize, strides: strides, dilation: dilationRate, rank: Axes.count, owner: Self.className)
    }

    private func window(for inputShapes: [[Int]]) throws(LeptonError) -> SlidingWindow {
        let input = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        let arguments = try checked()
        guard input.channels % groups == 0 else {
            throw LeptonError(
                .shapeMismatch, argument: "\(Self.className) input",
                expected: "channels that groups (\(groups)) divide", received: "\(input.channels) channels")
        }
        return try SlidingWindow(
            kernel: arguments.kernel, strides: arguments.strides, dilation: arguments.dilation, padding: padding,
            input: input, outputChannels: filters, groups: groups, owner: Self.className)
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let window = try window(for: inputShapes)
        let kernel = Weight(
            name: "kernel", shape: window.kernel + [window.inputChannels / groups, filters],
            initializer: kernelInitializer)
        return useBias ? [kernel, Weight(name: "bias", shape: [filters], initializer: biasInitializer)] : [kernel]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        SpatialShape(extents: try window(for: inputShapes).output, channels: filters).sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let window = try window(for: inputs.map { graph.operations.sampleShapes[$0] })
        let images = try graph.operations.addChannelsLast(inputs[0], from: dataFormat)
        let convolution = ConvolutionOperation(
            window: window, hasBias: useBias, activation: activation.fusedPart)
        let value = try graph.operations.add(
            convolution, inputs: [images], weights: weights, outputShape: window.output + [filters])
        return try graph.appendUnfused(activation, after: try graph.operations.addChannelsBack(value, to: dataFormat))
    }
}

public typealias Conv1D = Convolution<OneAxis>
public typealias Conv2D = Convolution<TwoAxes>
public typealias Conv3D = Convolution<ThreeAxes>

/// A window's arguments, one number for each axis.
struct WindowArguments {
    let kernel: [Int]
    let strides: [Int]
    let dilation: [Int]

    /// - Parameter allowsBoth: whether strides and dilation may both be above 1.
    /// - Throws: `invalidArgument`.
    init(
        kernel: SpatialExtents, strides: SpatialExtents, dilation: SpatialExtents, rank: Int, owner: String,
        allowsBoth: Bool = false
    ) throws(LeptonError) {
        self.kernel = try kernel.resolved(rank, "\(owner).kernel_size")
        self.strides = try strides.resolved(rank, "\(owner).strides")
        self.dilation = try dilation.resolved(rank, "\(owner).dilation_rate")
        let (stride, rate) = (self.strides.max() ?? 1, self.dilation.max() ?? 1)
        guard allowsBoth || stride == 1 || rate == 1 else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).strides",
                expected: "1 with a dilation_rate above 1 (\(Shape.text(self.dilation)))",
                received: Shape.text(self.strides))
        }
    }
}
