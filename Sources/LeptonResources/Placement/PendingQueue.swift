/// The order in which the requests of one queue wait: by priority, then by age.
///
/// The first 64 are its window. Those may overtake each other when one has no room, and are kept together in plain
/// rows, so that looking at them all costs little; a bit for each says whether it is worth a try. Beyond the window
/// there are lists, one for each priority.
struct QueueRecord: BitwiseCopyable {
    static let window = 64

    var used = Amounts()
    /// Of that: held by those that were asked to leave.
    var leaving = Amounts()
    var quota = Amounts(repeating: .max)
    /// Quota and borrowing together.
    var limit = Amounts(repeating: .max)
    var weight = 1
    var hasQuota = false
    /// Its requests that were promised a node which is not free yet; see `reserve`.
    var reserved = 0
    var pending = 0
    /// Of the window.
    var count = 0
    /// Entries of the window that have not been tried since something changed for them.
    var ready: UInt64 = 0
    /// Entries that the queue's own limit stopped, or the pool of shared storage.
    var limited: UInt64 = 0
    /// Entries that may go to some nodes only.
    var constrained: UInt64 = 0
    /// No entry that waits for room asks for less of anything.
    var least = Amounts(repeating: .max)
}

/// A list of requests of one priority: those beyond a window, or those that run.
struct PendingLevel: BitwiseCopyable {
    var priority: Int32
    var head = FreeIndex.none
    var tail = FreeIndex.none
    /// What they hold, for those that run.
    var held = Amounts()

    /// Puts a request behind another, or first.
    mutating func link(_ slot: Int, after: Int32, _ requests: UnsafeMutablePointer<RequestRecord>) {
        let own = Int32(truncatingIfNeeded: slot)
        let next = after == FreeIndex.none ? head : requests[Int(after)].next
        requests[slot].previous = after
        requests[slot].next = next
        if after == FreeIndex.none { head = own } else { requests[Int(after)].next = own }
        if next == FreeIndex.none { tail = own } else { requests[Int(next)].previous = own }
    }

    mutating func unlink(_ slot: Int, _ requests: UnsafeMutablePointer<RequestRecord>) {
        let (next, previous) = (requests[slot].next, requests[slot].previous)
        if previous == FreeIndex.none { head = next } else { requests[Int(previous)].next = next }
        if next == FreeIndex.none { tail = previous } else { requests[Int(next)].previous = previous }
    }
}

/// An entry of a window.
struct WindowEntry: BitwiseCopyable {
    var demand: Amounts
    var request: Int32
    /// How much more room there has to be before another try can succeed.
    var missing: Int32
}

/// A search for victims that found none.
struct FutileSearch: BitwiseCopyable {
    var demand: Amounts
    var priority: Int32
    var least: Int32
    /// The queue that would have taken back what others had borrowed.
    var reclaiming: Int32
    /// How many requests had started before.
    var starts: Int
}
