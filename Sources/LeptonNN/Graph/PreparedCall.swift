import LeptonTensor

/// A layer as one call in a graph uses it, apart from what calls of all layers may say alike: the mode, and masks.
struct PreparedCall {
    let layer: any Layer
    /// Places of the layer's inputs among the call's tensors.
    let inputs: [Int]
    /// What `training` says; nil where it says nothing.
    private(set) var mode: OperationGraph.Mode?
    /// Places of masks among the call's tensors, by the input that they are for.
    private(set) var masks: [Int: Int] = [:]
    /// Whether the outputs have the mask that the call gives: Keras's `mask`, and no mask of another name.
    private var passesMask = false

    /// - Parameter tensors: how many tensors the call takes, masks included.
    /// - Throws: `invalidArgument` for keywords that the layer does not take, and another number of inputs than it takes.
    init(of layer: any Layer, _ call: LayerCall, tensors: Int) throws(LeptonError) {
        // A function's mask is an argument like others.
        guard !(layer is FunctionLayer) else {
            self.layer = try layer.configured(for: call)
            inputs = Array(0..<tensors)
            return
        }
        var own = call
        own.keywords.removeAll { PreparedCall.isCommon($0.name) }
        let common = call.keywords.filter { PreparedCall.isCommon($0.name) && $0.argument != .value(.null) }
        let masks = Set(common.filter { $0.name != "training" }.flatMap { $0.argument.tensors })
        inputs = (0..<tensors).filter { !masks.contains($0) }
        let places = Dictionary(uniqueKeysWithValues: inputs.enumerated().map { ($1, $0) })
        self.layer = try layer.configured(for: own.moved(to: places))
        try PreparedCall.check(inputs.count, self.layer.inputCounts)
        for keyword in common {
            try keyword.name == "training" ? take(mode: keyword.argument) : take(masks: keyword)
        }
    }

    private static func isCommon(_ keyword: String) -> Bool {
        ["training", "mask", "query_mask", "value_mask", "key_mask"].contains(keyword)
    }

    private mutating func take(mode argument: LayerCall.Argument) throws(LeptonError) {
        guard case .value(let value) = argument, let flag = value.boolValue else {
            throw LeptonError(
                .invalidArgument, argument: "\(layer.identity.className) call argument training",
                expected: "True or False", received: "something else")
        }
        mode = flag ? .training : .inference
    }

    private mutating func take(masks keyword: LayerCall.Keyword) throws(LeptonError) {
        guard let known = layer.maskedInputs[keyword.name] else {
            throw unknownName(
                "\(layer.identity.className) call argument", keyword.name,
                known: layer.maskedInputs.keys.sorted() + ["training"])
        }
        guard let first = known else { return }
        passesMask = keyword.name == "mask"
        let given: [LayerCall.Argument]
        if case .list(let items) = keyword.argument { given = items } else { given = [keyword.argument] }
        for (place, item) in given.enumerated() where item != .value(.null) {
            guard case .tensor(let mask) = item, first + place < inputs.count else {
                throw LeptonError(
                    .invalidArgument, argument: "\(layer.identity.className) call argument \(keyword.name)",
                    expected: "a tensor, or one for each input", received: "something else")
            }
            masks[first + place] = mask
        }
    }

    private static func check(_ inputs: Int, _ counts: ClosedRange<Int>) throws(LeptonError) {
        guard counts.contains(inputs) else {
            let expected =
                counts.lowerBound == counts.upperBound
                ? "\(counts.lowerBound)" : counts.upperBound == Int.max ? "at least \(counts.lowerBound)" : "\(counts)"
            throw LeptonError(
                .invalidArgument, argument: "inputs",
                expected: "\(expected) tensor\(expected == "1" ? "" : "s")", received: "\(inputs)")
        }
    }

    /// Appends the layer's operations, with the call's masks in the place of those that its inputs have.
    ///
    /// - Parameters:
    ///   - values: of the call's tensors.
    ///   - followsCall: whether the mode is the one that the call says, if any: in code of one's own. In a functional
    ///     model Keras lets the model's mode win.
    func lower(
        into graph: inout LoweredGraph, _ values: [Int], weights: [Int], followsCall: Bool
    ) throws(LeptonError) -> [Int] {
        var own = inputs.map { values[$0] }
        let around = graph.operations.fixedMode
        if followsCall, let mode { graph.operations.fixedMode = mode }
        defer { graph.operations.fixedMode = around }
        let carried = own.first.flatMap { graph.masks[$0] }
        for (input, place) in masks.sorted(by: { $0.key < $1.key }) {
            // The same value may be an input twice, with a mask and without, and others may take it as it is.
            own[input] = try graph.operations.add(
                ReshapeOperation(), inputs: [own[input]], outputShape: graph.operations.sampleShapes[own[input]])
            let mask = try graph.operations.perRow(values[place])
            graph.masks[own[input]] = try graph.operations.addBinary(.notEqual, mask, scalar: 0)
        }
        var made = try layer.lowerAll(into: &graph, inputs: own, weights: weights)
        if let regularizer = layer.options.activityRegularizer, !layer.placesActivityPenalty {
            made = try graph.appendPenalty(regularizer, after: made)
        }
        // Keras lets the first output have it, be there others.
        let passed = passesMask ? own.first.flatMap { graph.masks[$0] } : carried
        if layer.supportsMasking, let mask = passed, let output = made.first, graph.masks[output] == nil {
            graph.masks[output] = mask
        }
        return made
    }
}

extension LayerCall.Argument {
    /// The places of all tensors in it.
    fileprivate var tensors: [Int] {
        switch self {
        case .tensor(let place): [place]
        case .list(let items): items.flatMap(\.tensors)
        case .value: []
        }
    }

    fileprivate func moved(to places: [Int: Int]) -> LayerCall.Argument {
        switch self {
        case .tensor(let place): .tensor(places[place] ?? place)
        case .list(let items): .list(items.map { $0.moved(to: places) })
        case .value: self
        }
    }
}

extension LayerCall {
    /// The call with its tensors at other places.
    fileprivate func moved(to places: [Int: Int]) -> LayerCall {
        LayerCall(
            positional: positional.map { $0.moved(to: places) },
            keywords: keywords.map { Keyword($0.name, $0.argument.moved(to: places)) })
    }
}
