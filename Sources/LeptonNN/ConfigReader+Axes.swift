import LeptonTensor

/// One axis or several, as a layer was given them: a config keeps the form.
public struct AxisArgument: Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    public let axes: [Int]
    let isList: Bool

    /// One axis; the batch is axis 0, and negative numbers count from the end.
    public init(integerLiteral axis: Int) { self.init(axis) }

    public init(arrayLiteral axes: Int...) { self.init(axes) }

    public init(_ axis: Int) {
        axes = [axis]
        isList = false
    }

    public init(_ axes: [Int]) {
        self.axes = axes
        isList = true
    }

    package var config: JSONValue {
        isList ? .array(axes.map { .integer(Int64($0)) }) : .integer(Int64(axes.first ?? -1))
    }
}

extension ConfigReader {
    /// A whole number or a list of them; nil when absent or null.
    package mutating func axes(_ name: String) throws(LeptonError) -> AxisArgument? {
        guard let value = value(name) else { return nil }
        if let axis = value.intValue { return AxisArgument(axis) }
        if let list = value.arrayValue {
            let axes = list.compactMap(\.intValue)
            if axes.count == list.count, !axes.isEmpty { return AxisArgument(axes) }
        }
        throw wrong(name, "a whole number or a list of them", value)
    }

    /// A list of whole numbers; nil when absent or null.
    package mutating func integers(
        _ name: String, _ expected: String = "a list of whole numbers", where isValid: (Int) -> Bool = { _ in true }
    ) throws(LeptonError) -> [Int]? {
        guard let value = value(name) else { return nil }
        let list = value.arrayValue ?? []
        let numbers = list.compactMap(\.intValue)
        guard value.arrayValue != nil, numbers.count == list.count, numbers.allSatisfy(isValid) else {
            throw wrong(name, expected, value)
        }
        return numbers
    }

    /// A finite number of at least 0, or nil when absent or null.
    package mutating func nonNegative(_ name: String) throws(LeptonError) -> Double? {
        guard value(name) != nil else { return nil }
        return try number(name, default: 0, "a finite number of at least 0") { $0.isFinite && $0 >= 0 }
    }
}
