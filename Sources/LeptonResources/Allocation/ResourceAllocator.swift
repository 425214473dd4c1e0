import LeptonTensor

/// Who grants resources: the machine itself (`LocalAllocator`), a host application's own scheduler, a remote
/// service.
///
/// Requirements are synchronous and answer at once, with a grant or with a refusal that says why. They are so
/// because of who has to implement them: a host does it in C callbacks, which cannot suspend, and a decision
/// about counters needs no waiting. An allocator with a queue takes requests that have to wait with `submit`, and
/// tells the observer when their turn has come; one that has none leaves the default, which refuses to wait.
///
/// Implementations must be safe to call from several threads at once, and must not call an observer while they
/// hold a lock that their own methods need.
public protocol ResourceAllocator: Sendable {
    /// Everything that could be granted if nothing were.
    var capacity: ResourceShape { get }

    /// What is granted now.
    var allocated: ResourceShape { get }

    /// Grants between the least and the wanted number of nodes, with all that belongs to them, or throws.
    ///
    /// - Throws: `resourceExhausted` that names the resource, the amount asked and the amount free, and says
    ///   whether the request could ever be granted.
    func grant(_ request: ResourceRequest) throws(LeptonError) -> Grant

    /// Takes a grant back, or a request that waits. An unknown identifier (released already, lease over) is no
    /// error: releases may cross with the end of a lease.
    func release(_ id: String)

    /// Moves the end of a grant's lease to `seconds` from now; infinity for no end.
    /// - Throws: `notFound` when the grant is not held any more.
    func renew(_ id: String, seconds: Double) throws(LeptonError)

    /// Gives a grant more nodes, or takes some away; those that stay keep their identifiers.
    ///
    /// - Returns: all nodes of the grant afterwards.
    /// - Throws: `resourceExhausted` when there are not enough, `notFound`; the grant is then as it was.
    func resize(_ id: String, nodes: Int) throws(LeptonError) -> [Node]

    /// Puts a request into the queue; it is granted when its turn comes, perhaps before this returns.
    ///
    /// - Parameters:
    ///   - id: what the grant will be called, unique.
    ///   - observer: held weakly; a request whose observer has gone away is dropped.
    /// - Throws: `resourceExhausted` when it could never be granted, `notFound` for an unknown queue.
    func submit(_ request: ResourceRequest, id: String, observer: any GrantObserver) throws(LeptonError)

    /// Names who is to be told what becomes of a grant; held weakly. An allocator that never takes anything back by
    /// itself leaves the default.
    func observe(_ id: String, _ observer: any GrantObserver)

    /// Notices what time has brought: leases that are over. Called while somebody waits.
    func refresh()

    /// Takes the nodes of a grant back and puts its request into the queue again: what the holder of a grant that
    /// was preempted calls once its work is at rest. Storage stays with the grant.
    ///
    /// - Throws: `notFound`.
    func requeue(_ id: String) throws(LeptonError)
}

/// Who is told what becomes of a request. Called on any thread.
public protocol GrantObserver: AnyObject, Sendable {
    /// The request's turn has come.
    func granted(_ grant: Grant)

    /// Somebody more important needs the nodes: to be answered with `requeue` as soon as the work is at rest. After
    /// `seconds` the nodes are taken away.
    func preempted(within seconds: Double, reason: String)

    /// Nodes are gone, with what was on them.
    func lost(_ nodes: Set<String>, reason: String)

    /// The grant is no more, though nobody released it.
    func ended(_ reason: String)
}

extension ResourceAllocator {
    public func resize(_ id: String, nodes: Int) throws(LeptonError) -> [Node] {
        throw LeptonError(
            .notSupported,
            "this allocator cannot resize an allocation: close it and request another one of \(nodes) nodes")
    }

    public func submit(_ request: ResourceRequest, id: String, observer: any GrantObserver) throws(LeptonError) {
        throw LeptonError(
            .notSupported, "this allocator has no queue: request without waiting, and try again when it is refused")
    }

    public func observe(_ id: String, _ observer: any GrantObserver) {}

    public func refresh() {}

    public func requeue(_ id: String) throws(LeptonError) {
        throw LeptonError(.notSupported, "this allocator has no queue: close the allocation and request another one")
    }
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
    ///
    /// - Parameter isAgain: whether it takes the place of a grant that had to give way.
    func defect(asAnswerTo request: ResourceRequest, isAgain: Bool = false) -> String? {
        guard (1...36).contains(id.utf8.count), !hasControlCharacters(id) else {
            return "an identifier of \(id.utf8.count) bytes, where 1 to 36 printable ones are allowed"
        }
        let count = isAgain ? request.resizableNodes : request.grantableNodes
        if let defect = nodes.defect(asAnswerTo: request, count: count) { return defect }
        guard leaseSeconds > 0 else { return "a lease of \(leaseSeconds) seconds" }
        return nil
    }
}

extension [Node] {
    var compute: [Node] { filter { $0.kind == .compute } }

    /// Why these are not the nodes that were requested; nil when they are.
    func defect(asAnswerTo request: ResourceRequest, count: ClosedRange<Int>) -> String? {
        guard count.contains(compute.count) else {
            let wanted =
                count.lowerBound == count.upperBound
                ? "\(count.upperBound)" : "\(count.lowerBound) to \(count.upperBound)"
            return "\(compute.count) compute nodes, where \(wanted) were requested"
        }
        guard Set(map(\.id)).count == self.count else { return "two nodes of one name" }
        for node in compute {
            guard node.shape.cores >= request.coresPerNode, node.shape.memoryBytes >= request.memoryPerNode,
                node.shape.accelerators >= request.acceleratorsPerNode
            else {
                return "node '\(node.id)' with \(node.shape.cores) cores, \(node.shape.memoryBytes) bytes of memory "
                    + "and \(node.shape.accelerators) accelerators, where \(request.coresPerNode), "
                    + "\(request.memoryPerNode) and \(request.acceleratorsPerNode) were requested"
            }
        }
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
        let allocation = Allocation(grant: grant, request: request, allocator: self, meter: meter, start: start)
        observe(grant.id, allocation)
        return allocation
    }

    /// Puts a request into the allocator's queue. The allocation is `pending` until its turn comes.
    ///
    /// - Throws: what `submit` throws.
    public func enqueue(_ request: ResourceRequest, meter: Meter) throws(LeptonError) -> Allocation {
        let allocation = Allocation(waitingFor: request, allocator: self, meter: meter)
        do throws(LeptonError) {
            try submit(request, id: allocation.id, observer: allocation)
        } catch {
            allocation.abandon()
            throw error
        }
        return allocation
    }
}
