import LeptonTensor

/// Numbers of a config: one, or lists nested to any depth.
struct ConstantTensor: Sendable, Equatable {
    let shape: [Int]
    let values: [Double]

    init(_ value: Double) {
        shape = []
        values = [value]
    }

    init(shape: [Int], values: [Double]) {
        self.shape = shape
        self.values = values
    }

    /// Nil when it is no number and no rectangular nest of numbers.
    init?(_ value: JSONValue, depth: Int = 0) {
        if let number = value.doubleValue {
            self.init(number)
            return
        }
        guard let items = value.arrayValue, depth < Shape.maximumRank else { return nil }
        var inner: [Int]?
        var values: [Double] = []
        for item in items {
            guard let part = ConstantTensor(item, depth: depth + 1), inner == nil || inner == part.shape else {
                return nil
            }
            inner = part.shape
            values += part.values
        }
        self.init(shape: [items.count] + (inner ?? []), values: values)
    }

    var json: JSONValue { part(0, 0) }

    private func part(_ axis: Int, _ offset: Int) -> JSONValue {
        guard axis < shape.count else { return values.isEmpty ? .null : .number(values[offset]) }
        let stride = shape[(axis + 1)...].reduce(1, *)
        return .array((0..<shape[axis]).map { part(axis + 1, offset + $0 * stride) })
    }

    /// For each element of a sample the number that belongs to it, when the tensor's axes stand at `axes` of the sample
    /// (by default at its last ones) and are repeated along the others.
    ///
    /// - Throws: `shapeMismatch` when an axis is neither 1 nor as long as the sample's.
    func places(in sample: [Int], axes: [Int]? = nil, _ argument: String) throws(LeptonError) -> [Int32] {
        let axes = axes ?? Array(max(sample.count - shape.count, 0)..<sample.count)
        var strides = [Int](repeating: 0, count: sample.count)
        var stride = 1
        for (extent, axis) in zip(shape.reversed(), axes.reversed()) {
            guard extent == 1 || extent == sample[axis] else { throw misfit(sample, argument) }
            strides[axis] = extent == 1 ? 0 : stride
            stride *= extent
        }
        guard shape.count <= axes.count else { throw misfit(sample, argument) }
        var places: [Int32] = []
        places.reserveCapacity(sample.reduce(1, *))
        var index = [Int](repeating: 0, count: sample.count)
        var place = 0
        for _ in 0..<sample.reduce(1, *) {
            places.append(Int32(truncatingIfNeeded: place))
            var axis = sample.count - 1
            while axis >= 0 {
                index[axis] += 1
                place += strides[axis]
                if index[axis] < sample[axis] { break }
                place -= sample[axis] * strides[axis]
                index[axis] = 0
                axis -= 1
            }
        }
        return places
    }

    /// The numbers written out for each element of a sample.
    func spread(over sample: [Int], _ argument: String) throws(LeptonError) -> [Float] {
        try places(in: sample, argument).map { Float(values[Int($0)]) }
    }

    private func misfit(_ sample: [Int], _ argument: String) -> LeptonError {
        LeptonError(
            .shapeMismatch, argument: argument, expected: "a shape that can be repeated to \(Shape.text(sample))",
            received: Shape.text(shape))
    }
}

extension ConfigReader {
    /// A finite number or a rectangular nest of them; nil when absent or null.
    mutating func constant(_ name: String) throws(LeptonError) -> ConstantTensor? {
        guard let value = value(name) else { return nil }
        guard let tensor = ConstantTensor(ConfigReader.unwrapped(value)) else {
            throw wrong(name, "a number or a rectangular nest of numbers", value)
        }
        guard tensor.values.allSatisfy({ Float($0).isFinite }) else {
            throw wrong(name, "finite float32 numbers", .string("NaN, infinity or more than float32 holds"))
        }
        return tensor
    }

    /// Keras writes arrays and tuples of a config as objects around the list.
    private static func unwrapped(_ value: JSONValue) -> JSONValue {
        guard let object = value.objectValue, let name = object["class_name"]?.stringValue else { return value }
        switch name {
        case "__numpy__", "__tensor__": return object["config"]?.objectValue?["value"] ?? value
        case "__tuple__": return object["items"] ?? value
        default: return value
        }
    }
}

/// y = (x - mean) / deviation, element by element of a sample, or x * deviation + mean when inverse.
package struct NormalizeOperation: Operation {
    package enum Statistics: Sendable {
        /// As many as a sample has elements.
        case constants(mean: [Float], deviation: [Float])
        /// The operation's weights are mean and variance; for each element of a sample the place in them.
        case weights(places: [Int32])
    }

    package let statistics: Statistics
    package let isInverse: Bool

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }

    /// Below it no deviation counts: Keras's epsilon.
    package static let smallestDeviation: Float = 1e-7
}
