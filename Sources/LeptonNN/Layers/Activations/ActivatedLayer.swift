import LeptonTensor

/// A layer whose activation is a function of a program's own, read once into a graph of `keras.ops`; it has no weights and
/// keeps the shape. In configs the graph stands in the place of the activation's name.
package struct ActivatedLayer: Layer {
    package static let className = "Activated"
    private var layer: any Layer
    private let activation: JSONValue
    private let function: ModelGraph

    /// Whether a layer's config has such a function.
    static func isMeant(by config: JSONObject) -> Bool {
        config["activation"]?.objectValue?["class_name"]?.stringValue == ModelLayer.className
    }

    /// - Throws: what is wrong with the layer's other arguments; `notSupported` for layers that apply their activation at
    ///   each step, and for functions with weights.
    init(_ layerClass: String, _ config: JSONObject, nesting: Int) throws(LeptonError) {
        activation = config["activation"] ?? .null
        var plain = config
        plain["activation"] = Activation.linear.config
        layer = try LayerRegistry.make(className: layerClass, config: plain, nesting: nesting + 1)
        guard !(layer is any RecurrentLayer), !(layer is any CellLayer) else {
            throw LeptonError(
                .notSupported,
                "\(layerClass).activation: a function of one's own is not supported in recurrent layers; use a name of "
                    + "keras.activations")
        }
        let owner = "\(layerClass).activation"
        var reader = ConfigReader(owner, try SerializedObject(owner, activation).config, nesting: nesting)
        do throws(LeptonError) { function = try ModelGraph(functional: &reader, owner: owner) } catch {
            throw error.adding(context: owner)
        }
        reader.ignore("dtype", "trainable")
        try reader.finish()
        guard function.inputs.count == 1, function.outputs.count == 1, try function.lowered().weights.isEmpty else {
            throw LeptonError(
                .notSupported, "\(owner): a function of one tensor is supported, that gives one and has no weights")
        }
    }

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        throw LeptonError(.notSupported, "functions of one's own are activations of layers, not layers")
    }

    package var options: LayerOptions {
        get { layer.options }
        set { layer.options = newValue }
    }

    package var identity: LayerIdentity { layer.identity }
    package var supportsMasking: Bool { layer.supportsMasking }
    package var maskedInputs: [String: Int?] { layer.maskedInputs }
    package var inputCounts: ClosedRange<Int> { layer.inputCounts }
    package mutating func setTrainable(_ isTrainable: Bool) { layer.setTrainable(isTrainable) }

    package var arguments: JSONObject {
        var fields = layer.arguments
        fields["activation"] = activation
        return fields
    }

    /// As `LayerRegistry` writes it.
    var config: JSONValue {
        var object = LayerRegistry.config(of: layer).objectValue ?? JSONObject()
        var fields = object["config"]?.objectValue ?? JSONObject()
        fields["activation"] = activation
        object["config"] = .object(fields)
        return .object(object)
    }

    package func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        var configured = self
        configured.layer = try layer.configured(for: call)
        return configured
    }

    package func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        try layer.ruledWeights(for: inputShapes)
    }

    package func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let shape = try layer.outputShape(for: inputShapes)
        var scratch = LoweredGraph()
        let value = scratch.operations.addInput(shape)
        let made = try append(to: &scratch, after: value)
        guard scratch.operations.sampleShapes[made] == shape else {
            throw LeptonError(
                .shapeMismatch, argument: "\(identity.className).activation",
                expected: "a function that keeps the shape, "
                    + Shape.batchText(shape), received: Shape.batchText(scratch.operations.sampleShapes[made]))
        }
        return shape
    }

    package func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try append(to: &graph, after: try layer.lower(into: &graph, inputs: inputs, weights: weights))
    }

    private func append(to graph: inout LoweredGraph, after value: Int) throws(LeptonError) -> Int {
        try function.lower(into: &graph, inputs: [value], weights: function.layers.map { _ in [] })[0]
    }
}
