import LeptonTensor

/// One account as the ledger writes it: its whole state, so that only the latest has to be written.
struct LedgerEntry: Sendable {
    /// Counted by the session's meter.
    let number: Int
    /// Measured up to the moment at which it was handed over.
    var record: UsageRecord
    /// Monotonic nanoseconds of the meter's clock.
    let start: UInt64
    var deadline: UInt64?

    /// The same, measured up to a later moment; what a lease covers ends with it.
    func measured(at moment: UInt64) -> LedgerEntry {
        guard record.isOpen else { return self }
        var entry = self
        let end = min(moment, deadline ?? moment)
        let last = record.intervals.last?.offsetNanoseconds ?? 0
        entry.record.durationNanoseconds = max(end > start ? end - start : 0, last)
        return entry
    }
}

/// How an allocation's row stands.
enum LedgerState: Int64 {
    case open = 0
    case closed = 1
    /// Its process ended without closing it: it was closed at the last heartbeat.
    case lost = 2
}

/// What is written of an account; `seal` detects rows that were changed by anything but the ledger.
struct LedgerRow {
    let session: Int64
    let number: Int64
    var record: UsageRecord
    let start: Int64
    let deadline: Int64?
    var state: LedgerState

    init(_ entry: LedgerEntry, session: Int64) {
        self.session = session
        number = Int64(entry.number)
        record = entry.record
        start = Int64(clamping: entry.start)
        deadline = entry.deadline.map { Int64(clamping: $0) }
        state = entry.record.isOpen ? .open : .closed
    }

    init(
        session: Int64, number: Int64, record: UsageRecord, start: Int64, deadline: Int64?, state: LedgerState
    ) {
        self.session = session
        self.number = number
        self.record = record
        self.start = start
        self.deadline = deadline
        self.state = state
    }

    /// 64 bits of the SHA-256 of everything in the row and its intervals.
    var seal: Int64 {
        var text =
            "\(session) \(number) \(record.allocationID.utf8.count):\(record.allocationID) "
            + "\(record.tenant.utf8.count):\(record.tenant) \(record.job.utf8.count):\(record.job) \(labels) "
            + "\(record.startNanoseconds) \(start) \(deadline.map { "\($0)" } ?? "-") "
            + "\(record.durationNanoseconds) \(state.rawValue)"
        for interval in record.intervals {
            let shape = interval.shape
            text +=
                "\n\(interval.offsetNanoseconds) \(shape.cores) \(shape.memoryBytes) \(shape.storageBytes) "
                + "\(shape.accelerators)"
        }
        return LedgerRow.seal(text)
    }

    static func seal(_ text: String) -> Int64 {
        let digest = Array(text.utf8).withUnsafeBytes { BlobDigest(of: $0) }
        return Int64(bitPattern: UInt64(digest.hexadecimal.prefix(16), radix: 16) ?? 0)
    }

    /// The labels as a JSON object, keys in their order.
    var labels: String {
        var object = JSONObject()
        for (name, value) in record.labels.sorted(by: { $0.key < $1.key }) { object[name] = .string(value) }
        return JSONValue.object(object).text
    }

    /// Writes the row, and its intervals from `firstInterval` on; those before are there already.
    func write(to database: SQLiteConnection, firstInterval: Int = 0) throws(LeptonError) {
        try database.query(
            "INSERT OR REPLACE INTO allocation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                .integer(session), .integer(number), .text(record.allocationID), .text(record.tenant),
                .text(record.job), .text(labels), .integer(record.startNanoseconds), .integer(start),
                deadline.map { .integer($0) } ?? .null, .integer(Int64(clamping: record.durationNanoseconds)),
                .integer(state.rawValue), .text(secondsText(record.coreNanoseconds)),
                .text(secondsText(record.memoryByteNanoseconds)), .text(secondsText(record.storageByteNanoseconds)),
                .text(secondsText(record.acceleratorNanoseconds)), .integer(seal),
            ])
        for (position, interval) in record.intervals.enumerated().dropFirst(firstInterval) {
            let shape = interval.shape
            try database.query(
                "INSERT OR REPLACE INTO interval VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    .integer(session), .integer(number), .integer(Int64(position)),
                    .integer(Int64(clamping: interval.offsetNanoseconds)), .integer(Int64(shape.cores)),
                    .integer(Int64(shape.memoryBytes)), .integer(Int64(shape.storageBytes)),
                    .integer(Int64(shape.accelerators)),
                ])
        }
        try database.query(
            "DELETE FROM interval WHERE session = ? AND number = ? AND position >= ?",
            [.integer(session), .integer(number), .integer(Int64(record.intervals.count))])
    }
}
