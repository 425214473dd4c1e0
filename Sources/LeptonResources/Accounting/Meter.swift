import LeptonTensor
import Synchronization

/// Keeps the account of what allocations use: one `UsageRecord` each, from grant to release.
///
/// With a ledger, every change is noted there as well, and outlives the process.
///
/// Threads: concurrent.
public final class Meter: Sendable {
    package let time: TimeSource
    /// Where records are kept beyond this process; nil: in memory alone.
    public let ledger: Ledger?
    private let state = Mutex(State())

    private struct State {
        var open: [Account: Entry] = [:]
        var closed: [UsageRecord] = []
        var nextNumber = 0
    }

    /// Names an open entry. (Identifiers will not do: a host's allocator might use one twice.)
    package struct Account: Hashable, Sendable {
        fileprivate let number: Int
    }

    private struct Entry {
        var record: UsageRecord
        var start: UInt64
        var deadline: UInt64?

        /// Nanoseconds from the start to `moment`; what a lease covers ends with it, even when nobody looks until
        /// later.
        func offset(of moment: UInt64) -> UInt64 {
            let end = min(moment, deadline ?? moment)
            return end > start ? end - start : 0
        }

        func measured(at now: UInt64) -> UsageRecord {
            var record = record
            // Threads read the clock before they come here: one that closes may have read it before another resized.
            record.durationNanoseconds = max(offset(of: now), record.intervals.last?.offsetNanoseconds ?? 0)
            return record
        }
    }

    public convenience init(ledger: Ledger? = nil) { self.init(time: .system, ledger: ledger) }

    package init(time: TimeSource, ledger: Ledger? = nil) {
        self.time = time
        self.ledger = ledger
    }

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

    /// Begins an account.
    ///
    /// - Parameters:
    ///   - tenant, job: "" takes the label of that name, if there is one.
    ///   - start, deadline: monotonic nanoseconds; no deadline: until it is closed.
    package func open(
        id: String, tenant: String = "", job: String = "", labels: [String: String], shape: ResourceShape,
        start: UInt64, deadline: UInt64?
    ) -> Account {
        let record = UsageRecord(
            allocationID: id, tenant: tenant, job: job, labels: labels, shape: shape, startNanoseconds: time.wall(),
            durationNanoseconds: 0, isOpen: true)
        return state.withLock { state in
            let account = Account(number: state.nextNumber)
            state.nextNumber &+= 1
            state.open[account] = Entry(record: record, start: start, deadline: deadline)
            note(account, state.open[account])
            return account
        }
    }

    package func setDeadline(_ account: Account, _ deadline: UInt64?) {
        state.withLock { state in
            state.open[account]?.deadline = deadline
            note(account, state.open[account])
        }
    }

    /// From `moment` (monotonic nanoseconds) on, the account holds `shape`: its record gets a further interval.
    ///
    /// Nothing happens when the account is closed, its lease is over at that moment, or the shape is what it is. A
    /// moment before the last resize counts as that of the last resize.
    package func resize(_ account: Account, to shape: ResourceShape, at moment: UInt64) {
        state.withLock { state in
            guard let entry = state.open[account], !Lease.isOver(entry.deadline, now: moment) else { return }
            state.open[account]?.record.intervals.change(to: shape, at: entry.offset(of: moment))
            note(account, state.open[account])
        }
    }

    /// Ends an account; again is no error.
    package func close(_ account: Account, at moment: UInt64) {
        state.withLock { state in
            guard var entry = state.open.removeValue(forKey: account) else { return }
            entry.record = entry.measured(at: moment)
            entry.record.isOpen = false
            state.closed.append(entry.record)
            note(account, entry)
        }
    }

    /// Called with the lock held, so that the ledger sees the states of an account in their order.
    private func note(_ account: Account, _ entry: Entry?) {
        guard let ledger, let entry else { return }
        ledger.note(
            LedgerEntry(number: account.number, record: entry.record, start: entry.start, deadline: entry.deadline))
    }
}

extension [UsageRecord.Interval] {
    /// Begins an interval, and leaves none that is empty or has the shape of the one before it.
    fileprivate mutating func change(to shape: ResourceShape, at offset: UInt64) {
        let offset = Swift.max(offset, last?.offsetNanoseconds ?? 0)
        if last?.offsetNanoseconds == offset { removeLast() }
        // The first one begins the record, however short it was.
        guard last?.shape != shape else { return }
        append(UsageRecord.Interval(offsetNanoseconds: isEmpty ? 0 : offset, shape: shape))
    }
}
