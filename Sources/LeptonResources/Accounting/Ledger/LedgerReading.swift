import LeptonTensor

/// Which records of a ledger are asked for; nil: all.
public struct LedgerFilter: Sendable, Hashable {
    public var tenant: String?
    public var job: String?
    /// Those that started at this moment of the wall clock or later: nanoseconds since 1970-01-01 UTC.
    public var fromNanoseconds: Int64?
    /// Those that started before this moment.
    public var beforeNanoseconds: Int64?

    public init(
        tenant: String? = nil, job: String? = nil, fromNanoseconds: Int64? = nil, beforeNanoseconds: Int64? = nil
    ) {
        self.tenant = tenant
        self.job = job
        self.fromNanoseconds = fromNanoseconds
        self.beforeNanoseconds = beforeNanoseconds
    }

    /// As a condition in SQL, with its values.
    fileprivate var condition: (text: String, values: [SQLiteValue]) {
        var parts: [String] = []
        var values: [SQLiteValue] = []
        func add(_ part: String, _ value: SQLiteValue) {
            parts.append(part)
            values.append(value)
        }
        if let tenant { add("a.tenant = ?", .text(tenant)) }
        if let job { add("a.job = ?", .text(job)) }
        if let fromNanoseconds { add("a.start >= ?", .integer(fromNanoseconds)) }
        if let beforeNanoseconds { add("a.start < ?", .integer(beforeNanoseconds)) }
        return (parts.isEmpty ? "1" : parts.joined(separator: " AND "), values)
    }
}

/// What a ledger holds.
public struct LedgerContents: Sendable {
    /// In the order of their start.
    public internal(set) var records: [UsageRecord] = []
    /// Rows whose seal does not fit their content: something other than the ledger has changed them. They are not
    /// among the records.
    public internal(set) var damaged: [String] = []

    init() {}

    /// Records from elsewhere, so far as they meet a filter.
    package init(_ records: [UsageRecord], _ filter: LedgerFilter) {
        self.records = records.filter { record in
            (filter.tenant == nil || filter.tenant == record.tenant) && (filter.job == nil || filter.job == record.job)
                && record.startNanoseconds >= filter.fromNanoseconds ?? .min
                && (filter.beforeNanoseconds.map { record.startNanoseconds < $0 } ?? true)
        }
    }

    mutating func add(_ row: LedgerRow, isSound: Bool) {
        if isSound {
            records.append(row.record)
        } else {
            damaged.append("row \(row.session)/\(row.number), allocation '\(row.record.allocationID)'")
        }
    }
}

extension SQLiteConnection {
    func contents(_ filter: LedgerFilter) throws(LeptonError) -> LedgerContents {
        let (condition, values) = filter.condition
        var contents = LedgerContents()
        try LedgerRow.read(self, condition, values) { contents.add($0, isSound: $1) }
        contents.records.sort { $0.startNanoseconds < $1.startNanoseconds }
        return contents
    }
}

extension LedgerRow {
    /// The open accounts of a session. Those that are damaged stay as they are.
    static func open(in database: SQLiteConnection, session: Int64) throws(LeptonError) -> [LedgerRow] {
        var rows: [LedgerRow] = []
        try read(database, "a.session = ? AND a.state = 0", [.integer(session)]) { row, isSound in
            if isSound { rows.append(row) }
        }
        return rows
    }

    /// Calls `body` for each row that meets the condition, with whether its seal fits.
    fileprivate static func read(
        _ database: SQLiteConnection, _ condition: String, _ values: [SQLiteValue], _ body: (LedgerRow, Bool) -> Void
    ) throws(LeptonError) {
        var present: (row: LedgerRow, seal: Int64)?
        func finish() {
            if let present { body(present.row, present.row.seal == present.seal) }
        }
        try database.query(
            """
            SELECT a.session, a.number, i.offset, i.cores, i.memory_bytes, i.storage_bytes, i.accelerators,
                a.seal, a.allocation_id, a.tenant, a.job, a.labels, a.start, a.start_monotonic, a.deadline_monotonic,
                a.duration, a.state
            FROM allocation a LEFT JOIN interval i ON i.session = a.session AND i.number = a.number
            WHERE \(condition) ORDER BY a.session, a.number, i.position
            """, values
        ) { row in
            let interval = UsageRecord.Interval(row)
            if let known = present?.row, known.session == row.integer(0), known.number == row.integer(1) {
                present?.row.record.intervals.append(interval)
            } else {
                finish()
                present = (LedgerRow(row, first: interval), row.integer(7))
            }
        }
        finish()
    }

    private init(_ row: SQLiteRow, first: UsageRecord.Interval) {
        let state = LedgerState(rawValue: row.integer(16)) ?? .closed
        var record = UsageRecord(
            allocationID: row.text(8), tenant: row.text(9), job: row.text(10), labels: LedgerRow.labels(row.text(11)),
            shape: first.shape, startNanoseconds: row.integer(12),
            durationNanoseconds: UInt64(clamping: row.integer(15)), isOpen: state == .open)
        record.intervals = [first]
        self.init(
            session: row.integer(0), number: row.integer(1), record: record, start: row.integer(13),
            deadline: row.optionalInteger(14), state: state)
    }

    /// What is no object of texts gives none: the seal will not fit then.
    private static func labels(_ text: String) -> [String: String] {
        guard case .object(let object)? = try? JSONValue(parsing: text) else { return [:] }
        var labels: [String: String] = [:]
        for key in object.keys { labels[key] = object[key]?.stringValue }
        return labels
    }
}

extension UsageRecord.Interval {
    fileprivate init(_ row: SQLiteRow) {
        self.init(
            offsetNanoseconds: UInt64(clamping: row.integer(2)),
            shape: ResourceShape(
                cores: Int(row.integer(3)), memoryBytes: Int(row.integer(4)), storageBytes: Int(row.integer(5)),
                accelerators: Int(row.integer(6))))
    }
}
