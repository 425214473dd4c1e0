import LeptonTensor

/// What weights are made to obey after each step. Formulas and defaults as in Keras 3.15 (keras/src/constraints).
public struct Constraint: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// max(w, 0)
        case nonNegative
        /// w · d / (1e-7 + norm), with d = rate · clip(norm, minimum, maximum) + (1 - rate) · norm.
        case norm(minimum: Double, maximum: Double, rate: Double)
    }

    package let className: String
    package let kind: Kind
    /// The axes that a norm runs over; nil for all. Negative ones count from the end.
    package let axes: [Int]?
    /// Whether a single axis was given as a number rather than a list, for the config.
    private let isSingleAxis: Bool

    /// Norms of at most `maximum`.
    public static func maxNorm(_ maximum: Double = 2, axes: [Int] = [0]) -> Constraint {
        Constraint("MaxNorm", .norm(minimum: 0, maximum: maximum, rate: 1), axes)
    }
    /// Norms of 1.
    public static func unitNorm(axes: [Int] = [0]) -> Constraint {
        Constraint("UnitNorm", .norm(minimum: 1, maximum: 1, rate: 1), axes)
    }
    /// Norms that go to `minimum` ... `maximum` by the part `rate` of the way in each step.
    public static func minMaxNorm(
        minimum: Double = 0, maximum: Double = 1, rate: Double = 1, axes: [Int] = [0]
    ) -> Constraint {
        Constraint("MinMaxNorm", .norm(minimum: minimum, maximum: maximum, rate: rate), axes)
    }
    /// Weights of at least 0.
    public static let nonNegative = Constraint("NonNeg", .nonNegative, [0])

    private init(_ className: String, _ kind: Kind, _ axes: [Int]?) {
        self.className = className
        self.kind = kind
        self.axes = axes
        isSingleAxis = axes?.count == 1
    }

    private static let classNames = ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]

    /// Reads a name, a class name in Keras's snake case or a config object.
    package init(_ value: JSONValue, argument: String) throws(LeptonError) {
        let object = try SerializedObject(argument, value)
        let className = Constraint.classNames.first {
            $0 == object.className || snakeCase($0) == object.className
        }
        guard let className else {
            throw unknownName("constraint", object.className, known: Constraint.classNames)
        }
        var reader = ConfigReader(className, object.config)
        self.className = className
        switch className {
        case "NonNeg":
            kind = .nonNegative
            (axes, isSingleAxis) = ([0], true)
        case "UnitNorm":
            kind = .norm(minimum: 1, maximum: 1, rate: 1)
            (axes, isSingleAxis) = try Constraint.axes(&reader, object.config)
        case "MaxNorm":
            let maximum = try Constraint.bound("max_value", 2, &reader)
            kind = .norm(minimum: 0, maximum: maximum, rate: 1)
            (axes, isSingleAxis) = try Constraint.axes(&reader, object.config)
        default:
            let minimum = try Constraint.bound("min_value", 0, &reader)
            let maximum = try Constraint.bound("max_value", 1, &reader)
            kind = .norm(minimum: minimum, maximum: maximum, rate: try reader.number("rate", default: 1))
            (axes, isSingleAxis) = try Constraint.axes(&reader, object.config)
        }
        try reader.finish()
    }

    private static func bound(
        _ name: String, _ standard: Double, _ reader: inout ConfigReader
    ) throws(LeptonError) -> Double {
        try reader.number(name, default: standard, "a finite number of at least 0") { $0 >= 0 && $0.isFinite }
    }

    private static func axes(
        _ reader: inout ConfigReader, _ config: JSONObject
    ) throws(LeptonError) -> (axes: [Int]?, isSingle: Bool) {
        guard let value = reader.value("axis") else { return (config["axis"] == nil ? [0] : nil, true) }
        if let axis = value.intValue { return ([axis], true) }
        var axes: [Int] = []
        for item in value.arrayValue ?? [value] {
            guard let axis = item.intValue else {
                throw LeptonError(
                    .invalidArgument, argument: "axis", expected: "a whole number or a list of them",
                    received: item.kindName)
            }
            axes.append(axis)
        }
        return (axes, false)
    }

    /// A weight's shape as (outer, reduced, inner), with norms over the middle.
    ///
    /// - Throws: `invalidArgument` for an axis that the weight has not, or a value out of range; `notSupported` for axes
    ///   that do not stand side by side.
    package func extents(
        shape: [Int], of weight: String
    ) throws(LeptonError) -> (outer: Int, reduced: Int, inner: Int) {
        // An axis of one element belongs to either side.
        let axes = zip(try reducedAxes(shape: shape, of: weight), shape).filter { $1 != 1 }
        let first = axes.firstIndex { $0.0 } ?? axes.count
        let last = axes.lastIndex { $0.0 } ?? axes.count - 1
        func product(_ part: some Sequence<(Bool, Int)>) -> Int { part.reduce(1) { $0 * $1.1 } }
        guard first > last || axes[first...last].allSatisfy(\.0) else {
            throw LeptonError(
                .notSupported, "\(className).axis of \(weight): axes that do not stand side by side are not supported")
        }
        guard first <= last else { return (1, 1, product(axes)) }
        return (product(axes[..<first]), product(axes[first...last]), product(axes[(last + 1)...]))
    }

    /// For each axis of a weight whether norms run over it.
    private func reducedAxes(shape: [Int], of weight: String) throws(LeptonError) -> [Bool] {
        if case .norm(let minimum, let maximum, let rate) = kind {
            guard minimum >= 0, maximum >= 0, minimum.isFinite, maximum.isFinite, rate.isFinite else {
                throw LeptonError(
                    .invalidArgument, argument: className, expected: "finite bounds of at least 0",
                    received: "\(minimum), \(maximum), rate \(rate)")
            }
        }
        guard let axes else { return [Bool](repeating: true, count: shape.count) }
        var reduced = [Bool](repeating: false, count: shape.count)
        for axis in axes {
            let place = axis < 0 && axis >= -shape.count ? axis + shape.count : axis
            guard shape.indices.contains(place), !reduced[place] else {
                if kind == .nonNegative { continue }
                throw LeptonError(
                    .invalidArgument, argument: "\(className).axis of \(weight)",
                    expected: "different axes of a weight of shape \(Shape.text(shape))", received: "\(axes)")
            }
            reduced[place] = true
        }
        return reduced
    }

    /// As `keras.constraints.serialize` writes it.
    package var config: JSONValue {
        var fields = JSONObject()
        switch (className, kind) {
        case ("MaxNorm", .norm(_, let maximum, _)):
            fields["max_value"] = .number(maximum)
        case ("MinMaxNorm", .norm(let minimum, let maximum, let rate)):
            fields["min_value"] = .number(minimum)
            fields["max_value"] = .number(maximum)
            fields["rate"] = .number(rate)
        default: break
        }
        if kind != .nonNegative {
            let list = axes?.map { JSONValue.integer(Int64($0)) } ?? []
            fields["axis"] = axes == nil ? .null : isSingleAxis ? list[0] : .array(list)
        }
        return serialized(module: "keras.constraints", className: className, config: fields)
    }
}
