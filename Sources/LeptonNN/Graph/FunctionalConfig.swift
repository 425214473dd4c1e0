import LeptonTensor

/// A tensor in a functional config: which output of which call of which layer.
struct KerasHistory: Hashable {
    let layer: String
    let call: Int
    let output: Int

    init(layer: String, call: Int, output: Int) {
        self.layer = layer
        self.call = call
        self.output = output
    }

    /// - Throws: `invalidArgument` for anything but `[name, number, number]`.
    init(_ value: JSONValue, _ argument: String) throws(LeptonError) {
        guard let parts = value.arrayValue, parts.count >= 3, let layer = parts[0].stringValue,
            let call = parts[1].intValue, let output = parts[2].intValue, call >= 0, output >= 0
        else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "[layer name, call number, output number]",
                received: String(value.text.prefix(80)))
        }
        self.layer = layer
        self.call = call
        self.output = output
    }

    /// As it is among the inputs of calls, from how it is listed among a model's outputs.
    func unlisted(_ layers: [ParsedLayer]) -> KerasHistory {
        let first = layers.first { $0.name == layer }?.layer.identity.firstCall ?? 0
        return KerasHistory(layer: layer, call: call - first, output: output)
    }

    var json: JSONValue { [.string(layer), .integer(Int64(call)), .integer(Int64(output))] }

    /// All tensors of a nested structure, keys in order, as Keras flattens it.
    static func all(_ structure: JSONValue, _ argument: String) throws(LeptonError) -> [KerasHistory] {
        if let parts = structure.arrayValue {
            if parts.first?.stringValue != nil { return [try KerasHistory(structure, argument)] }
            var found: [KerasHistory] = []
            for part in parts { found += try all(part, argument) }
            return found
        }
        guard let object = structure.objectValue else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "a list or an object of tensors",
                received: structure.kindName)
        }
        var found: [KerasHistory] = []
        for key in object.keys.sorted() { found += try all(object[key] ?? .null, argument) }
        return found
    }
}

/// One entry of "layers" in a functional config.
struct ParsedLayer {
    struct Call {
        let tensors: [KerasHistory]
        let call: LayerCall
    }

    let layer: any Layer
    let name: String
    private(set) var calls: [Call] = []

    /// Whether it stands where values enter: an input, or a weight used as a value.
    var takesNothing: Bool { layer is InputLayer || layer is VariableLayer }

    init(_ value: JSONValue, nesting: Int, names: inout Set<String>) throws(LeptonError) {
        var layer = try LayerRegistry.make(SerializedObject("layer", value), nesting: nesting)
        let fields = value.objectValue ?? JSONObject()
        if let name = fields["name"]?.stringValue { layer.options.name = name }
        guard let name = layer.options.name, !name.isEmpty, !name.contains("/"), name.utf8.count <= 200 else {
            throw LeptonError(
                .invalidArgument, argument: "name", expected: "1 to 200 bytes without '/' for each layer",
                received: "'\(layer.options.name?.prefix(64) ?? "")'")
        }
        guard names.insert(name).inserted else {
            throw LeptonError(
                .invalidArgument, argument: "name", expected: "a name no other layer of the model has",
                received: "'\(name)'")
        }
        self.layer = layer
        self.name = name
        let nodes = fields["inbound_nodes"]?.arrayValue ?? []
        var calls: [Call] = []
        for node in nodes { calls.append(try ParsedLayer.call(node, "layer '\(name)'")) }
        if takesNothing {
            calls = []
        } else if calls.isEmpty {
            throw LeptonError(
                .invalidArgument, argument: "layer '\(name)'", expected: "at least one call in inbound_nodes",
                received: "none")
        }
        self.calls = calls
    }

    /// A layer that has its name.
    init(_ layer: any Layer, calls: [Call]) {
        self.layer = layer
        name = layer.options.name ?? ""
        self.calls = calls
    }

    private static func call(_ node: JSONValue, _ owner: String) throws(LeptonError) -> Call {
        var tensors: [KerasHistory] = []
        let call = try LayerCall(node, owner) { (config) throws(LeptonError) in
            tensors.append(try KerasHistory(config["keras_history"] ?? .null, "\(owner).inbound_nodes"))
            return tensors.count - 1
        }
        guard !tensors.isEmpty else {
            throw LeptonError(
                .invalidArgument, argument: owner, expected: "a call with at least one tensor", received: "none")
        }
        return Call(tensors: tensors, call: call)
    }
}

extension LayerCall {
    /// Reads `{"args": [...], "kwargs": {...}}`.
    ///
    /// - Parameter tensor: told what a tensor's "config" is, and gives its place among the inputs.
    init(
        _ node: JSONValue, _ owner: String, tensor: (JSONObject) throws(LeptonError) -> Int
    ) throws(LeptonError) {
        self = try LayerCall.reading(node, owner, tensor)
    }

    private static func reading(
        _ node: JSONValue, _ owner: String, _ tensor: (JSONObject) throws(LeptonError) -> Int
    ) throws(LeptonError) -> LayerCall {
        guard let fields = node.objectValue, let arguments = fields["args"]?.arrayValue else {
            throw LeptonError(
                .notSupported,
                "\(owner): calls in the form of older versions of Keras are not supported; save the model with Keras 3")
        }
        var positional: [LayerCall.Argument] = []
        for argument in arguments { positional.append(try read(argument, tensor)) }
        var keywords: [LayerCall.Keyword] = []
        let object = fields["kwargs"]?.objectValue ?? JSONObject()
        for key in object.keys { keywords.append(LayerCall.Keyword(key, try read(object[key] ?? .null, tensor))) }
        return LayerCall(positional: positional, keywords: keywords)
    }

    private static func read(
        _ value: JSONValue, _ tensor: (JSONObject) throws(LeptonError) -> Int
    ) throws(LeptonError) -> LayerCall.Argument {
        if let items = value.arrayValue { return .list(try readAll(items, tensor)) }
        guard let object = value.objectValue, let className = object["class_name"]?.stringValue else {
            return .value(value)
        }
        switch className {
        case "__keras_tensor__":
            return .tensor(try tensor(object["config"]?.objectValue ?? JSONObject()))
        case "__tuple__":
            return .list(try readAll(object["items"]?.arrayValue ?? [], tensor))
        default:
            return .value(value)
        }
    }

    private static func readAll(
        _ items: [JSONValue], _ tensor: (JSONObject) throws(LeptonError) -> Int
    ) throws(LeptonError) -> [LayerCall.Argument] {
        var arguments: [LayerCall.Argument] = []
        for item in items { arguments.append(try read(item, tensor)) }
        return arguments
    }
}
