import LeptonTensor

extension Scheduler {
    /// Puts a request into its queue. `decide` says when it has its nodes.
    ///
    /// - Throws: `invalidArgument` for an unknown queue, fewer than 1 or too many nodes, amounts that are negative or
    ///   whose total is beyond a quarter of 64 bits. Requests larger than the pool wait: it may grow.
    package mutating func submit(_ spec: RequestSpec) throws(LeptonError) -> RequestID {
        guard (0..<queues.count).contains(spec.queue) else {
            throw LeptonError(
                .invalidArgument, argument: "queue", expected: "the number of a queue, 0 ..< \(queues.count)",
                received: "\(spec.queue)")
        }
        guard spec.nodes.lowerBound >= 1, spec.nodes.upperBound <= Scheduler.maximumNodes else {
            throw LeptonError(
                .invalidArgument, argument: "nodes", expected: "1 ... \(Scheduler.maximumNodes) nodes",
                received: "\(spec.nodes.lowerBound) ... \(spec.nodes.upperBound)")
        }
        try Scheduler.validate(spec.shape, times: spec.nodes.upperBound, argument: "shape")
        guard (0...Amounts.largest).contains(spec.sharedStorage) else {
            throw LeptonError(
                .invalidArgument, argument: "storage_bytes", expected: "0 ... \(Amounts.largest)",
                received: "\(spec.sharedStorage)")
        }
        let reused = unusedRequests.popLast()
        let generation = reused.map { requests.base[Int($0)].generation &+ 1 } ?? 0
        var record = RequestRecord(
            demand: Amounts(spec.shape), sharedStorage: spec.sharedStorage, sequence: nextSequence,
            priority: spec.priority, queue: Int32(truncatingIfNeeded: spec.queue),
            least: Int32(truncatingIfNeeded: spec.nodes.lowerBound),
            most: Int32(truncatingIfNeeded: spec.nodes.upperBound), generation: generation)
        nextSequence &+= 1
        if spec.isConstrained { record.constraint = constraints.add(spec) }
        let slot: Int
        if let reused {
            slot = Int(reused)
            requests.base[slot] = record
        } else {
            slot = requests.append(record)
        }
        enqueue(slot)
        return id(of: slot)
    }

    /// Ends a request: its nodes are free, or its place in the queue.
    ///
    /// - Returns: false when it had ended before.
    @discardableResult
    package mutating func release(_ id: RequestID) -> Bool {
        guard let slot = slot(of: id) else { return false }
        vacate(slot)
        constraints.remove(requests.base[slot].constraint)
        requests.base[slot].isAlive = false
        unusedRequests.append(id.slot)
        return true
    }

    /// A preempted request has stopped: its nodes go to who needs them, and it waits in its queue again, before others
    /// of its priority: it has been served before them once.
    ///
    /// - Returns: false when it had ended, or had not been asked to leave.
    @discardableResult
    package mutating func giveWay(_ id: RequestID) -> Bool {
        guard let slot = slot(of: id), requests.base[slot].state == .leaving else { return false }
        vacate(slot)
        requeue(slot)
        return true
    }

    /// Its work is safe up to now: of several that could make room, those leave first that lose the least.
    ///
    /// - Returns: false when it does not run.
    @discardableResult
    package mutating func noteCheckpoint(_ id: RequestID) -> Bool {
        guard let slot = slot(of: id), requests.base[slot].state == .running else { return false }
        unlinkRunning(slot)
        linkRunning(slot)
        return true
    }

    /// Takes a request out of wherever it is: out of the queue, or off its nodes.
    mutating func vacate(_ slot: Int) {
        let record = requests.base[slot]
        switch requests.base[slot].state {
        case .pending: return dequeue(slot)
        case .running: unlinkRunning(slot)
        case .promised: forgetPromise(slot)
        case .leaving:
            let queue = queues.base + Int(record.queue)
            queue.pointee.leaving = queue.pointee.leaving &- held(slot)
        }
        // Not promised anything any more: what becomes free here is for others.
        requests.base[slot].state = .pending
        while requests.base[slot].firstPart != FreeIndex.none {
            removePart(Int(requests.base[slot].firstPart), isFreed: true)
        }
        if record.sharedStorage > 0 {
            sharedFree &+= record.sharedStorage
            sharedFreed = true
        }
        if record.constraint != FreeIndex.none { tagsChanged = true }
        let held = record.demand &* Int(record.count) &+ Amounts(storage: record.sharedStorage)
        use(Amounts() &- held, queue: Int(record.queue))
        reopen(Int(record.queue))
    }

    /// A queue holds less than before: what its limit stopped is worth another try.
    mutating func reopen(_ queue: Int) {
        let state = queues.base + queue
        guard state.pointee.limited != 0 else { return }
        state.pointee.ready |= state.pointee.limited
        state.pointee.limited = 0
        fair.setWaiting(queue, true)
    }

    // MARK: Parts

    /// Puts `count` nodes of a request on a node of the pool.
    mutating func addPart(_ slot: Int, node: Int, count: Int) {
        let record = requests.base + slot
        let amounts = record.pointee.demand &* count
        index.take(amounts, from: node)
        record.pointee.count &+= Int32(truncatingIfNeeded: count)
        constraints.change(record.pointee.constraint, node: node, by: count)
        // A request that goes to the same node again has one part there.
        var part = record.pointee.firstPart
        if part != FreeIndex.none, parts.base[Int(part)].node == Int32(truncatingIfNeeded: node) {
            parts.base[Int(part)].count &+= Int32(truncatingIfNeeded: count)
            return
        }
        let onNode = index.nodes.base + node
        let made = PartRecord(
            node: Int32(truncatingIfNeeded: node), request: Int32(truncatingIfNeeded: slot),
            count: Int32(truncatingIfNeeded: count), nextOfRequest: part, nextOnNode: onNode.pointee.firstPart,
            previousOnNode: FreeIndex.none)
        if let reused = unusedParts.popLast() {
            part = reused
            parts.base[Int(part)] = made
        } else {
            part = Int32(truncatingIfNeeded: parts.append(made))
        }
        if made.nextOnNode != FreeIndex.none { parts.base[Int(made.nextOnNode)].previousOnNode = part }
        onNode.pointee.firstPart = part
        record.pointee.firstPart = part
    }

    /// Takes the first part of its request off its node.
    ///
    /// - Parameter isFreed: whether there is more room than before; false for a try that is undone.
    mutating func removePart(_ part: Int, isFreed: Bool) {
        let record = parts.base[part]
        let (slot, node) = (Int(record.request), Int(record.node))
        let request = requests.base + slot
        let amounts = request.pointee.demand &* Int(record.count)
        request.pointee.firstPart = record.nextOfRequest
        request.pointee.count &-= record.count
        constraints.change(request.pointee.constraint, node: node, by: -Int(record.count))
        if record.previousOnNode == FreeIndex.none {
            index.nodes.base[node].firstPart = record.nextOnNode
        } else {
            parts.base[Int(record.previousOnNode)].nextOnNode = record.nextOnNode
        }
        if record.nextOnNode != FreeIndex.none {
            parts.base[Int(record.nextOnNode)].previousOnNode = record.previousOnNode
        }
        if record.isWaiting {
            index.nodes.base[node].waiting &-= 1
            request.pointee.debts &-= 1
        }
        unusedParts.append(Int32(truncatingIfNeeded: part))
        index.giveBack(amounts, to: node)
        guard isFreed else { return }
        noteFreed(node)
        if index.nodes.base[node].waiting > 0, index.nodes.base[node].free.isCovered { settle(node) }
    }

    /// What was promised on a node is there now.
    mutating func settle(_ node: Int) {
        index.nodes.base[node].waiting = 0
        var part = index.nodes.base[node].firstPart
        while part != FreeIndex.none {
            let record = parts.base + Int(part)
            part = record.pointee.nextOnNode
            guard record.pointee.isWaiting else { continue }
            record.pointee.isWaiting = false
            let slot = Int(record.pointee.request)
            requests.base[slot].debts &-= 1
            if requests.base[slot].debts == 0, requests.base[slot].state == .promised { keepPromise(slot) }
        }
    }
}
