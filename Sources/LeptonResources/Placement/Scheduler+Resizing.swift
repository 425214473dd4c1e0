import LeptonTensor

extension Scheduler {
    /// Gives a running request more nodes, as many as there is room for, its queue's limit and its maximum respected.
    ///
    /// Those that wait go first: while anybody does, nothing is given.
    ///
    /// - Returns: how many were added.
    /// - Throws: `notFound` for a request that has ended, `invalidState` for one that does not run,
    ///   `invalidArgument` for a number beyond its maximum or below what it has.
    package mutating func grow(_ id: RequestID, to count: Int) throws(LeptonError) -> Int {
        let slot = try runningSlot(of: id)
        let record = requests.base[slot]
        guard count >= Int(record.count), count <= Int(record.most) else {
            throw LeptonError(
                .invalidArgument, argument: "nodes", expected: "\(record.count) ... \(record.most) nodes",
                received: "\(count)")
        }
        guard pendingCount == 0 else { return 0 }
        var more = count &- Int(record.count)
        let state = queues.base[Int(record.queue)]
        if state.hasQuota { more = (state.limit &- state.used).room(for: record.demand, atMost: more) }
        let added = Int(place(slot, Int32(truncatingIfNeeded: more)))
        holdMore(record.demand &* added, slot)
        if added > 0, record.constraint != FreeIndex.none { tagsChanged = true }
        return added
    }

    /// Takes nodes from a running request. Those go that leave the most room where they were, so that nodes of the
    /// pool become free as a whole.
    ///
    /// - Returns: what was taken.
    /// - Throws: `notFound` for a request that has ended, `invalidState` for one that does not run,
    ///   `invalidArgument` for a number below its minimum or above what it has.
    package mutating func shrink(_ id: RequestID, to count: Int) throws(LeptonError) -> [Part] {
        let slot = try runningSlot(of: id)
        let record = requests.base[slot]
        guard count >= Int(record.least), count <= Int(record.count) else {
            throw LeptonError(
                .invalidArgument, argument: "nodes", expected: "\(record.least) ... \(record.count) nodes",
                received: "\(count)")
        }
        var order: [(rest: Int, node: Int32, part: Int32)] = []
        var part = record.firstPart
        while part != FreeIndex.none {
            let held = parts.base[Int(part)]
            let free = index.nodes.base[Int(held.node)].free &+ record.demand &* Int(held.count)
            let capacity = index.capacities.base[Int(held.node)]
            order.append((Scheduler.rest(of: free, capacity, after: Amounts()), held.node, part))
            part = held.nextOfRequest
        }
        order.sort { ($1.rest, $0.node) < ($0.rest, $1.node) }
        var taken: [Part] = []
        var excess = Int(record.count) &- count
        for candidate in order where excess > 0 {
            let times = min(excess, Int(parts.base[Int(candidate.part)].count))
            lower(Int(candidate.part), by: times)
            taken.append(Part(node: Int(candidate.node), count: times))
            excess &-= times
        }
        if !taken.isEmpty {
            holdMore(Amounts() &- record.demand &* (Int(record.count) &- count), slot)
            reopen(Int(record.queue))
            if record.constraint != FreeIndex.none { tagsChanged = true }
        }
        return taken
    }

    /// A node is gone. Requests that keep their minimum go on without it; the others wait in their queue again, before
    /// others of their priority, and lose their other nodes too. `decide` tells of both.
    ///
    /// - Throws: `notFound` for a node that there is not, or not any more.
    package mutating func loseNode(_ node: Int) throws(LeptonError) {
        guard (0..<index.nodes.count).contains(node), index.nodes.base[node].isAlive else {
            throw LeptonError(.notFound, "there is no node \(node): it was never added, or is lost already")
        }
        while index.nodes.base[node].firstPart != FreeIndex.none {
            let part = Int(index.nodes.base[node].firstPart)
            let slot = Int(parts.base[part].request)
            let record = requests.base[slot]
            let lost = parts.base[part].count
            if record.state == .running, record.count &- lost >= record.least {
                moveToFront(part)
                removePart(part, isFreed: true)
                holdMore(Amounts() &- record.demand &* Int(lost), slot)
                reopen(Int(record.queue))
                report(.shrunk, slot)
            } else {
                vacate(slot)
                requeue(slot)
                // A request that had only been promised something was never told so.
                if record.state != .promised { report(.requeued, slot) }
            }
        }
        index.remove(node)
        refreshShares()
    }

    /// Of nodes with nothing else on them, or of all that there are now, how many of a shape there is room for, at
    /// most `limit`; labels and other rules are not looked at.
    ///
    /// - Complexity: O(nodes).
    package func room(for shape: ResourceShape, atMost limit: Int, whenEmpty: Bool) -> Int {
        let demand = Amounts(shape)
        var sum = 0
        for node in 0..<index.nodes.count where sum < limit && index.nodes.base[node].isAlive {
            let room = whenEmpty ? index.capacities.base[node] : index.nodes.base[node].free
            sum &+= room.room(for: demand, atMost: limit &- sum)
        }
        return sum
    }

    private mutating func report(_ kind: Decision.Kind, _ slot: Int) {
        outbox.append(Decision(kind: kind, request: id(of: slot), nodes: Int(requests.base[slot].count), cause: nil))
    }

    private func runningSlot(of id: RequestID) throws(LeptonError) -> Int {
        guard let slot = slot(of: id) else {
            throw LeptonError(.notFound, "there is no such request: it has ended")
        }
        guard requests.base[slot].state == .running else {
            throw LeptonError(
                .invalidState, "the request does not run: it is \(requests.base[slot].state)")
        }
        return slot
    }

    private mutating func lower(_ part: Int, by times: Int) {
        let record = parts.base + part
        guard times < Int(record.pointee.count) else {
            moveToFront(part)
            return removePart(part, isFreed: true)
        }
        let (slot, node) = (Int(record.pointee.request), Int(record.pointee.node))
        record.pointee.count &-= Int32(truncatingIfNeeded: times)
        requests.base[slot].count &-= Int32(truncatingIfNeeded: times)
        constraints.change(requests.base[slot].constraint, node: node, by: 0 &- times)
        index.giveBack(requests.base[slot].demand &* times, to: node)
        noteFreed(node)
        if index.nodes.base[node].waiting > 0, index.nodes.base[node].free.isCovered { settle(node) }
    }

    /// Makes a part the first of its request, as `removePart` wants it.
    private mutating func moveToFront(_ part: Int) {
        let slot = Int(parts.base[part].request)
        let own = Int32(truncatingIfNeeded: part)
        var before = requests.base[slot].firstPart
        guard before != own else { return }
        while parts.base[Int(before)].nextOfRequest != own { before = parts.base[Int(before)].nextOfRequest }
        parts.base[Int(before)].nextOfRequest = parts.base[part].nextOfRequest
        parts.base[part].nextOfRequest = requests.base[slot].firstPart
        requests.base[slot].firstPart = own
    }
}
