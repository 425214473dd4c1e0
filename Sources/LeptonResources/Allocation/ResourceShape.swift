import LeptonTensor

/// An amount of every resource at once: what a node has, what a request asks for, what a pool has left.
public struct ResourceShape: Sendable, Hashable {
    /// CPU cores.
    public var cores: Int
    /// Main memory in bytes.
    public var memoryBytes: Int
    /// Storage in bytes.
    public var storageBytes: Int
    /// GPUs and their like.
    public var accelerators: Int

    public init(cores: Int = 0, memoryBytes: Int = 0, storageBytes: Int = 0, accelerators: Int = 0) {
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.storageBytes = storageBytes
        self.accelerators = accelerators
    }

    public static let zero = ResourceShape()

    /// Both amounts together.
    /// - Throws: `outOfMemory` naming the resource whose sum does not fit in 64 bits.
    public func adding(_ other: ResourceShape) throws(LeptonError) -> ResourceShape {
        try combined(with: other) { $0.addingReportingOverflow($1) }
    }

    /// What is left after taking `other` away; the result may be negative.
    /// - Throws: `outOfMemory` naming the resource whose difference does not fit in 64 bits.
    public func subtracting(_ other: ResourceShape) throws(LeptonError) -> ResourceShape {
        try combined(with: other) { $0.subtractingReportingOverflow($1) }
    }

    private func combined(
        with other: ResourceShape, _ operation: (Int, Int) -> (partialValue: Int, overflow: Bool)
    ) throws(LeptonError) -> ResourceShape {
        var result = self
        for resource in Resource.allCases {
            let (value, overflow) = operation(self[resource], other[resource])
            guard !overflow else {
                throw LeptonError(
                    .outOfMemory, argument: resource.name, expected: "amounts that stay within 64 bits",
                    received: "\(self[resource]) and \(other[resource])")
            }
            result[resource] = value
        }
        return result
    }

    /// The amount of one resource.
    public subscript(resource: Resource) -> Int {
        get {
            switch resource {
            case .cores: cores
            case .memory: memoryBytes
            case .storage: storageBytes
            case .accelerators: accelerators
            }
        }
        set {
            switch resource {
            case .cores: cores = newValue
            case .memory: memoryBytes = newValue
            case .storage: storageBytes = newValue
            case .accelerators: accelerators = newValue
            }
        }
    }
}

/// The resources that are counted.
public enum Resource: String, Sendable, Hashable, CaseIterable {
    case cores, memory, storage, accelerators

    /// As an error message calls it.
    package var name: String {
        switch self {
        case .cores: "CPU cores"
        case .memory: "memory"
        case .storage: "storage"
        case .accelerators: "accelerators"
        }
    }

    /// What an amount of it is counted in, "" when the name says it.
    package var unit: String {
        switch self {
        case .cores, .accelerators: ""
        case .memory, .storage: " bytes"
        }
    }
}
