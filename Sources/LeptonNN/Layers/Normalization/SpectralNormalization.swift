import LeptonTensor

/// A layer whose kernel, or whose table of an Embedding, is divided by its largest singular value in training (Miyato et
/// al., 2018). Weights: those of the layer, and `vector_u` (1, last axis of the kernel), the estimate of the singular
/// vector, second among them.
///
/// As with Keras on JAX, predictions use the kernel as it is, and the weights are those before the division.
package struct SpectralNormalization: Layer {
    package static let className = "SpectralNormalization"
    package var options: LayerOptions
    private var layer: any Layer
    private let iterations: Int

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let value = arguments.value("layer") else {
            throw LeptonError(
                .invalidArgument, argument: "SpectralNormalization.layer", expected: "a layer", received: "nothing")
        }
        let object = try SerializedObject("SpectralNormalization.layer", value)
        layer = try LayerRegistry.make(object, nesting: arguments.nesting)
        let given = arguments.value("power_iterations")
        iterations = given?.intValue ?? (given == nil ? 1 : 0)
        guard (1...10_000).contains(iterations) else {
            throw LeptonError(
                .invalidArgument,
                "`power_iterations` should be greater than zero. Received: `power_iterations=\(given?.text ?? "")`")
        }
        guard layer.options.activityRegularizer == nil, layer.options.regularizers.isEmpty else {
            throw LeptonError(
                .notSupported,
                "regularizers of the layer in a SpectralNormalization are not supported; leave them out")
        }
        options = LayerOptions()
    }

    package var arguments: JSONObject {
        ["layer": LayerRegistry.config(of: layer), "power_iterations": .integer(Int64(iterations))]
    }

    package var inputCounts: ClosedRange<Int> { layer.inputCounts }

    package mutating func setTrainable(_ isTrainable: Bool) {
        options.isTrainable = isTrainable
        layer.setTrainable(isTrainable)
    }

    package func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        var wrapper = self
        wrapper.layer = try layer.configured(for: call)
        return wrapper
    }

    private var name: String { layer.options.name ?? snakeCase(layer.identity.className) }

    /// The layer's weights, and which of them is normalised.
    private func own(_ inputShapes: [[Int]]) throws(LeptonError) -> (weights: [Weight], kernel: Int) {
        let weights = try layer.ruledWeights(for: inputShapes)
        guard let kernel = weights.firstIndex(where: { ["kernel", "embeddings"].contains($0.spec.name) }) else {
            throw LeptonError(
                .invalidArgument,
                "\(layer.identity.className) object has no attribute 'kernel' nor 'embeddings'")
        }
        return (weights, kernel)
    }

    package func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let (weights, kernel) = try own(inputShapes)
        var all = weights.map { $0.inside(name, isTrainable: layer.options.isTrainable) }
        let vector = Weight(
            name: "vector_u", shape: [1, weights[kernel].spec.shape.last ?? 1],
            initializer: Initializer(
                className: "TruncatedNormal", kind: .truncatedNormal(mean: 0, deviation: 0.02), seed: nil),
            isTrainable: false)
        let first = all.remove(at: kernel)
        all.insert(contentsOf: [first, vector], at: 0)
        return all
    }

    package func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try layer.outputShape(for: inputShapes)
    }

    package func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let kernel = try own(inputs.map { graph.operations.sampleShapes[$0] }).kernel
        guard graph.operations.fixedMode != .training else {
            throw LeptonError(
                .notSupported,
                "SpectralNormalization called with training=True in code of one's own is not supported; pass the "
                    + "training argument of the code on, or leave it out")
        }
        guard graph.operations.fixedMode == nil else {
            var plain = Array(weights.dropFirst(2))
            plain.insert(weights[0], at: kernel)
            return try lowerInside(&graph, inputs, plain)
        }
        let normalised = try graph.operations.add(
            SpectralOperation(iterations: iterations), inputs: [], weights: Array(weights.prefix(2)),
            outputShape: graph.operations.weight(weights[0]).spec.shape)
        var own = Array(weights.dropFirst(2))
        own.insert(graph.operations.addStand(for: weights[0], value: normalised), at: kernel)
        return try lowerInside(&graph, inputs, own)
    }

    private func lowerInside(
        _ graph: inout LoweredGraph, _ inputs: [Int], _ weights: [Int]
    ) throws(LeptonError) -> Int {
        let value = try layer.lower(into: &graph, inputs: inputs, weights: weights)
        // The wrapper knows nothing of masks.
        graph.masks[value] = nil
        return value
    }
}
