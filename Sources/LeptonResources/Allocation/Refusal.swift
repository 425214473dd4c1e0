import LeptonTensor

/// Free amounts node by node, and of the storage that nodes share: what an error message is worked out from.
struct Room {
    var nodes: [ResourceShape]
    var storage: Int

    var total: ResourceShape {
        // The allocator that has the nodes has checked that the sums fit.
        var total = ResourceShape(storageBytes: storage)
        for node in nodes {
            total.cores &+= node.cores
            total.memoryBytes &+= node.memoryBytes
            total.accelerators &+= node.accelerators
        }
        return total
    }

    /// How many nodes of a requested shape fit.
    func count(of shape: ResourceShape) -> Int {
        nodes.reduce(0) { sum, node in
            sum &+ (Resource.perNode.filter { shape[$0] > 0 }.map { node[$0] / shape[$0] }.min() ?? 0)
        }
    }

    func fits(_ request: ResourceRequest) -> Bool {
        request.storageBytes <= storage && count(of: request.nodeShape) >= request.grantableNodes.lowerBound
    }
}

extension Resource {
    static let perNode: [Resource] = [.cores, .memory, .accelerators]
}

/// Why a request was refused: the resource, the amount asked, the amount free, and whether it can ever be granted.
func refusal(of request: ResourceRequest, free: Room, pool: Room) -> LeptonError {
    let neverFits = !pool.fits(request)
    let least = request.grantableNodes.lowerBound
    // Judged against what stands in the way: the whole pool if even that is too small.
    let room = neverFits ? pool : free
    let now = neverFits ? "" : " free now"
    let outlook = neverFits ? "all there is, so it can never be granted" : "it fits once others release"
    guard let resource = shortResource(for: request, least: least, in: room) else {
        let accelerators = request.acceleratorsPerNode > 0 ? ", \(request.acceleratorsPerNode) accelerators" : ""
        return LeptonError(
            .resourceExhausted, argument: "nodes",
            expected: "at most \(room.count(of: request.nodeShape)) nodes\(now) of \(request.coresPerNode) "
                + "cores and \(request.memoryPerNode) bytes of memory\(accelerators) each (\(outlook))",
            received: "\(least)")
    }
    let unit = resource.unit
    let (asked, available) = (request.total(nodes: least)[resource], room.total[resource])
    var received = "\(asked)\(unit)"
    var expected = "at most \(available)\(unit)\(now)"
    if !neverFits { expected += " of \(pool.total[resource])\(unit)" }
    if resource != .storage {
        received += " (\(least) \(least == 1 ? "node" : "nodes") of \(asked / least)\(unit))"
        if asked <= available {
            // Enough in sum, but not in pieces of the requested size.
            let largest = room.nodes.map { $0[resource] }.max() ?? 0
            expected = "at most \(largest)\(unit)\(now) on one node, \(available)\(unit) over all"
        }
    }
    return LeptonError(
        .resourceExhausted, argument: resource.name, expected: "\(expected) (\(outlook))", received: received)
}

/// The first resource that alone would already prevent a placement; nil when only the combination does.
private func shortResource(for request: ResourceRequest, least: Int, in room: Room) -> Resource? {
    if request.storageBytes > room.storage { return .storage }
    return Resource.perNode.first { resource in
        let each = request.nodeShape[resource]
        // At most one per unit of a total that fits in 64 bits.
        return each > 0 && room.nodes.reduce(0) { $0 &+ $1[resource] / each } < least
    }
}
