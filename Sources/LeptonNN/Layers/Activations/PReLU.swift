import LeptonTensor

/// x above 0, alpha · x below, with a learned alpha (He et al., 2015).
///
/// Output shape: as the input; alpha has the sample's shape, with extent 1 along shared axes.
public struct PReLU: Layer {
    public static let className = "PReLU"
    public static let ruledWeights = ["alpha"]
    public var options: LayerOptions
    public let alphaInitializer: Initializer
    /// Axes along which alpha is the same; the batch is axis 0 and not among them.
    public let sharedAxes: [Int]?

    public init(
        alphaInitializer: Initializer = .zeros, sharedAxes: [Int]? = nil, inputShape: [Int]? = nil, name: String? = nil
    ) {
        self.alphaInitializer = alphaInitializer
        self.sharedAxes = sharedAxes
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        alphaInitializer = try Initializer(
            arguments.value("alpha_initializer"), argument: "PReLU.alpha_initializer", default: .zeros)
        sharedAxes = try arguments.axes("shared_axes")?.axes
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "alpha_initializer": alphaInitializer.config,
            "shared_axes": sharedAxes.map { .array($0.map { .integer(Int64($0)) }) } ?? .null,
        ]
    }

    public var supportsMasking: Bool { true }

    private func shared(_ shape: [Int]) throws(LeptonError) -> [Int] {
        try sampleAxes(sharedAxes ?? [], of: shape, argument: "PReLU.shared_axes")
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        var shape = inputShapes.first ?? []
        for axis in try shared(shape) { shape[axis] = 1 }
        return [Weight(name: "alpha", shape: shape, initializer: alphaInitializer)]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = inputShapes.first ?? []
        _ = try shared(shape)
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        let shared = try shared(shape)
        // Alpha repeats along a sample when what it has of its own stands last.
        let own = shape.indices.filter { !shared.contains($0) }
        return try graph.operations.withAxesLast(own, of: inputs[0]) { (operations, value) throws(LeptonError) in
            try operations.add(
                PReLUOperation(), inputs: [value], weights: weights, outputShape: operations.sampleShapes[value])
        }
    }
}
