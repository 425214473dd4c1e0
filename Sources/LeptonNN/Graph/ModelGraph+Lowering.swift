import LeptonTensor

extension ModelGraph {
    /// What follows from the shapes of the inputs.
    package struct Inference {
        /// Shapes of each node's outputs.
        package var values: [[ValueShape]] = []
        /// Weights of each layer, in Keras's order; nil for a layer that no node uses.
        package var weights: [[LayerWeight]?]
    }

    /// Shapes and weights, without any operation.
    ///
    /// - Throws: what a layer finds wrong, with its name; `invalidArgument` for an output that a layer does not have.
    package func inferred(inputShapes: [[Int]]) throws(LeptonError) -> Inference {
        var result = Inference(weights: layers.map { _ in nil })
        for (index, node) in nodes.enumerated() {
            var inputs: [ValueShape] = []
            for reference in node.inputs { inputs.append(try value(reference, result)) }
            if let place = self.inputs.firstIndex(of: index) {
                inputs = [ValueShape(sample: try inputShape(place, inputShapes))]
            }
            try withContext(node) { () throws(LeptonError) in
                let prepared = try prepared(node, tensors: inputs.count)
                let (outputs, weights) = try UnknownLengths.inferred(
                    prepared.layer, for: prepared.inputs.map { inputs[$0] })
                if kind == .sequential, outputs.count != 1 {
                    throw LeptonError(
                        .invalidArgument, argument: "layer",
                        expected: "one output: a Sequential model is a chain of layers with one output each",
                        received: "\(outputs.count) outputs")
                }
                if let known = result.weights[node.layer] {
                    guard known.map(\.spec.shape) == weights.map(\.spec.shape) else {
                        throw LeptonError(
                            .shapeMismatch, argument: "inputs",
                            expected: "the shapes that the layer had when it was used before",
                            received: inputs.map { Shape.batchText($0.sample) }.joined(separator: ", "))
                    }
                }
                result.weights[node.layer] = weights
                result.values.append(outputs)
            }
        }
        for output in outputs { _ = try value(output, result) }
        return result
    }

    /// The shape of an output of a node: configs may name outputs that there are not.
    private func value(_ reference: Reference, _ known: Inference) throws(LeptonError) -> ValueShape {
        let values = known.values[reference.node]
        guard values.indices.contains(reference.output) else {
            throw LeptonError(
                .invalidArgument, argument: "model config",
                expected:
                    "an output below \(values.count) of '\(layers[nodes[reference.node].layer].options.name ?? "")'",
                received: "\(reference.output)")
        }
        return values[reference.output]
    }

    private func inputShape(_ place: Int, _ shapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard place < shapes.count else {
            throw LeptonError(
                .shapeMismatch, argument: "inputs", expected: "\(inputs.count)", received: "\(shapes.count)")
        }
        return shapes[place]
    }

    private func prepared(_ node: Node, tensors: Int) throws(LeptonError) -> PreparedCall {
        try PreparedCall(of: layers[node.layer], node.call, tensors: tensors)
    }

    private func withContext(_ node: Node, _ body: () throws(LeptonError) -> Void) throws(LeptonError) {
        do throws(LeptonError) { try body() } catch {
            let layer = layers[node.layer]
            throw error.adding(context: "layer '\(layer.options.name ?? layer.identity.className)'")
        }
    }

    /// The model as primitive operations; without any where lengths are not known: the graph then has the weights and
    /// the shapes of inputs and outputs, and `lowered(inputShapes:encodedLengths:)` the operations.
    ///
    /// - Parameter overBatch: whether it may add up over the rows of a batch, as losses and metrics do.
    /// - Throws: `invalidState` without an input shape or layers; what a layer finds wrong, with its name.
    package func lowered(overBatch: Bool = false) throws(LeptonError) -> OperationGraph {
        guard let inputShapes else {
            throw LeptonError(
                .invalidState,
                "the model has no input shape yet; give the first layer one, call build, or fit it on data")
        }
        let inference = try inferred(inputShapes: inputShapes)
        // A chain that was built late has no node for its input.
        let shapes = inputShapes + inference.values.joined().map(\.sample)
        guard !shapes.allSatisfy(Shape.isKnown) else {
            return try lowered(inputShapes, inference, nil, overBatch: overBatch)
        }
        var lowered = LoweredGraph()
        for (place, shape) in inputShapes.enumerated() {
            _ = lowered.operations.addInput(shape, isText: takesText(place))
        }
        _ = try addWeights(inference, to: &lowered)
        for output in outputs {
            lowered.operations.addOutline(inference.values[output.node][output.output].sample)
        }
        return lowered.operations
    }

    /// The model as primitive operations on data of certain lengths.
    ///
    /// - Parameters:
    ///   - inputShapes: of the data.
    ///   - encodedLengths: how long the rows are that encoders without a length of their own make of inputs.
    package func lowered(
        inputShapes: [[Int]], encodedLengths: any EncodedLengths
    ) throws(LeptonError) -> OperationGraph {
        try lowered(inputShapes, try inferred(inputShapes: inputShapes), encodedLengths)
    }

    private func lowered(
        _ inputShapes: [[Int]], _ inference: Inference, _ encodedLengths: (any EncodedLengths)?,
        overBatch: Bool = false
    ) throws(LeptonError) -> OperationGraph {
        var lowered = LoweredGraph()
        lowered.encodedLengths = encodedLengths
        lowered.batchSize = batchSize
        lowered.operations.takesBatchTotals = overBatch
        let values = inputShapes.enumerated().map { place, shape in
            lowered.operations.addInput(shape, isText: takesText(place))
        }
        let numbers = try addWeights(inference, to: &lowered)
        let outputs = try lower(into: &lowered, inputs: values, weights: numbers)
        lowered.operations.outputs = outputs
        for output in outputs {
            let mask = lowered.masks[output]
            lowered.operations.outputMasks.append(
                try mask.map { mask throws(LeptonError) in try lowered.operations.perRow(mask) })
        }
        lowered.operations.dropUnreadInputs()
        return lowered.operations
    }

    /// - Returns: the numbers of each layer's weights.
    private func addWeights(
        _ inference: Inference, to lowered: inout LoweredGraph
    ) throws(LeptonError) -> [[Int]] {
        var numbers: [[Int]] = []
        for (index, weights) in inference.weights.enumerated() {
            let options = layers[index].options
            var own: [Int] = []
            for weight in weights ?? [] {
                own.append(
                    try lowered.operations.addWeight(
                        weight.spec, layerName: options.name ?? layers[index].identity.className, layer: index,
                        isTrainable: options.isTrainable))
            }
            numbers.append(own)
        }
        return numbers
    }

    /// Whether an input was declared as text.
    package func takesText(_ place: Int) -> Bool {
        place < inputs.count && (layers[nodes[inputs[place]].layer] as? InputLayer)?.isText ?? false
    }

    /// Appends the operations of all nodes to a graph, this model's or one that it is a layer of.
    ///
    /// - Parameters:
    ///   - weights: the numbers of each layer's weights.
    ///   - keepsShared: whether what is the same for every row comes out as it is.
    /// - Returns: the values of the model's outputs.
    package func lower(
        into graph: inout LoweredGraph, inputs values: [Int], weights: [[Int]], keepsShared: Bool = false
    ) throws(LeptonError) -> [Int] {
        var outputsOfNode: [[Int]] = []
        for (index, node) in nodes.enumerated() {
            var inputValues = node.inputs.map { outputsOfNode[$0.node][$0.output] }
            if let place = inputs.firstIndex(of: index), place < values.count { inputValues = [values[place]] }
            try withContext(node) { () throws(LeptonError) in
                let prepared = try prepared(node, tensors: inputValues.count)
                graph.path.append(prepared.layer.options.name ?? prepared.layer.identity.className)
                defer { graph.path.removeLast() }
                outputsOfNode.append(
                    try prepared.lower(
                        into: &graph, inputValues, weights: weights[node.layer], followsCall: isOwnCode))
            }
        }
        // What is the same for every row is written out for each where it leaves the model.
        var results: [Int] = []
        for output in outputs {
            let value = outputsOfNode[output.node][output.output]
            results.append(try keepsShared ? value : graph.operations.perRow(value))
        }
        return results
    }

    /// Keeps every layer's weights as they are in training, as Keras does for `trainable = False` of a whole model, or
    /// lets them all be trained.
    mutating func setTrainable(_ isTrainable: Bool) {
        for index in layers.indices { layers[index].setTrainable(isTrainable) }
    }

    /// The same for the layer of a path such as "encoder/dense".
    ///
    /// - Throws: `notFound`.
    package mutating func setTrainable(_ isTrainable: Bool, layer path: String) throws(LeptonError) {
        let parts = path.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let index = layers.firstIndex(where: { $0.options.name == String(parts[0]) }) else {
            throw LeptonError(.notFound, "the model has no layer '\(path.prefix(200))'")
        }
        guard parts.count > 1 else { return layers[index].setTrainable(isTrainable) }
        guard var inner = layers[index] as? ModelLayer else {
            throw LeptonError(.notFound, "layer '\(parts[0])' has no layers inside that are trained on their own")
        }
        try inner.graph.setTrainable(isTrainable, layer: String(parts[1]))
        layers[index] = inner
    }
}
