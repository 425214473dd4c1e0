import LeptonTensor

/// A dense layer whose product is an einsum: y = activation(einsum(equation, x, kernel) + bias).
///
///     EinsumDense("abc,cd->abd", outputShape: [nil, 64], biasAxes: "d")
public struct EinsumDense: Layer {
    public static let className = "EinsumDense"
    public static let ruledWeights = ["kernel", "bias"]
    public var options: LayerOptions
    /// "[X],[Y]->[Z]", "...[X],[Y]->...[Z]" or "[X]...,[Y]->[Z]...", the batch included.
    public let equation: String
    /// Extents of the output without the batch and what "..." stands for; nil takes the input's.
    public let partialOutputShape: [Int?]
    public let activation: Activation
    public let biasAxes: String?
    public let kernelInitializer: Initializer
    public let biasInitializer: Initializer

    public init(
        _ equation: String, outputShape: [Int?], activation: Activation = .linear, biasAxes: String? = nil,
        kernelInitializer: Initializer = .glorotUniform(), biasInitializer: Initializer = .zeros, name: String? = nil
    ) {
        self.equation = equation
        partialOutputShape = outputShape
        self.activation = activation
        self.biasAxes = biasAxes
        self.kernelInitializer = kernelInitializer
        self.biasInitializer = biasInitializer
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let equation = try arguments.string("equation") else {
            throw LeptonError(
                .invalidArgument, argument: "EinsumDense.equation", expected: "an equation", received: "nothing")
        }
        self.equation = equation
        let given = arguments.value("output_shape")
        var shape: [Int?] = []
        let extents: [JSONValue]? = given?.arrayValue ?? given.flatMap { $0.intValue == nil ? nil : [$0] }
        for extent in extents ?? [] {
            guard extent.isNull || extent.intValue ?? 0 > 0 else { break }
            shape.append(extent.intValue)
        }
        guard let extents, extents.count == shape.count else {
            throw LeptonError(
                .invalidArgument, argument: "EinsumDense.output_shape", expected: "extents of at least 1, or null",
                received: given.map { String($0.text.prefix(80)) } ?? "nothing")
        }
        partialOutputShape = shape
        activation = try Activation(arguments.value("activation"), owner: "EinsumDense")
        biasAxes = try arguments.string("bias_axes")
        kernelInitializer = try Initializer(
            arguments.value("kernel_initializer"), argument: "EinsumDense.kernel_initializer",
            default: .glorotUniform())
        biasInitializer = try Initializer(
            arguments.value("bias_initializer"), argument: "EinsumDense.bias_initializer", default: .zeros)
        try arguments.neutral("lora_rank", instead: "leave it out")
        arguments.ignore("lora_alpha", "gptq_unpacked_column_size")
        options = LayerOptions()
    }

    public var arguments: JSONObject {
        [
            "equation": .string(equation),
            "output_shape": .array(partialOutputShape.map { $0.map { .integer(Int64($0)) } ?? .null }),
            "activation": activation.config, "bias_axes": biasAxes.map { .string($0) } ?? .null,
            "kernel_initializer": kernelInitializer.config, "bias_initializer": biasInitializer.config,
        ]
    }

    public func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let plan = try EinsumPlan(self, input: inputShapes.first ?? [])
        let kernel = Weight(
            name: "kernel", shape: plan.kernelShape,
            initializer: kernelInitializer.scaled(fanIn: plan.fanIn, fanOut: plan.fanOut))
        guard let biasShape = plan.biasShape else { return [kernel] }
        return [kernel, Weight(name: "bias", shape: biasShape, initializer: biasInitializer)]
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try EinsumPlan(self, input: inputShapes.first ?? []).outputShape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let input = graph.operations.sampleShapes[inputs[0]]
        let plan = try EinsumPlan(self, input: input)
        if let units = plan.denseUnits {
            let inner = plan.kernelShape.reduce(1, *) / max(units, 1)
            let outer = inner == 0 ? 0 : input.reduce(1, *) / inner
            let rows = try graph.operations.addReshape(inputs[0], to: [outer, inner])
            let dense = DenseOperation(units: units, hasBias: biasAxes != nil, activation: activation.fusedPart)
            let product = try graph.operations.add(
                dense, inputs: [rows], weights: weights, outputShape: [outer, units])
            let shaped = try graph.operations.addReshape(product, to: plan.outputShape)
            return try graph.appendUnfused(activation, after: shaped)
        }
        let kernel = try graph.operations.addWeightValue(weights[0])
        var value = try graph.operations.addContraction(
            inputs[0], plan.input, kernel, plan.kernel, output: plan.output)
        if biasAxes != nil {
            value = try graph.operations.addBinary(.add, value, try graph.operations.addWeightValue(weights[1]))
        }
        return try graph.append(activation, after: value)
    }
}

/// What an EinsumDense layer's equation means for an input.
struct EinsumPlan {
    /// Labels of the axes of samples.
    let input: [Character]
    let kernel: [Character]
    let output: [Character]
    let kernelShape: [Int]
    let outputShape: [Int]
    let biasShape: [Int]?
    let fanIn: Double
    let fanOut: Double
    /// The extent of the kernel's output axes when the layer is a dense one of flattened axes.
    let denseUnits: Int?

    init(_ layer: EinsumDense, input shape: [Int]) throws(LeptonError) {
        let equation = layer.equation.filter { $0 != " " }
        let sides = equation.split(separator: ">", omittingEmptySubsequences: false)
        let terms = sides[0].dropLast().split(separator: ",", omittingEmptySubsequences: false)
        guard sides.count == 2, sides[0].hasSuffix("-"), terms.count == 2, !terms[1].isEmpty,
            terms[1].allSatisfy(\.isLetter), terms[0].contains("...") == sides[1].contains("..."),
            terms[0].hasPrefix("...") == sides[1].hasPrefix("..."),
            terms[0].contains(where: \.isLetter), sides[1].contains(where: \.isLetter)
        else {
            throw LeptonError(
                .invalidArgument,
                "Invalid einsum equation '\(layer.equation.prefix(80))'. Equations must be in the form "
                    + "[X],[Y]->[Z], ...[X],[Y]->...[Z], or [X]...,[Y]->[Z]....")
        }
        let rank = shape.count + 1
        let parsed = try EinsumEquation(
            "\(terms[0]),\(terms[1])->\(sides[1])", ranks: [rank, terms[1].count])
        guard let batch = parsed.inputs[0].first, parsed.output.first == batch, !parsed.inputs[1].contains(batch) else {
            throw EinsumEquation.batchMoved(layer.equation)
        }
        input = Array(parsed.inputs[0].dropFirst())
        kernel = parsed.inputs[1]
        output = Array(parsed.output.dropFirst())

        var extents: [Character: Int] = [:]
        for (label, extent) in zip(input, shape) { extents[label] = extent }
        // "..." at the start holds the batch and takes nothing from the given output shape.
        let named = output.filter(\.isLetter)
        guard named.count == layer.partialOutputShape.count else {
            throw LeptonError(
                .shapeMismatch, argument: "EinsumDense.output_shape",
                expected: "an extent for each of the \(named.count) output axes of '\(layer.equation.prefix(80))'",
                received: "\(layer.partialOutputShape.count)")
        }
        for (label, extent) in zip(named, layer.partialOutputShape) {
            guard let extent else { continue }
            guard extents[label, default: extent] == extent else {
                throw LeptonError(
                    .shapeMismatch,
                    "Input shape and output shape do not match at shared dimension '\(label)'. Input shape is "
                        + "\(extents[label] ?? 0), and output shape is \(extent).")
            }
            extents[label] = extent
        }
        for label in kernel where !input.contains(label) && !output.contains(label) {
            throw LeptonError(
                .invalidArgument,
                "Weight dimension '\(label)' did not have a match in either the input spec '\(String(terms[0]))' or "
                    + "the output spec '\(String(sides[1]))'. For this layer, the weight must be fully specified.")
        }
        for label in output where !input.contains(label) && !kernel.contains(label) {
            throw LeptonError(
                .invalidArgument,
                "Dimension '\(label)' was specified in the output '\(String(sides[1]))' but has no corresponding dim in "
                    + "the input spec '\(String(terms[0]))' or weight spec '\(String(terms[1]))'")
        }
        if let unknown = (kernel + output).first(where: { extents[$0] == nil }) {
            throw LeptonError(
                .notSupported, "EinsumDense.output_shape: give the extent of '\(unknown)', which is no input axis")
        }
        let sizes = extents
        kernelShape = kernel.map { sizes[$0] ?? 1 }
        outputShape = output.map { sizes[$0] ?? 1 }
        let isOutput = kernel.map(output.contains)
        fanIn = zip(kernelShape, isOutput).reduce(1.0) { $0 * ($1.1 ? 1 : Double($1.0)) }
        fanOut = zip(kernelShape, isOutput).reduce(1.0) { $0 * ($1.1 ? Double($1.0) : 1) }
        biasShape = try EinsumPlan.biasShape(layer, output, sizes)

        denseUnits = EinsumPlan.denseUnits(
            input: input, kernel: kernel, output: output, sizes, biasAxes: layer.biasAxes.map(Array.init))
    }

    /// The units of the dense layer that an equation amounts to, or nil: the kernel's axes are the input's last and the
    /// output's last, all others pass through, and the bias, if any, has all of the output's.
    private static func denseUnits(
        input: [Character], kernel: [Character], output: [Character], _ extents: [Character: Int],
        biasAxes: [Character]?
    ) -> Int? {
        let summed = kernel.filter { !output.contains($0) }, made = kernel.filter { !input.contains($0) }
        guard !summed.isEmpty, !made.isEmpty, kernel == summed + made, Array(input.suffix(summed.count)) == summed,
            Array(output.suffix(made.count)) == made,
            Array(input.dropLast(summed.count)) == Array(output.dropLast(made.count)),
            biasAxes == nil || Set(biasAxes ?? []) == Set(made)
        else { return nil }
        return made.reduce(1) { $0 * (extents[$1] ?? 1) }
    }

    /// From the first axis with a bias on: its extent where there is one, else 1.
    private static func biasShape(
        _ layer: EinsumDense, _ output: [Character], _ extents: [Character: Int]
    ) throws(LeptonError) -> [Int]? {
        guard let axes = layer.biasAxes else { return nil }
        for axis in axes where !output.contains(axis) || !axis.isLetter {
            throw LeptonError(
                .invalidArgument,
                "Bias dimension '\(axis)' was requested, but is not part of the output spec '\(String(output))'")
        }
        guard let first = output.firstIndex(where: axes.contains) else { return nil }
        return output[first...].map { axes.contains($0) ? extents[$0] ?? 1 : 1 }
    }
}
