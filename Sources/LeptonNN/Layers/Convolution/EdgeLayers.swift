import LeptonTensor

/// Elements before and after those of each spatial axis: `1` for all, `[1, 2]` for each axis (with one axis: before and
/// after it), or `[[1, 2], [3, 4]]`.
public struct EdgeWidths: Sendable, Equatable, ExpressibleByIntegerLiteral {
    /// (before, after) for each axis, or one pair for all.
    public let pairs: [[Int]]

    public init(integerLiteral width: Int) { pairs = [[width, width]] }

    /// - Parameter pairs: before and after, for each axis.
    public init(_ pairs: [[Int]]) { self.pairs = pairs }

    /// Beyond this, sums of extents might overflow.
    private static let maximum = 1 << 24

    func resolved(_ rank: Int, _ argument: String) throws(LeptonError) -> [[Int]] {
        let all = pairs.count == 1 ? [[Int]](repeating: pairs[0], count: rank) : pairs
        guard all.count == rank,
            all.allSatisfy({ $0.count == 2 && $0.allSatisfy { $0 >= 0 && $0 <= EdgeWidths.maximum } })
        else {
            throw LeptonError(
                .invalidArgument, argument: argument,
                expected: "whole numbers from 0 to \(EdgeWidths.maximum), two for each of \(rank) axes",
                received: "\(pairs)")
        }
        return all
    }

    /// As Keras writes it: a pair, or a pair for each of several axes.
    func config(_ rank: Int) -> JSONValue {
        let all = pairs.count == 1 ? [[Int]](repeating: pairs[0], count: rank) : pairs
        let values = all.map { pair in JSONValue.array(pair.map { .integer(Int64($0)) }) }
        return rank == 1 ? values[0] : .array(values)
    }
}

extension ConfigReader {
    /// A number, one for each axis (with one axis: a pair), or a pair for each axis.
    mutating func edgeWidths(_ name: String, rank: Int) throws(LeptonError) -> EdgeWidths? {
        guard let value = value(name) else { return nil }
        if let width = value.intValue { return EdgeWidths(integerLiteral: width) }
        let entries = value.arrayValue ?? []
        if rank == 1 {
            let pair = entries.compactMap(\.intValue)
            if pair.count == 2, entries.count == 2 { return EdgeWidths([pair]) }
        } else if entries.count == rank {
            let pairs = entries.compactMap { entry -> [Int]? in
                if let width = entry.intValue { return [width, width] }
                let pair = entry.arrayValue?.compactMap(\.intValue) ?? []
                return pair.count == 2 && entry.arrayValue?.count == 2 ? pair : nil
            }
            if pairs.count == rank { return EdgeWidths(pairs) }
        }
        throw wrong(
            name, rank == 1 ? "a whole number or a pair" : "a whole number, or \(rank) of them or of pairs", value)
    }
}

/// Zeros around the spatial axes.
public struct ZeroPadding<Axes: SpatialAxes>: Layer {
    public static var className: String { "ZeroPadding\(Axes.count)D" }
    public var options: LayerOptions
    public let padding: EdgeWidths
    public let dataFormat: DataFormat

    public init(
        padding: EdgeWidths = 1, dataFormat: DataFormat = .channelsLast, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.padding = padding
        self.dataFormat = dataFormat
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        padding = try arguments.edgeWidths("padding", rank: Axes.count) ?? 1
        dataFormat = try arguments.dataFormat()
        options = LayerOptions()
        _ = try padding.resolved(Axes.count, "\(Self.className).padding")
    }

    public var arguments: JSONObject {
        ["padding": padding.config(Axes.count), "data_format": dataFormat.config]
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        var shape = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        let widths = try padding.resolved(Axes.count, "\(Self.className).padding")
        for (axis, pair) in widths.enumerated() { shape.extents[axis] += pair[0] + pair[1] }
        return shape.sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let widths = try padding.resolved(Axes.count, "\(Self.className).padding")
        var value = inputs[0]
        for (axis, pair) in zip(SpatialShape.axes(Axes.count, dataFormat), widths) {
            value = try graph.operations.addPad(
                value, axis: axis, before: pair[0], after: pair[1], mode: .constant(0))
        }
        return value
    }
}

public typealias ZeroPadding1D = ZeroPadding<OneAxis>
public typealias ZeroPadding2D = ZeroPadding<TwoAxes>
public typealias ZeroPadding3D = ZeroPadding<ThreeAxes>

/// Leaves elements out at the edges of the spatial axes.
public struct Cropping<Axes: SpatialAxes>: Layer {
    public static var className: String { "Cropping\(Axes.count)D" }
    public var options: LayerOptions
    public let cropping: EdgeWidths
    public let dataFormat: DataFormat

    /// - Parameter dataFormat: with one axis always channels-last, as in Keras.
    public init(
        cropping: EdgeWidths = 1, dataFormat: DataFormat = .channelsLast, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.cropping = cropping
        self.dataFormat = Axes.count == 1 ? .channelsLast : dataFormat
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        // Keras's defaults: one at each edge, but none in two dimensions.
        cropping = try arguments.edgeWidths("cropping", rank: Axes.count) ?? (Axes.count == 2 ? 0 : 1)
        dataFormat = Axes.count == 1 ? .channelsLast : try arguments.dataFormat()
        options = LayerOptions()
        _ = try cropping.resolved(Axes.count, "\(Self.className).cropping")
    }

    public var arguments: JSONObject {
        var fields: JSONObject = ["cropping": cropping.config(Axes.count)]
        if Axes.count > 1 { fields["data_format"] = dataFormat.config }
        return fields
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        var shape = try SpatialShape(inputShapes.first ?? [], Axes.count, dataFormat, owner: Self.className)
        let widths = try cropping.resolved(Axes.count, "\(Self.className).cropping")
        for (axis, pair) in widths.enumerated() {
            shape.extents[axis] -= pair[0] + pair[1]
            guard shape.extents[axis] > 0 else {
                throw LeptonError(
                    .shapeMismatch, argument: "\(Self.className).cropping",
                    expected: "less than the extents of the input \(Shape.batchText(inputShapes[0]))",
                    received: "\(widths)")
            }
        }
        return shape.sampleShape(dataFormat)
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let widths = try cropping.resolved(Axes.count, "\(Self.className).cropping")
        var value = inputs[0]
        for (axis, pair) in zip(SpatialShape.axes(Axes.count, dataFormat), widths) {
            value = try graph.operations.addSlice(value, axis: axis, start: pair[0], count: shape[axis])
        }
        return value
    }
}

public typealias Cropping1D = Cropping<OneAxis>
public typealias Cropping2D = Cropping<TwoAxes>
public typealias Cropping3D = Cropping<ThreeAxes>
