import LeptonTensor

/// Numbers as the bins that they fall into: bin i holds boundaries[i - 1] <= x < boundaries[i].
///
/// Output shape: as the input, or encoded as `outputMode` says.
public struct Discretization: Layer {
    public static let className = "Discretization"
    public static let acceptedDTypes = ["float32", "int32", "int64"]
    public var options = LayerOptions()
    /// Ascending; nil until the layer has been adapted.
    package private(set) var boundaries: [Float]?
    /// Bins that `adapt` makes; nil when the boundaries were given.
    package let numBins: Int?
    package let epsilon: Double
    public let outputMode: CategoryOutput

    /// Bins between given boundaries, ascending.
    ///
    /// - Throws: `invalidArgument`.
    public init(
        binBoundaries: [Double], outputMode: CategoryOutput = .integer, name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "bin_boundaries": .array(binBoundaries.map { .number($0) }),
                "output_mode": .string(outputMode.rawValue),
            ], name)
    }

    /// Bins whose boundaries `adapted` finds.
    ///
    /// - Throws: `invalidArgument`.
    public init(
        numBins: Int, epsilon: Double = 0.01, outputMode: CategoryOutput = .integer, name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "num_bins": .integer(Int64(numBins)), "epsilon": .number(epsilon),
                "output_mode": .string(outputMode.rawValue),
            ], name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        numBins = try arguments.depth("num_bins", minimum: 0)
        epsilon = try arguments.number("epsilon", default: 0.01, "a number above 0 and at most 1") {
            $0 > 0 && $0 <= 1
        }
        outputMode = try CategoryOutput(
            &arguments, default: .integer, among: [.integer, .oneHot, .multiHot, .count])
        if let given = try arguments.constant("bin_boundaries") {
            let numbers = given.values.map { Float($0) }
            guard given.shape.count == 1, zip(numbers, numbers.dropFirst()).allSatisfy({ $0 <= $1 }) else {
                throw LeptonError(
                    .invalidArgument, argument: "Discretization.bin_boundaries", expected: "ascending numbers",
                    received: given.shape.count == 1 ? "numbers in another order" : "shape \(Shape.text(given.shape))")
            }
            boundaries = numbers
        }
        guard numBins != nil || boundaries != nil else {
            throw LeptonError(
                .invalidArgument, argument: "Discretization", expected: "num_bins or bin_boundaries",
                received: "neither")
        }
    }

    public var arguments: JSONObject {
        [
            "bin_boundaries": boundaries.map { .array($0.map { .number(Double($0)) }) } ?? .null,
            "num_bins": numBins.map { .integer(Int64($0)) } ?? .null, "epsilon": .number(epsilon),
            "output_mode": .string(outputMode.rawValue), "sparse": false, "dtype": "float32",
        ]
    }

    public var identity: LayerIdentity {
        LayerIdentity(module: "keras.layers", className: "Discretization", hasTrainable: false)
    }

    private var depth: Int { boundaries.map { $0.count + 1 } ?? numBins ?? 1 }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputMode.outputShape(inputShapes[0], depth: depth, owner: "Discretization")
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        guard let boundaries else {
            throw LeptonError(
                .invalidState, "it has no boundaries yet; give bin_boundaries or call adapt before it is used")
        }
        let shape = graph.operations.sampleShapes[inputs[0]]
        let bins = try graph.operations.add(
            DigitizeOperation(boundaries: boundaries), inputs: inputs, outputShape: shape)
        return try outputMode.append(to: &graph, bins, depth: depth, owner: "Discretization")
    }
}

extension Discretization: AdaptableLayer {
    package func makeAdapter() throws(LeptonError) -> any LayerAdapter {
        guard let numBins else {
            throw LeptonError(
                .invalidArgument, argument: "Discretization", expected: "num_bins, from which adapt finds boundaries",
                received: "bin_boundaries, which leave nothing to find")
        }
        return DiscretizationAdapter(self, bins: numBins, epsilon: epsilon)
    }

    func adapted(_ boundaries: [Float]) -> Discretization {
        var layer = self
        layer.boundaries = boundaries
        return layer
    }
}

/// y = how many of the boundaries are at most x. Has no gradient.
package struct DigitizeOperation: Operation {
    package let boundaries: [Float]

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}
