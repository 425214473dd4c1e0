import LeptonTensor
import Synchronization

/// Keeps the account of what allocations use: one `UsageRecord` each, from grant to release.
///
/// Threads: concurrent.
public final class Meter: Sendable {
    let time: TimeSource
    private let state = Mutex(State())

    private struct State {
        var open: [Account: Entry] = [:]
        var closed: [UsageRecord] = []
        var nextNumber = 0
    }

    /// Names an open entry. (Identifiers will not do: a host's allocator might use one twice.)
    struct Account: Hashable, Sendable {
        fileprivate let number: Int
    }

    private struct Entry {
        var record: UsageRecord
        var start: UInt64
        var deadline: UInt64?

        func measured(at now: UInt64) -> UsageRecord {
            // What a lease covers ends with it, even when nobody looks until later.
            let end = min(now, deadline ?? now)
            var record = record
            record.durationNanoseconds = end > start ? end - start : 0
            return record
        }
    }

    public convenience init() { self.init(time: .system) }

    package init(time: TimeSource) { self.time = time }

    /// All records in the order in which they were closed, then the open ones, measured up to now, in the order
    /// of their start.
    public func records() -> [UsageRecord] {
        let now = time.monotonic()
        return state.withLock { state in
            let open = state.open.sorted { $0.key.number < $1.key.number }
            return state.closed + open.map { $0.value.measured(at: now) }
        }
    }

    /// Hands over the closed records and forgets them. A process that runs for long and makes many allocations
    /// calls this from time to time, since records are otherwise kept as long as the meter.
    public func takeClosedRecords() -> [UsageRecord] {
        state.withLock { state in
            defer { state.closed = [] }
            return state.closed
        }
    }

    func open(
        id: String, labels: [String: String], shape: ResourceShape, start: UInt64, deadline: UInt64?
    ) -> Account {
        let record = UsageRecord(
            allocationID: id, labels: labels, shape: shape, startNanoseconds: time.wall(), durationNanoseconds: 0,
            isOpen: true)
        return state.withLock { state in
            let account = Account(number: state.nextNumber)
            state.nextNumber &+= 1
            state.open[account] = Entry(record: record, start: start, deadline: deadline)
            return account
        }
    }

    func setDeadline(_ account: Account, _ deadline: UInt64?) {
        state.withLock { $0.open[account]?.deadline = deadline }
    }

    /// Ends an account; again is no error.
    func close(_ account: Account, at moment: UInt64) {
        state.withLock { state in
            guard let entry = state.open.removeValue(forKey: account) else { return }
            var record = entry.measured(at: moment)
            record.isOpen = false
            state.closed.append(record)
        }
    }
}
