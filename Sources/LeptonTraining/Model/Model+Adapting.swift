import CLeptonKernels
import LeptonNN
import LeptonTensor

extension Model {
    /// Lets a layer find out what it needs to know from data, as Keras's `adapt`: mean and variance, boundaries of bins,
    /// or a vocabulary. What it knew before is replaced.
    ///
    /// - Parameter path: the layer's name, "encoder/text" for one inside a model that is a layer.
    /// - Throws: `notFound`; `notSupported` for a layer that has nothing to find out; what is wrong with the data;
    ///   `invalidState` during a fit; `shapeMismatch` when the layers after it have weights for another size.
    package func adapt(layer path: String, to data: TensorView) throws(LeptonError) {
        let layer = try withState { () throws(LeptonError) in try graph.layer(at: path) }
        guard let adaptable = layer as? any AdaptableLayer else {
            throw LeptonError(
                .notSupported, "layer '\(path)' is a \(layer.identity.className), which has nothing to adapt")
        }
        let adapter = try adaptable.makeAdapter()
        try adapter.update(data, argument: "data")
        let adapted = try adapter.finish()
        guard let normalization = layer as? Normalization, normalization.mean == nil else {
            return try replace(layer: path, with: adapted)
        }
        try withState { () throws(LeptonError) in
            try requireIdle("adapting a layer")
            guard let built, let adapted = adapted as? Normalization else {
                throw LeptonError(
                    .invalidState,
                    "the model is not built: give its first layer an input shape, or adapt the layer before it is added"
                )
            }
            try Model.setStatistics(of: path, to: adapted, built)
            hasOwnWeights = true
            weightsVersion += 1
        }
    }

    private static func setStatistics(
        of path: String, to adapted: Normalization, _ built: BuiltModel
    ) throws(LeptonError) {
        for (name, values) in [("mean", adapted.mean?.values), ("variance", adapted.variance?.values)] {
            guard let values, let index = built.operations.weights.firstIndex(where: { $0.path == "\(path)/\(name)" })
            else { throw LeptonError(.internalError, "layer '\(path)' has no weight '\(name)'") }
            let entry = built.layout.entries[index]
            guard entry.count == values.count else {
                throw LeptonError(
                    .shapeMismatch, argument: "data", expected: "\(entry.count) means, as the model's input gives",
                    received: "\(values.count)")
            }
            for (place, value) in values.enumerated() {
                built.parameters.pointer[entry.offset + place] = Float(value)
            }
        }
    }

    /// Gives a layer other arguments: those of a serialised layer of the same class.
    ///
    /// - Throws: as `replace`.
    package func configure(layer path: String, config: JSONValue) throws(LeptonError) {
        try replace(layer: path, with: LayerRegistry.make(SerializedObject("layer", config), nesting: 0))
    }

    /// Puts another layer of the same class in a layer's place; it keeps the name.
    ///
    /// - Throws: `notFound`; `invalidArgument` for a layer of another class; `shapeMismatch` when weights would be
    /// others   than those that were set or trained; `invalidState` during a fit. The model stays as it was.
    private func replace(layer path: String, with layer: any Layer) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            try requireIdle("changing a layer")
            let previous = graph
            try graph.replaceLayer(at: path, with: layer)
            do throws(LeptonError) { try rebuild() } catch {
                graph = previous
                throw error
            }
            batchRunner = nil
        }
    }

    /// Lowers the graph again; weights stay where they are the same, and are drawn anew where none were set.
    private func rebuild() throws(LeptonError) {
        guard let built, graph.inputShapes != nil else { return }
        let operations = try graph.lowered()
        let isSame =
            operations.weights.map(\.path) == built.operations.weights.map(\.path)
            && operations.weights.map(\.spec.shape) == built.operations.weights.map(\.spec.shape)
        if isSame {
            self.built = try BuiltModel(
                operations: operations, layout: ParameterLayout(operations), parameters: built.parameters,
                batchSize: graph.batchSize, stateStore: built.stateStore)
            return
        }
        guard !hasOwnWeights, optimizerState == nil else {
            let place = zip(operations.weights, built.operations.weights).first { $0.spec.shape != $1.spec.shape }
            throw LeptonError(
                .shapeMismatch, argument: "layer",
                expected: "one that leaves the shapes of weights as they are, because some were set or trained",
                received: place.map {
                    "\($0.path) of shape \(Shape.text($0.spec.shape)) instead of "
                        + Shape.text($1.spec.shape)
                } ?? "another number of weights")
        }
        self.built = try makeBuilt()
    }
}

/// What encoders made of a model's inputs, for a store that keeps numbers alone.
package struct EncodedInputs {
    package let views: [TensorView]
    /// Keep the views' memory.
    private let columns: [FloatRows]

    fileprivate init(_ columns: [FloatRows], _ graph: OperationGraph) throws(LeptonError) {
        self.columns = columns
        var views: [TensorView] = []
        for (column, value) in zip(columns, graph.inputs) {
            views.append(
                TensorView(
                    base: column.pointer, dtype: .float32, shape: try Shape([column.rows] + graph.sampleShapes[value])))
        }
        self.views = views
    }
}

extension Model {
    /// The inputs of a model's plan, where encoders make any of them; nil where data goes in as it is.
    ///
    /// - Throws: what is wrong with the data.
    package func encodedInputs(_ x: [TensorView], allowNonFinite: Bool) throws(LeptonError) -> EncodedInputs? {
        let (operations, hasUnknownLengths) = try withState { () throws(LeptonError) in
            (try ensureBuilt(for: x).operations, try requireBuilt().hasUnknownLengths)
        }
        guard operations.inputSources.contains(where: { $0.encoder != nil }) else { return nil }
        guard !hasUnknownLengths else {
            throw LeptonError(
                .notSupported,
                "a store does not keep text, and what is made of it has no length of its own here: give every axis a "
                    + "length (output_sequence_length of TextVectorization), or fit without a store")
        }
        let columns = try FloatRows.columns(of: x, for: operations, limits: [], allowNonFinite: allowNonFinite) { _ in
            "x"
        }
        return try EncodedInputs(columns, operations)
    }
}
