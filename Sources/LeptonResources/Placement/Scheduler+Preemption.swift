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
    /// - Complexity: looks at no more than `victimLimit` parts of running requests of each priority, twice, and treats
    ///   no more as gone in all.
    mutating func preempt(for slot: Int, missing: Int32) -> Bool {
        let priority = requests.base[slot].priority
        guard missing > 0, let lowest = running.first, lowest.priority <= priority else { return false }
        let reclaims = hasQuotas && staysWithinQuota(slot)
        guard lowest.priority < priority || reclaims, couldHaveRoom(slot), !isFutile(slot, reclaims: reclaims) else {
            return false
        }
        var search = VictimSearch(missing: Int(missing), budget: victimLimit)
        var isEnough = false
        for level in running where level.priority <= priority && !isEnough {
            let isLower = level.priority < priority
            guard isLower || reclaims else { break }
            // Those that make room on their own before those that only do so together.
            for (borrowed, alone) in [(true, true), (true, false), (false, true), (false, false)] where !isEnough {
                guard borrowed ? hasQuotas : isLower else { continue }
                isEnough = lendAll(of: level, borrowed: borrowed, alone: alone, to: slot, &search)
            }
        }
        guard isEnough else {
            for victim in search.victims { takeBack(victim) }
            noteFutile(slot, reclaims: reclaims)
            return false
        }
        promise(slot, spare(search.victims, for: slot))
        return true
    }

    /// Whether the same or less was searched for in vain a short time ago: not a thousandth of those that run now
    /// have started since. Without this, each of many waiting requests would search again at each event. With fewer
    /// than a thousand running, one start is enough.
    private func isFutile(_ slot: Int, reclaims: Bool) -> Bool {
        let record = requests.base[slot]
        guard record.constraint == FreeIndex.none else { return false }
        for position in 0..<futile.count {
            let known = futile.base[position]
            if record.priority <= known.priority, record.least >= known.least,
                starts &- known.starts <= runningCount / 1024,
                known.demand.fits(in: record.demand), !reclaims || known.reclaiming == record.queue
            {
                return true
            }
        }
        return false
    }

    private mutating func noteFutile(_ slot: Int, reclaims: Bool) {
        let record = requests.base[slot]
        guard record.constraint == FreeIndex.none else { return }
        let made = FutileSearch(
            demand: record.demand, priority: record.priority, least: record.least,
            reclaiming: reclaims ? record.queue : FreeIndex.none, starts: starts)
        // The oldest of sixteen makes way.
        if futile.count < 16 { futile.append(made) } else { futile.base[futileCount % 16] = made }
        futileCount &+= 1
    }

    private struct VictimSearch {
        /// In the order in which they would have to leave.
        var victims: [Int] = []
        /// How many more nodes there has to be room for before it is worth a try.
        var missing: Int
        /// How many more parts may be treated as gone.
        var budget: Int
    }

    /// Whether the request would have room if all of its priority and below had left and nothing were scattered.
    private func couldHaveRoom(_ slot: Int) -> Bool {
        var free = index.free
        for level in running where level.priority <= requests.base[slot].priority { free = free &+ level.held }
        // Promises make what is free look less than it is; then only the search can tell.
        return promises > 0 || (requests.base[slot].demand &* Int(requests.base[slot].least)).fits(in: free)
    }

    /// Treats what running requests hold as free, one after the other, until the request has room.
    private mutating func lendAll(
        of level: PendingLevel, borrowed: Bool, alone: Bool, to slot: Int, _ search: inout VictimSearch
    ) -> Bool {
        let isLower = level.priority < requests.base[slot].priority
        let least = requests.base[slot].least
        var next = level.head
        var budget = victimLimit
        while next != FreeIndex.none, budget > 0, search.budget > 0 {
            let victim = Int(next)
            next = requests.base[victim].next
            // Those before it may have brought its queue within its quota, so it is asked only now.
            guard !requests.base[victim].isLent, hasBorrowed(victim) == borrowed,
                isLower || requests.base[victim].queue != requests.base[slot].queue
            else {
                budget &-= 1
                continue
            }
            let gain = gain(from: victim, to: slot, &budget)
            if alone, gain == 0 { continue }
            search.victims.append(victim)
            search.budget &-= lend(victim)
            search.missing &-= gain
            guard search.missing <= 0 else { continue }
            let found = place(slot, least)
            if found == least { return true }
            undo(slot)
            search.missing = Int(least &- found)
        }
        return false
    }

    /// How many more nodes of the request there would be room for without another.
    ///
    /// - Parameter budget: is lowered by the parts that were looked at.
    private func gain(from victim: Int, to slot: Int, _ budget: inout Int) -> Int {
        let (demand, held) = (requests.base[slot].demand, requests.base[victim].demand)
        let limit = Int(requests.base[slot].least)
        var gain = 0
        var part = requests.base[victim].firstPart
        while part != FreeIndex.none, gain < limit {
            let record = parts.base[Int(part)]
            part = record.nextOfRequest
            budget &-= 1
            let free = index.nodes.base[Int(record.node)].free
            let after = (free &+ held &* Int(record.count)).room(for: demand, atMost: limit)
            if after > 0 { gain &+= after &- free.room(for: demand, atMost: limit) }
        }
        return gain
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
                _ = lend(victim)
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
        promises &+= 1
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
        if requests.base[slot].debts == 0 { keepPromise(slot) }
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

    func held(_ slot: Int) -> Amounts { requests.base[slot].demand &* Int(requests.base[slot].count) }

    /// Treats what a request holds as free.
    ///
    /// - Returns: how many parts it has.
    private mutating func lend(_ victim: Int) -> Int {
        requests.base[victim].isLent = true
        var count = 0
        var part = requests.base[victim].firstPart
        while part != FreeIndex.none {
            let record = parts.base[Int(part)]
            part = record.nextOfRequest
            index.giveBack(requests.base[victim].demand &* Int(record.count), to: Int(record.node))
            count &+= 1
        }
        let queue = queues.base + Int(requests.base[victim].queue)
        queue.pointee.leaving = queue.pointee.leaving &+ held(victim)
        return count
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
