import LeptonTensor

/// What a model is: layers and how values flow through them. A value; it holds no weights.
///
/// A Sequential model is the chain in which each node takes the one before it.
public struct ModelGraph: Sendable {
    /// One use of a layer.
    package struct Node: Sendable {
        package let layer: Int
        /// Nodes whose outputs it takes; empty for an input.
        package let inputs: [Int]
    }

    public private(set) var name: String
    public private(set) var layers: [any Layer] = []
    package private(set) var nodes: [Node] = []
    private var takenNames: Set<String> = []
    /// How many names each class has been given.
    private var nameCounts: [String: Int] = [:]

    /// Extents of one sample of the input, once known: from the first layer, or from the first data.
    public private(set) var inputShape: [Int]?

    public init(name: String = "sequential") {
        self.name = name
    }

    /// Appends a layer to the chain and names it if it has no name.
    ///
    /// - Throws: `invalidArgument` for a name already taken; `shapeMismatch` when the layer does not take what
    ///   the one before it gives. The graph is unchanged then.
    public mutating func append(_ layer: any Layer) throws(LeptonError) {
        var changed = self
        try changed.link(layer)
        if changed.inputShape != nil { _ = try changed.lowered() }
        self = changed
    }

    /// Appends without looking at shapes beyond the first; may leave the graph changed when it throws.
    mutating func link(_ layer: any Layer) throws(LeptonError) {
        var layer = layer
        if layers.isEmpty {
            if let shape = layer.options.inputShape {
                try ModelGraph.check(inputShape: shape)
                inputShape = shape
                if !(layer is InputLayer) {
                    takenNames.insert("input_layer")
                    addNode(InputLayer(shape: shape, name: "input_layer"))
                }
            } else if layer is InputLayer {
                throw LeptonError(
                    .invalidArgument, argument: "InputLayer.batch_shape", expected: "a shape", received: "nothing")
            }
        } else if layer is InputLayer {
            throw LeptonError(
                .invalidArgument, argument: "layer", expected: "an input only as the first layer",
                received: "InputLayer at position \(layers.count)")
        }
        layer.options.name = try takeName(for: layer)
        addNode(layer)
    }

    private mutating func addNode(_ layer: any Layer) {
        layers.append(layer)
        nodes.append(Node(layer: layers.count - 1, inputs: nodes.isEmpty ? [] : [nodes.count - 1]))
    }

    /// The layer's own name, or the next free one of its class.
    private mutating func takeName(for layer: any Layer) throws(LeptonError) -> String {
        if let name = layer.options.name {
            // Names are parts of the weights' names in model files.
            guard !name.isEmpty, !name.contains("/"), name.utf8.count <= 200 else {
                throw LeptonError(
                    .invalidArgument, argument: "name", expected: "1 to 200 bytes without '/'",
                    received: "'\(name.prefix(64))'")
            }
            guard takenNames.insert(name).inserted else {
                throw LeptonError(
                    .invalidArgument, argument: "name", expected: "a name no other layer of the model has",
                    received: "'\(name)'")
            }
            return name
        }
        let base = snakeCase(type(of: layer).className)
        while true {
            let number = nameCounts[base, default: 0]
            nameCounts[base] = number + 1
            let name = number == 0 ? base : "\(base)_\(number)"
            if takenNames.insert(name).inserted { return name }
        }
    }

    private static func check(inputShape shape: [Int]) throws(LeptonError) {
        guard shape.allSatisfy({ $0 > 0 }), Shape.checkedProduct(shape) != nil, shape.count < Shape.maximumRank else {
            throw LeptonError(
                .shapeMismatch, argument: "input shape",
                expected: "at most \(Shape.maximumRank - 1) extents of at least 1 whose product fits in memory",
                received: Shape.text(shape))
        }
    }

    /// The same graph with its input shape fixed.
    ///
    /// - Throws: `invalidState` when it already has another one; `shapeMismatch` when a layer does not take it.
    package func building(inputShape shape: [Int]) throws(LeptonError) -> ModelGraph {
        if let known = inputShape {
            guard known == shape else {
                throw LeptonError(
                    .invalidState, argument: "input shape",
                    expected: "the shape the model was built with, "
                        + Shape.batchText(known), received: Shape.batchText(shape))
            }
            return self
        }
        try ModelGraph.check(inputShape: shape)
        guard !layers.isEmpty else {
            throw LeptonError(.invalidState, "the model has no layers; add at least one before building it")
        }
        var built = self
        built.inputShape = shape
        _ = try built.lowered()
        return built
    }

    /// The model as primitive operations.
    ///
    /// - Throws: `invalidState` without an input shape or layers; what a layer finds wrong, with its name.
    package func lowered() throws(LeptonError) -> OperationGraph {
        guard let inputShape else {
            throw LeptonError(
                .invalidState,
                "the model has no input shape yet; give the first layer one, call build, or fit it on data")
        }
        var lowered = LoweredGraph()
        var valueOfNode: [Int] = []
        for node in nodes {
            let layer = layers[node.layer]
            let name = layer.options.name ?? type(of: layer).className
            do throws(LeptonError) {
                let inputs =
                    node.inputs.isEmpty
                    ? [lowered.operations.addInput(inputShape)] : node.inputs.map { valueOfNode[$0] }
                let shapes = inputs.map { lowered.operations.sampleShapes[$0] }
                var weights: [Int] = []
                for weight in try layer.weights(for: shapes) {
                    weights.append(
                        try lowered.operations.addWeight(
                            weight.spec, layerName: name, layer: node.layer,
                            isTrainable: layer.options.isTrainable))
                }
                valueOfNode.append(try layer.lower(into: &lowered, inputs: inputs, weights: weights))
            } catch {
                throw error.adding(context: "layer '\(name)'")
            }
        }
        lowered.operations.outputs = valueOfNode.last.map { [$0] } ?? []
        return lowered.operations
    }

    /// Sample shapes of the layers' outputs, for the summary.
    package func layerOutputShapes() throws(LeptonError) -> [[Int]] {
        var shape = inputShape ?? []
        var shapes: [[Int]] = []
        for layer in layers {
            shape = try layer.outputShape(for: [shape])
            shapes.append(shape)
        }
        return shapes
    }
}
