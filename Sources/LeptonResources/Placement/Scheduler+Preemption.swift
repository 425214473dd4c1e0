extension Scheduler {
    /// Makes room for a request that has none by asking others to leave, and promises it their nodes.
    ///
    /// Who may have to leave: those of lower priority, and those of equal priority that have borrowed what they hold
    /// when the request's queue stays within its quota. In this order: lower priorities first; of equal ones, borrowed
    /// first; then who loses the least work, that is who started or saved its state last. From those that suffice,
    /// every one is left alone that turns out not to be needed, the most valuable first.
    ///
    /// - Parameter missing: how many more nodes it needs than are free.
    /// - Returns: whether enough will leave. The request is placed as soon as they have.
    /// - Complexity: considers at most `victimLimit` running requests.
    mutating func preempt(for slot: Int, missing: Int32) -> Bool {
        let priority = requests.base[slot].priority
        guard missing > 0, let lowest = running.first, lowest.priority <= priority else { return false }
        let reclaims = staysWithinQuota(slot)
        guard lowest.priority < priority || reclaims else { return false }
        var search = VictimSearch(missing: Int(missing))
        var isEnough = false
        for level in running where level.priority <= priority && !isEnough {
            isEnough = lendAll(of: level, borrowed: true, to: slot, reclaims: reclaims, &search)
            if !isEnough, level.priority < priority {
                isEnough = lendAll(of: level, borrowed: false, to: slot, reclaims: reclaims, &search)
            }
        }
        guard isEnough else {
            for victim in search.victims { takeBack(victim) }
            return false
        }
        promise(slot, spare(search.victims, for: slot))
        return true
    }

    private struct VictimSearch {
        /// In the order in which they would have to leave.
        var victims: [Int] = []
        /// How many more nodes there has to be room for before it is worth a try.
        var missing: Int
        var considered = 0
    }

    /// Treats what running requests hold as free, one after the other, until the request has room.
    private mutating func lendAll(
        of level: PendingLevel, borrowed: Bool, to slot: Int, reclaims: Bool, _ search: inout VictimSearch
    ) -> Bool {
        let isLower = level.priority < requests.base[slot].priority
        var next = level.head
        while next != FreeIndex.none, search.considered < victimLimit {
            let victim = Int(next)
            next = requests.base[victim].next
            search.considered &+= 1
            // Those before it may have brought its queue within its quota, so it is asked only now.
            guard !requests.base[victim].isLent, hasBorrowed(victim) == borrowed else { continue }
            if !isLower, !reclaims || requests.base[victim].queue == requests.base[slot].queue { continue }
            search.victims.append(victim)
            search.missing &-= lend(victim, to: slot)
            guard search.missing <= 0 else { continue }
            let found = place(slot, requests.base[slot].least)
            if found == requests.base[slot].least { return true }
            undo(slot)
            search.missing = Int(requests.base[slot].least &- found)
        }
        return false
    }

    /// Leaves alone those victims without whom there is room as well, the most valuable first.
    ///
    /// - Returns: those that have to leave. All have what they hold again, so that their nodes owe it to the request.
    private mutating func spare(_ victims: [Int], for slot: Int) -> [Int] {
        var needed: [Int] = []
        for victim in victims.reversed() {
            takeBack(victim)
            var owes = false
            forEachPart(of: victim) { part in
                owes = owes || (!index.nodes.base[Int(part.node)].free.isCovered && has(slot, partOn: part.node))
            }
            if owes {
                needed.append(victim)
                _ = lend(victim, to: slot)
            }
        }
        for victim in needed { takeBack(victim) }
        return needed.reversed()
    }

    private func has(_ slot: Int, partOn node: Int32) -> Bool {
        // Its parts came last and are first on their nodes.
        var part = index.nodes.base[Int(node)].firstPart
        while part != FreeIndex.none {
            let record = parts.base[Int(part)]
            if record.request == Int32(truncatingIfNeeded: slot) { return true }
            part = record.nextOnNode
        }
        return false
    }

    /// The request has its nodes, and waits for the victims to give them up.
    private mutating func promise(_ slot: Int, _ victims: [Int]) {
        dequeue(slot)
        requests.base[slot].state = .promised
        hold(slot)
        for victim in victims {
            unlinkRunning(victim)
            requests.base[victim].state = .leaving
            let queue = queues.base + Int(requests.base[victim].queue)
            queue.pointee.leaving = queue.pointee.leaving &+ held(victim)
            outbox.append(
                Decision(
                    kind: .preempted, request: id(of: victim), nodes: Int(requests.base[victim].count),
                    cause: id(of: slot)))
        }
        var part = requests.base[slot].firstPart
        while part != FreeIndex.none {
            let record = parts.base + Int(part)
            part = record.pointee.nextOfRequest
            let node = index.nodes.base + Int(record.pointee.node)
            guard !node.pointee.free.isCovered else { continue }
            record.pointee.isWaiting = true
            node.pointee.waiting &+= 1
            requests.base[slot].debts &+= 1
        }
        if requests.base[slot].debts == 0 { start(slot) }
    }

    private func staysWithinQuota(_ slot: Int) -> Bool {
        let state = queues.base[Int(requests.base[slot].queue)]
        return state.hasQuota && (state.used &+ needs(slot)).fits(in: state.quota)
    }

    /// Whether the request's queue holds more than its quota, even when all have left that were asked to.
    private func hasBorrowed(_ slot: Int) -> Bool {
        let state = queues.base[Int(requests.base[slot].queue)]
        return state.hasQuota && !(state.used &- state.leaving).fits(in: state.quota)
    }

    private func held(_ slot: Int) -> Amounts { requests.base[slot].demand &* Int(requests.base[slot].count) }

    /// Treats what a request holds as free.
    ///
    /// - Returns: how many more nodes of the other request the nodes have room for then.
    private mutating func lend(_ victim: Int, to slot: Int) -> Int {
        requests.base[victim].isLent = true
        let (demand, limit) = (requests.base[slot].demand, Int(requests.base[slot].least))
        var gained = 0
        var part = requests.base[victim].firstPart
        while part != FreeIndex.none {
            let record = parts.base[Int(part)]
            part = record.nextOfRequest
            let node = Int(record.node)
            let before = index.nodes.base[node].free.room(for: demand, atMost: limit)
            index.giveBack(requests.base[victim].demand &* Int(record.count), to: node)
            gained &+= index.nodes.base[node].free.room(for: demand, atMost: limit) &- before
        }
        let queue = queues.base + Int(requests.base[victim].queue)
        queue.pointee.leaving = queue.pointee.leaving &+ held(victim)
        return gained
    }

    private mutating func takeBack(_ victim: Int) {
        requests.base[victim].isLent = false
        var part = requests.base[victim].firstPart
        while part != FreeIndex.none {
            let record = parts.base[Int(part)]
            part = record.nextOfRequest
            index.take(requests.base[victim].demand &* Int(record.count), from: Int(record.node))
        }
        let queue = queues.base + Int(requests.base[victim].queue)
        queue.pointee.leaving = queue.pointee.leaving &- held(victim)
    }
}
