import LeptonTensor

extension ModelGraph {
    /// The most layers a config may have: more is not a model but an attack on memory.
    private static let maximumLayers = 10_000

    /// Reads `{"class_name": "Sequential", "config": {"name": ..., "layers": [...]}}`, as Keras writes it.
    ///
    /// - Throws: `notSupported` for other kinds of model and for custom classes; `invalidArgument` for unknown
    ///   layers or arguments, with the nearest known name; `shapeMismatch` for layers that do not fit.
    package init(config: JSONValue) throws(LeptonError) {
        let object = try SerializedObject("model config", config)
        guard object.className == "Sequential" else {
            if ["Functional", "Model"].contains(object.className) {
                throw LeptonError(
                    .notSupported, "models of class '\(object.className)' are not supported; use Sequential")
            }
            throw unknownName("model class", object.className, known: ["Sequential"])
        }
        var reader = ConfigReader("Sequential", object.config)
        self.init(name: try reader.string("name") ?? "sequential")
        reader.ignore("trainable", "dtype")
        let buildShape = try reader.batchShape("build_input_shape")
        guard let layers = reader.value("layers")?.arrayValue else {
            throw LeptonError(
                .invalidArgument, argument: "Sequential.layers", expected: "a list of layers",
                received: object.config["layers"]?.kindName ?? "nothing")
        }
        guard layers.count <= ModelGraph.maximumLayers else {
            throw LeptonError(
                .invalidArgument, argument: "Sequential.layers",
                expected: "at most \(ModelGraph.maximumLayers) layers", received: "\(layers.count)")
        }
        try reader.finish()
        try appendAll(layers)
        if inputShape == nil, let buildShape, !layers.isEmpty { self = try building(inputShape: buildShape) }
    }

    /// Appends serialised layers, checking shapes once at the end rather than after each.
    private mutating func appendAll(_ values: [JSONValue]) throws(LeptonError) {
        var chain = ModelGraph(name: name)
        for value in values {
            let object = try SerializedObject("layer", value)
            try chain.link(LayerRegistry.make(className: object.className, config: object.config))
        }
        if chain.inputShape != nil { _ = try chain.lowered() }
        self = chain
    }

    /// As Keras's `to_json` writes it, without the parts that only Keras needs.
    package var config: JSONValue {
        var fields: JSONObject = [
            "name": .string(name), "trainable": true, "dtype": LayerRegistry.floatPolicy,
            "layers": .array(layers.map(LayerRegistry.config(of:))),
        ]
        if let inputShape {
            fields["build_input_shape"] = .array([.null] + inputShape.map { .integer(Int64($0)) })
        }
        return serialized(module: "keras", className: "Sequential", config: fields)
    }
}
