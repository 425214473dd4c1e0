import LeptonTensor

/// What becomes of class numbers: Keras's "output_mode". Not every layer takes each; see Keras.
public enum CategoryOutput: String, Sendable, CaseIterable {
    case integer = "int"
    case oneHot = "one_hot"
    case multiHot = "multi_hot"
    case count
    case tfIdf = "tf_idf"

    /// Indices that float32 can tell apart.
    static let maximumDepth = 1 << 24

    init(
        _ reader: inout ConfigReader, default standard: CategoryOutput, among allowed: [CategoryOutput]
    ) throws(LeptonError) {
        try reader.neutral("sparse", [.bool(false)], instead: "results are dense arrays")
        guard let name = try reader.string("output_mode") else {
            self = standard
            return
        }
        let known = ["binary": "multi_hot", "tf-idf": "tf_idf"][name] ?? name
        guard let mode = CategoryOutput(rawValue: known), allowed.contains(mode) else {
            throw reader.wrong(
                "output_mode", "one of " + allowed.map { "'\($0.rawValue)'" }.joined(separator: ", "), .string(name))
        }
        self = mode
    }

    /// The sample shape of class numbers of shape `sample` once they are encoded.
    func outputShape(_ sample: [Int], depth: Int, owner: String) throws(LeptonError) -> [Int] {
        switch self {
        case .integer: return sample
        case .oneHot: return (sample.last == 1 ? sample.dropLast() : sample) + [depth]
        case .multiHot, .count, .tfIdf:
            guard !sample.isEmpty else {
                throw LeptonError(
                    .shapeMismatch, argument: owner,
                    expected: "at least 2 axes for output_mode '\(rawValue)': (rows, numbers)",
                    received: Shape.batchText(sample))
            }
            return sample.dropFirst() + [depth]
        }
    }

    /// Appends the encoding of class numbers.
    ///
    /// - Parameters:
    ///   - weights: what each number counts for, of the same shape.
    ///   - scale: what each class's place is multiplied with.
    func append(
        to graph: inout LoweredGraph, _ value: Int, depth: Int, weights: Int? = nil, scale: [Float]? = nil,
        owner: String
    ) throws(LeptonError) -> Int {
        guard self != .integer else { return value }
        let shape = try outputShape(graph.operations.sampleShapes[value], depth: depth, owner: owner)
        return try graph.operations.add(
            EncodeOperation(mode: self, depth: depth, scale: scale), inputs: [value] + (weights.map { [$0] } ?? []),
            outputShape: shape)
    }
}

/// Class numbers as vectors: see `CategoryOutput`. Inputs: the numbers, then weights of the same shape if any. Only the
/// weights have a gradient.
package struct EncodeOperation: Operation {
    package let mode: CategoryOutput
    package let depth: Int
    package let scale: [Float]?

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}

extension ConfigReader {
    /// A size that may be left out; checked against what float32 can count.
    mutating func depth(_ name: String, minimum: Int) throws(LeptonError) -> Int? {
        guard let value = value(name) else { return nil }
        guard let number = value.intValue, number >= minimum, number <= CategoryOutput.maximumDepth else {
            throw wrong(name, "a whole number from \(minimum) to \(CategoryOutput.maximumDepth)", value)
        }
        return number
    }
}
