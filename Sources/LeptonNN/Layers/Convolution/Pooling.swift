import LeptonTensor

/// What is made of the values under a window.
public protocol PoolingKind: Sendable {
    static var namePart: String { get }
    static var takesMaximum: Bool { get }
}

/// The largest value; of equal ones the first passes the gradient on.
public enum MaximumOfWindow: PoolingKind {
    public static let namePart = "Max"
    public static let takesMaximum = true
}

/// The mean of the values that lie within the input.
public enum MeanOfWindow: PoolingKind {
    public static let namePart = "Average"
    public static let takesMaximum = false
}

/// Pooling under a window that slides over one, two or three spatial axes, each channel for itself.
///
/// Input (batch, spatial axes..., channels), output (batch, fewer..., channels).
public struct Pooling<Axes: SpatialAxes, Kind: PoolingKind>: Layer {
    public static var className: String { "\(Kind.namePart)Pooling\(Axes.count)D" }
    public var options: LayerOptions

    public let poolSize: SpatialExtents
    /// Nil is as `poolSize`.
    public let strides: SpatialExtents?
    public let padding: WindowPadding
    public let dataFormat: DataFormat

    public init(
        poolSize: SpatialExtents = 2, strides: SpatialExtents? = nil, padding: WindowPadding = .valid,
        dataFormat: DataFormat = .channelsLast, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        self.dataFormat = dataFormat
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        // Average pooling has no default size in Keras.
        poolSize =
            try Kind.takesMaximum
            ? arguments.spatialExtents("pool_size") ?? 2 : arguments.requiredSpatialExtents("pool_size")
        strides = try arguments.spatialExtents("strides")
        padding = try arguments.windowPadding(ignoresCase: false)
        dataFormat = try arguments.dataFormat()
        options = LayerOptions()
        _ = try checked()
    }

    public var arguments: JSONObject {
        [
            "pool_size": poolSize.config(Axes.count), "padding": padding.config,
            "strides": (strides ?? poolSize).config(Axes.count), "data_format": dataFormat.config,
        ]
    }

    private func checked() throws(LeptonError) -> (size: [Int], strides: [Int]) {
        guard padding != .causal else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).padding", expected: "'valid' or 'same'",
                received: "'causal'")
        }
        let size = try poolSize.resolved(Axes.count, "\(Self.className).pool_size")
        // The elements of a window are numbered in 32 bits.
        guard let count = Shape.checkedProduct(size), count <= Int(Int32.max) else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).pool_size",
                expected: "at most \(Int32.max) elements in a window", received: Shape.text(size))
        }
        return (size, try strides?.resolved(Axes.count, "\(Self.className).strides") ?? size)
    }

    private func window(for inputShapes: [[Int]]) throws(LeptonError) -> SlidingWindow {
        let input = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        let (size, strides) = try checked()
        return try SlidingWindow(
            kernel: size, strides: strides, dilation: [Int](repeating: 1, count: Axes.count), padding: padding,
            input: input, outputChannels: input.channels, owner: Self.className)
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let window = try window(for: inputShapes)
        return SpatialShape(extents: window.output, channels: window.outputChannels).sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let window = try window(for: inputs.map { graph.operations.sampleShapes[$0] })
        let images = try graph.operations.addChannelsLast(inputs[0], from: dataFormat)
        let value = try graph.operations.add(
            PoolingOperation(window: window, takesMaximum: Kind.takesMaximum), inputs: [images],
            outputShape: window.output + [window.outputChannels])
        return try graph.operations.addChannelsBack(value, to: dataFormat)
    }
}

public typealias MaxPooling1D = Pooling<OneAxis, MaximumOfWindow>
public typealias MaxPooling2D = Pooling<TwoAxes, MaximumOfWindow>
public typealias MaxPooling3D = Pooling<ThreeAxes, MaximumOfWindow>
public typealias AveragePooling1D = Pooling<OneAxis, MeanOfWindow>
public typealias AveragePooling2D = Pooling<TwoAxes, MeanOfWindow>
public typealias AveragePooling3D = Pooling<ThreeAxes, MeanOfWindow>
