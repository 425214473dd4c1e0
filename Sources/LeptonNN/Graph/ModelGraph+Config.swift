import LeptonTensor

extension ModelGraph {
    /// The most layers a config may have: more is not a model but an attack on memory.
    static let maximumLayers = 10_000

    /// The classes that are models.
    package static let classNames = ["Sequential", "Functional", "Model"]

    /// Reads `{"class_name": "Sequential", "config": {"name": ..., "layers": [...]}}` or the functional form, as Keras
    /// writes them.
    ///
    /// - Throws: `notSupported` for other kinds of model and for custom classes; `invalidArgument` for unknown
    ///   layers or arguments, with the nearest known name; `shapeMismatch` for layers that do not fit.
    package init(config: JSONValue) throws(LeptonError) {
        let object = try SerializedObject("model config", config)
        guard ModelGraph.classNames.contains(object.className) else {
            throw unknownName("model class", object.className, known: ModelGraph.classNames)
        }
        var reader = ConfigReader(object.className, object.config)
        self = try ModelGraph(className: object.className, &reader)
        try reader.finish()
    }

    /// Reads the config of a model, which may be a layer of another.
    init(className: String, _ reader: inout ConfigReader) throws(LeptonError) {
        if className == "Sequential" {
            try self.init(sequential: &reader)
        } else {
            try self.init(functional: &reader, owner: className)
        }
        reader.ignore("dtype")
        if !(try reader.bool("trainable", default: true)) { setTrainable(false) }
    }

    /// The list of layers of a config.
    static func layerList(_ owner: String, _ reader: inout ConfigReader) throws(LeptonError) -> [JSONValue] {
        let value = reader.value("layers")
        guard let layers = value?.arrayValue else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).layers", expected: "a list of layers",
                received: value?.kindName ?? "nothing")
        }
        guard layers.count <= maximumLayers else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).layers", expected: "at most \(maximumLayers) layers",
                received: "\(layers.count)")
        }
        return layers
    }

    private init(sequential reader: inout ConfigReader) throws(LeptonError) {
        self.init(name: try reader.string("name") ?? "sequential")
        let buildShape = try reader.batchShape("build_input_shape")
        let values = try ModelGraph.layerList("Sequential", &reader)
        for value in values {
            let layer = try LayerRegistry.make(SerializedObject("layer", value), nesting: reader.nesting)
            // A Sequential inside a Sequential repeats the name of the input, as Keras does.
            try link(layer)
        }
        // Shapes are checked once at the end rather than after each layer.
        if inputShapes != nil { _ = try lowered() }
        if inputShapes == nil, let buildShape, !layers.isEmpty {
            self = try building(inputShapes: [buildShape.sample])
        }
    }

    /// As Keras's `to_json` writes it, without the parts that only Keras needs.
    package var config: JSONValue {
        serialized(
            module: ModelGraph.module(kind), className: className, config: fields,
            registeredName: kind == .functional ? "Functional" : nil)
    }

    static func module(_ kind: Kind) -> String {
        kind == .sequential ? "keras" : "keras.src.models.functional"
    }

    var className: String { kind == .sequential ? "Sequential" : "Functional" }

    /// What stands under "config".
    var fields: JSONObject {
        guard kind == .sequential else { return functionalFields }
        var fields: JSONObject = [
            "name": .string(name), "trainable": true, "dtype": LayerRegistry.floatPolicy,
            "layers": .array(layers.map(LayerRegistry.config(of:))),
        ]
        if let inputShapes, inputShapes.count == 1 {
            fields["build_input_shape"] = .array(Shape.config([batchSize ?? Shape.unknown] + inputShapes[0]))
        }
        return fields
    }
}
