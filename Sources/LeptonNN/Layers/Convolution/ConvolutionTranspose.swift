import LeptonTensor

/// A transposed convolution: the gradient of a convolution with respect to its input, as a layer. It makes images larger
/// where a convolution of the same strides makes them smaller.
///
/// Input (batch, spatial axes..., channels), output (batch, spatial axes..., filters); kernel (window..., filters,
/// channels), bias (filters).
public struct ConvolutionTranspose<Axes: SpatialAxes>: Layer {
    public static var className: String { "Conv\(Axes.count)DTranspose" }
    public static var ruledWeights: [String] { ["kernel", "bias"] }
    public var options: LayerOptions

    public let filters: Int
    public let kernelSize: SpatialExtents
    public let strides: SpatialExtents
    public let padding: WindowPadding
    public let outputPadding: SpatialExtents?
    public let dataFormat: DataFormat
    public let dilationRate: SpatialExtents
    public let activation: Activation
    public let useBias: Bool
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer

    /// - Parameters:
    ///   - padding: `.valid` or `.same`.
    ///   - outputPadding: how much longer the output is than the shortest one, for each axis; less than the stride.
    ///     Nil makes `.same` give extent · stride.
    public init(
        filters: Int, kernelSize: SpatialExtents, strides: SpatialExtents = 1, padding: WindowPadding = .valid,
        outputPadding: SpatialExtents? = nil, dataFormat: DataFormat = .channelsLast, dilationRate: SpatialExtents = 1,
        activation: Activation = .linear, useBias: Bool = true, kernelInitializer: Initializer = .glorotUniform(),
        biasInitializer: Initializer = .zeros, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.filters = filters
        self.kernelSize = kernelSize
        self.strides = strides
        self.padding = padding
        self.outputPadding = outputPadding
        self.dataFormat = dataFormat
        self.dilationRate = dilationRate
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
        padding = try arguments.windowPadding()
        outputPadding = try arguments.spatialExtents("output_padding")
        dataFormat = try arguments.dataFormat()
        dilationRate = try arguments.spatialExtents("dilation_rate") ?? 1
        activation = try Activation(arguments.value("activation"), owner: owner)
        useBias = try arguments.bool("use_bias", default: true)
        kernelInitializer = try Initializer(
            arguments.value("kernel_initializer"), argument: "\(owner).kernel_initializer", default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "\(owner).bias_initializer", default: .zeros)
        options = LayerOptions()
        _ = try checked()
    }

    public var arguments: JSONObject {
        let rank = Axes.count
        return [
            "filters": .integer(Int64(filters)), "kernel_size": kernelSize.config(rank),
            "strides": strides.config(rank),
            "padding": padding.config, "output_padding": outputPadding?.config(rank) ?? .null,
            "data_format": dataFormat.config, "dilation_rate": dilationRate.config(rank),
            "activation": activation.config, "use_bias": .bool(useBias),
            "kernel_initializer": kernelInitializer.config, "bias_initializer": biasInitializer.config,
            "activity_regularizer": .null,
        ]
    }

    private func checked() throws(LeptonError) -> (window: WindowArguments, outputPadding: [Int]?) {
        guard filters >= 1 else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).filters", expected: "a whole number of at least 1",
                received: "\(filters)")
        }
        guard padding != .causal else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).padding", expected: "'valid' or 'same'",
                received: "'causal'")
        }
        let window = try WindowArguments(
            kernel: kernelSize, strides: strides, dilation: dilationRate, rank: Axes.count, owner: Self.className)
        guard let outputPadding else { return (window, nil) }
        let extra = try outputPadding.resolved(Axes.count, "\(Self.className).output_padding", minimum: 0)
        guard zip(extra, window.strides).allSatisfy({ $0 < $1 }) else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).output_padding",
                expected: "less than the strides \(Shape.text(window.strides))", received: Shape.text(extra))
        }
        return (window, extra)
    }

    private func window(for inputShapes: [[Int]]) throws(LeptonError) -> SlidingWindow {
        let input = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        let (arguments, extra) = try checked()
        return try SlidingWindow(
            transposing: input, kernel: arguments.kernel, strides: arguments.strides, dilation: arguments.dilation,
            padding: padding, outputPadding: extra, filters: filters, owner: Self.className)
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let window = try window(for: inputShapes)
        let kernel = Weight(
            name: "kernel", shape: window.kernel + [filters, window.outputChannels], initializer: kernelInitializer)
        return useBias ? [kernel, Weight(name: "bias", shape: [filters], initializer: biasInitializer)] : [kernel]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        SpatialShape(extents: try window(for: inputShapes).input, channels: filters).sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let window = try window(for: inputs.map { graph.operations.sampleShapes[$0] })
        let images = try graph.operations.addChannelsLast(inputs[0], from: dataFormat)
        let operation = TransposedConvolutionOperation(
            window: window, hasBias: useBias, activation: activation.fusedPart)
        let value = try graph.operations.add(
            operation, inputs: [images], weights: weights, outputShape: window.input + [filters])
        return try graph.appendUnfused(activation, after: try graph.operations.addChannelsBack(value, to: dataFormat))
    }
}

public typealias Conv1DTranspose = ConvolutionTranspose<OneAxis>
public typealias Conv2DTranspose = ConvolutionTranspose<TwoAxes>
public typealias Conv3DTranspose = ConvolutionTranspose<ThreeAxes>
