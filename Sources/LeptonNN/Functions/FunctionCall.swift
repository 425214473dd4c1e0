import LeptonTensor

/// One call of a tensor function while it is lowered: its arguments, with axis numbers in Keras's counting (the batch is
/// axis 0) turned into axes of the sample.
package struct FunctionCall {
    let name: String
    var graph: LoweredGraph
    let inputs: [Int]
    let call: LayerCall
    let attributes: JSONObject
    private let keywords = SeenKeywords()

    // MARK: Arguments

    /// The argument at a position or under a keyword; nil when it is absent or null.
    func argument(_ position: Int, _ keyword: String) -> LayerCall.Argument? {
        keywords.seen.insert(keyword)
        if call.positional.indices.contains(position) {
            let argument = call.positional[position]
            return argument == .value(.null) ? nil : argument
        }
        return call[keyword]
    }

    /// An argument as a value: a tensor, or a number or array that is the same for every row.
    mutating func value(_ position: Int, _ keyword: String = "x") throws(LeptonError) -> Int {
        guard let argument = argument(position, keyword) else {
            throw LeptonError(
                .invalidArgument, argument: "\(name).\(keyword)", expected: "a tensor", received: "nothing")
        }
        return try value(argument, keyword)
    }

    mutating func value(_ argument: LayerCall.Argument, _ keyword: String) throws(LeptonError) -> Int {
        switch argument {
        case .tensor(let place): return inputs[place]
        case .value(let value):
            let constant = try FunctionCall.constant(value, "\(name).\(keyword)")
            return try graph.operations.addConstant(constant.values, shape: constant.shape)
        case .list(let items):
            // A nested list of numbers is an array; one with tensors in it is stacked.
            if let json = FunctionCall.json(argument) {
                let constant = try FunctionCall.constant(json, "\(name).\(keyword)")
                return try graph.operations.addConstant(constant.values, shape: constant.shape)
            }
            var values: [Int] = []
            for item in items { values.append(try value(item, keyword)) }
            throw LeptonError(
                .invalidArgument, argument: "\(name).\(keyword)", expected: "one tensor",
                received: "a list of \(values.count)")
        }
    }

    /// Several tensors: a list, or all positional arguments.
    mutating func values(_ keyword: String = "xs") throws(LeptonError) -> [Int] {
        guard case .list(let items)? = argument(0, keyword) else { return [try value(0, keyword)] }
        guard !items.isEmpty else {
            throw LeptonError(
                .invalidArgument, argument: "\(name).\(keyword)", expected: "at least one tensor", received: "none")
        }
        var values: [Int] = []
        for item in items { values.append(try value(item, keyword)) }
        return values
    }

    private static func json(_ argument: LayerCall.Argument) -> JSONValue? {
        switch argument {
        case .tensor: return nil
        case .value(let value): return value
        case .list(let items):
            let values = items.compactMap(json)
            return values.count == items.count ? .array(values) : nil
        }
    }

    /// Numbers in JSON, nested lists of them, or Keras's form of a NumPy array.
    static func constant(
        _ value: JSONValue, _ argument: String
    ) throws(LeptonError) -> (values: [Float], shape: [Int]) {
        if let object = value.objectValue, object["class_name"]?.stringValue == "__numpy__" {
            return try constant(object["config"]?.objectValue?["value"] ?? .null, argument)
        }
        if let number = value.doubleValue { return ([Float(number)], []) }
        if let flag = value.boolValue { return ([flag ? 1 : 0], []) }
        guard let items = value.arrayValue else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "a tensor, a number or an array of numbers",
                received: value.kindName)
        }
        var values: [Float] = []
        var shape: [Int]?
        for item in items {
            let part = try constant(item, argument)
            guard shape == nil || shape == part.shape else {
                throw LeptonError(
                    .shapeMismatch, argument: argument, expected: "rows of one length", received: "a ragged list")
            }
            shape = part.shape
            values += part.values
        }
        return (values, [items.count] + (shape ?? []))
    }

    // MARK: Attributes

    /// A setting of the function: an attribute of its config, or a keyword of the call.
    func setting(_ keyword: String) -> JSONValue? {
        keywords.seen.insert(keyword)
        if let value = attributes[keyword], !value.isNull { return FunctionCall.plain(value) }
        guard let argument = call[keyword], let value = FunctionCall.json(argument) else { return nil }
        return FunctionCall.plain(value)
    }

    private static func plain(_ value: JSONValue) -> JSONValue {
        guard let object = value.objectValue, object["class_name"]?.stringValue == "__tuple__" else { return value }
        return .array((object["items"]?.arrayValue ?? []).map(plain))
    }

    func flag(_ keyword: String) -> Bool { setting(keyword)?.boolValue ?? false }

    func number(_ keyword: String, default standard: Double) throws(LeptonError) -> Double {
        guard let value = setting(keyword) else { return standard }
        guard let number = value.doubleValue else { throw wrong(keyword, "a number", value) }
        return number
    }

    func integer(_ keyword: String) throws(LeptonError) -> Int? {
        guard let value = setting(keyword) else { return nil }
        guard let number = value.intValue else { throw wrong(keyword, "a whole number", value) }
        return number
    }

    /// One whole number or a list of them.
    func integers(_ keyword: String) throws(LeptonError) -> [Int]? {
        guard let value = setting(keyword) else { return nil }
        if let number = value.intValue { return [number] }
        let numbers = (value.arrayValue ?? []).compactMap(\.intValue)
        guard let items = value.arrayValue, numbers.count == items.count else {
            throw wrong(keyword, "whole numbers", value)
        }
        return numbers
    }

    func wrong(_ keyword: String, _ expected: String, _ value: JSONValue?) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: "\(name).\(keyword)", expected: expected, received: value?.kindName ?? "nothing"
        )
    }

    /// Refuses keywords of the call that the function did not ask for.
    ///
    /// - Parameter known: settings that it has, be they asked for or not.
    /// - Throws: `invalidArgument`.
    func checkKeywords(known: [String]) throws(LeptonError) {
        for keyword in call.keywords where keyword.argument != .value(.null) {
            guard keywords.seen.contains(keyword.name) || known.contains(keyword.name) else {
                throw unknownName(
                    "argument of keras.ops.\(snakeCase(name))", keyword.name, known: keywords.seen.union(known).sorted()
                )
            }
        }
    }

    // MARK: Axes

    func isShared(_ value: Int) -> Bool { graph.operations.isShared(value) }
    func shape(_ value: Int) -> [Int] { graph.operations.sampleShapes[value] }

    /// Number of axes as Keras counts them, the batch's included.
    func rank(_ value: Int) -> Int { shape(value).count + (isShared(value) ? 0 : 1) }

    /// An axis of the sample, from one in Keras's counting.
    func sampleAxis(_ axis: Int, of value: Int, extra: Int = 0) throws(LeptonError) -> Int {
        let rank = rank(value) + extra
        guard axis >= -rank, axis < rank else {
            throw LeptonError(
                .invalidArgument, argument: "\(name).axis", expected: "an axis in \(-rank) ... \(rank - 1)",
                received: "\(axis)")
        }
        let positive = axis < 0 ? axis + rank : axis
        guard !isShared(value) else { return positive }
        guard positive > 0 else { throw batchAxis() }
        return positive - 1
    }

    func batchAxis() -> LeptonError {
        LeptonError(
            .notSupported,
            "keras.ops.\(snakeCase(name)): axis 0 is the batch, whose rows are computed apart from each other; use the "
                + "other axes (in a loss, reduce the batch only in the last step)")
    }

    /// The axes of a reduction; nil for all of a value that is the same for every row.
    func reducedAxes(of value: Int) throws(LeptonError) -> [Int]? {
        guard let axes = try integers("axis") else {
            guard isShared(value) else { throw batchAxis() }
            return nil
        }
        var sample: [Int] = []
        for axis in axes { sample.append(try sampleAxis(axis, of: value)) }
        return sample
    }
}

/// Which keywords a function has asked for while it was lowered.
private final class SeenKeywords {
    var seen: Set<String> = []
}
