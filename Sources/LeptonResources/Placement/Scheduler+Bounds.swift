extension Scheduler {
    /// Sets between which numbers of nodes a request may be resized, and with how many it starts after it had to give
    /// way. Changes nothing about the nodes that it has.
    package mutating func setBounds(of id: RequestID, to nodes: ClosedRange<Int>) {
        guard let slot = slot(of: id) else { return }
        let least = min(max(nodes.lowerBound, 1), Scheduler.maximumNodes)
        requests.base[slot].least = Int32(truncatingIfNeeded: least)
        requests.base[slot].most = Int32(truncatingIfNeeded: min(max(nodes.upperBound, least), Scheduler.maximumNodes))
    }
}
