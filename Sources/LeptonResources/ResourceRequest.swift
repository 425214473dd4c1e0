import LeptonTensor

/// What a job asks for. All of it is granted, or nothing.
///
/// A value of this type is always valid: its initialiser checks every argument. Error messages call arguments by
/// their names in C and Python (`cores_per_node`).
public struct ResourceRequest: Sendable, Hashable {
    /// Compute nodes, at least 1.
    public let nodes: Int
    /// Cores on each node, at least 1.
    public let coresPerNode: Int
    /// Bytes of memory reserved on each node; 0 reserves none.
    public let memoryPerNode: Int
    /// Bytes of storage that all nodes share; 0 reserves none.
    public let storageBytes: Int
    /// Seconds until the resources go back by themselves; infinity: when the allocation is closed.
    public let leaseSeconds: Double
    /// Free text by name that comes back in the usage records, such as the team to charge.
    public let labels: [String: String]

    /// - Throws: `invalidArgument` that names the argument: a count below 1, a negative size, a lease that is not
    ///   above 0, sizes whose total does not fit in 64 bits, more than 50 labels, label names that are empty or
    ///   longer than 128 bytes, label values longer than 256 bytes, control characters in either.
    public init(
        nodes: Int = 1, coresPerNode: Int = 1, memoryPerNode: Int = 0, storageBytes: Int = 0,
        leaseSeconds: Double = .infinity, labels: [String: String] = [:]
    ) throws(LeptonError) {
        try requireAtLeast(1, nodes, "nodes")
        try requireAtLeast(1, coresPerNode, "cores_per_node")
        try requireAtLeast(0, memoryPerNode, "memory_per_node")
        try requireAtLeast(0, storageBytes, "storage_bytes")
        try requireProduct(nodes, coresPerNode, "cores_per_node")
        try requireProduct(nodes, memoryPerNode, "memory_per_node")
        _ = try Lease.validated(seconds: leaseSeconds, argument: "lease_seconds")
        try validateLabels(labels)
        self.nodes = nodes
        self.coresPerNode = coresPerNode
        self.memoryPerNode = memoryPerNode
        self.storageBytes = storageBytes
        self.leaseSeconds = leaseSeconds
        self.labels = labels
    }

    /// Everything asked for, over all nodes.
    public var total: ResourceShape {
        // The initialiser has checked that the products fit.
        ResourceShape(cores: nodes &* coresPerNode, memoryBytes: nodes &* memoryPerNode, storageBytes: storageBytes)
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
