import LeptonTensor

/// Makes the spatial axes longer by whole factors.
///
/// Input (batch, spatial axes..., channels), output (batch, longer..., channels).
public struct UpSampling<Axes: SpatialAxes>: Layer {
    public static var className: String { "UpSampling\(Axes.count)D" }
    public var options: LayerOptions
    public let size: SpatialExtents
    public let dataFormat: DataFormat
    public let interpolation: UpSamplingInterpolation

    /// - Parameters:
    ///   - size: how many elements stand for one, for each axis.
    ///   - dataFormat: with one axis always channels-last, as in Keras.
    ///   - interpolation: `.bilinear` with two axes only.
    public init(
        size: SpatialExtents = 2, dataFormat: DataFormat = .channelsLast,
        interpolation: UpSamplingInterpolation = .nearest, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.size = size
        self.dataFormat = Axes.count == 1 ? .channelsLast : dataFormat
        self.interpolation = interpolation
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        size = try arguments.spatialExtents("size") ?? 2
        dataFormat = Axes.count == 1 ? .channelsLast : try arguments.dataFormat()
        interpolation = try Axes.count == 2 ? arguments.upSamplingInterpolation() : .nearest
        options = LayerOptions()
        _ = try checked()
    }

    public var arguments: JSONObject {
        // Keras writes the one number of one axis as it is.
        if Axes.count == 1 { return ["size": .integer(Int64(size.values[0]))] }
        var fields: JSONObject = ["size": size.config(Axes.count), "data_format": dataFormat.config]
        if Axes.count == 2 { fields["interpolation"] = .string(interpolation.rawValue) }
        return fields
    }

    private func checked() throws(LeptonError) -> [Int] {
        guard interpolation == .nearest || Axes.count == 2 else {
            throw LeptonError(
                .invalidArgument, argument: "\(Self.className).interpolation", expected: "'nearest'",
                received: "'\(interpolation.rawValue)'")
        }
        return try size.resolved(Axes.count, "\(Self.className).size")
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        var shape = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        for (axis, factor) in try checked().enumerated() {
            guard let extent = Shape.checkedProduct([shape.extents[axis], factor]) else {
                throw LeptonError(
                    .outOfMemory, argument: "\(Self.className).size", expected: "an output that fits in memory",
                    received: Shape.text(size.values))
            }
            shape.extents[axis] = extent
        }
        return shape.sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let factors = try checked()
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        var value = inputs[0]
        for (axis, factor) in zip(SpatialShape.axes(Axes.count, dataFormat), factors) where factor > 1 {
            value =
                try interpolation == .nearest
                ? graph.operations.addRepeat(value, axis: axis, count: factor)
                : graph.operations.addLinearResize(value, axis: axis, factor: factor)
        }
        return value
    }
}

public typealias UpSampling1D = UpSampling<OneAxis>
public typealias UpSampling2D = UpSampling<TwoAxes>
public typealias UpSampling3D = UpSampling<ThreeAxes>

/// How the elements between those of the input are found.
public enum UpSamplingInterpolation: String, Sendable {
    /// Each element repeated.
    case nearest
    /// Straight lines between the middles of elements, along rows and columns.
    case bilinear
}

extension ConfigReader {
    fileprivate mutating func upSamplingInterpolation() throws(LeptonError) -> UpSamplingInterpolation {
        guard let text = value("interpolation") else { return .nearest }
        let name = text.stringValue?.lowercased() ?? ""
        if let interpolation = UpSamplingInterpolation(rawValue: name) { return interpolation }
        guard ["bicubic", "lanczos3", "lanczos5"].contains(name) else {
            throw wrong("interpolation", "'nearest' or 'bilinear'", text)
        }
        throw LeptonError(
            .notSupported, "UpSampling2D.interpolation = '\(name)' is not supported; use 'nearest' or 'bilinear'")
    }
}

extension OperationGraph {
    /// An axis made longer by a factor, with straight lines between the middles of its elements and the outermost ones
    /// kept beyond those.
    fileprivate mutating func addLinearResize(_ value: Int, axis: Int, factor: Int) throws(LeptonError) -> Int {
        let shape = sampleShapes[value]
        let extent = shape[axis]
        let places = (0..<extent * factor).map { (Double($0) + 0.5) / Double(factor) - 0.5 }
        let lower = places.map { min(max(Int($0.rounded(.down)), 0), extent - 1) }
        let upper = lower.map { min($0 + 1, extent - 1) }
        let parts = zip(places, lower).map { place, start in Float(min(max(place - Double(start), 0), 1)) }
        let columns = [places.count] + [Int](repeating: 1, count: shape.count - axis - 1)
        let near = try addTake(value, axis: axis, indices: lower)
        let far = try addTake(value, axis: axis, indices: upper)
        let nearPart = try addBinary(.multiply, near, try addConstant(parts.map { 1 - $0 }, shape: columns))
        let farPart = try addBinary(.multiply, far, try addConstant(parts, shape: columns))
        return try addBinary(.add, nearPart, farPart)
    }
}
