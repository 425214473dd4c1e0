import LeptonTensor

/// Who grants resources: the machine itself (`LocalAllocator`), a host application's own scheduler, a remote
/// service.
///
/// Requirements are synchronous and answer at once, with a grant or with a refusal that says why. They are so
/// because of who has to implement them: a host does it in C callbacks, which cannot suspend, and a decision
/// about counters needs no waiting. A remote allocator makes one short round trip. Waiting for resources to
/// become free is a matter for a queue in front of an allocator, not for the allocator.
///
/// Implementations must be safe to call from several threads at once, and must not call back into the
/// allocation they are serving.
public protocol ResourceAllocator: Sendable {
    /// Everything that could be granted if nothing were.
    var capacity: ResourceShape { get }

    /// What is granted now.
    var allocated: ResourceShape { get }

    /// Grants all of the request or throws.
    ///
    /// - Throws: `resourceExhausted` that names the resource, the amount asked and the amount free, and says
    ///   whether the request could ever be granted.
    func grant(_ request: ResourceRequest) throws(LeptonError) -> Grant

    /// Takes a grant back. An unknown identifier (released already, lease over) is no error: releases may cross
    /// with the end of a lease.
    func release(_ id: String)

    /// Moves the end of a grant's lease to `seconds` from now; infinity for no end.
    /// - Throws: `notFound` when the grant is not held any more.
    func renew(_ id: String, seconds: Double) throws(LeptonError)
}

/// What an allocator answers to a request.
public struct Grant: Sendable, Hashable {
    /// Unique for the allocator; 1 to 36 bytes.
    public let id: String
    /// As many compute nodes as requested, and a storage node when storage was.
    public let nodes: [Node]
    /// Seconds until the grant ends by itself; may be shorter than requested. Infinity: it does not.
    public let leaseSeconds: Double

    public init(id: String, nodes: [Node], leaseSeconds: Double) {
        self.id = id
        self.nodes = nodes
        self.leaseSeconds = leaseSeconds
    }

    /// Why this is no answer to `request`; nil when it is one. Allocators of hosts may be wrong, too.
    func defect(asAnswerTo request: ResourceRequest) -> String? {
        guard (1...36).contains(id.utf8.count), !hasControlCharacters(id) else {
            return "an identifier of \(id.utf8.count) bytes, where 1 to 36 printable ones are allowed"
        }
        let compute = nodes.filter { $0.kind == .compute }
        guard compute.count == request.nodes else {
            return "\(compute.count) compute nodes, where \(request.nodes) were requested"
        }
        for node in compute {
            guard node.shape.cores >= request.coresPerNode, node.shape.memoryBytes >= request.memoryPerNode else {
                return "node '\(node.id)' with \(node.shape.cores) cores and \(node.shape.memoryBytes) bytes of "
                    + "memory, where \(request.coresPerNode) and \(request.memoryPerNode) were requested"
            }
        }
        guard leaseSeconds > 0 else { return "a lease of \(leaseSeconds) seconds" }
        return nil
    }
}

extension ResourceAllocator {
    /// Requests resources and wraps the grant in an `Allocation`, which gives them back when it is closed, when
    /// its lease ends, or when the last reference to it goes away.
    ///
    /// - Parameter meter: keeps the account of what was used.
    /// - Throws: what `grant` throws; `internalError` when the allocator's answer does not fit the request.
    public func allocate(_ request: ResourceRequest, meter: Meter) throws(LeptonError) -> Allocation {
        // The lease is counted from before the request was sent, so that it never outlasts the allocator's own.
        let start = meter.time.monotonic()
        let grant = try grant(request)
        if let defect = grant.defect(asAnswerTo: request) {
            release(grant.id)
            throw LeptonError(.internalError, "the allocator answered with \(defect)")
        }
        return Allocation(grant: grant, request: request, allocator: self, meter: meter, start: start)
    }
}
