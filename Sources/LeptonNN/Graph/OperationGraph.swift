import LeptonTensor

/// A primitive computation on values and weights: what layers are made of.
///
/// This module says what an operation *is* (its parameters and shapes); the training module says how it runs,
/// forward and backward. Layers, and later traced user code, all lower to the same few operations.
package protocol Operation: Sendable {
    /// Multiply-adds for one row, forward; what decides how a batch is cut into shards.
    func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double

    /// Whether it takes shared values (weights and constants, the same for every row) as they are; other operations
    /// are given them once for each row.
    var takesShared: Bool { get }

    /// Whether its outputs are shared when all its inputs are.
    var givesShared: Bool { get }
}

extension Operation {
    /// Each weight once for every position of the output.
    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        let weights = node.weights.reduce(0.0) { $0 + Double(graph.weight($1).spec.shape.reduce(1, *)) }
        return weights * Double(graph.sampleShapes[node.output].dropLast().reduce(1, *))
    }

    package var takesShared: Bool { false }
    package var givesShared: Bool { takesShared }
}

/// y = activation(x · kernel + bias) over the last axis. Weights: kernel (k, units), then bias (units) if any.
package struct DenseOperation: Operation {
    package let units: Int
    package let hasBias: Bool
    /// Element-wise activations only; softmax is an operation of its own.
    package let activation: Activation
}

/// y = activation(x), element by element.
package struct ActivationOperation: Operation {
    package let activation: Activation
}

/// y = softmax(x) over the last axis.
package struct SoftmaxOperation: Operation {}

/// Inverted dropout while training, nothing otherwise.
package struct DropoutOperation: Operation {
    package let rate: Double
    /// Which dropout of the model this is: each draws from a stream of its own.
    package let ordinal: Int
    /// A layer's own seed; nil uses the model's.
    package let seed: UInt64?
    /// Whether it drops in prediction as well.
    package let isAlways: Bool
}

extension OperationGraph {
    /// Dropout of each element, as far as the mode has any.
    ///
    /// - Parameter ordinal: nil for the next.
    mutating func addDropout(
        _ rate: Double, _ value: Int, seed: UInt64?, ordinal: Int? = nil
    ) throws(LeptonError) -> Int {
        guard rate > 0, fixedMode != .inference else { return value }
        let operation = DropoutOperation(
            rate: rate, ordinal: ordinal ?? nextDropoutOrdinal(), seed: seed, isAlways: fixedMode == .training)
        if operation.isAlways { drawsInPrediction = true }
        return try add(operation, inputs: [value], outputShape: sampleShapes[value])
    }
}

/// The same numbers under another sample shape; moves nothing.
package struct ReshapeOperation: Operation {
    package var takesShared: Bool { true }
}

/// A weight of a model: where it belongs and how it begins.
package struct WeightSpec: Sendable {
    /// Within its layer: "kernel".
    package let name: String
    package let shape: [Int]
    package let initializer: Initializer
    /// False for what training changes by other means than gradients, a moving average, say.
    package let isTrainable: Bool
    /// What is added to the loss for it, while it is trained.
    package var regularizer: Regularizer?
    /// What it is made to obey after each step.
    package var constraint: Constraint?

    package init(
        name: String, shape: [Int], initializer: Initializer, isTrainable: Bool = true,
        regularizer: Regularizer? = nil, constraint: Constraint? = nil
    ) {
        self.name = name
        self.shape = shape
        self.initializer = initializer
        self.isTrainable = isTrainable
        self.regularizer = regularizer
        self.constraint = constraint
    }

    /// The weight of a layer that stands inside another: "forward_layer/kernel".
    package func inside(_ layer: String, isTrainable: Bool) -> WeightSpec {
        WeightSpec(
            name: name.isEmpty ? layer : "\(layer)/\(name)", shape: shape, initializer: initializer,
            isTrainable: self.isTrainable && isTrainable, regularizer: regularizer, constraint: constraint)
    }
}

/// A model lowered to operations on numbered values and weights, in execution order.
package struct OperationGraph: Sendable {
    package struct Node: Sendable {
        package let operation: any Operation
        package let inputs: [Int]
        package let weights: [Int]
        package let outputs: [Int]
        /// How many rows it runs over for each row of the batch; see `addSamples(of:)`.
        package let repeats: Int

        /// The first, and for most operations the only, output.
        package var output: Int { outputs[0] }
    }

    package struct Weight: Sendable {
        /// "dense/kernel"
        package let path: String
        package let spec: WeightSpec
        package let isTrainable: Bool
        package let layer: Int
    }

    /// Extents of one sample of each value; the batch axis comes before them.
    package private(set) var sampleShapes: [[Int]] = []
    package private(set) var weights: [Weight] = []
    /// Values that operations take in a weight's place; numbered after the weights.
    private var stands: [(value: Int, weight: Int)] = []
    package private(set) var nodes: [Node] = []
    /// Values that data fills: what a plan reads. Each is made from one of the model's inputs; see `inputSources`.
    package private(set) var inputs: [Int] = []
    /// What each of `inputs` is made from.
    package private(set) var inputSources: [InputSource] = []
    /// The model's inputs, as data comes to them. One whose rows only an encoder reads is not among `inputs`.
    package private(set) var modelInputs: [Int] = []
    /// Inputs that are text, which no operation takes.
    private var texts: Set<Int> = []
    package var outputs: [Int] = []
    /// For each of the outputs, the value that is its mask: 1 where it counts for losses and metrics and 0 elsewhere, with
    /// the first axes of the output's sample shape. Nil, or absent, for an output without a mask.
    package var outputMasks: [Int?] = []
    package private(set) var dropoutCount = 0
    /// Values that are the same for every row of a batch and stand in memory once: weights used as values, constants,
    /// and what is computed from these alone. A model's outputs must not be among them; see `perRow`.
    private var shared: Set<Int> = []
    /// How many samples of each value a row of the batch has; see `addSamples(of:)`.
    private var repeatsOfValue: [Int] = []
    /// That of the values that operations make now.
    private var repeats = 1
    /// A mode that operations are fixed to, be the model trained or not.
    package enum Mode: Sendable { case training, inference }

    /// That of operations that are added now: what a call in a program's own code says by `training`. Nil lets them follow
    /// the model.
    package var fixedMode: Mode?
    /// Whether predictions draw random numbers.
    package internal(set) var drawsInPrediction = false
    /// Whether values may be added up over the rows of a batch: in losses and metrics, whose rows are computed together.
    package var takesBatchTotals = false
    /// Targets and sample weights, which losses and metrics are computed from.
    package private(set) var given: [Given] = []

    /// A value that stands among the data of a model's output.
    package struct Given: Sendable {
        package enum Role: Sendable { case target, weights }

        package let value: Int
        package let role: Role
        /// Which of the model's outputs it belongs to.
        package let output: Int
    }

    /// What rows keep from batch to batch.
    package private(set) var states: [StateSlot] = []

    package init() {}

    mutating func addState(_ state: StateSlot) -> Int {
        states.append(state)
        return states.count - 1
    }

    /// Whether operations that are added now run over one sample for each row.
    var isOncePerRow: Bool { repeats == 1 }

    package mutating func addInput(_ sampleShape: [Int], isText: Bool = false) -> Int {
        sampleShapes.append(sampleShape)
        repeatsOfValue.append(1)
        let value = sampleShapes.count - 1
        modelInputs.append(value)
        if isText {
            texts.insert(value)
        } else {
            inputs.append(value)
            inputSources.append(InputSource(modelInput: modelInputs.count - 1, encoder: nil))
        }
        return value
    }

    /// The targets or the sample weights of an output as a value.
    package mutating func addGiven(_ role: Given.Role, output: Int, _ sampleShape: [Int]) -> Int {
        sampleShapes.append(sampleShape)
        repeatsOfValue.append(1)
        given.append(Given(value: sampleShapes.count - 1, role: role, output: output))
        return sampleShapes.count - 1
    }

    /// The sum or the mean of a value over the rows of the batch: the same for every row.
    ///
    /// - Throws: `notSupported` outside of losses and metrics.
    package mutating func addBatchTotal(_ value: Int, isMean: Bool) throws(LeptonError) -> Int {
        guard takesBatchTotals else {
            throw LeptonError(.notSupported, "sums over the rows of a batch are for losses and metrics")
        }
        let rows = try perRow(value)
        let total = try add(BatchTotalOperation(isMean: isMean), inputs: [rows], outputShape: sampleShapes[rows])
        shared.insert(total)
        return total
    }

    /// What a value is the total of over the batch; nil when it is none.
    package func batchTotal(_ value: Int) -> (rows: Int, isMean: Bool)? {
        guard isShared(value), let node = nodes.last(where: { $0.output == value }) else { return nil }
        if node.operation is ReshapeOperation { return batchTotal(node.inputs[0]) }
        guard let total = node.operation as? BatchTotalOperation else { return nil }
        return (node.inputs[0], total.isMean)
    }

    /// Leaves out operations from a number on whose results neither `values` nor the rest depend on.
    package mutating func dropUnused(from first: Int, keeping values: [Int]) {
        var used = Set(values)
        var kept: [Node] = []
        for node in nodes[first...].reversed() where node.outputs.contains(where: used.contains) {
            used.formUnion(node.inputs)
            kept.append(node)
        }
        nodes.replaceSubrange(first..., with: kept.reversed())
    }

    /// Whether it has no operations, because these depend on lengths that only data tells.
    package private(set) var isOutline = false

    /// An output of which only the shape is known.
    package mutating func addOutline(_ sampleShape: [Int]) {
        isOutline = true
        sampleShapes.append(sampleShape)
        repeatsOfValue.append(1)
        outputs.append(sampleShapes.count - 1)
    }

    /// Which of the model's inputs a value is; nil for others.
    package func modelInput(_ value: Int) -> Int? { modelInputs.firstIndex(of: value) }

    /// Whether a value is one of the model's inputs.
    package func isModelInput(_ value: Int) -> Bool { modelInputs.contains(value) }

    /// Whether a value is text.
    package func isText(_ value: Int) -> Bool { texts.contains(value) }

    /// A value that an encoder makes from one of the model's inputs before a plan runs.
    ///
    /// - Throws: `internalError` for a value that is no input of the model; `outOfMemory`.
    package mutating func addEncoded(
        _ input: Int, _ encoder: any InputEncoder, outputShape: [Int]
    ) throws(LeptonError) -> Int {
        guard let place = modelInputs.firstIndex(of: input) else {
            throw LeptonError(.internalError, "value \(input) is no input of the model")
        }
        try OperationGraph.check(outputShape)
        sampleShapes.append(outputShape)
        repeatsOfValue.append(1)
        inputs.append(sampleShapes.count - 1)
        inputSources.append(InputSource(modelInput: place, encoder: encoder))
        return sampleShapes.count - 1
    }

    /// Leaves out inputs as they came where nothing but encoders reads them.
    package mutating func dropUnreadInputs() {
        var read = Set(outputs + outputMasks.compactMap { $0 })
        for node in nodes { read.formUnion(node.inputs) }
        let encoded = Set(inputSources.filter { $0.encoder != nil }.map(\.modelInput))
        let kept = inputs.indices.filter {
            inputSources[$0].encoder != nil || read.contains(inputs[$0])
                || !encoded.contains(inputSources[$0].modelInput)
        }
        inputs = kept.map { inputs[$0] }
        inputSources = kept.map { inputSources[$0] }
    }

    package mutating func addWeight(
        _ spec: WeightSpec, layerName: String, layer: Int, isTrainable: Bool
    ) throws(LeptonError) -> Int {
        _ = try Shape(spec.shape)
        weights.append(
            Weight(
                path: spec.name.isEmpty ? layerName : "\(layerName)/\(spec.name)", spec: spec,
                isTrainable: isTrainable && spec.isTrainable,
                layer: layer))
        return weights.count - 1
    }

    /// Lets a shared value stand where operations take weights. The model has all its weights already.
    ///
    /// - Parameter weight: the one that it is computed from, and has the shape of.
    /// - Returns: the number to give to operations among their weights.
    mutating func addStand(for weight: Int, value: Int) -> Int {
        stands.append((value, weight))
        return weights.count + stands.count - 1
    }

    /// A weight by the number that operations know it by.
    package func weight(_ number: Int) -> Weight {
        weights[number < weights.count ? number : stands[number - weights.count].weight]
    }

    /// The value that stands in a weight's place; nil for a weight.
    package func valueOfWeight(_ number: Int) -> Int? {
        number < weights.count ? nil : stands[number - weights.count].value
    }

    /// Appends an operation and returns the number of the value it makes.
    package mutating func add(
        _ operation: any Operation, inputs: [Int], weights: [Int] = [], outputShape: [Int]
    ) throws(LeptonError) -> Int {
        try add(operation, inputs: inputs, weights: weights, outputShapes: [outputShape])[0]
    }

    /// Appends an operation that makes several values (at least one) and returns their numbers.
    package mutating func add(
        _ operation: any Operation, inputs: [Int], weights: [Int] = [], outputShapes: [[Int]]
    ) throws(LeptonError) -> [Int] {
        let repeats = try samplesPerRow(of: inputs)
        for shape in outputShapes { try OperationGraph.check(shape, repeats: repeats) }
        guard !inputs.contains(where: isText) else {
            throw LeptonError(
                .typeMismatch, argument: "inputs",
                expected: "numbers; only StringLookup, Hashing and TextVectorization take text, right from an input",
                received: "text")
        }
        let inputs = try operation.takesShared ? inputs : inputs.map { value throws(LeptonError) in try perRow(value) }
        let first = sampleShapes.count
        sampleShapes += outputShapes
        repeatsOfValue += outputShapes.map { _ in repeats }
        if operation.givesShared, inputs.allSatisfy(shared.contains) {
            shared.formUnion(first..<sampleShapes.count)
        }
        let outputs = Array(first..<sampleShapes.count)
        nodes.append(
            Node(operation: operation, inputs: inputs, weights: weights, outputs: outputs, repeats: repeats))
        return outputs
    }

    /// From here on, and until `endSamples`, operations run over the parts of a value along its first axis as if each
    /// were a sample: a value of shape (n, ...) becomes one of shape (...) with n times as many rows. Moves nothing.
    package mutating func beginSamples(of value: Int) throws(LeptonError) -> Int {
        let shape = sampleShapes[value]
        let count = shape.first ?? 1
        let samples = try add(
            ReshapeOperation(), inputs: [try perRow(value)], outputShape: Array(shape.dropFirst()))
        guard let total = Shape.checkedProduct([repeats, count] + shape.dropFirst()), total >= 0 else {
            throw LeptonError(
                .outOfMemory, argument: "input shape", expected: "extents whose product fits in memory",
                received: Shape.batchText(shape))
        }
        repeats *= count
        repeatsOfValue[samples] = repeats
        return samples
    }

    /// Puts samples together again: a value of shape (...) becomes one of shape (n, ...). Ends `beginSamples` of the
    /// same count.
    package mutating func endSamples(_ value: Int, count: Int) throws(LeptonError) -> Int {
        let samples = try perRow(value)
        repeats = max(1, repeats / max(1, count))
        let whole = try add(ReshapeOperation(), inputs: [samples], outputShape: [count] + sampleShapes[samples])
        repeatsOfValue[whole] = repeats
        return whole
    }

    /// A value whose rows are cut into several of a smaller shape, which losses and metrics may add up over the batch.
    package mutating func addRows(of value: Int, _ sampleShape: [Int]) throws(LeptonError) -> Int {
        let parts = floatsPerRow(value) / max(sampleShape.reduce(1, *), 1)
        let rows = try add(ReshapeOperation(), inputs: [perRow(value)], outputShape: sampleShape)
        let (total, overflow) = repeatsOfValue[value].multipliedReportingOverflow(by: parts)
        repeatsOfValue[rows] = overflow ? Int.max / 2 : total
        return rows
    }

    /// How many samples for each row of the batch an operation runs over.
    private func samplesPerRow(of inputs: [Int]) throws(LeptonError) -> Int {
        guard takesBatchTotals else { return repeats }
        let counts = Set(inputs.filter { !isShared($0) }.map { repeatsOfValue[$0] })
        guard counts.count < 2 else {
            throw LeptonError(
                .shapeMismatch, argument: "inputs",
                expected: "tensors that were all reshaped to more rows in the same way, or none of them",
                received: counts.sorted().map { "\($0)" }.joined(separator: " and ") + " rows for each of the batch")
        }
        return counts.first ?? repeats
    }

    /// How many samples of a value a row of the batch has.
    package func samplesPerRow(_ value: Int) -> Int { repeatsOfValue[value] }

    private static func check(_ outputShape: [Int], repeats: Int = 1) throws(LeptonError) {
        guard Shape.checkedProduct([repeats] + outputShape) != nil, outputShape.count < Shape.maximumRank else {
            throw LeptonError(
                .outOfMemory, argument: "output shape",
                expected: "at most \(Shape.maximumRank - 1) extents whose product fits in memory",
                received: Shape.batchText(outputShape))
        }
    }

    package mutating func nextDropoutOrdinal() -> Int {
        dropoutCount += 1
        return dropoutCount - 1
    }

    /// Whether a value is the same for every row.
    package func isShared(_ value: Int) -> Bool { shared.contains(value) }

    /// Number of floats in one sample of a value.
    package func floatsPerRow(_ value: Int) -> Int { sampleShapes[value].reduce(1, *) }
}
