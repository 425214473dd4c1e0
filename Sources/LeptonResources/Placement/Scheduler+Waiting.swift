extension Scheduler {
    // MARK: Order of waiting requests

    /// Higher priorities first, then older requests.
    func precedes(_ a: Int, _ b: Int) -> Bool {
        let (first, second) = (requests.base + a, requests.base + b)
        return first.pointee.priority == second.pointee.priority
            ? first.pointee.sequence < second.pointee.sequence
            : first.pointee.priority > second.pointee.priority
    }

    mutating func enqueue(_ slot: Int) {
        let queue = Int(requests.base[slot].queue)
        queues.base[queue].pending &+= 1
        pendingCount &+= 1
        requests.base[slot].state = .pending
        guard queues.base[queue].count == QueueRecord.window else { return insertIntoWindow(slot) }
        let last = Int(windows.base[(queue &+ 1) &* QueueRecord.window &- 1].request)
        guard precedes(slot, last) else { return insertBeyond(slot) }
        removeFromWindow(queue, QueueRecord.window &- 1)
        insertBeyond(last)
        insertIntoWindow(slot)
    }

    /// Puts a request that has run before all others of its priority.
    mutating func requeue(_ slot: Int) {
        firstSequence &-= 1
        requests.base[slot].sequence = firstSequence
        enqueue(slot)
    }

    /// Takes a request out of its queue, whose window is filled up.
    mutating func dequeue(_ slot: Int) {
        let queue = Int(requests.base[slot].queue)
        queues.base[queue].pending &-= 1
        pendingCount &-= 1
        if requests.base[slot].isInWindow {
            let first = queue &* QueueRecord.window
            var place = 0
            while windows.base[first &+ place].request != Int32(truncatingIfNeeded: slot) { place &+= 1 }
            removeFromWindow(queue, place)
            if let next = levels[queue].first?.head {
                removeFromBeyond(Int(next))
                insertIntoWindow(Int(next))
            }
        } else {
            removeFromBeyond(slot)
        }
        fair.setWaiting(queue, queues.base[queue].ready != 0)
    }

    private mutating func insertIntoWindow(_ slot: Int) {
        let record = requests.base + slot
        let queue = Int(record.pointee.queue)
        let (state, entries) = (queues.base + queue, windows.base + queue &* QueueRecord.window)
        var place = state.pointee.count
        while place > 0, precedes(slot, Int(entries[place &- 1].request)) {
            entries[place] = entries[place &- 1]
            place &-= 1
        }
        entries[place] = WindowEntry(
            demand: record.pointee.demand, request: Int32(truncatingIfNeeded: slot), missing: 0)
        record.pointee.isInWindow = true
        state.pointee.count &+= 1
        func spread(_ bits: UInt64, _ bit: UInt64) -> UInt64 {
            let below = (UInt64(1) << UInt64(place)) &- 1
            return bits & below | (bits & ~below) << 1 | bit << UInt64(place)
        }
        state.pointee.ready = spread(state.pointee.ready, 1)
        state.pointee.limited = spread(state.pointee.limited, 0)
        let isConstrained = record.pointee.constraint != FreeIndex.none
        state.pointee.constrained = spread(state.pointee.constrained, isConstrained ? 1 : 0)
        fair.setWaiting(queue, true)
    }

    private mutating func removeFromWindow(_ queue: Int, _ place: Int) {
        let (state, entries) = (queues.base + queue, windows.base + queue &* QueueRecord.window)
        requests.base[Int(entries[place].request)].isInWindow = false
        state.pointee.count &-= 1
        for later in place..<state.pointee.count { entries[later] = entries[later &+ 1] }
        func close(_ bits: UInt64) -> UInt64 {
            let below = (UInt64(1) << UInt64(place)) &- 1
            return bits & below | (bits >> 1) & ~below
        }
        state.pointee.ready = close(state.pointee.ready)
        state.pointee.limited = close(state.pointee.limited)
        state.pointee.constrained = close(state.pointee.constrained)
    }

    private mutating func insertBeyond(_ slot: Int) {
        let (queue, priority) = (Int(requests.base[slot].queue), requests.base[slot].priority)
        var at = 0
        while at < levels[queue].count, levels[queue][at].priority > priority { at &+= 1 }
        if at == levels[queue].count || levels[queue][at].priority != priority {
            levels[queue].insert(PendingLevel(priority: priority), at: at)
        }
        // It is either the youngest, or one that leaves the window or has run, and is before all that are here.
        let head = levels[queue][at].head
        let isFirst = head == FreeIndex.none || precedes(slot, Int(head))
        let after = isFirst ? FreeIndex.none : levels[queue][at].tail
        levels[queue][at].link(slot, after: after, requests.base)
    }

    private mutating func removeFromBeyond(_ slot: Int) {
        let (queue, priority) = (Int(requests.base[slot].queue), requests.base[slot].priority)
        var at = 0
        while levels[queue][at].priority != priority { at &+= 1 }
        levels[queue][at].unlink(slot, requests.base)
        if levels[queue][at].head == FreeIndex.none { levels[queue].remove(at: at) }
    }

    // MARK: Running requests

    /// Puts a request first among the running ones of its priority: its work at risk begins now.
    mutating func linkRunning(_ slot: Int) {
        let priority = requests.base[slot].priority
        let at = runningLevel(priority)
        if at == running.count || running[at].priority != priority {
            running.insert(PendingLevel(priority: priority), at: at)
        }
        running[at].link(slot, after: FreeIndex.none, requests.base)
        running[at].held = running[at].held &+ held(slot)
        runningCount &+= 1
        starts &+= 1
    }

    mutating func unlinkRunning(_ slot: Int) {
        let at = runningLevel(requests.base[slot].priority)
        running[at].unlink(slot, requests.base)
        running[at].held = running[at].held &- held(slot)
        runningCount &-= 1
        if running[at].head == FreeIndex.none { running.remove(at: at) }
    }

    /// A running request has more than before, or less.
    mutating func holdMore(_ amounts: Amounts, _ slot: Int) {
        let at = runningLevel(requests.base[slot].priority)
        running[at].held = running[at].held &+ amounts
        use(amounts, queue: Int(requests.base[slot].queue))
    }

    /// Where a priority is in `running`, or would be.
    private func runningLevel(_ priority: Int32) -> Int {
        var (low, high) = (0, running.count)
        while low < high {
            let middle = (low &+ high) / 2
            if running[middle].priority < priority { low = middle &+ 1 } else { high = middle }
        }
        return low
    }
}
