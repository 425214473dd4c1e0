import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One user of a ledger: a meter of one process. As long as it lives it holds a lock on a file of its own, so that
/// others can tell whether its open accounts still run.
///
/// The lock is a record lock (`fcntl`), which ends with the process however it ends, and which a forked child does not
/// inherit.
struct LedgerSession: ~Copyable {
    let id: Int64
    let process: pid_t
    private let file: FileSystem.Descriptor
    private let lockPath: String
    private let token: String

    /// Which of the sessions in a ledger are this process's own: locks do not tell, as they do not keep a process
    /// from itself.
    private static let processToken = UniqueID.make()
    private static func ownPrefix() -> String { "\(getpid()) \(processToken) " }

    /// Enters a new session.
    static func begin(_ ledger: LedgerFile, _ database: SQLiteConnection, time: TimeSource) throws(LeptonError)
        -> LedgerSession
    {
        let token = ownPrefix() + UniqueID.make()
        let path = lockPath(ledger, token)
        let file = try FileSystem.open(path, O_RDWR | O_CREAT | O_EXCL, mode: 0o600)
        guard tryLock(file) else { throw FileSystem.systemError(errno, "lock", path) }
        let heartbeat = Int64(clamping: time.monotonic())
        do throws(LeptonError) {
            try database.query(
                "INSERT INTO session (token, pid, started, heartbeat, ended, seal) VALUES (?, ?, ?, ?, 0, ?)",
                [
                    .text(token), .integer(Int64(getpid())), .integer(time.wall()), .integer(heartbeat),
                    .integer(LedgerRow.seal("\(token) \(heartbeat)")),
                ])
        } catch {
            unlink(path)
            throw error
        }
        return LedgerSession(
            id: database.lastInsertedRow, process: getpid(), file: file, lockPath: path, token: token)
    }

    /// Says that the session lives, or that it ends.
    func beat(_ database: SQLiteConnection, at moment: UInt64, ended: Bool = false) throws(LeptonError) {
        let heartbeat = Int64(clamping: moment)
        try database.query(
            "UPDATE session SET heartbeat = ?, ended = ?, seal = ? WHERE id = ?",
            [
                .integer(heartbeat), .integer(ended ? 1 : 0), .integer(LedgerRow.seal("\(token) \(heartbeat)")),
                .integer(id),
            ])
    }

    /// Removes the lock's file once the session has ended in the database.
    consuming func removeLock() { unlink(lockPath) }

    private static func lockPath(_ ledger: LedgerFile, _ token: String) -> String {
        ledger.path + "-" + token.suffix(36) + ".session"
    }

    private static func tryLock(_ file: borrowing FileSystem.Descriptor) -> Bool {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(file.raw, F_SETLK, &lock) == 0
    }

    /// Closes what sessions whose process is gone have left open, each at its last heartbeat.
    static func recover(_ ledger: LedgerFile, _ database: SQLiteConnection) throws(LeptonError) {
        var found: [(id: Int64, token: String, heartbeat: Int64, isSound: Bool)] = []
        try database.query("SELECT id, token, heartbeat, seal FROM session WHERE ended = 0") { row in
            let (token, heartbeat) = (row.text(1), row.integer(2))
            found.append(
                (row.integer(0), token, heartbeat, LedgerRow.seal("\(token) \(heartbeat)") == row.integer(3)))
        }
        for session in found where !session.token.hasPrefix(ownPrefix()) {
            let path = lockPath(ledger, session.token)
            // Held while the accounts are closed; nobody locks a file that is gone.
            guard let file = try lockOfDead(path) else { continue }
            try database.transaction { () throws(LeptonError) in
                // A heartbeat that cannot be believed charges nothing beyond what was written with each account.
                let heartbeat = session.isSound ? session.heartbeat : Int64.min
                for var row in try LedgerRow.open(in: database, session: session.id) {
                    row.close(atHeartbeat: heartbeat)
                    try row.write(to: database, firstInterval: row.record.intervals.count)
                }
                try database.query("UPDATE session SET ended = 1 WHERE id = ?", [.integer(session.id)])
            }
            unlink(path)
            withExtendedLifetime(file) {}
        }
    }

    private final class HeldLock {
        let file: FileSystem.Descriptor
        init(_ file: consuming FileSystem.Descriptor) { self.file = file }
    }

    /// The lock of a session whose process is gone; nil when it lives.
    private static func lockOfDead(_ path: String) throws(LeptonError) -> HeldLock? {
        let file = try FileSystem.open(path, O_RDWR | O_CREAT, mode: 0o600)
        return tryLock(file) ? HeldLock(file) : nil
    }
}

extension LedgerRow {
    /// Ends the account of a process that is gone: at its last heartbeat, the end of its lease, or the last moment at
    /// which it was written, if that is later; never later.
    fileprivate mutating func close(atHeartbeat heartbeat: Int64) {
        let end = min(heartbeat, deadline ?? heartbeat)
        let (length, overflow) = end.subtractingReportingOverflow(start)
        if !overflow, length > 0 {
            record.durationNanoseconds = max(record.durationNanoseconds, UInt64(length))
        }
        record.isOpen = false
        state = .lost
    }
}
