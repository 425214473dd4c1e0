/// One granted node.
public struct Node: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        /// Runs work.
        case compute
        /// Holds datasets and parameters.
        case storage
    }

    /// Unique within its allocation.
    public let id: String
    public let kind: Kind
    /// What of the node belongs to the allocation.
    public let shape: ResourceShape

    public init(id: String, kind: Kind, shape: ResourceShape) {
        self.id = id
        self.kind = kind
        self.shape = shape
    }
}

/// Where an allocation is in its life. Raw values equal the C enumeration `lepton_allocation_state`.
public enum AllocationState: Int32, Sendable, Hashable, CaseIterable {
    /// Requested, not granted yet.
    case pending = 0
    /// Granted and usable.
    case active = 1
    /// Finishing its work; takes no more.
    case draining = 2
    /// Closed by its owner.
    case released = 3
    /// Its lease ran out.
    case expired = 4
    /// Lost, for instance with its node.
    case failed = 5
}
