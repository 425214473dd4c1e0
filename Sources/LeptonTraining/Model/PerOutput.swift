import LeptonNN
import LeptonTensor

/// What `compile` was given for a model's outputs: one thing, one for each in order, or by the outputs' names.
package enum PerOutput<Value: Sendable & Equatable>: Sendable, Equatable {
    case single(Value)
    case ordered([Value?])
    case named([String: Value])

    /// Reads JSON: a list, an object without a "class_name", or else one value. Nulls stand for nothing.
    init(
        _ value: JSONValue, _ read: (JSONValue) throws(LeptonError) -> Value
    ) throws(LeptonError) {
        if let items = value.arrayValue {
            var values: [Value?] = []
            for item in items { values.append(item.isNull ? nil : try read(item)) }
            self = .ordered(values)
        } else if let object = value.objectValue, object["class_name"] == nil, !object.isEmpty {
            var values: [String: Value] = [:]
            for key in object.keys {
                if let item = object[key], !item.isNull { values[key] = try read(item) }
            }
            self = .named(values)
        } else {
            self = .single(try read(value))
        }
    }

    func config(_ write: (Value) -> JSONValue) -> JSONValue {
        switch self {
        case .single(let value): return write(value)
        case .ordered(let values): return .array(values.map { $0.map(write) ?? .null })
        case .named(let values):
            var object = JSONObject()
            for key in values.keys.sorted() { object[key] = values[key].map(write) }
            return .object(object)
        }
    }

    /// What each output gets.
    ///
    /// - Throws: `invalidArgument` when there are not as many as outputs, or for a name that no output has.
    func resolved(outputs: [String], _ argument: String) throws(LeptonError) -> [Value?] {
        switch self {
        case .single(let value): return outputs.map { _ in value }
        case .ordered(let values):
            guard values.count == outputs.count else {
                throw LeptonError(
                    .invalidArgument, argument: argument,
                    expected: "one for each of the \(outputs.count) outputs (\(outputs.joined(separator: ", ")))",
                    received: "\(values.count)")
            }
            return values
        case .named(let values):
            for name in values.keys.sorted() where !outputs.contains(name) {
                throw unknownName("output in \(argument)", name, known: outputs)
            }
            return outputs.map { values[$0] }
        }
    }
}
