extension Scheduler {
    // MARK: Rules of where

    /// The best node for one more of the request's among those that its rules allow.
    ///
    /// - Complexity: O(nodes).
    func constrainedNode(for slot: Int, _ constraint: ConstraintTable.Constraint) -> Int? {
        let demand = requests.base[slot].demand
        var here: [Int32: Int] = [:]
        if let key = constraint.spreadKey {
            forEachPart(of: slot) { part in
                let value = constraints.value(ofNode: Int(part.node), key: key)
                if let value { here[value] = (here[value] ?? 0) &+ Int(part.count) }
            }
        }
        var best: Int?
        var (bestCount, bestScore) = (Int.max, Int.max)
        for node in 0..<index.nodes.count where demand.fits(in: index.nodes.base[node].free) {
            guard index.nodes.base[node].isAlive, constraints.allows(constraint, node: node) else { continue }
            if constraint.onOwnNodes, has(slot, partOn: node) { continue }
            // Of the label's values the one with the fewest so far, then the node that is left the fullest.
            let count = constraint.spreadKey.flatMap { key in
                constraints.value(ofNode: node, key: key).map { here[$0] ?? 0 }
            }
            let score = Scheduler.rest(of: index.nodes.base[node].free, index.capacities.base[node], after: demand)
            if (count ?? 0, score) < (bestCount, bestScore) {
                (best, bestCount, bestScore) = (node, count ?? 0, score)
            }
        }
        return best
    }

    private func has(_ slot: Int, partOn node: Int) -> Bool {
        var found = false
        forEachPart(of: slot) { part in found = found || Int(part.node) == node }
        return found
    }

    func forEachPart(of slot: Int, _ body: (PartRecord) -> Void) {
        var part = requests.base[slot].firstPart
        while part != FreeIndex.none {
            body(parts.base[Int(part)])
            part = parts.base[Int(part)].nextOfRequest
        }
    }

    // MARK: Policies to compare with

    /// The node that the policy prefers among those that have room; of equals the first.
    ///
    /// - Complexity: O(nodes).
    func scoredNode(for demand: Amounts) -> Int? {
        var best: Int?
        var bestScore = Int.max
        for node in 0..<index.nodes.count {
            let free = index.nodes.base[node].free
            guard demand.fits(in: free), index.nodes.base[node].isAlive else { continue }
            if policy == .firstFit { return node }
            let score = score(free, index.capacities.base[node], demand)
            if score < bestScore { (best, bestScore) = (node, score) }
        }
        return best
    }

    private func score(_ free: Amounts, _ capacity: Amounts, _ demand: Amounts) -> Int {
        switch policy {
        case .packed, .firstFit: 0
        case .bestFit: Scheduler.rest(of: free, capacity, after: demand)
        case .worstFit: 0 &- Scheduler.rest(of: free, capacity, after: demand)
        case .leastAllocated: 0 &- Scheduler.percentFree(free, capacity, demand)
        case .mostAllocated: Scheduler.percentFree(free, capacity, demand)
        }
    }

    /// What is left of cores and memory, each in millionths of the node's, together.
    static func rest(of free: Amounts, _ capacity: Amounts, after demand: Amounts) -> Int {
        part(free.cores &- demand.cores, of: capacity.cores, 1_000_000)
            &+ part(free.memory &- demand.memory, of: capacity.memory, 1_000_000)
    }

    private static func percentFree(_ free: Amounts, _ capacity: Amounts, _ demand: Amounts) -> Int {
        (part(free.cores &- demand.cores, of: capacity.cores, 100)
            &+ part(free.memory &- demand.memory, of: capacity.memory, 100)) / 2
    }

    /// `amount / whole` in parts of 1 / `scale`, rounded down; 0 of nothing.
    private static func part(_ amount: Int, of whole: Int, _ scale: Int) -> Int {
        guard amount > 0, whole > 0 else { return 0 }
        let (product, overflow) = amount.multipliedReportingOverflow(by: scale)
        return overflow ? amount / max(whole / scale, 1) : product / whole
    }
}
