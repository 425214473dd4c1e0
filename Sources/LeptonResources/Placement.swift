import LeptonTensor

/// Cores and memory node by node, and the storage they share: a pool, or what is free of one.
struct Pool: Sendable {
    var cores: [Int]
    var memory: [Int]
    var storage: Int

    var total: ResourceShape {
        // The allocator that made the pool has checked that the sums fit.
        ResourceShape(
            cores: cores.reduce(0, &+), memoryBytes: memory.reduce(0, &+), storageBytes: storage)
    }

    /// How many nodes of the requested shape a node of the pool has room for.
    func room(on index: Int, for request: ResourceRequest) -> Int {
        let byCores = cores[index] / request.coresPerNode
        guard request.memoryPerNode > 0 else { return byCores }
        return min(byCores, memory[index] / request.memoryPerNode)
    }

    /// Where the requested nodes go; nil when they do not all fit.
    ///
    /// - Complexity: O(nodes of the pool), plus the nodes granted.
    func place(_ request: ResourceRequest) -> Placement? {
        guard request.storageBytes <= storage else { return nil }
        var placement = Placement(request: request)
        var missing = request.nodes
        for index in cores.indices where missing > 0 {
            let count = min(room(on: index, for: request), missing)
            guard count > 0 else { continue }
            placement.counts.append((node: index, count: count))
            missing -= count
        }
        return missing == 0 ? placement : nil
    }

    mutating func take(_ placement: Placement) { move(placement, sign: -1) }
    mutating func giveBack(_ placement: Placement) { move(placement, sign: 1) }

    // Never overflows: what is moved was counted in the pool before.
    private mutating func move(_ placement: Placement, sign: Int) {
        for (node, count) in placement.counts {
            cores[node] &+= sign &* count &* placement.request.coresPerNode
            memory[node] &+= sign &* count &* placement.request.memoryPerNode
        }
        storage &+= sign &* placement.request.storageBytes
    }
}

/// Where the nodes of one request are.
struct Placement: Sendable {
    let request: ResourceRequest
    /// Requested nodes by node of the pool.
    var counts: [(node: Int, count: Int)] = []

    init(request: ResourceRequest) { self.request = request }

    /// "compute-2" is alone on its node of the pool, "compute-2.0" and "compute-2.1" share it.
    var nodes: [Node] {
        let shape = ResourceShape(cores: request.coresPerNode, memoryBytes: request.memoryPerNode)
        var nodes = counts.flatMap { node, count in
            (0..<count).map { slot in
                Node(
                    id: count == 1 ? "compute-\(node)" : "compute-\(node).\(slot)", kind: .compute, shape: shape)
            }
        }
        if request.storageBytes > 0 {
            nodes.append(
                Node(id: "storage-0", kind: .storage, shape: ResourceShape(storageBytes: request.storageBytes)))
        }
        return nodes
    }
}

/// Why a request was refused: the resource, the amount asked, the amount free, and whether it can ever be granted.
func refusal(of request: ResourceRequest, free: Pool, pool: Pool) -> LeptonError {
    let neverFits = pool.place(request) == nil
    // Judged against what stands in the way: the whole pool if even that is too small.
    let room = neverFits ? pool : free
    let now = neverFits ? "" : " free now"
    let outlook = neverFits ? "all there is, so it can never be granted" : "it fits once others release"
    guard let resource = shortResource(for: request, in: room) else {
        let count = room.cores.indices.reduce(0) { $0 &+ room.room(on: $1, for: request) }
        return LeptonError(
            .resourceExhausted, argument: "nodes",
            expected: "at most \(count) nodes\(now) of \(request.coresPerNode) cores and \(request.memoryPerNode) "
                + "bytes of memory each (\(outlook))",
            received: "\(request.nodes)")
    }
    let unit = resource.unit
    let (asked, available) = (request.total[resource], room.total[resource])
    var received = "\(asked)\(unit)"
    var expected = "at most \(available)\(unit)\(now)"
    if !neverFits { expected += " of \(pool.total[resource])\(unit)" }
    if resource != .storage {
        received += " (\(request.nodes) \(request.nodes == 1 ? "node" : "nodes") of \(asked / request.nodes)\(unit))"
        if asked <= available {
            // Enough in sum, but not in pieces of the requested size.
            let pieces = resource == .memory ? room.memory : room.cores
            expected = "at most \(pieces.max() ?? 0)\(unit)\(now) on one node, \(available)\(unit) over all"
        }
    }
    return LeptonError(
        .resourceExhausted, argument: resource.name, expected: "\(expected) (\(outlook))", received: received)
}

/// The first resource that alone would already prevent a placement; nil when only the combination does.
private func shortResource(for request: ResourceRequest, in room: Pool) -> Resource? {
    if request.storageBytes > room.storage { return .storage }
    if nodesThatFit(room.cores, request.coresPerNode) < request.nodes { return .cores }
    if request.memoryPerNode > 0, nodesThatFit(room.memory, request.memoryPerNode) < request.nodes { return .memory }
    return nil
}

private func nodesThatFit(_ amounts: [Int], _ each: Int) -> Int {
    // At most one per unit of a total that fits in 64 bits.
    amounts.reduce(0) { $0 &+ $1 / each }
}
