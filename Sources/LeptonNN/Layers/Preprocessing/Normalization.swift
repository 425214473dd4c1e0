import LeptonTensor

/// Shifts and scales to mean 0 and variance 1: y = (x - mean) / max(sqrt(variance), 1e-7), or the way back with
/// `invert`.
///
/// There is one mean and variance for each position of the axes in `axis`, over all others. Without `mean` and
/// `variance` they are weights, which `adapt` sets. Output shape: as the input.
public struct Normalization: Layer {
    public static let className = "Normalization"
    public var options: LayerOptions
    /// Axes with the batch as 0, which must not be among them.
    package let axes: [Int]
    package let isInverse: Bool
    package let mean: Statistic?
    package let variance: Statistic?

    package struct Statistic: Sendable, Equatable {
        let tensor: ConstantTensor

        package init(shape: [Int], values: [Double]) { tensor = ConstantTensor(shape: shape, values: values) }
        fileprivate init(_ tensor: ConstantTensor) { self.tensor = tensor }
        package var values: [Double] { tensor.values }
    }

    /// - Parameters:
    ///   - axis: the batch is axis 0; negative numbers count from the end; empty for one mean over everything.
    public init(axis: [Int] = [-1], invert: Bool = false, inputShape: [Int]? = nil, name: String? = nil) {
        axes = axis
        isInverse = invert
        mean = nil
        variance = nil
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    /// The same with given statistics: one number for all, or one for each position of the last of the axes.
    ///
    /// - Throws: `invalidArgument`.
    public init(
        axis: [Int] = [-1], mean: [Double], variance: [Double], invert: Bool = false, name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "axis": .array(axis.map { .integer(Int64($0)) }), "invert": .bool(invert),
                "mean": .array(mean.map { .number($0) }), "variance": .array(variance.map { .number($0) }),
            ], name)
    }

    private init(_ other: Normalization, mean: Statistic, variance: Statistic) {
        axes = other.axes
        isInverse = other.isInverse
        self.mean = mean
        self.variance = variance
        options = other.options
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        if let axis = arguments.value("axis")?.intValue {
            axes = [axis]
        } else {
            axes =
                try arguments.integers("axis", "a whole number, a list of them or null")
                ?? (arguments.isNull("axis") ? [] : [-1])
        }
        isInverse = try arguments.bool("invert", default: false)
        let mean = try arguments.constant("mean")
        let variance = try arguments.constant("variance")
        guard (mean == nil) == (variance == nil) else {
            throw LeptonError(
                .invalidArgument, argument: "Normalization.mean", expected: "both mean and variance, or neither",
                received: mean == nil ? "variance alone" : "mean alone")
        }
        if let mean, let variance {
            guard mean.shape == variance.shape else {
                throw LeptonError(
                    .invalidArgument, argument: "Normalization.variance",
                    expected: "the shape of mean, \(Shape.text(mean.shape))", received: Shape.text(variance.shape))
            }
            guard mean.shape.count <= axes.count else {
                throw LeptonError(
                    .invalidArgument, argument: "Normalization.mean",
                    expected: "at most \(axes.count) axes, the number of axes in axis",
                    received: "shape \(Shape.text(mean.shape))")
            }
            guard variance.values.allSatisfy({ $0 >= 0 }) else {
                throw LeptonError(
                    .invalidArgument, argument: "Normalization.variance", expected: "numbers of at least 0",
                    received: "\(variance.values.min() ?? 0)")
            }
        }
        self.mean = mean.map { Statistic($0) }
        self.variance = variance.map { Statistic($0) }
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "axis": .array(axes.map { .integer(Int64($0)) }), "invert": .bool(isInverse),
            "mean": mean?.tensor.json ?? .null, "variance": variance?.tensor.json ?? .null,
        ]
    }

    public var supportsMasking: Bool { true }

    /// The axes of a sample that have a mean for each position, ascending.
    package func keptAxes(_ sample: [Int]) throws(LeptonError) -> [Int] {
        let rank = sample.count + 1
        var kept: Set<Int> = []
        for axis in axes {
            guard axis >= -rank, axis < rank else {
                throw LeptonError(
                    .invalidArgument, argument: "Normalization.axis", expected: "axes in \(-rank) ... \(rank - 1)",
                    received: "\(axis) for an input of shape \(Shape.batchText(sample))")
            }
            let positive = axis < 0 ? axis + rank : axis
            guard positive > 0 else {
                throw LeptonError(
                    .invalidArgument, argument: "Normalization.axis",
                    expected: "axes of known extent, which the batch is not", received: "\(axis)")
            }
            kept.insert(positive - 1)
        }
        return kept.sorted()
    }

    private func statisticShape(_ sample: [Int]) throws(LeptonError) -> [Int] {
        try keptAxes(sample).map { sample[$0] }
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let shape = try statisticShape(inputShapes[0])
        guard mean == nil else { return [] }
        return [
            Weight(name: "mean", shape: shape, initializer: .zeros, isTrainable: false),
            Weight(name: "variance", shape: shape, initializer: .ones, isTrainable: false),
            // Nothing reads it; Keras keeps it for the sake of older files.
            Weight(name: "count", shape: [], initializer: .zeros, isTrainable: false),
        ]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let sample = inputShapes[0]
        if let mean { _ = try mean.tensor.places(in: sample, axes: keptAxes(sample), "Normalization.mean") }
        return sample
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let sample = graph.operations.sampleShapes[inputs[0]]
        let axes = try keptAxes(sample)
        let statistics: NormalizeOperation.Statistics
        if let mean, let variance {
            let places = try mean.tensor.places(in: sample, axes: axes, "Normalization.mean")
            statistics = .constants(
                mean: places.map { Float(mean.values[Int($0)]) },
                deviation: places.map {
                    max(Float(variance.values[Int($0)]).squareRoot(), NormalizeOperation.smallestDeviation)
                })
        } else {
            let shape = try statisticShape(sample)
            let whole = ConstantTensor(shape: shape, values: [])
            statistics = .weights(places: try whole.places(in: sample, axes: axes, "Normalization.axis"))
        }
        return try graph.operations.add(
            NormalizeOperation(statistics: statistics, isInverse: isInverse), inputs: inputs,
            weights: Array(weights.prefix(2)), outputShape: sample)
    }
}

extension Normalization: AdaptableLayer {
    package func makeAdapter() throws(LeptonError) -> any LayerAdapter { NormalizationAdapter(self) }

    func adapted(shape: [Int], mean: [Double], variance: [Double]) -> Normalization {
        Normalization(
            self, mean: Statistic(shape: shape, values: mean), variance: Statistic(shape: shape, values: variance))
    }
}
