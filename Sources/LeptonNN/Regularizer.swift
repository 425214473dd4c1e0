import LeptonTensor

/// A penalty on weights, or on what a layer gives, that is added to the loss. Formulas and defaults as in Keras 3.15
/// (keras/src/regularizers).
public struct Regularizer: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// l1 · Σ|w| + l2 · Σw²
        case sums(l1: Double, l2: Double)
        /// factor · the mean of |cosine| over pairs of rows, or of columns, of a matrix.
        case orthogonal(factor: Double, rows: Bool)
    }

    package let className: String
    package let kind: Kind

    /// factor · Σ|w|
    public static func l1(_ factor: Double = 0.01) -> Regularizer {
        Regularizer(className: "L1", kind: .sums(l1: factor, l2: 0))
    }
    /// factor · Σw²
    public static func l2(_ factor: Double = 0.01) -> Regularizer {
        Regularizer(className: "L2", kind: .sums(l1: 0, l2: factor))
    }
    /// l1 · Σ|w| + l2 · Σw²
    public static func l1l2(l1: Double = 0, l2: Double = 0) -> Regularizer {
        Regularizer(className: "L1L2", kind: .sums(l1: l1, l2: l2))
    }
    /// Pulls the rows of a matrix, or its columns, towards being orthogonal to each other.
    public static func orthogonal(factor: Double = 0.01, rows: Bool = true) -> Regularizer {
        Regularizer(className: "OrthogonalRegularizer", kind: .orthogonal(factor: factor, rows: rows))
    }

    private static let classNames = ["L1", "L2", "L1L2", "OrthogonalRegularizer"]

    /// Reads a name, a class name in Keras's snake case or a config object.
    package init(_ value: JSONValue, argument: String) throws(LeptonError) {
        let object = try SerializedObject(argument, value)
        let className = Regularizer.classNames.first {
            $0 == object.className || snakeCase($0) == object.className
        }
        guard let className else {
            throw unknownName("regularizer", object.className, known: Regularizer.classNames)
        }
        var reader = ConfigReader(className, object.config)
        self.className = className
        switch className {
        case "L1": kind = .sums(l1: try Regularizer.factor("l1", 0.01, &reader), l2: 0)
        case "L2": kind = .sums(l1: 0, l2: try Regularizer.factor("l2", 0.01, &reader))
        case "L1L2":
            kind = .sums(l1: try Regularizer.factor("l1", 0, &reader), l2: try Regularizer.factor("l2", 0, &reader))
        default:
            let factor = try Regularizer.factor("factor", 0.01, &reader)
            let mode = try reader.string("mode") ?? "rows"
            guard mode == "rows" || mode == "columns" else {
                throw unknownName("mode", mode, known: ["rows", "columns"])
            }
            kind = .orthogonal(factor: factor, rows: mode == "rows")
        }
        try reader.finish()
    }

    private init(className: String, kind: Kind) {
        self.className = className
        self.kind = kind
    }

    private static func factor(
        _ name: String, _ standard: Double, _ reader: inout ConfigReader
    ) throws(LeptonError) -> Double {
        try reader.number(name, default: standard, "a finite number of at least 0") { $0 >= 0 && $0.isFinite }
    }

    /// Throws when weights of this shape cannot be regularised so, or a factor is out of range.
    package func check(shape: [Int], of weight: String) throws(LeptonError) {
        switch kind {
        case .sums(let l1, let l2):
            for (name, factor) in [("l1", l1), ("l2", l2)] where !(factor >= 0 && factor.isFinite) {
                throw LeptonError(
                    .invalidArgument, argument: "\(className).\(name)", expected: "a finite number of at least 0",
                    received: "\(factor)")
            }
        case .orthogonal(let factor, let rows):
            guard factor >= 0, factor.isFinite else {
                throw LeptonError(
                    .invalidArgument, argument: "\(className).factor", expected: "a finite number of at least 0",
                    received: "\(factor)")
            }
            guard shape.count == 2, shape[rows ? 0 : 1] >= 2 else {
                throw LeptonError(
                    .shapeMismatch, argument: "\(className) of \(weight)",
                    expected: "a matrix of at least 2 \(rows ? "rows" : "columns")", received: Shape.text(shape))
            }
        }
    }

    /// As `keras.regularizers.serialize` writes it.
    package var config: JSONValue {
        let fields: JSONObject
        switch (className, kind) {
        case ("L1", .sums(let l1, _)): fields = ["l1": .number(l1)]
        case ("L2", .sums(_, let l2)): fields = ["l2": .number(l2)]
        case (_, .sums(let l1, let l2)): fields = ["l1": .number(l1), "l2": .number(l2)]
        case (_, .orthogonal(let factor, let rows)):
            fields = ["factor": .number(factor), "mode": rows ? "rows" : "columns"]
        }
        return serialized(module: "keras.regularizers", className: className, config: fields)
    }
}
