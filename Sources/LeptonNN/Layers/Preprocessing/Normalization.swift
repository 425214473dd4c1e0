import LeptonTensor

/// (x - mean) / max(sqrt(variance), 1e-7) with a given mean and variance for each element of some axes, or the inverse.
/// Output shape: as the input.
public struct Normalization: Layer {
    public static let className = "Normalization"
    public var options: LayerOptions
    /// The axes whose elements have a mean and a variance of their own; the batch is axis 0, and negative numbers count
    /// from the end. None for one mean and one variance of all.
    public let axis: [Int]
    /// Numbers that broadcast to the extents of `axis`.
    public let mean: JSONValue
    public let variance: JSONValue
    /// Multiplies and adds instead.
    public let invert: Bool

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        // An absent axis is the last one; Keras writes none at all as an empty list.
        let given = arguments.value("axis")
        axis = given?.arrayValue?.isEmpty == true ? [] : try arguments.axes("axis")?.axes ?? [-1]
        invert = try arguments.bool("invert", default: false)
        guard let mean = arguments.value("mean"), let variance = arguments.value("variance") else {
            guard arguments.value("mean") == nil, arguments.value("variance") == nil else {
                throw LeptonError(
                    .invalidArgument, argument: "Normalization.mean", expected: "mean and variance together",
                    received: "one of them")
            }
            throw LeptonError(
                .notSupported,
                "Normalization without mean and variance, to be adapted to data, is not supported; give both")
        }
        self.mean = mean
        self.variance = variance
        options = LayerOptions()
        let shapes = try (Normalization.numbers(mean, "mean").shape, Normalization.numbers(variance, "variance").shape)
        guard shapes.0 == shapes.1 else {
            throw LeptonError(
                .invalidArgument, argument: "Normalization.variance",
                expected: "the shape of mean, \(Shape.text(shapes.0))", received: Shape.text(shapes.1))
        }
        guard shapes.0.count <= axis.count else {
            throw LeptonError(
                .invalidArgument, argument: "Normalization.mean", expected: "at most \(axis.count) axes",
                received: Shape.text(shapes.0))
        }
    }

    public var arguments: JSONObject {
        [
            "axis": .array(axis.map { .integer(Int64($0)) }), "invert": .bool(invert), "mean": mean,
            "variance": variance,
        ]
    }

    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    /// Nested lists of numbers, row-major, with their shape.
    private static func numbers(
        _ value: JSONValue, _ name: String, depth: Int = 0
    ) throws(LeptonError) -> (values: [Float], shape: [Int]) {
        if let number = value.doubleValue { return ([Float(number)], []) }
        guard let list = value.arrayValue, !list.isEmpty, depth < Shape.maximumRank else {
            throw LeptonError(
                .invalidArgument, argument: "Normalization.\(name)", expected: "a number or nested lists of them",
                received: value.kindName)
        }
        var values: [Float] = []
        var inner: [Int]?
        for element in list {
            let (numbers, shape) = try numbers(element, name, depth: depth + 1)
            guard shape == inner ?? shape else {
                throw LeptonError(
                    .invalidArgument, argument: "Normalization.\(name)", expected: "lists of equal lengths",
                    received: "lengths that differ")
            }
            values += numbers
            inner = shape
        }
        return (values, [list.count] + (inner ?? []))
    }

    /// The numbers repeated to the extents of the kept axes.
    private static func spread(
        _ value: JSONValue, _ name: String, to extents: [Int]
    ) throws(LeptonError) -> [Float] {
        let (values, given) = try numbers(value, name)
        let shape = paddedShape(given, rank: extents.count)
        guard zip(shape, extents).allSatisfy({ $0 == $1 || $0 == 1 }) else {
            throw LeptonError(
                .shapeMismatch, argument: "Normalization.\(name)",
                expected: "numbers for the extents \(Shape.text(extents))", received: Shape.text(given))
        }
        return (0..<extents.reduce(1, *)).map { index in
            var (rest, from, stride) = (index, 0, 1)
            for axis in extents.indices.reversed() {
                if shape[axis] != 1 { from += rest % extents[axis] * stride }
                rest /= max(extents[axis], 1)
                stride *= shape[axis]
            }
            return values[from]
        }
    }

    private func keptAxes(_ shape: [Int]) throws(LeptonError) -> [Int] {
        try sampleAxes(axis, of: shape, argument: "Normalization.axis").sorted()
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        let extents = try keptAxes(shape).map { shape[$0] }
        _ = try Normalization.spread(mean, "mean", to: extents)
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        let axes = try keptAxes(shape)
        let extents = axes.map { shape[$0] }
        let means = try Normalization.spread(mean, "mean", to: extents)
        let deviations = try Normalization.spread(variance, "variance", to: extents)
            .map { max($0.squareRoot(), 1e-7) }
        let operation =
            invert
            ? ChannelAffineOperation(shift: means.map { _ in 0 }, factor: deviations, offset: means)
            : ChannelAffineOperation(shift: means, factor: deviations.map { 1 / $0 }, offset: nil)
        return try graph.operations.withAxesLast(axes, of: inputs[0]) { (operations, value) throws(LeptonError) in
            try operations.add(operation, inputs: [value], outputShape: operations.sampleShapes[value])
        }
    }
}
