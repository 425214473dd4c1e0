import LeptonTensor

/// A layer that combines a list of inputs, element by element: with broadcasting over the axes of a sample, those of
/// fewer axes getting axes of extent 1 after the batch.
protocol ElementwiseMerge: Layer {
    /// The merged value of inputs of equal rank.
    func merge(_ values: [Int], _ graph: inout LoweredGraph) throws(LeptonError) -> Int
    init(options: LayerOptions)
}

extension ElementwiseMerge {
    public init(arguments: inout ConfigReader) throws(LeptonError) { self.init(options: LayerOptions()) }
    public var arguments: JSONObject { [:] }
    public var inputCounts: ClosedRange<Int> { 1...Int.max }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func configured(for call: LayerCall) throws(LeptonError) -> any Layer {
        try call.check(Self.className)
        try checkList(call)
        return self
    }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        var shape = inputShapes.first ?? []
        for next in inputShapes.dropFirst() {
            do throws(LeptonError) { shape = try broadcastShape(shape, next) } catch {
                let (a, b) = shape.count < next.count ? (next, shape) : (shape, next)
                throw LeptonError(
                    .shapeMismatch,
                    "Inputs have incompatible shapes. Received shapes \(Shape.text(a)) and \(Shape.text(b))")
            }
        }
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        _ = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let rank = inputs.map { graph.operations.sampleShapes[$0].count }.max() ?? 0
        var values: [Int] = []
        for input in inputs {
            let shape = paddedShape(graph.operations.sampleShapes[input], rank: rank)
            let value = try graph.operations.addReshape(input, to: shape)
            if value != input { graph.masks[value] = graph.masks[input] }
            values.append(value)
        }
        let result = try merge(values, &graph)
        if graph.masks[result] == nil || result == values[0] {
            graph.masks[result] = try graph.anyMask(of: values)
        }
        return result
    }
}

extension Layer {
    /// - Throws: `invalidArgument` in Keras's words when the layer was not called on a list.
    func checkList(_ call: LayerCall) throws(LeptonError) {
        guard case .tensor? = call.positional.first else { return }
        throw LeptonError(.invalidArgument, "A merge layer should be called on a list of inputs. Received: one tensor")
    }
}

extension LoweredGraph {
    /// Set where any of the masks is, when every value has one.
    mutating func anyMask(of values: [Int]) throws(LeptonError) -> Int? {
        var result: Int?
        for value in values {
            guard let mask = masks[value] else { return nil }
            result =
                try result.map { other throws(LeptonError) in
                    try operations.addBinary(.logicalOr, other, mask)
                } ?? mask
        }
        return result
    }

    /// A value's mask with as many axes as the value, for broadcasting.
    mutating func wideMask(of value: Int) throws(LeptonError) -> Int? {
        guard let mask = masks[value] else { return nil }
        let shape = operations.sampleShapes[mask]
        let missing = operations.sampleShapes[value].count - shape.count
        return try operations.addReshape(mask, to: shape + [Int](repeating: 1, count: max(0, missing)))
    }

    /// One value after another combined by a function.
    fileprivate mutating func fold(_ function: BinaryFunction, _ values: [Int]) throws(LeptonError) -> Int {
        var result = values[0]
        for value in values.dropFirst() { result = try operations.addBinary(function, result, value) }
        return result
    }

    /// As Keras merges under masks: where only one of two values is masked out, the other one stands.
    fileprivate mutating func foldMasked(_ function: BinaryFunction, _ values: [Int]) throws(LeptonError) -> Int {
        guard values.contains(where: { masks[$0] != nil }) else { return try fold(function, values) }
        var result = values[0]
        var seen = try wideMask(of: result)
        for value in values.dropFirst() {
            var next = value
            let mask = try wideMask(of: value)
            if let mask { next = try operations.addSelect(mask, value, result) }
            if let seen { result = try operations.addSelect(seen, result, next) }
            if let known = seen, let mask {
                seen = try operations.addBinary(.logicalOr, known, mask)
            } else {
                seen = nil
            }
            result = try operations.addBinary(function, result, next)
        }
        return result
    }
}

/// The sum of a list of inputs.
public struct Add: ElementwiseMerge {
    public static let className = "Add"
    public var options: LayerOptions
    init(options: LayerOptions) { self.options = options }
    public init(name: String? = nil) { options = LayerOptions(name: name) }

    func merge(_ values: [Int], _ graph: inout LoweredGraph) throws(LeptonError) -> Int {
        try graph.fold(.add, values)
    }
}

/// The first of two inputs less the second.
public struct Subtract: ElementwiseMerge {
    public static let className = "Subtract"
    public var options: LayerOptions
    init(options: LayerOptions) { self.options = options }
    public init(name: String? = nil) { options = LayerOptions(name: name) }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard inputShapes.count == 2 else {
            throw LeptonError(
                .invalidArgument,
                "A `Subtract` layer should be called on exactly 2 inputs. Received: input_shape=["
                    + inputShapes.map(Shape.batchText).joined(separator: ", ") + "]")
        }
        return try Add().outputShape(for: inputShapes)
    }

    func merge(_ values: [Int], _ graph: inout LoweredGraph) throws(LeptonError) -> Int {
        try graph.fold(.subtract, values)
    }
}

/// The product of a list of inputs. Under masks, what is masked out counts as 1, and where all are, the result is 0.
public struct Multiply: ElementwiseMerge {
    public static let className = "Multiply"
    public var options: LayerOptions
    init(options: LayerOptions) { self.options = options }
    public init(name: String? = nil) { options = LayerOptions(name: name) }

    func merge(_ values: [Int], _ graph: inout LoweredGraph) throws(LeptonError) -> Int {
        var factors: [Int] = []
        for value in values {
            guard let mask = try graph.wideMask(of: value) else {
                factors.append(value)
                continue
            }
            let one = try graph.operations.addConstant(1)
            factors.append(try graph.operations.addSelect(mask, value, one))
        }
        let product = try graph.fold(.multiply, factors)
        guard values.count > 0, values.allSatisfy({ graph.masks[$0] != nil }),
            let first = try graph.wideMask(of: values[0])
        else { return product }
        var any = first
        for value in values.dropFirst() {
            if let mask = try graph.wideMask(of: value) { any = try graph.operations.addBinary(.logicalOr, any, mask) }
        }
        return try graph.operations.addBinary(.keepWhere, product, any)
    }
}

/// The mean of a list of inputs.
public struct Average: ElementwiseMerge {
    public static let className = "Average"
    public var options: LayerOptions
    init(options: LayerOptions) { self.options = options }
    public init(name: String? = nil) { options = LayerOptions(name: name) }

    func merge(_ values: [Int], _ graph: inout LoweredGraph) throws(LeptonError) -> Int {
        let sum = try graph.fold(.add, values)
        return values.count == 1 ? sum : try graph.operations.addBinary(.divide, sum, scalar: Float(values.count))
    }
}

/// The largest of a list of inputs.
public struct Maximum: ElementwiseMerge {
    public static let className = "Maximum"
    public var options: LayerOptions
    init(options: LayerOptions) { self.options = options }
    public init(name: String? = nil) { options = LayerOptions(name: name) }

    func merge(_ values: [Int], _ graph: inout LoweredGraph) throws(LeptonError) -> Int {
        try graph.foldMasked(.maximum, values)
    }
}

/// The smallest of a list of inputs.
public struct Minimum: ElementwiseMerge {
    public static let className = "Minimum"
    public var options: LayerOptions
    init(options: LayerOptions) { self.options = options }
    public init(name: String? = nil) { options = LayerOptions(name: name) }

    func merge(_ values: [Int], _ graph: inout LoweredGraph) throws(LeptonError) -> Int {
        try graph.foldMasked(.minimum, values)
    }
}
