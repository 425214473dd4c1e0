import LeptonTensor

/// How many spatial axes a layer works on: the number in its name.
public protocol SpatialAxes: Sendable {
    static var count: Int { get }
}

/// Steps.
public enum OneAxis: SpatialAxes { public static let count = 1 }
/// Rows and columns.
public enum TwoAxes: SpatialAxes { public static let count = 2 }
/// Depth, rows and columns.
public enum ThreeAxes: SpatialAxes { public static let count = 3 }

/// Where a sample's channels are.
public enum DataFormat: String, Sendable, CaseIterable {
    case channelsLast = "channels_last"
    /// Transposed to channels-last, and back, around each layer.
    case channelsFirst = "channels_first"

    package var config: JSONValue { .string(rawValue) }
}

/// What a window does at the edges of the input.
public enum WindowPadding: String, Sendable, CaseIterable {
    /// Stays inside.
    case valid
    /// As many zeros on both sides, or one more after, as make ceil(extent / stride) outputs.
    case same
    /// Zeros before the beginning only, so that no output depends on a later input.
    case causal

    package var config: JSONValue { .string(rawValue) }
}

/// A whole number for each spatial axis, or one for all of them: `3` or `[3, 5]`.
public struct SpatialExtents: Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public let values: [Int]
    fileprivate let isForAll: Bool

    public init(integerLiteral value: Int) {
        values = [value]
        isForAll = true
    }

    public init(arrayLiteral values: Int...) { self.init(values) }

    public init(_ values: [Int]) {
        self.values = values
        isForAll = false
    }

    /// Beyond this, sums of products of two of them might overflow.
    private static let maximum = 1 << 30

    /// One for each axis.
    ///
    /// - Throws: `invalidArgument` for another number of axes, or numbers below `minimum`.
    func resolved(_ rank: Int, _ argument: String, minimum: Int = 1) throws(LeptonError) -> [Int] {
        let all = isForAll ? [Int](repeating: values[0], count: rank) : values
        guard all.count == rank, all.allSatisfy({ $0 >= minimum && $0 <= SpatialExtents.maximum }) else {
            throw LeptonError(
                .invalidArgument, argument: argument,
                expected: rank == 1
                    ? "a whole number of at least \(minimum)" : "\(rank) whole numbers of at least \(minimum)",
                received: isForAll ? "\(values[0])" : Shape.text(values))
        }
        return all
    }
}

extension SpatialExtents {
    /// As Keras writes it: a number for each axis.
    func config(_ rank: Int) -> JSONValue {
        let all = isForAll ? [Int](repeating: values[0], count: rank) : values
        return .array(all.map { .integer(Int64($0)) })
    }
}

extension ConfigReader {
    /// "data_format"; nothing is channels-last.
    mutating func dataFormat() throws(LeptonError) -> DataFormat {
        guard let text = value("data_format") else { return .channelsLast }
        guard let format = text.stringValue.flatMap({ DataFormat(rawValue: $0.lowercased()) }) else {
            throw wrong("data_format", "'channels_last' or 'channels_first'", text)
        }
        return format
    }

    /// "padding" of a window; Keras looks at the case of letters in pooling layers only.
    mutating func windowPadding(
        allowsCausal: Bool = false, ignoresCase: Bool = true
    ) throws(LeptonError) -> WindowPadding {
        guard let text = value("padding") else { return .valid }
        let name = ignoresCase ? text.stringValue?.lowercased() : text.stringValue
        guard let padding = name.flatMap({ WindowPadding(rawValue: $0) }),
            padding != .causal || allowsCausal
        else {
            throw wrong("padding", allowsCausal ? "'valid', 'same' or 'causal'" : "'valid' or 'same'", text)
        }
        return padding
    }

    /// A whole number or a list of them; nil when absent.
    mutating func spatialExtents(_ name: String) throws(LeptonError) -> SpatialExtents? {
        guard let value = value(name) else { return nil }
        if let number = value.intValue { return SpatialExtents(integerLiteral: number) }
        let numbers = value.arrayValue?.compactMap(\.intValue) ?? []
        guard !numbers.isEmpty, numbers.count == value.arrayValue?.count else {
            throw wrong(name, "a whole number or a list of them", value)
        }
        return SpatialExtents(numbers)
    }

    /// The same, required.
    mutating func requiredSpatialExtents(_ name: String) throws(LeptonError) -> SpatialExtents {
        guard let extents = try spatialExtents(name) else { throw wrong(name, "a whole number or a list of them", nil) }
        return extents
    }
}

/// Images of a layer's inputs and outputs.
struct SpatialShape {
    var extents: [Int]
    var channels: Int

    init(extents: [Int], channels: Int) {
        self.extents = extents
        self.channels = channels
    }

    /// - Throws: `shapeMismatch` for a sample that has not so many spatial axes.
    init(_ shape: [Int], _ rank: Int, _ format: DataFormat, owner: String) throws(LeptonError) {
        guard shape.count == rank + 1, shape.allSatisfy({ $0 > 0 }) else {
            throw LeptonError(
                .shapeMismatch, argument: "\(owner) input",
                expected: "\(rank + 2) axes, batch included, of at least 1 element",
                received: Shape.batchText(shape))
        }
        switch format {
        case .channelsLast: self.init(extents: Array(shape.dropLast()), channels: shape[rank])
        case .channelsFirst: self.init(extents: Array(shape.dropFirst()), channels: shape[0])
        }
    }

    func sampleShape(_ format: DataFormat) -> [Int] {
        switch format {
        case .channelsLast: extents + [channels]
        case .channelsFirst: [channels] + extents
        }
    }

    /// The sample's axes that are not channels.
    static func axes(_ rank: Int, _ format: DataFormat) -> [Int] {
        format == .channelsLast ? Array(0..<rank) : Array(1...rank)
    }
}

extension OperationGraph {
    /// A value with its channels last.
    mutating func addChannelsLast(_ value: Int, from format: DataFormat) throws(LeptonError) -> Int {
        guard format == .channelsFirst else { return value }
        return try addTranspose(value, Array(1..<sampleShapes[value].count) + [0])
    }

    /// A value whose channels are last in the order that a format has.
    mutating func addChannelsBack(_ value: Int, to format: DataFormat) throws(LeptonError) -> Int {
        guard format == .channelsFirst else { return value }
        let last = sampleShapes[value].count - 1
        return try addTranspose(value, [last] + Array(0..<last))
    }
}
