import LeptonTensor

/// Reads a Keras config object field by field, and at the end refuses what nobody read.
///
/// Each layer, loss, metric and optimizer goes through one, so that every one of them names a wrong value in the
/// same way: owner, argument, expected, received.
public struct ConfigReader {
    private let owner: String
    private let object: JSONObject
    private var known: Set<String> = []
    /// How many models and wrappers are around what is read.
    package let nesting: Int

    package init(_ owner: String, _ object: JSONObject, nesting: Int = 0) {
        self.owner = owner
        self.object = object
        self.nesting = nesting
    }

    private mutating func field(_ name: String) -> JSONValue? {
        known.insert(name)
        guard let value = object[name], !value.isNull else { return nil }
        return value
    }

    /// "Dense.units"
    func argumentName(_ name: String) -> String { "\(owner).\(name)" }

    func wrong(_ name: String, _ expected: String, _ value: JSONValue?) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: "\(owner).\(name)", expected: expected,
            received: value.map(\.kindName) ?? "nothing")
    }

    /// Whether the field stands there as null, which for some arguments is not the same as its absence.
    package func isNull(_ name: String) -> Bool { object[name] == .null }

    /// Whether the field is there, if only as null.
    package func has(_ name: String) -> Bool { object[name] != nil }

    /// The field as it stands; nil when absent or null.
    package mutating func value(_ name: String) -> JSONValue? { field(name) }

    /// Whether the field stands there, be it null.
    package func contains(_ name: String) -> Bool { object[name] != nil }

    package mutating func string(_ name: String) throws(LeptonError) -> String? {
        guard let value = field(name) else { return nil }
        guard let text = value.stringValue else { throw wrong(name, "a string", value) }
        return text
    }

    package mutating func bool(_ name: String, default standard: Bool) throws(LeptonError) -> Bool {
        guard let value = field(name) else { return standard }
        guard let flag = value.boolValue else { throw wrong(name, "true or false", value) }
        return flag
    }

    /// A whole number of at least `minimum`; throws when it is absent.
    package mutating func integer(_ name: String, minimum: Int) throws(LeptonError) -> Int {
        let value = field(name)
        guard let number = value?.intValue, number >= minimum else {
            throw wrong(name, "a whole number of at least \(minimum)", value)
        }
        return number
    }

    /// The name of an element type or of a policy; nil when absent or null.
    package mutating func dtype() throws(LeptonError) -> String? {
        guard let value = field("dtype") else { return nil }
        guard let name = value.stringValue ?? value.objectValue?["config"]?.objectValue?["name"]?.stringValue else {
            throw LeptonError(
                .notSupported, "dtype \(value.text.prefix(80)) is not supported; models compute in float32")
        }
        return name
    }

    /// A seed: any whole number that fits in 64 bits.
    package mutating func seed(_ name: String = "seed") throws(LeptonError) -> UInt64? {
        guard let value = field(name) else { return nil }
        guard let number = value.intValue else { throw wrong(name, "a whole number", value) }
        return UInt64(bitPattern: Int64(number))
    }

    package mutating func number(
        _ name: String, default standard: Double, _ expected: String = "a finite number",
        where isValid: (Double) -> Bool = { $0.isFinite }
    ) throws(LeptonError) -> Double {
        guard let value = field(name) else { return standard }
        guard let number = value.doubleValue, isValid(number) else { throw wrong(name, expected, value) }
        return number
    }

    /// Extents with the batch axis first, null for any number of rows: "batch_shape". Others that are null are of unknown
    /// length.
    package mutating func batchShape(
        _ name: String
    ) throws(LeptonError) -> (batchSize: Int?, sample: [Int])? {
        guard let value = field(name) else { return nil }
        guard let extents = value.arrayValue, let batch = extents.first else {
            throw wrong(name, "a list that begins with null or a number for the batch", value)
        }
        guard batch.isNull || (1...Int(Int32.max)).contains(batch.intValue ?? 0) else {
            throw wrong(name, "null or at least 1 for the batch", batch)
        }
        return (batch.intValue, try sampleExtents(name, Array(extents.dropFirst()), value))
    }

    /// Extents of one sample, without the batch: "input_shape". Those that are null are of unknown length.
    package mutating func sampleShape(_ name: String) throws(LeptonError) -> [Int]? {
        guard let value = field(name) else { return nil }
        guard let extents = value.arrayValue else { throw wrong(name, "a list of extents", value) }
        return try sampleExtents(name, extents, value)
    }

    private func sampleExtents(
        _ name: String, _ extents: [JSONValue], _ value: JSONValue
    ) throws(LeptonError) -> [Int] {
        var result: [Int] = []
        for extent in extents {
            if extent.isNull {
                result.append(Shape.unknown)
                continue
            }
            guard let number = extent.intValue, number > 0 else {
                throw wrong(name, "extents of at least 1", extent)
            }
            result.append(number)
        }
        guard result.count < Shape.maximumRank, Shape.checkedProduct(result.filter { $0 > 0 }) != nil else {
            throw LeptonError(
                .outOfMemory, argument: "\(owner).\(name)",
                expected: "at most \(Shape.maximumRank - 1) extents whose product fits in memory",
                received: value.text)
        }
        return result
    }

    /// A field that Keras has and this version does not act on: only its neutral values are taken.
    package mutating func neutral(
        _ name: String, _ values: [JSONValue] = [.null], instead: String
    ) throws(LeptonError) {
        known.insert(name)
        guard let value = object[name], !values.contains(value) else { return }
        if value.isNull { return }
        throw LeptonError(.notSupported, "\(owner).\(name) = \(value.text.prefix(80)) is not supported; \(instead)")
    }

    /// All fields that were not read, beside the name and the type that every object has.
    package mutating func rest() -> JSONObject {
        var fields = JSONObject()
        for key in object.keys where !known.contains(key) && key != "name" && key != "dtype" {
            fields[key] = object[key]
        }
        known.formUnion(fields.keys)
        return fields
    }

    /// Fields that say nothing this version needs.
    package mutating func ignore(_ names: String...) { known.formUnion(names) }

    /// Refuses fields that were not read, naming the nearest known one.
    package func finish() throws(LeptonError) {
        for key in object.keys where !known.contains(key) {
            throw unknownName("\(owner) argument", key, known: known.sorted())
        }
    }
}

/// A thing named either by a string or by Keras's `{"class_name": ..., "config": {...}}`.
package struct SerializedObject {
    package let className: String
    /// Where Keras has the class; nil when it was not said.
    package let module: String?
    package let config: JSONObject
    /// Whether it came as a bare string, in which case Keras keeps that string as the name of a metric.
    package let isBareName: Bool

    package init(_ what: String, _ value: JSONValue) throws(LeptonError) {
        switch value {
        case .string(let name):
            self.init(className: name, module: nil, config: JSONObject(), isBareName: true)
        case .object(let object):
            guard let name = object["class_name"]?.stringValue else {
                throw LeptonError(
                    .invalidArgument, argument: what, expected: "a \"class_name\" in the config object",
                    received: object.isEmpty ? "an empty object" : "keys \(object.keys.joined(separator: ", "))")
            }
            if let registered = object["registered_name"]?.stringValue, registered.contains(">") {
                throw LeptonError(
                    .notSupported,
                    "\(what): custom class '\(registered)' is not supported; use a built-in class")
            }
            let config = object["config"] ?? .object(JSONObject())
            guard let fields = config.objectValue else {
                // Keras writes plain functions (an activation, say) as {"class_name": "function", "config": "relu"}.
                guard name == "function", let function = config.stringValue else {
                    throw LeptonError(
                        .invalidArgument, argument: "\(what).config", expected: "an object",
                        received: config.kindName)
                }
                self.init(className: function, module: nil, config: JSONObject(), isBareName: true)
                return
            }
            self.init(className: name, module: object["module"]?.stringValue, config: fields, isBareName: false)
        default:
            throw LeptonError(
                .invalidArgument, argument: what, expected: "a name or a config object", received: value.kindName)
        }
    }

    private init(className: String, module: String?, config: JSONObject, isBareName: Bool) {
        self.className = className
        self.module = module
        self.config = config
        self.isBareName = isBareName
    }
}

/// The serialised form that Keras writes for a built-in object.
package func serialized(
    module: String, className: String, config: JSONObject, registeredName: String? = nil
) -> JSONValue {
    [
        "module": .string(module), "class_name": .string(className), "config": .object(config),
        "registered_name": registeredName.map { .string($0) } ?? .null,
    ]
}
