extension Scheduler {
    /// Keeps room for the first of a queue that would otherwise never get any.
    ///
    /// Small requests that come and go fill every gap, so that a larger one would wait for as long as there are any,
    /// and its tenant would fall behind its fair share. So the first of a queue that has less than another queue is
    /// promised a node that is nearly free enough: nobody else is placed there until it is. A queue has no more than
    /// one promise for every 128 nodes, and one more, which bounds what stands idle.
    ///
    /// - Returns: whether something was promised; the request is placed as soon as it is there.
    mutating func reserve(for slot: Int) -> Bool {
        let record = requests.base[slot]
        let queue = Int(record.queue)
        guard isReserving, policy == .packed, record.constraint == FreeIndex.none, record.least == 1,
            queues.base[queue].reserved <= index.nodes.count / 128, isBehind(queue),
            let node = index.nearlyFreeNode(for: record.demand)
        else { return false }
        dequeue(slot)
        addPart(slot, node: node, count: 1)
        requests.base[slot].state = .promised
        requests.base[slot].isReserved = true
        requests.base[slot].debts = 1
        parts.base[Int(requests.base[slot].firstPart)].isWaiting = true
        index.nodes.base[node].waiting &+= 1
        promises &+= 1
        queues.base[queue].reserved &+= 1
        hold(slot)
        return true
    }

    /// Whether another queue has more for each unit of its weight.
    private func isBehind(_ queue: Int) -> Bool {
        for other in 0..<queues.count where other != queue && fair.precedes(queue, other) { return true }
        return false
    }

    /// A promise is kept or was given up.
    mutating func forgetPromise(_ slot: Int) {
        promises &-= 1
        guard requests.base[slot].isReserved else { return }
        requests.base[slot].isReserved = false
        let queue = Int(requests.base[slot].queue)
        queues.base[queue].reserved &-= 1
        // The next one may be promised something now.
        if queues.base[queue].count > 0, queues.base[queue].limited & 1 == 0 {
            queues.base[queue].ready |= 1
            fair.setWaiting(queue, true)
        }
    }
}

extension FreeIndex {
    /// Of nodes that are large enough for a request, one that lacks little for it: the best of the first 24 with the
    /// most free cores.
    func nearlyFreeNode(for demand: Amounts) -> Int? {
        guard demand.fits(in: largest) else { return nil }
        var best: Int?
        var bestLack = Int.max
        var looked = 0
        // Free accelerators are the hardest to come by, so a node that has them comes first.
        for grid in startGrid(for: demand)..<gridCount where best == nil {
            var left = rows.base[grid]
            while left != 0, looked < 24 {
                let row = LevelScale.count &- 1 &- left.leadingZeroBitCount
                left &= ~(1 << UInt64(row))
                var mask = columns.base[grid &* LevelScale.count &+ row]
                while mask != 0, looked < 24 {
                    let column = LevelScale.count &- 1 &- mask.leadingZeroBitCount
                    mask &= ~(1 << UInt64(column))
                    var node = cells.base[(grid &* LevelScale.count &+ row) &* LevelScale.count &+ column].head
                    while node != FreeIndex.none, looked < 24 {
                        looked &+= 1
                        let record = nodes.base[Int(node)]
                        let isCandidate = record.waiting == 0 && demand.fits(in: capacities.base[Int(node)])
                        let lack = lack(of: record.free, for: demand)
                        if isCandidate, lack < bestLack { (best, bestLack) = (Int(node), lack) }
                        node = record.next
                    }
                }
            }
        }
        return best
    }

    /// What is missing of cores and memory, in parts of the largest node.
    private func lack(of free: Amounts, for demand: Amounts) -> Int {
        coreLevels.part(max(demand.cores &- free.cores, 0)) &+ memoryLevels.part(max(demand.memory &- free.memory, 0))
    }
}
