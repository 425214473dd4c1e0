import CSQLite
import LeptonTensor

/// A connection to an SQLite database: the few calls that the ledger needs, with failures as `LeptonError`.
///
/// Not `Sendable`: one thread at a time, and never across a fork (SQLite keeps its file locks in the process's memory).
final class SQLiteConnection {
    private let handle: OpaquePointer
    private let path: String

    /// - Parameter vfs: the file system that a test puts under SQLite; nil for the usual one.
    init(path: String, create: Bool, vfs: String? = nil) throws(LeptonError) {
        var handle: OpaquePointer?
        // NOMUTEX: the ledger's own lock keeps threads apart.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0)
        let status = sqlite3_open_v2(path, &handle, flags, vfs)
        guard status == SQLITE_OK, let handle else {
            let error = SQLiteConnection.error(handle, status, "open", path)
            sqlite3_close_v2(handle)
            throw error
        }
        self.handle = handle
        self.path = path
        sqlite3_extended_result_codes(handle, 1)
        // Another process holds the database for some milliseconds at a time.
        sqlite3_busy_timeout(handle, 2_000)
        // Closing comes before every fork and must be quick; the log is moved into the database as it grows.
        _ = lepton_sqlite_keep_log_on_close(handle)
    }

    deinit { sqlite3_close_v2(handle) }

    /// Runs statements that give no rows, separated by semicolons.
    func execute(_ text: String) throws(LeptonError) {
        let status = sqlite3_exec(handle, text, nil, nil, nil)
        guard status == SQLITE_OK else { throw error(status) }
    }

    /// Runs one statement for each of its rows.
    func query(
        _ text: String, _ values: [SQLiteValue] = [], row: (SQLiteRow) throws(LeptonError) -> Void = { _ in }
    ) throws(LeptonError) {
        var statement: OpaquePointer?
        let status = sqlite3_prepare_v2(handle, text, -1, &statement, nil)
        guard status == SQLITE_OK, let statement else { throw error(status) }
        defer { sqlite3_finalize(statement) }
        for (index, value) in values.enumerated() {
            let status = value.bind(to: statement, at: Int32(index + 1))
            guard status == SQLITE_OK else { throw error(status) }
        }
        while true {
            switch sqlite3_step(statement) {
            case SQLITE_ROW: try row(SQLiteRow(statement: statement))
            case SQLITE_DONE: return
            case let status: throw error(status)
            }
        }
    }

    /// The first value of the first row; nil without one.
    func integer(_ text: String, _ values: [SQLiteValue] = []) throws(LeptonError) -> Int64? {
        var result: Int64?
        try query(text, values) { if result == nil { result = $0.integer(0) } }
        return result
    }

    var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

    /// Runs `body` as one transaction: all of it is done, or nothing. The database is taken for writing at once, so
    /// that what `body` reads is still so when it writes.
    func transaction<Result>(_ body: () throws(LeptonError) -> Result) throws(LeptonError) -> Result {
        try execute("BEGIN IMMEDIATE")
        do throws(LeptonError) {
            let result = try body()
            try execute("COMMIT")
            return result
        } catch {
            // A full disk has ended the transaction already; this then has nothing to do.
            _ = sqlite3_exec(handle, "ROLLBACK", nil, nil, nil)
            throw error
        }
    }

    private func error(_ status: Int32) -> LeptonError { SQLiteConnection.error(handle, status, "use", path) }

    private static func error(_ handle: OpaquePointer?, _ status: Int32, _ action: String, _ path: String)
        -> LeptonError
    {
        let reason = handle.flatMap { sqlite3_errmsg($0) }.map { String(cString: $0) } ?? "error \(status)"
        let code: LeptonError.Code =
            switch status & 0xFF {
            case SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT: .corruptData
            case SQLITE_PERM, SQLITE_READONLY, SQLITE_AUTH, SQLITE_CANTOPEN: .permissionDenied
            case SQLITE_NOMEM: .outOfMemory
            case SQLITE_BUSY, SQLITE_LOCKED: .timedOut
            case SQLITE_ERROR, SQLITE_SCHEMA, SQLITE_CONSTRAINT, SQLITE_MISMATCH: .corruptData
            default: .io
            }
        return LeptonError(code, "cannot \(action) the database '\(path)': \(reason)")
    }
}

/// What a statement is given for a question mark.
enum SQLiteValue {
    case null
    case integer(Int64)
    case text(String)

    fileprivate func bind(to statement: OpaquePointer, at index: Int32) -> Int32 {
        switch self {
        case .null: return sqlite3_bind_null(statement, index)
        case .integer(let value): return sqlite3_bind_int64(statement, index, value)
        case .text(let value):
            // -1 is SQLITE_TRANSIENT, a macro that Swift does not see: SQLite copies the text.
            let copies = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
            return sqlite3_bind_text64(statement, index, value, UInt64(value.utf8.count), copies, UInt8(SQLITE_UTF8))
        }
    }
}

/// The present row of a query; used while it is the present one.
struct SQLiteRow {
    fileprivate let statement: OpaquePointer

    /// 0 for what is no number.
    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(statement, column) }

    func optionalInteger(_ column: Int32) -> Int64? {
        sqlite3_column_type(statement, column) == SQLITE_NULL ? nil : integer(column)
    }

    func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(statement, column) else { return "" }
        let count = Int(sqlite3_column_bytes(statement, column))
        return String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
    }
}
