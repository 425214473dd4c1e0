extension Scheduler {
    /// Decides all that can be decided now.
    ///
    /// The queue with the smallest weighted dominant share goes first; in a queue, the highest priority, then the
    /// oldest. One that has no room lets up to 63 others of its queue pass. Nothing is tried twice unless something
    /// changed for it.
    ///
    /// - Parameter decisions: new ones are appended, in the order in which they were taken.
    package mutating func decide(into decisions: inout [Decision]) {
        reconsider()
        while let queue = fair.next {
            let position = queues.base[queue].ready.trailingZeroBitCount
            let slot = Int(windows.base[queue &* QueueRecord.window &+ position].request)
            if isWithinLimit(slot) {
                let found = place(slot, requests.base[slot].least)
                if found == requests.base[slot].least {
                    grant(slot)
                } else {
                    undo(slot)
                    if !preempt(for: slot, missing: requests.base[slot].least &- found),
                        position > 0 || !reserve(for: slot)
                    {
                        block(queue, position, missing: requests.base[slot].least &- found)
                    }
                }
            } else {
                queues.base[queue].limited |= 1 << UInt64(position)
                block(queue, position, missing: 0)
            }
        }
        if !outbox.isEmpty {
            decisions.append(contentsOf: outbox)
            outbox.removeAll(keepingCapacity: true)
        }
    }

    // MARK: One request

    /// Whether the queue may hold the request, and the shared storage is there.
    private func isWithinLimit(_ slot: Int) -> Bool {
        let record = requests.base + slot
        guard record.pointee.sharedStorage <= sharedFree else { return false }
        let state = queues.base + Int(record.pointee.queue)
        guard state.pointee.hasQuota else { return true }
        return (state.pointee.used &+ needs(slot)).fits(in: state.pointee.limit)
    }

    /// What a request takes at least.
    func needs(_ slot: Int) -> Amounts {
        let record = requests.base + slot
        return record.pointee.demand &* Int(record.pointee.least)
            &+ Amounts(storage: record.pointee.sharedStorage)
    }

    /// Finds nodes for up to `count` of the request's and takes them.
    ///
    /// - Returns: how many were found.
    mutating func place(_ slot: Int, _ count: Int32) -> Int32 {
        let demand = requests.base[slot].demand
        let constraint = constraints[requests.base[slot].constraint]
        var found: Int32 = 0
        while found < count {
            let node: Int
            var times = 1
            if let constraint {
                guard let chosen = constrainedNode(for: slot, constraint) else { break }
                node = chosen
            } else if policy == .packed {
                guard let chosen = index.bestNode(for: demand) else { break }
                node = chosen
                if count > 1 { times = index.nodes.base[node].free.room(for: demand, atMost: Int(count &- found)) }
            } else {
                guard let chosen = scoredNode(for: demand) else { break }
                node = chosen
            }
            addPart(slot, node: node, count: times)
            found &+= Int32(truncatingIfNeeded: times)
        }
        return found
    }

    /// Takes back what `place` took in vain.
    mutating func undo(_ slot: Int) {
        while requests.base[slot].firstPart != FreeIndex.none {
            removePart(Int(requests.base[slot].firstPart), isFreed: false)
        }
    }

    /// The request has the nodes it needs at least, all of them free.
    private mutating func grant(_ slot: Int) {
        dequeue(slot)
        if pendingCount == 0 { growAtStart(slot) }
        hold(slot)
        start(slot)
    }

    /// With nobody waiting, a request starts with as many nodes as it can use.
    private mutating func growAtStart(_ slot: Int) {
        let record = requests.base[slot]
        var more = Int(record.most &- record.count)
        guard more > 0 else { return }
        let state = queues.base[Int(record.queue)]
        if state.hasQuota {
            let rest = state.limit &- state.used &- needs(slot)
            more = rest.room(for: record.demand, atMost: more)
        }
        _ = place(slot, Int32(truncatingIfNeeded: more))
    }

    /// Counts what the request has as its queue's.
    mutating func hold(_ slot: Int) {
        let record = requests.base[slot]
        sharedFree &-= record.sharedStorage
        if record.constraint != FreeIndex.none { tagsChanged = true }
        use(record.demand &* Int(record.count) &+ Amounts(storage: record.sharedStorage), queue: Int(record.queue))
    }

    /// What the request was promised is there.
    mutating func keepPromise(_ slot: Int) {
        forgetPromise(slot)
        start(slot)
    }

    mutating func start(_ slot: Int) {
        requests.base[slot].state = .running
        linkRunning(slot)
        outbox.append(
            Decision(kind: .placed, request: id(of: slot), nodes: Int(requests.base[slot].count), cause: nil))
    }

    // MARK: What waits for room

    private mutating func block(_ queue: Int, _ place: Int, missing: Int32) {
        let entry = windows.base + (queue &* QueueRecord.window &+ place)
        let state = queues.base + queue
        state.pointee.ready &= ~(1 << UInt64(place))
        // Rules of where a request may go make room hard to count: any that fits is worth a try.
        let isConstrained = state.pointee.constrained >> UInt64(place) & 1 == 1
        entry.pointee.missing = isConstrained ? min(missing, 1) : missing
        if missing > 0 { state.pointee.least = state.pointee.least.minimum(entry.pointee.demand) }
        fair.setWaiting(queue, state.pointee.ready != 0)
    }

    /// Marks the waiting requests for which something changed.
    private mutating func reconsider() {
        if freed.count > 0 {
            for queue in 0..<queues.count { reconsiderRoom(queue) }
            freed.removeAll()
            pass &+= 1
        }
        if sharedFreed || tagsChanged {
            for queue in 0..<queues.count where queues.base[queue].count > 0 {
                if sharedFreed { reopen(queue) }
                if tagsChanged { reopenConstrained(queue) }
            }
            (sharedFreed, tagsChanged) = (false, false)
        }
    }

    private mutating func reopenConstrained(_ queue: Int) {
        let state = queues.base + queue
        state.pointee.ready |= state.pointee.constrained & ~state.pointee.limited
        fair.setWaiting(queue, state.pointee.ready != 0)
    }

    private mutating func reconsiderRoom(_ queue: Int) {
        let state = queues.base + queue
        let entries = windows.base + queue &* QueueRecord.window
        let all = state.pointee.count == QueueRecord.window ? UInt64.max : (1 << UInt64(state.pointee.count)) &- 1
        var blocked = all & ~(state.pointee.ready | state.pointee.limited)
        guard blocked != 0 else {
            state.pointee.least = Amounts(repeating: .max)
            return
        }
        var wasLooked = false
        for position in 0..<freed.count {
            let node = index.nodes.base + Int(freed.base[position])
            guard node.pointee.isAlive, state.pointee.least.fits(in: node.pointee.free) else { continue }
            wasLooked = true
            var left = blocked
            while left != 0 {
                let place = left.trailingZeroBitCount
                left &= left &- 1
                let entry = entries + place
                let room = node.pointee.free.room(
                    for: entry.pointee.demand, atMost: Int(max(entry.pointee.missing, 1)))
                guard room > 0 else { continue }
                entry.pointee.missing &-= Int32(truncatingIfNeeded: room)
                if entry.pointee.missing <= 0 { blocked &= ~(1 << UInt64(place)) }
            }
        }
        guard wasLooked else { return }
        var least = Amounts(repeating: .max)
        var left = blocked
        while left != 0 {
            least = least.minimum(entries[left.trailingZeroBitCount].demand)
            left &= left &- 1
        }
        state.pointee.least = least
        state.pointee.ready = all & ~(blocked | state.pointee.limited)
        fair.setWaiting(queue, state.pointee.ready != 0)
    }
}
