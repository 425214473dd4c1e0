import LeptonTensor

/// The layers that can be made from a class name: by `lepton_model_add_layer`, config JSON and model files.
package enum LayerRegistry {
    /// One list for each family of layers, beside the layers themselves.
    private static let types: [any Layer.Type] =
        [InputLayer.self, Dense.self, Flatten.self, Embedding.self, Masking.self, Identity.self, VariableLayer.self]
        + activationLayers
        + normalizationLayers + regularizationLayers + reshapingLayers + convolutionTypes
        + mergeLayers + attentionLayers + recurrentLayers + preprocessingLayers

    private static let mergeLayers: [any Layer.Type] =
        [
            Add.self, Subtract.self, Multiply.self, Average.self, Maximum.self, Minimum.self, Concatenate.self,
            Dot.self,
        ]

    private static let attentionLayers: [any Layer.Type] =
        [EinsumDense.self, Attention.self, AdditiveAttention.self, MultiHeadAttention.self, GroupedQueryAttention.self]

    private static let activationLayers: [any Layer.Type] =
        [ActivationLayer.self, ReLU.self, LeakyReLU.self, PReLU.self, ELU.self, Softmax.self]

    private static let normalizationLayers: [any Layer.Type] = [
        BatchNormalization.self, LayerNormalization.self, RMSNormalization.self, GroupNormalization.self,
        UnitNormalization.self, SpectralNormalization.self,
    ]

    private static let regularizationLayers: [any Layer.Type] = [
        Dropout.self, AlphaDropout.self, GaussianNoise.self, GaussianDropout.self, SpatialDropout1D.self,
        SpatialDropout2D.self, SpatialDropout3D.self, ActivityRegularization.self,
    ]

    private static let reshapingLayers: [any Layer.Type] =
        [Reshape.self, Permute.self, RepeatVector.self]

    private static let preprocessingLayers: [any Layer.Type] = [
        Normalization.self, Discretization.self, CategoryEncoding.self, IntegerLookup.self, StringLookup.self,
        Hashing.self, Rescaling.self, TextVectorization.self,
    ]

    private static let byName: [String: any Layer.Type] = {
        var names: [String: any Layer.Type] = [:]
        for type in types { names[type.className] = type }
        for (alias, name) in convolutionAliases { names[alias] = names[name] }
        names["GroupQueryAttention"] = GroupedQueryAttention.self
        return names
    }()

    package static var classNames: [String] { types.map { $0.className }.sorted() }

    /// How deep models and wrappers may be nested: each level multiplies the work of finding shapes.
    private static let deepestNesting = 8

    /// Makes a layer from its serialised form, also a model.
    ///
    /// - Parameter nesting: how many models and wrappers are around it.
    package static func make(_ object: SerializedObject, nesting: Int) throws(LeptonError) -> any Layer {
        guard nesting < deepestNesting else {
            throw LeptonError(
                .notSupported, "models and layers nested more than \(deepestNesting) deep are not supported")
        }
        // The functions of keras.ops have the names of layers, in other modules.
        if let module = object.module, TensorFunction.modules.contains(module) {
            return try FunctionLayer(module: module, className: object.className, config: object.config)
        }
        return try make(className: object.className, config: object.config, nesting: nesting + 1)
    }

    private static func makeModel(
        className: String, config: JSONObject, nesting: Int
    ) throws(LeptonError) -> any Layer {
        var reader = ConfigReader(className, config, nesting: nesting)
        let layer = try ModelLayer(className: className, &reader)
        try reader.finish()
        return layer
    }

    package static func make(
        className: String, config: JSONObject, nesting: Int = 0
    ) throws(LeptonError) -> any Layer {
        if ModelGraph.classNames.contains(className) {
            return try makeModel(className: className, config: config, nesting: nesting)
        }
        guard let type = byName[className] else {
            throw unknownName("layer", className, known: classNames)
        }
        if ActivatedLayer.isMeant(by: config) { return try ActivatedLayer(className, config, nesting: nesting) }
        var reader = ConfigReader(className, config, nesting: nesting)
        var layer = try type.init(arguments: &reader)
        layer.options = try LayerOptions(&reader, keeping: layer.options, dtypes: type.acceptedDTypes)
        try layer.options.readRules(for: type.ruledWeights, className, &reader)
        try reader.finish()
        return layer
    }

    /// A layer from arguments that a typed initialiser was given, through the checks that a config passes.
    static func typed<Made: Layer>(_ arguments: JSONObject, _ name: String?) throws(LeptonError) -> Made {
        var config = arguments
        config["name"] = name.map { .string($0) } ?? .null
        guard let layer = try make(className: Made.className, config: config) as? Made else {
            throw LeptonError(.internalError, "\(Made.className) is not registered")
        }
        return layer
    }

    /// The serialised form of a layer, as Keras writes it.
    package static func config(of layer: any Layer) -> JSONValue {
        if let activated = layer as? ActivatedLayer { return activated.config }
        var fields = JSONObject()
        let arguments = layer.arguments
        let identity = layer.identity
        if identity.isModel {
            return serialized(
                module: identity.module, className: identity.className, config: arguments,
                registeredName: identity.registeredName)
        }
        if !(layer is InputLayer) {
            fields["name"] = layer.options.name.map { .string($0) } ?? .null
            if identity.hasTrainable { fields["trainable"] = .bool(layer.options.isTrainable) }
            fields["dtype"] = floatPolicy
        }
        for key in arguments.keys { fields[key] = arguments[key] }
        for (key, value) in layer.options.rules(for: type(of: layer).ruledWeights) { fields[key] = value }
        if layer is InputLayer { fields["name"] = layer.options.name.map { .string($0) } ?? .null }
        return serialized(
            module: identity.module, className: identity.className, config: fields,
            registeredName: identity.registeredName)
    }

    /// Keras's serialised form of the float32 policy, the only one there is here.
    package static let floatPolicy = serialized(
        module: "keras", className: "DTypePolicy", config: ["name": "float32"])
}

extension LayerOptions {
    fileprivate init(_ reader: inout ConfigReader, keeping standard: LayerOptions, dtypes: [String]) throws(LeptonError)
    {
        self = standard
        name = try reader.string("name")
        isTrainable = try reader.bool("trainable", default: true)
        for name in ["batch_input_shape", "batch_shape"] {
            if let shape = try reader.batchShape(name) { (batchSize, inputShape) = shape }
        }
        if let shape = try reader.sampleShape("input_shape") { inputShape = shape }
        let dtype = try reader.dtype()
        guard dtype.map(dtypes.contains) ?? true else {
            throw LeptonError(
                .notSupported, "dtype '\(dtype?.prefix(80) ?? "")' is not supported; models compute in float32")
        }
        reader.ignore("build_config", "quantization_config")
        if let value = reader.value("activity_regularizer") {
            activityRegularizer = try Regularizer(value, argument: "activity_regularizer")
        }
    }
}
