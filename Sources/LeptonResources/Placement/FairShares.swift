/// Which queue is served next under dominant resource fairness: the one whose dominant share, divided by its weight,
/// is the smallest of those that wait for something.
///
/// A queue's dominant share is the largest of its shares of the resources (Ghodsi et al., "Dominant Resource Fairness:
/// Fair Allocation of Multiple Resource Types", NSDI 2011). Shares are whole numbers of 2^-62 computed from what the
/// queue holds now, never added up, so that nothing drifts; weighted ones are compared by cross-multiplication in 128
/// bits. Equal ones go by the queue's number.
struct FairShares: ~Copyable {
    /// A share of 1.
    static let one = UInt64(1) << 62

    private struct Entry: BitwiseCopyable {
        var share: UInt64 = 0
        var weight: UInt64 = 1
        var isWaiting = false
    }

    private var entries = Slab<Entry>()
    /// A tournament: the winner of each pair of neighbours, the winner of all at 1; queues are the leaves.
    private var winners = Slab<Int32>(repeating: -1, count: 2)
    private var width = 1

    var count: Int { entries.count }

    mutating func add(weight: Int) {
        entries.append(Entry(weight: UInt64(truncatingIfNeeded: weight)))
        while width < entries.count { width &*= 2 }
        winners = Slab(repeating: -1, count: 2 * width)
        for index in 0..<entries.count where entries.base[index].isWaiting { replay(index) }
    }

    /// The queue to serve; nil when none waits.
    var next: Int? {
        let winner = winners.base[1]
        return winner < 0 ? nil : Int(winner)
    }

    func share(_ queue: Int) -> UInt64 { entries.base[queue].share }

    mutating func setWaiting(_ queue: Int, _ isWaiting: Bool) {
        guard entries.base[queue].isWaiting != isWaiting else { return }
        entries.base[queue].isWaiting = isWaiting
        replay(queue)
    }

    mutating func setShare(_ queue: Int, _ share: UInt64) {
        guard entries.base[queue].share != share else { return }
        entries.base[queue].share = share
        if entries.base[queue].isWaiting { replay(queue) }
    }

    private mutating func replay(_ queue: Int) {
        var place = width &+ queue
        winners.base[place] = entries.base[queue].isWaiting ? Int32(truncatingIfNeeded: queue) : -1
        while place > 1 {
            place /= 2
            winners.base[place] = winner(winners.base[2 &* place], winners.base[2 &* place &+ 1])
        }
    }

    @inline(__always)
    private func winner(_ a: Int32, _ b: Int32) -> Int32 {
        if b < 0 { return a }
        if a < 0 { return b }
        return precedes(Int(b), Int(a)) ? b : a
    }

    /// Whether the weighted share of one queue is smaller than that of another.
    func precedes(_ a: Int, _ b: Int) -> Bool {
        let (first, second) = (entries.base[a], entries.base[b])
        let left = first.share.multipliedFullWidth(by: second.weight)
        let right = second.share.multipliedFullWidth(by: first.weight)
        return left.high == right.high ? left.low < right.low : left.high < right.high
    }

    /// The largest share that `used` is of `total`, in parts of `one`.
    static func dominantShare(of used: Amounts, in total: Amounts) -> UInt64 {
        max(
            max(share(used.cores, of: total.cores), share(used.memory, of: total.memory)),
            max(share(used.storage, of: total.storage), share(used.accelerators, of: total.accelerators)))
    }

    private static func share(_ used: Int, of total: Int) -> UInt64 {
        guard used > 0, total > 0 else { return 0 }
        // At most twice the total is used (promises count too), so the quotient stays below 2^63.
        let dividend = UInt64(min(used, 2 &* total)).multipliedFullWidth(by: one)
        return UInt64(total).dividingFullWidth(dividend).quotient
    }
}
