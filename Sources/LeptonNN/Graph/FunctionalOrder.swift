import LeptonTensor

/// Puts the calls of a functional config into an order to run them in, and its layers into the order that Keras keeps
/// them, and so their weights, in: by depth from the outputs, then by when a walk from the outputs meets them.
struct FunctionalOrder {
    /// One call of one layer.
    struct Call: Hashable {
        let layer: Int
        let call: Int
    }

    /// In an order in which each comes after those that it takes.
    private(set) var calls: [Call] = []
    /// Layers that the outputs depend on, and unused inputs.
    private(set) var layers: [Int] = []

    private let parsed: [ParsedLayer]
    private let byName: [String: Int]
    private var nodeOfCall: [Call: Int] = [:]
    private var placeOfLayer: [Int: Int] = [:]

    /// - Parameter isListed: keeps the layers in the order in which they stand.
    init(
        _ parsed: [ParsedLayer], inputs: [KerasHistory], outputs: [KerasHistory], isListed: Bool
    ) throws(LeptonError) {
        self.parsed = parsed
        byName = Dictionary(parsed.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
        var seen: [Int: Int] = [:]
        for output in outputs { try walk(from: call(output), &seen) }
        let depths = try layerDepths()
        var order = depths.keys.sorted { first, second in
            (depths[second] ?? 0, seen[first] ?? 0) < (depths[first] ?? 0, seen[second] ?? 0)
        }
        for input in inputs {
            let unused = try call(input)
            guard nodeOfCall[unused] == nil else { continue }
            nodeOfCall[unused] = calls.count
            calls.append(unused)
            // Keras puts inputs that nothing uses before the other layers of depth 0.
            let place = order.firstIndex { depths[$0] == 0 } ?? order.count
            order.insert(unused.layer, at: place)
        }
        layers = isListed ? order.sorted() : order
        for (place, layer) in layers.enumerated() { placeOfLayer[layer] = place }
    }

    func place(ofLayer layer: Int) -> Int { placeOfLayer[layer] ?? 0 }

    func reference(to history: KerasHistory) throws(LeptonError) -> ModelGraph.Reference {
        guard let node = nodeOfCall[try call(history)] else {
            throw LeptonError(.internalError, "layer '\(history.layer)' was not reached from the outputs")
        }
        return ModelGraph.Reference(node: node, output: history.output)
    }

    private func call(_ history: KerasHistory) throws(LeptonError) -> Call {
        guard let layer = byName[history.layer] else {
            throw unknownName("layer in the model config", history.layer, known: parsed.map(\.name))
        }
        let number = history.call
        let count = parsed[layer].takesNothing ? 1 : parsed[layer].calls.count
        guard (0..<count).contains(number) else {
            throw LeptonError(
                .invalidArgument, argument: "model config",
                expected: "a call of layer '\(history.layer)' that it has (\(count))", received: "\(history.call)")
        }
        return Call(layer: layer, call: number)
    }

    private func parents(of call: Call) throws(LeptonError) -> [Call] {
        guard !parsed[call.layer].calls.isEmpty else { return [] }
        var found: [Call] = []
        for tensor in parsed[call.layer].calls[call.call].tensors { found.append(try self.call(tensor)) }
        return found
    }

    /// Depth-first, without recursion: a long chain in a config must not exhaust the host's stack.
    private mutating func walk(from start: Call, _ seen: inout [Int: Int]) throws(LeptonError) {
        var open: Set<Call> = []
        var stack: [(call: Call, parents: [Call], next: Int)] = []

        func enter(_ call: Call) throws(LeptonError) {
            guard open.insert(call).inserted else {
                throw LeptonError(
                    .invalidArgument, argument: "model config", expected: "a graph without cycles",
                    received: "a cycle through layer '\(parsed[call.layer].name)'")
            }
            if seen[call.layer] == nil { seen[call.layer] = seen.count }
            stack.append((call, try parents(of: call), 0))
        }

        if nodeOfCall[start] == nil { try enter(start) }
        while let top = stack.last {
            if top.next < top.parents.count {
                stack[stack.count - 1].next += 1
                let parent = top.parents[top.next]
                if nodeOfCall[parent] == nil { try enter(parent) }
            } else {
                stack.removeLast()
                open.remove(top.call)
                nodeOfCall[top.call] = calls.count
                calls.append(top.call)
            }
        }
    }

    /// How many calls lie between each layer and the outputs at most.
    private func layerDepths() throws(LeptonError) -> [Int: Int] {
        var depthOfCall: [Call: Int] = [:]
        var depthOfLayer: [Int: Int] = [:]
        for call in calls.reversed() {
            let depth = max(depthOfCall[call] ?? 0, depthOfLayer[call.layer] ?? 0)
            depthOfLayer[call.layer] = depth
            depthOfCall[call] = depth
            for parent in try parents(of: call) {
                depthOfCall[parent] = max(depth + 1, depthOfCall[parent] ?? 0)
            }
        }
        return depthOfLayer
    }
}
