import LeptonTensor

/// The functional form of a config: layers with the calls that connect them.
extension ModelGraph {
    /// - Parameter overBatch: whether it may add up over the rows of a batch, as losses and metrics do.
    init(functional reader: inout ConfigReader, owner: String, overBatch: Bool = false) throws(LeptonError) {
        self.init(name: try reader.string("name") ?? "functional", kind: .functional)
        var parsed: [ParsedLayer] = []
        for value in try ModelGraph.layerList(owner, &reader) {
            parsed.append(try ParsedLayer(value, nesting: reader.nesting, names: &takenNames))
        }
        keepsListedOrder = try reader.bool("listed_order", default: false)
        inputStructure = reader.value("input_layers") ?? .null
        outputStructure = reader.value("output_layers") ?? .null
        try connect(parsed, owner: owner, overBatch: overBatch)
    }

    /// Takes in the layers that the outputs depend on, and the calls that lead there; the structures of inputs and
    /// outputs are set.
    mutating func connect(
        _ parsed: [ParsedLayer], owner: String, overBatch: Bool = false
    ) throws(LeptonError) {
        let inputs = try KerasHistory.all(inputStructure, "\(owner).input_layers")
        let outputs = try KerasHistory.all(outputStructure, "\(owner).output_layers").map { $0.unlisted(parsed) }
        guard !inputs.isEmpty, !outputs.isEmpty else {
            throw LeptonError(
                .invalidArgument, argument: owner, expected: "at least one input and one output",
                received: "\(inputs.count) inputs, \(outputs.count) outputs")
        }
        let order = try FunctionalOrder(
            parsed, inputs: inputs, outputs: outputs, isListed: keepsListedOrder)
        layers = order.layers.map { parsed[$0].layer }
        var shapes: [[Int]] = []
        for call in order.calls {
            let layer = parsed[call.layer]
            let parsedCall = layer.calls.isEmpty ? nil : layer.calls[call.call]
            var references: [Reference] = []
            for history in parsedCall?.tensors ?? [] { references.append(try order.reference(to: history)) }
            nodes.append(
                Node(
                    layer: order.place(ofLayer: call.layer), inputs: references,
                    call: parsedCall?.call ?? (layer.layer is InputLayer ? .tensors(1) : LayerCall(positional: []))))
        }
        for input in inputs {
            let reference = try order.reference(to: input)
            guard let shape = layers[nodes[reference.node].layer].options.inputShape,
                !self.inputs.contains(reference.node)
            else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).input_layers", expected: "each InputLayer once",
                    received: "'\(input.layer)'")
            }
            try ModelGraph.check(inputShape: shape)
            self.inputs.append(reference.node)
            shapes.append(shape)
        }
        // Every place where data enters must be an input, or nothing would ever fill it.
        for (index, node) in nodes.enumerated() where layers[node.layer] is InputLayer && !self.inputs.contains(index) {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).input_layers",
                expected: "every InputLayer that the outputs depend on",
                received: "a model that also needs '\(layers[node.layer].options.name ?? "")'")
        }
        for output in outputs { self.outputs.append(try order.reference(to: output)) }
        inputShapes = shapes
        outputNames = ModelGraph.names(of: outputs, outputStructure)
        _ = try lowered(overBatch: overBatch)
    }

    /// Keras's names of outputs: keys of a dictionary; else layers' names, with numbers where one gives several.
    private static func names(of outputs: [KerasHistory], _ structure: JSONValue) -> [String] {
        if let object = structure.objectValue, object.keys.count == outputs.count { return object.keys.sorted() }
        var taken: Set<String> = []
        var counts: [String: Int] = [:]
        return outputs.map { output in
            var name = output.layer
            while !taken.insert(name).inserted {
                let count = counts[output.layer, default: 1]
                counts[output.layer] = count + 1
                name = "\(output.layer)_\(count)"
            }
            return name
        }
    }

    // MARK: Writing

    var functionalFields: JSONObject {
        let inference = inputShapes.flatMap { shapes in try? inferred(inputShapes: shapes) }
        let callNumbers = numberedCalls()
        var entries: [JSONValue] = []
        for (index, layer) in layers.enumerated() {
            guard case .object(var entry) = LayerRegistry.config(of: layer) else { continue }
            entry["name"] = layer.options.name.map { .string($0) } ?? .null
            let calls = nodes.filter { $0.layer == index && !$0.inputs.isEmpty }
            entry["inbound_nodes"] = .array(calls.map { written($0, inference, callNumbers) })
            entries.append(.object(entry))
        }
        var fields: JSONObject = [
            "name": .string(name), "trainable": true, "layers": .array(entries), "input_layers": inputStructure,
            "output_layers": outputStructure,
        ]
        if keepsListedOrder { fields["listed_order"] = true }
        return fields
    }

    /// Each node's number among the calls of its layer, as Keras counts them.
    private func numberedCalls() -> [Int] {
        var next = layers.map { _ in 0 }
        return nodes.map { node in
            defer { next[node.layer] += 1 }
            return next[node.layer]
        }
    }

    private func written(_ node: Node, _ inference: Inference?, _ numbers: [Int]) -> JSONValue {
        func value(_ argument: LayerCall.Argument) -> JSONValue {
            switch argument {
            case .value(let value): return value
            case .list(let items): return .array(items.map(value))
            case .tensor(let place):
                let reference = node.inputs[place]
                let value = inference?.values[reference.node][reference.output]
                let extents = Shape.config(value?.sample ?? [])
                return [
                    "class_name": "__keras_tensor__",
                    "config": [
                        "shape": .array(value?.isShared == true ? extents : [.null] + extents), "dtype": "float32",
                        "keras_history": [
                            .string(layers[nodes[reference.node].layer].options.name ?? ""),
                            .integer(Int64(numbers[reference.node])), .integer(Int64(reference.output)),
                        ],
                    ],
                ]
            }
        }
        var keywords = JSONObject()
        for keyword in node.call.keywords { keywords[keyword.name] = value(keyword.argument) }
        return ["args": .array(node.call.positional.map(value)), "kwargs": .object(keywords)]
    }
}
