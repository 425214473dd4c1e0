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
        var layer = layer
        if layers.isEmpty {
            if let shape = layer.options.inputShape {
                guard Shape.checkedProduct(shape) != nil, shape.allSatisfy({ $0 > 0 }) else {
                    throw LeptonError(
                        .shapeMismatch, argument: "input_shape",
                        expected: "extents of at least 1 whose product fits in memory", received: Shape.text(shape))
                }
                changed.inputShape = shape
                if !(layer is InputLayer) { changed.addNode(ModelGraph.input(shape, named: "input_layer")) }
            }
        } else if layer is InputLayer {
            throw LeptonError(
                .invalidArgument, argument: "layer", expected: "an input only as the first layer",
                received: "InputLayer at position \(layers.count)")
        }
        layer.options.name = try changed.uniqueName(for: layer)
        changed.addNode(layer)
        if changed.inputShape != nil { _ = try changed.lowered() }
        self = changed
    }

    private static func input(_ shape: [Int], named name: String) -> InputLayer { InputLayer(shape: shape, name: name) }

    private mutating func addNode(_ layer: any Layer) {
        layers.append(layer)
        nodes.append(Node(layer: layers.count - 1, inputs: nodes.isEmpty ? [] : [nodes.count - 1]))
    }

    private func uniqueName(for layer: any Layer) throws(LeptonError) -> String {
        let taken = Set(layers.compactMap(\.options.name))
        if let name = layer.options.name {
            guard !taken.contains(name) else {
                throw LeptonError(
                    .invalidArgument, argument: "name", expected: "a name no other layer of the model has",
                    received: "'\(name)'")
            }
            return name
        }
        let base = snakeCase(type(of: layer).className)
        var name = base
        var number = 0
        while taken.contains(name) {
            number += 1
            name = "\(base)_\(number)"
        }
        return name
    }

    /// The same graph with its input shape fixed.
    ///
    /// - Throws: `invalidState` when it already has another one; `shapeMismatch` when a layer does not take it.
    package func building(inputShape shape: [Int]) throws(LeptonError) -> ModelGraph {
        if let known = inputShape {
            guard known == shape else {
                throw LeptonError(
                    .invalidState, argument: "input shape", expected: "the shape the model was built with, "
                        + Shape.batchText(known), received: Shape.batchText(shape))
            }
            return self
        }
        guard shape.allSatisfy({ $0 > 0 }), Shape.checkedProduct(shape) != nil,
            shape.count < Shape.maximumRank
        else {
            throw LeptonError(
                .shapeMismatch, argument: "input shape",
                expected: "at most \(Shape.maximumRank - 1) extents of at least 1", received: Shape.text(shape))
        }
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
        var lowered = LoweredGraph(operations: OperationGraph())
        var valueOfNode: [Int] = []
        for node in nodes {
            let layer = layers[node.layer]
            let name = layer.options.name ?? type(of: layer).className
            do throws(LeptonError) {
                let inputs =
                    node.inputs.isEmpty ? [lowered.operations.addInput(inputShape)] : node.inputs.map { valueOfNode[$0] }
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
