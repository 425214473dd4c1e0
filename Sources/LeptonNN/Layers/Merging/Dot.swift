import LeptonTensor

/// Dot products of two inputs along an axis of each, sample by sample.
public struct Dot: Layer {
    public static let className = "Dot"
    public var options: LayerOptions
    /// Counted with the batch as axis 0; negative from the end.
    public let axes: [Int]
    /// Whether each sample is divided by its length along the axis first, which makes the result a cosine.
    public let normalize: Bool
    /// Keras keeps whether one number was given.
    private let isSingle: Bool

    public init(axes: Int, _ other: Int? = nil, normalize: Bool = false, name: String? = nil) {
        self.axes = [axes, other ?? axes]
        isSingle = other == nil
        self.normalize = normalize
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        let given = arguments.value("axes")
        if let single = given?.intValue {
            axes = [single, single]
            isSingle = true
        } else {
            let list = (given?.arrayValue ?? []).compactMap(\.intValue)
            guard list.count == 2, given?.arrayValue?.count == 2 else {
                throw LeptonError(
                    .invalidArgument, argument: "Dot.axes", expected: "a whole number or a list of two",
                    received: given.map { String($0.text.prefix(80)) } ?? "nothing")
            }
            axes = list
            isSingle = false
        }
        normalize = try arguments.bool("normalize", default: false)
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "axes": isSingle ? .integer(Int64(axes[0])) : .array(axes.map { .integer(Int64($0)) }),
            "normalize": .bool(normalize),
        ]
    }

    public var inputCounts: ClosedRange<Int> { 2...2 }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        try call.check(Dot.className)
        try checkList(call)
        return self
    }

    /// The axes of the samples.
    private func sampleAxes(_ shapes: [[Int]]) throws(LeptonError) -> [Int] {
        var result: [Int] = []
        for (axis, shape) in zip(axes, shapes) {
            let positive = axis < 0 ? axis + shape.count + 1 : axis
            guard positive > 0, positive <= shape.count else {
                throw LeptonError(
                    .invalidArgument, argument: "Dot.axes",
                    expected: "axes of the inputs other than the batch's",
                    received: "\(axis) for \(Shape.batchText(shape))")
            }
            result.append(positive - 1)
        }
        let (a, b) = (shapes[0][result[0]], shapes[1][result[1]])
        guard a == b else {
            throw LeptonError(
                .shapeMismatch,
                "Incompatible input shapes: axis values \(a) (at axis \(result[0] + 1)) != \(b) (at axis "
                    + "\(result[1] + 1)). Full input shapes: \(Shape.batchText(shapes[0])), "
                    + Shape.batchText(shapes[1]))
        }
        return result
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let axes = try sampleAxes(inputShapes)
        var (a, b) = (inputShapes[0], inputShapes[1])
        a.remove(at: axes[0])
        b.remove(at: axes[1])
        return a.isEmpty && b.isEmpty ? [1] : a + b
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shapes = inputs.map { graph.operations.sampleShapes[$0] }
        let shape = try outputShape(for: shapes)
        let axes = try sampleAxes(shapes)
        var values = inputs
        if normalize {
            for side in 0..<2 { values[side] = try Dot.unit(inputs[side], axis: axes[side], &graph.operations) }
        }
        let summed: Character = "0"
        var labels: [[Character]] = [[], []]
        let names = Array("abcdefghijklmnopqrstuvwxyz")
        for side in 0..<2 {
            labels[side] = shapes[side].indices.map { $0 == axes[side] ? summed : names[side * 10 + $0] }
        }
        let product = try graph.operations.addContraction(
            values[0], labels[0], values[1], labels[1], output: (labels[0] + labels[1]).filter { $0 != summed })
        return try graph.operations.addReshape(product, to: shape)
    }

    /// x / max(|x|, 1e-12), as Keras divides.
    private static func unit(_ value: Int, axis: Int, _ graph: inout OperationGraph) throws(LeptonError) -> Int {
        let squares = try graph.addReduction(.sum, try graph.addUnary(.square, value), axes: [axis], keepsAxes: true)
        let bounded = try graph.addBinary(.maximum, squares, scalar: 1e-24)
        return try graph.addBinary(.multiply, value, try graph.addUnary(.reciprocalSquareRoot, bounded))
    }
}
