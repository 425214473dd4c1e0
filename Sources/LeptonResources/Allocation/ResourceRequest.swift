import LeptonTensor

/// What a job asks for. All of it is granted, or nothing.
///
/// A value of this type is always valid: its initialiser checks every argument. Error messages call arguments by
/// their names in C and Python (`cores_per_node`).
public struct ResourceRequest: Sendable, Hashable {
    /// Compute nodes wanted, at least 1.
    public let nodes: Int
    /// The job can start, and go on, with this many nodes. Nil: it starts with `nodes` and no fewer, and may later be
    /// resized down to 1.
    public let minimumNodes: Int?
    /// The most nodes that the job may grow to. Nil: it does not grow by itself, but may be resized to any number.
    public let maximumNodes: Int?
    /// Cores on each node, at least 1.
    public let coresPerNode: Int
    /// Bytes of memory reserved on each node; 0 reserves none.
    public let memoryPerNode: Int
    /// Accelerators reserved on each node; 0 reserves none.
    public let acceleratorsPerNode: Int
    /// Bytes of storage that all nodes share; 0 reserves none.
    public let storageBytes: Int
    /// Requests of a higher priority are served first, and may take the nodes of those of a lower one.
    public let priority: Int
    /// The queue that the request waits in, and whose quota it counts against.
    public let queue: String
    /// Who pays; "" for nobody in particular.
    public let tenant: String
    /// A request that is repeated with the same key gets the allocation that the first one got; nil: each is new.
    public let idempotencyKey: String?
    /// Seconds until the resources go back by themselves; infinity: when the allocation is closed.
    public let leaseSeconds: Double
    /// Free text by name that comes back in the usage records, such as the team to charge.
    public let labels: [String: String]

    /// The queue that every allocator has.
    public static let defaultQueue = "default"

    /// - Parameters:
    ///   - minimumNodes: 1 to `nodes`.
    ///   - maximumNodes: at least `nodes`.
    ///   - priority: -1000 to 1000.
    /// - Throws: `invalidArgument` that names the argument: a count below 1, a negative size, a minimum above the
    ///   maximum, a lease that is not above 0, sizes whose total does not fit in 64 bits, more than 50 labels, label
    ///   names that are empty or longer than 128 bytes, label values longer than 256 bytes, control characters in
    ///   either or in a queue's or tenant's name.
    public init(
        nodes: Int = 1, minimumNodes: Int? = nil, maximumNodes: Int? = nil, coresPerNode: Int = 1,
        memoryPerNode: Int = 0, acceleratorsPerNode: Int = 0, storageBytes: Int = 0, priority: Int = 0,
        queue: String = ResourceRequest.defaultQueue, tenant: String = "", idempotencyKey: String? = nil,
        leaseSeconds: Double = .infinity, labels: [String: String] = [:]
    ) throws(LeptonError) {
        try requireAtLeast(1, nodes, "nodes")
        try requireRange(minimumNodes ?? nodes, 1...nodes, "min_nodes", "'nodes'")
        try requireRange(maximumNodes ?? nodes, nodes...Int.max, "max_nodes", "'nodes'")
        try requireAtLeast(1, coresPerNode, "cores_per_node")
        try requireAtLeast(0, memoryPerNode, "memory_per_node")
        try requireAtLeast(0, acceleratorsPerNode, "accelerators_per_node")
        try requireAtLeast(0, storageBytes, "storage_bytes")
        let most = maximumNodes ?? nodes
        try requireProduct(most, coresPerNode, "cores_per_node")
        try requireProduct(most, memoryPerNode, "memory_per_node")
        try requireProduct(most, acceleratorsPerNode, "accelerators_per_node")
        try requireRange(priority, -1000...1000, "priority", nil)
        try validateName(queue, "queue", mayBeEmpty: false)
        try validateName(tenant, "tenant", mayBeEmpty: true)
        if let idempotencyKey { try validateName(idempotencyKey, "idempotency_key", mayBeEmpty: false) }
        _ = try Lease.validated(seconds: leaseSeconds, argument: "lease_seconds")
        try validateLabels(labels)
        self.nodes = nodes
        self.minimumNodes = minimumNodes
        self.maximumNodes = maximumNodes
        self.coresPerNode = coresPerNode
        self.memoryPerNode = memoryPerNode
        self.acceleratorsPerNode = acceleratorsPerNode
        self.storageBytes = storageBytes
        self.priority = priority
        self.queue = queue
        self.tenant = tenant
        self.idempotencyKey = idempotencyKey
        self.leaseSeconds = leaseSeconds
        self.labels = labels
    }

    /// Everything asked for, over all nodes wanted.
    public var total: ResourceShape { total(nodes: nodes) }

    /// Node counts that are an answer to the request.
    var grantableNodes: ClosedRange<Int> { (minimumNodes ?? nodes)...nodes }
    /// Node counts that its allocation may be resized to.
    var resizableNodes: ClosedRange<Int> { (minimumNodes ?? 1)...(maximumNodes ?? .max) }

    /// Node counts that a job may ask for by itself.
    package var autoscalingRange: ClosedRange<Int> { (minimumNodes ?? 1)...(maximumNodes ?? nodes) }

    /// Everything that the job holds when it has this many nodes.
    func total(nodes: Int) -> ResourceShape {
        // Checked where the number comes from: by the initialiser, or before a resize.
        ResourceShape(
            cores: nodes &* coresPerNode, memoryBytes: nodes &* memoryPerNode, storageBytes: storageBytes,
            accelerators: nodes &* acceleratorsPerNode)
    }

    /// One node's part.
    var nodeShape: ResourceShape {
        ResourceShape(cores: coresPerNode, memoryBytes: memoryPerNode, accelerators: acceleratorsPerNode)
    }
}

/// The most of a resource that a pool may have: what the placement core counts up to.
let largestTotal = Int.max / 4

func requireTotal(_ nodes: Int, _ value: Int, _ argument: String) throws(LeptonError) {
    try requireProduct(nodes, value, argument)
    guard nodes &* value <= largestTotal else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "a total over all nodes of at most \(largestTotal)",
            received: "\(nodes) nodes of \(value)")
    }
}

func requireRange(
    _ value: Int, _ range: ClosedRange<Int>, _ argument: String, _ bound: String?
) throws(LeptonError) {
    guard range.contains(value) else {
        let ends =
            range.upperBound == .max ? "at least \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        throw LeptonError(
            .invalidArgument, argument: argument, expected: ends + (bound.map { " (\($0))" } ?? ""),
            received: "\(value)")
    }
}

func validateName(_ name: String, _ argument: String, mayBeEmpty: Bool) throws(LeptonError) {
    guard mayBeEmpty || !name.isEmpty, name.utf8.count <= 128, !hasControlCharacters(name) else {
        let length = mayBeEmpty ? "at most" : "1 to"
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "\(length) 128 bytes without control characters",
            received: "\(name.utf8.count) bytes")
    }
}

func requireAtLeast(_ minimum: Int, _ value: Int, _ argument: String) throws(LeptonError) {
    guard value >= minimum else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "a whole number, at least \(minimum)",
            received: "\(value)")
    }
}

func requireProduct(_ nodes: Int, _ value: Int, _ argument: String) throws(LeptonError) {
    guard !nodes.multipliedReportingOverflow(by: value).overflow else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "a total over all nodes that fits in 64 bits",
            received: "\(nodes) nodes of \(value)")
    }
}

private func validateLabels(_ labels: [String: String]) throws(LeptonError) {
    func refuse(_ expected: String, _ received: String) -> LeptonError {
        LeptonError(.invalidArgument, argument: "labels", expected: expected, received: received)
    }
    guard labels.count <= 50 else { throw refuse("at most 50 labels", "\(labels.count)") }
    for (name, value) in labels.sorted(by: { $0.key < $1.key }) {
        guard !name.isEmpty else { throw refuse("label names that are not empty", "an empty name") }
        guard name.utf8.count <= 128 else {
            throw refuse("label names of at most 128 bytes", "one of \(name.utf8.count) bytes")
        }
        guard value.utf8.count <= 256 else {
            throw refuse("label values of at most 256 bytes", "\(value.utf8.count) bytes for '\(name)'")
        }
        // They are printed in reports, where control characters could rewrite the terminal.
        guard !hasControlCharacters(name), !hasControlCharacters(value) else {
            throw refuse("labels without control characters", "one with a control character")
        }
    }
}

func hasControlCharacters(_ text: String) -> Bool {
    text.unicodeScalars.contains { $0.properties.generalCategory == .control }
}
