import LeptonTensor

/// Dropout of whole feature maps (Tompson et al., 2015): a channel of a sample is dropped at all positions or at none.
/// Does nothing when predicting. Output shape: as the input.
public protocol SpatialDropout: Layer {
    /// How many axes the positions have.
    static var spatialAxes: Int { get }
    /// In 0 ... 1.
    var rate: Double { get }
    var seed: UInt64? { get }
    /// The channels are the first axis of a sample rather than the last.
    var channelsFirst: Bool { get }
}

extension SpatialDropout {
    public var identity: LayerIdentity {
        LayerIdentity(module: "keras.layers", className: Self.className, hasTrainable: false)
    }

    public var arguments: JSONObject {
        var fields: JSONObject = ["rate": .number(rate), "seed": seedConfig(seed)]
        if Self.spatialAxes > 1 { fields["data_format"] = channelsFirst ? "channels_first" : "channels_last" }
        return fields
    }

    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try checkRate(rate, "\(Self.className).rate")
        let shape = inputShapes.first ?? []
        guard shape.count == Self.spatialAxes + 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "\(Self.className) input",
                expected: "\(Self.spatialAxes + 2) axes, batch included", received: Shape.batchText(shape))
        }
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        guard rate > 0 else { return inputs[0] }
        let channels = channelsFirst ? 0 : shape.count - 1
        var noise = NoiseShape.full
        noise.extents = shape.indices.map { $0 == channels ? shape[$0] : 1 }
        return try graph.operations.addDropout(rate, inputs[0], seed: seed, noise: noise)
    }
}

extension ConfigReader {
    /// Whether "data_format" says that channels come first.
    mutating func channelsFirst() throws(LeptonError) -> Bool {
        let name = try string("data_format") ?? "channels_last"
        guard ["channels_first", "channels_last"].contains(name) else {
            throw unknownName("data_format", name, known: ["channels_first", "channels_last"])
        }
        return name == "channels_first"
    }
}

/// Input (batch, steps, channels).
public struct SpatialDropout1D: SpatialDropout {
    public static let className = "SpatialDropout1D"
    public static let spatialAxes = 1
    public var options: LayerOptions
    public let rate: Double
    public let seed: UInt64?
    public var channelsFirst: Bool { false }

    public init(rate: Double, seed: UInt64? = nil, name: String? = nil) {
        self.rate = rate
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        rate = try arguments.rate()
        seed = try arguments.seed()
        options = LayerOptions()
    }
}

/// Input (batch, rows, columns, channels), or with the channels first.
public struct SpatialDropout2D: SpatialDropout {
    public static let className = "SpatialDropout2D"
    public static let spatialAxes = 2
    public var options: LayerOptions
    public let rate: Double
    public let seed: UInt64?
    public let channelsFirst: Bool

    public init(rate: Double, channelsFirst: Bool = false, seed: UInt64? = nil, name: String? = nil) {
        self.rate = rate
        self.channelsFirst = channelsFirst
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        rate = try arguments.rate()
        seed = try arguments.seed()
        channelsFirst = try arguments.channelsFirst()
        options = LayerOptions()
    }
}

/// Input (batch, planes, rows, columns, channels), or with the channels first.
public struct SpatialDropout3D: SpatialDropout {
    public static let className = "SpatialDropout3D"
    public static let spatialAxes = 3
    public var options: LayerOptions
    public let rate: Double
    public let seed: UInt64?
    public let channelsFirst: Bool

    public init(rate: Double, channelsFirst: Bool = false, seed: UInt64? = nil, name: String? = nil) {
        self.rate = rate
        self.channelsFirst = channelsFirst
        self.seed = seed
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        rate = try arguments.rate()
        seed = try arguments.seed()
        channelsFirst = try arguments.channelsFirst()
        options = LayerOptions()
    }
}
