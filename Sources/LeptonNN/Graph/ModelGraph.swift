import LeptonTensor

/// What a model is: layers and how values flow through them. A value; it holds no weights.
///
/// A Sequential model is the chain in which each node takes the one before it; a functional one has nodes that take any
/// outputs of earlier ones.
public struct ModelGraph: Sendable {
    package enum Kind: Sendable { case sequential, functional }

    /// An output of a node.
    package struct Reference: Sendable, Hashable {
        package let node: Int
        package let output: Int
    }

    /// One use of a layer.
    package struct Node: Sendable {
        package let layer: Int
        /// What it takes; nothing for an input of the model.
        package let inputs: [Reference]
        package let call: LayerCall
    }

    public internal(set) var name: String
    package let kind: Kind
    public internal(set) var layers: [any Layer] = []
    /// In an order in which each comes after those that it takes.
    package internal(set) var nodes: [Node] = []
    /// Nodes where data enters, in the order of the model's inputs.
    package internal(set) var inputs: [Int] = []
    package internal(set) var outputs: [Reference] = []
    /// For losses, metrics and the history: an output's key where the model gives a dictionary, else its layer's name.
    package internal(set) var outputNames: [String] = []
    /// How the inputs and outputs of a functional model are nested, as Keras writes it.
    package internal(set) var inputStructure = JSONValue.null
    package internal(set) var outputStructure = JSONValue.null
    /// Whether layers, and so their weights, stay in the order of the config, as those of a user's own class do in Keras.
    var keepsListedOrder = false
    /// Whether it was read from a program's own code.
    var isOwnCode: Bool { keepsListedOrder }
    var takenNames: Set<String> = []
    /// How many names each class has been given.
    private var nameCounts: [String: Int] = [:]

    /// Extents of one sample of each input, once known: from the first layers, or from the first data. -1 where only the
    /// data of a call tells the length.
    public internal(set) var inputShapes: [[Int]]?

    public init(name: String = "sequential") {
        self.init(name: name, kind: .sequential)
    }

    init(name: String, kind: Kind) {
        self.name = name
        self.kind = kind
    }

    /// Names of the inputs: those of the layers where they enter.
    package var inputNames: [String] {
        inputs.map { layers[nodes[$0].layer].options.name ?? "input" }
    }

    /// Rows in every batch, where an input says it.
    package var batchSize: Int? { inputs.lazy.compactMap { layers[nodes[$0].layer].options.batchSize }.first }

    /// Appends a layer to the chain and names it if it has no name.
    ///
    /// - Throws: `invalidArgument` for a name already taken; `shapeMismatch` when the layer does not take what
    ///   the one before it gives; `notSupported` for a functional model. The graph is unchanged then.
    public mutating func append(_ layer: any Layer) throws(LeptonError) {
        guard kind == .sequential else {
            throw LeptonError(
                .notSupported, "layers cannot be appended to a functional model; make it from its inputs and outputs")
        }
        var changed = self
        try changed.link(layer)
        if changed.inputShapes != nil { _ = try changed.lowered() }
        self = changed
    }

    /// Appends without looking at shapes beyond the first; may leave the graph changed when it throws.
    mutating func link(_ layer: any Layer) throws(LeptonError) {
        var layer = layer
        if layers.isEmpty {
            if let shape = layer.options.inputShape {
                try ModelGraph.check(inputShape: shape)
                inputShapes = [shape]
                if !(layer is InputLayer) {
                    takenNames.insert("input_layer")
                    addNode(InputLayer(shape: shape, batchSize: layer.options.batchSize, name: "input_layer"))
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
        let input = Reference(node: nodes.count - 1, output: 0)
        nodes.append(Node(layer: layers.count - 1, inputs: nodes.isEmpty ? [] : [input], call: .tensors(1)))
        inputs = [0]
        noteChainEnd()
    }

    private mutating func noteChainEnd() {
        outputs = nodes.isEmpty ? [] : [Reference(node: nodes.count - 1, output: 0)]
        outputNames = outputs.map { layers[nodes[$0.node].layer].options.name ?? "output" }
    }

    /// The layer's own name, or the next free one of its class.
    mutating func takeName(for layer: any Layer) throws(LeptonError) -> String {
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
        let base = snakeCase(
            layer.identity.isModel || layer is ActivatedLayer ? layer.identity.className : type(of: layer).className)
        while true {
            let number = nameCounts[base, default: 0]
            nameCounts[base] = number + 1
            let name = number == 0 ? base : "\(base)_\(number)"
            if takenNames.insert(name).inserted { return name }
        }
    }

    static func check(inputShape shape: [Int]) throws(LeptonError) {
        let known = shape.filter { $0 != Shape.unknown }
        guard known.allSatisfy({ $0 > 0 }), Shape.checkedProduct(known) != nil, shape.count < Shape.maximumRank else {
            throw LeptonError(
                .shapeMismatch, argument: "input shape",
                expected: "at most \(Shape.maximumRank - 1) extents of at least 1 (or unknown) whose product fits in "
                    + "memory",
                received: Shape.text(shape))
        }
    }

    /// The same graph with its input shapes fixed.
    ///
    /// - Throws: `invalidState` when it already has others; `shapeMismatch` when a layer does not take them.
    package func building(inputShapes shapes: [[Int]]) throws(LeptonError) -> ModelGraph {
        if let known = inputShapes {
            guard known == shapes else {
                throw LeptonError(
                    .invalidState, argument: "input shape",
                    expected: "the shape the model was built with, "
                        + known.map(Shape.batchText).joined(separator: ", "),
                    received: shapes.map(Shape.batchText).joined(separator: ", "))
            }
            return self
        }
        guard shapes.count == 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "input shape", expected: "one input", received: "\(shapes.count)")
        }
        try ModelGraph.check(inputShape: shapes[0])
        guard !layers.isEmpty else {
            throw LeptonError(.invalidState, "the model has no layers; add at least one before building it")
        }
        var built = self
        built.inputShapes = shapes
        _ = try built.lowered()
        return built
    }
}
