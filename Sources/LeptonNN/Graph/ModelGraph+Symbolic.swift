import LeptonTensor

/// Functional models made of calls in Swift: the same layers and calls as in a config, and then the same way.
extension ModelGraph {
    /// - Throws: `invalidArgument` when the outputs need an input that is not among the inputs, an input is none, or two
    ///   layers have one name; `shapeMismatch` when a layer does not take what it is called with.
    package init(
        name: String, inputs: [SymbolicTensor], outputs: [(name: String?, tensor: SymbolicTensor)]
    ) throws(LeptonError) {
        self.init(name: name, kind: .functional)
        var found = SymbolicCalls()
        for input in inputs { found.visit(input) }
        for output in outputs { found.visit(output.tensor) }
        var names: [ObjectIdentifier: String] = [:]
        var layers: [any Layer] = []
        for uses in found.layers {
            var layer = uses.layer.layer
            layer.options.name = try takeName(for: layer)
            names[ObjectIdentifier(uses.layer)] = layer.options.name
            layers.append(layer)
        }
        func history(_ tensor: SymbolicTensor) -> KerasHistory {
            KerasHistory(
                layer: names[ObjectIdentifier(tensor.call.layer)] ?? "", call: found.number(of: tensor.call),
                output: tensor.output)
        }
        func listed(_ tensor: SymbolicTensor) -> JSONValue {
            let plain = history(tensor)
            let first = tensor.call.layer.layer.identity.firstCall
            return KerasHistory(layer: plain.layer, call: first + plain.call, output: plain.output).json
        }
        var parsed: [ParsedLayer] = []
        for (layer, uses) in zip(layers, found.layers) {
            let calls = uses.calls.filter { !$0.inputs.isEmpty }.map {
                ParsedLayer.Call(tensors: $0.inputs.map(history), call: $0.call)
            }
            guard !calls.isEmpty || layer is InputLayer else {
                throw LeptonError(
                    .invalidArgument, argument: "layer '\(layer.options.name ?? "")'",
                    expected: "a call with at least one tensor", received: "none")
            }
            parsed.append(ParsedLayer(layer, calls: calls))
        }
        inputStructure = .array(inputs.map(listed))
        if let first = outputs.first, first.name != nil {
            var named = JSONObject()
            for output in outputs { named[output.name ?? ""] = listed(output.tensor) }
            outputStructure = .object(named)
        } else {
            outputStructure = .array(outputs.map { listed($0.tensor) })
        }
        try connect(parsed, owner: "Model")
    }
}

/// The calls that some tensors depend on, by layer, in the order in which a walk meets them.
private struct SymbolicCalls {
    struct Uses {
        let layer: SharedLayer
        var calls: [SymbolicCall]
    }

    private(set) var layers: [Uses] = []
    private var placeOfLayer: [ObjectIdentifier: Int] = [:]
    private var numberOfCall: [ObjectIdentifier: Int] = [:]

    /// A call's number among those of its layer.
    func number(of call: SymbolicCall) -> Int { numberOfCall[ObjectIdentifier(call)] ?? 0 }

    /// Depth-first and without recursion, each call after those that it takes.
    mutating func visit(_ tensor: SymbolicTensor) {
        var stack = [(call: tensor.call, next: 0)]
        while let top = stack.last {
            if numberOfCall[ObjectIdentifier(top.call)] != nil {
                stack.removeLast()
            } else if top.next < top.call.inputs.count {
                stack[stack.count - 1].next += 1
                stack.append((top.call.inputs[top.next].call, 0))
            } else {
                take(top.call)
                stack.removeLast()
            }
        }
    }

    private mutating func take(_ call: SymbolicCall) {
        let place: Int
        if let known = placeOfLayer[ObjectIdentifier(call.layer)] {
            place = known
        } else {
            place = layers.count
            placeOfLayer[ObjectIdentifier(call.layer)] = place
            layers.append(Uses(layer: call.layer, calls: []))
        }
        numberOfCall[ObjectIdentifier(call)] = layers[place].calls.count
        layers[place].calls.append(call)
    }
}
