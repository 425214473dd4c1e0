import LeptonTensor
import Synchronization

/// Grants the resources of this machine, or of as many nodes as one declares: threads stand for the nodes then,
/// and declared cores may exceed the machine's.
///
/// Requested nodes are placed first-fit: each goes to the first node of the pool that has the cores and the
/// memory left, so several requested nodes may share one node of the pool. Because all nodes of a request have
/// the same shape, first-fit finds a placement whenever there is one.
///
/// Leases that have run out are reclaimed at the next call. Threads: concurrent.
public final class LocalAllocator: ResourceAllocator {
    /// More nodes than this, in the pool or in one allocation, are refused: each is an object in this process.
    package static let maximumNodes = 65_536

    private let pool: Pool
    private let time: TimeSource
    private let state: Mutex<State>

    private struct State {
        var free: Pool
        var held: [String: Held] = [:]
        /// No lease ends before this; nil when none ends at all.
        var nextDeadline: UInt64?

        mutating func noteDeadline(_ deadline: UInt64?) {
            guard let deadline else { return }
            nextDeadline = min(nextDeadline ?? deadline, deadline)
        }
    }

    private struct Held {
        var placement: Placement
        var deadline: UInt64?
    }

    /// - Parameters:
    ///   - nodes: compute nodes to simulate; nil: one node that is this machine.
    ///   - coresPerNode: nil: 1 when `nodes` is given, otherwise the cores this process may run on (its CPU
    ///     affinity and its control group's quota taken into account).
    ///   - memoryPerNode: bytes; nil: the machine's memory (or the control group's limit) shared evenly.
    ///   - storageBytes: nil: what is free on the disk of `storageFolder` now.
    ///   - storageFolder: the folder of the store; nil: the working folder.
    /// - Throws: `invalidArgument` for counts below 1, negative sizes, more than 65,536 nodes and totals beyond
    ///   64 bits; what the system says when the folder's disk cannot be asked.
    public convenience init(
        nodes: Int? = nil, coresPerNode: Int? = nil, memoryPerNode: Int? = nil, storageBytes: Int? = nil,
        storageFolder: String? = nil
    ) throws(LeptonError) {
        try self.init(
            nodes: nodes, coresPerNode: coresPerNode, memoryPerNode: memoryPerNode, storageBytes: storageBytes,
            storageFolder: storageFolder, time: .system)
    }

    package init(
        nodes: Int? = nil, coresPerNode: Int? = nil, memoryPerNode: Int? = nil, storageBytes: Int? = nil,
        storageFolder: String? = nil, time: TimeSource
    ) throws(LeptonError) {
        let count = nodes ?? 1
        try requireAtLeast(1, count, "nodes")
        guard count <= LocalAllocator.maximumNodes else {
            throw LeptonError(
                .invalidArgument, argument: "nodes", expected: "at most \(LocalAllocator.maximumNodes) nodes",
                received: "\(count)")
        }
        let cores = coresPerNode ?? (nodes == nil ? Machine.availableCores() : 1)
        try requireAtLeast(1, cores, "cores_per_node")
        try requireProduct(count, cores, "cores_per_node")
        let memory = memoryPerNode ?? Machine.memoryBytes() / count
        try requireAtLeast(0, memory, "memory_per_node")
        try requireProduct(count, memory, "memory_per_node")
        let storage: Int
        if let storageBytes { storage = storageBytes } else { storage = try Machine.freeDisk(storageFolder ?? ".") }
        try requireAtLeast(0, storage, "storage_bytes")
        pool = Pool(
            cores: Array(repeating: cores, count: count), memory: Array(repeating: memory, count: count),
            storage: storage)
        self.time = time
        state = Mutex(State(free: pool))
    }

    public var capacity: ResourceShape { pool.total }

    public var allocated: ResourceShape {
        let now = time.monotonic()
        let free = state.withLock { state -> ResourceShape in
            LocalAllocator.reclaim(&state, now: now)
            return state.free.total
        }
        let total = pool.total
        // Free amounts lie between 0 and the total, so the differences fit.
        return ResourceShape(
            cores: total.cores &- free.cores, memoryBytes: total.memoryBytes &- free.memoryBytes,
            storageBytes: total.storageBytes &- free.storageBytes)
    }

    public func grant(_ request: ResourceRequest) throws(LeptonError) -> Grant {
        let now = time.monotonic()
        let id = UniqueID.make()
        let deadline = Lease.deadline(from: now, seconds: request.leaseSeconds)
        let placed = state.withLock { state -> Result<Placement, LeptonError> in
            LocalAllocator.reclaim(&state, now: now)
            guard let placement = state.free.place(request) else {
                return .failure(refusal(of: request, free: state.free, pool: pool))
            }
            guard request.nodes <= LocalAllocator.maximumNodes else {
                return .failure(
                    LeptonError(
                        .resourceExhausted, argument: "nodes",
                        expected: "at most \(LocalAllocator.maximumNodes) nodes in one allocation",
                        received: "\(request.nodes)"))
            }
            state.free.take(placement)
            state.held[id] = Held(placement: placement, deadline: deadline)
            state.noteDeadline(deadline)
            return .success(placement)
        }
        return Grant(id: id, nodes: try placed.get().nodes, leaseSeconds: request.leaseSeconds)
    }

    public func release(_ id: String) {
        let now = time.monotonic()
        state.withLock { state in
            LocalAllocator.reclaim(&state, now: now)
            if let held = state.held.removeValue(forKey: id) { state.free.giveBack(held.placement) }
        }
    }

    public func renew(_ id: String, seconds: Double) throws(LeptonError) {
        _ = try Lease.validated(seconds: seconds, argument: "seconds")
        let now = time.monotonic()
        let deadline = Lease.deadline(from: now, seconds: seconds)
        let isHeld = state.withLock { state -> Bool in
            LocalAllocator.reclaim(&state, now: now)
            guard state.held[id] != nil else { return false }
            state.held[id]?.deadline = deadline
            state.noteDeadline(deadline)
            return true
        }
        guard isHeld else {
            throw LeptonError(.notFound, "there is no allocation '\(id)': it was released, or its lease is over")
        }
    }

    private static func reclaim(_ state: inout State, now: UInt64) {
        guard Lease.isOver(state.nextDeadline, now: now) else { return }
        for (id, held) in state.held where Lease.isOver(held.deadline, now: now) {
            state.free.giveBack(held.placement)
            state.held[id] = nil
        }
        state.nextDeadline = state.held.values.compactMap(\.deadline).min()
    }
}

/// Identifiers of 36 characters in the form of a random (version 4) UUID, RFC 9562.
package enum UniqueID {
    package static func make() -> String {
        let high = UInt64.random(in: .min ... .max) & ~0xF000 | 0x4000
        let low = UInt64.random(in: .min ... .max) & ~(0xC0 << 56) | 0x80 << 56
        let digits = Array(hexadecimal(high) + hexadecimal(low))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    private static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
