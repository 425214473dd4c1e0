/// The extents of a tensor, outermost first. Always valid: at most 8 axes, none negative, and a number of
/// elements (and of bytes, at 8 bytes an element) that fits in an `Int`.
public struct Shape: Hashable, Sendable {
    /// The most axes a tensor can have.
    public static let maximumRank = 8

    public let extents: [Int]
    /// Number of elements: the product of the extents, 1 for a scalar.
    public let count: Int

    /// - Throws: `shapeMismatch` for more than 8 axes or a negative extent; `outOfMemory` when the number of
    ///   bytes overflows.
    public init(_ extents: [Int]) throws(LeptonError) {
        guard extents.count <= Shape.maximumRank else {
            throw LeptonError(
                .shapeMismatch, argument: "shape", expected: "at most \(Shape.maximumRank) axes",
                received: "\(extents.count)")
        }
        if let negative = extents.first(where: { $0 < 0 }) {
            throw LeptonError(
                .shapeMismatch, argument: "shape", expected: "extents of at least 0",
                received: "\(negative) in \(Shape.text(extents))")
        }
        guard let count = Shape.checkedProduct(extents) else {
            throw LeptonError(
                .outOfMemory, argument: "shape", expected: "a size that fits in memory",
                received: Shape.text(extents))
        }
        self.extents = extents
        self.count = count
    }

    public var rank: Int { extents.count }

    /// Number of elements, or nil where it (or its bytes, at 8 each) would overflow. A zero anywhere gives 0.
    package static func checkedProduct(_ extents: [Int]) -> Int? {
        if extents.contains(0) { return 0 }
        var product = 1
        for extent in extents {
            let (next, overflow) = product.multipliedReportingOverflow(by: extent)
            if overflow { return nil }
            product = next
        }
        return product <= Int.max / 8 ? product : nil
    }

    /// The extents as Python writes a tuple: "(2, 3)", "(5,)", "()".
    package static func text(_ extents: [Int]) -> String {
        let parts = extents.map { $0 == unknown ? "None" : "\($0)" }
        return parts.count == 1 ? "(\(parts[0]),)" : "(\(parts.joined(separator: ", ")))"
    }

    /// The shape of a batch of samples, as Keras writes it: "(None, 2, 3)".
    package static func batchText(_ sampleExtents: [Int]) -> String {
        sampleExtents.isEmpty ? "(None,)" : text([unknown] + sampleExtents)
    }
}

extension Shape {
    /// What stands for the length of an axis that only data tells, in the shapes of a model's values.
    package static let unknown = -1

    package static func isKnown(_ extents: [Int]) -> Bool { !extents.contains(unknown) }

    /// Extents as a config has them, null for those that are not known.
    package static func config(_ extents: [Int]) -> [JSONValue] {
        extents.map { $0 == unknown ? .null : .integer(Int64($0)) }
    }
}

extension Shape: CustomStringConvertible {
    public var description: String { Shape.text(extents) }
}
