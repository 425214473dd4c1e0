import LeptonTensor

/// A tenant's claim on a pool: what its requests may hold together, and how much counts as its own.
public struct ResourceQueue: Sendable, Hashable {
    public let name: String
    /// Its claim relative to other queues, 1 to 1,000,000: when there is not enough for all, dominant shares come to
    /// stand as the weights do (Ghodsi et al., "Dominant Resource Fairness", NSDI 2011).
    public let weight: Int
    /// What it has a right to. What it holds beyond that is borrowed, and goes back when others within theirs need it.
    /// Nil: nothing it holds counts as borrowed.
    public let quota: ResourceShape?
    /// What it may hold beyond the quota; nil: as much as there is.
    public let borrowing: ResourceShape?

    /// - Throws: `invalidArgument` for a name that is empty, longer than 128 bytes or has control characters, for a
    ///   weight out of range and for negative amounts.
    public init(
        name: String, weight: Int = 1, quota: ResourceShape? = nil, borrowing: ResourceShape? = nil
    ) throws(LeptonError) {
        try validateName(name, "queue", mayBeEmpty: false)
        try requireRange(weight, 1...1_000_000, "weight", nil)
        for shape in [quota, borrowing].compactMap(\.self) {
            for resource in Resource.allCases { try requireAtLeast(0, shape[resource], resource.rawValue) }
        }
        self.name = name
        self.weight = weight
        self.quota = quota
        self.borrowing = borrowing
    }
}

extension ResourceQueue {
    /// Queues as JSON:
    ///
    ///     [{"name": "research", "weight": 2, "quota": {"cores": 8}, "borrowing": {"cores": 4}}]
    ///
    /// In a quota, a resource that is not named is not limited.
    ///
    /// - Throws: `invalidArgument` that names the field; `invalidArgument` for a field that is not known.
    package static func list(json: JSONValue) throws(LeptonError) -> [ResourceQueue] {
        guard let items = json.arrayValue else {
            throw LeptonError(
                .invalidArgument, argument: "queues", expected: "a list of queues", received: json.kindName)
        }
        var queues: [ResourceQueue] = []
        for item in items { queues.append(try ResourceQueue(json: item)) }
        return queues
    }

    private init(json: JSONValue) throws(LeptonError) {
        guard let object = json.objectValue, let name = object["name"]?.stringValue else {
            throw LeptonError(
                .invalidArgument, argument: "queues", expected: "an object with a 'name'", received: json.kindName)
        }
        for key in object.keys where !["name", "weight", "quota", "borrowing"].contains(key) {
            throw LeptonError(
                .invalidArgument, argument: "queues", expected: "name, weight, quota or borrowing",
                received: "'\(key.prefix(64))'")
        }
        var weight = 1
        if let value = object["weight"] {
            guard let number = value.intValue else {
                throw LeptonError(
                    .invalidArgument, argument: "weight", expected: "a whole number", received: value.kindName)
            }
            weight = number
        }
        try self.init(
            name: name, weight: weight, quota: ResourceQueue.shape(object["quota"], "quota"),
            borrowing: ResourceQueue.shape(object["borrowing"], "borrowing"))
    }

    private static func shape(_ json: JSONValue?, _ argument: String) throws(LeptonError) -> ResourceShape? {
        guard let json, !json.isNull else { return nil }
        guard let object = json.objectValue else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "an object of amounts", received: json.kindName)
        }
        // Beyond what any pool has, and far from where sums overflow.
        let unlimited = Int.max / 8
        var shape = ResourceShape(
            cores: unlimited, memoryBytes: unlimited, storageBytes: unlimited, accelerators: unlimited)
        for key in object.keys {
            guard let resource = Resource(rawValue: key) else {
                throw LeptonError(
                    .invalidArgument, argument: argument, expected: "cores, memory, storage or accelerators",
                    received: "'\(key.prefix(64))'")
            }
            guard let amount = object[key]?.intValue, amount >= 0 else {
                throw LeptonError(
                    .invalidArgument, argument: "\(argument).\(key)", expected: "a whole number, at least 0",
                    received: object[key]?.kindName ?? "nothing")
            }
            shape[resource] = min(amount, unlimited)
        }
        return shape
    }
}
