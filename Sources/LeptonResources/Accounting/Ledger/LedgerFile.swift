import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The database of a ledger: its schema, and what is done when it is damaged.
struct LedgerFile: Sendable {
    let path: String
    /// The file system that a test puts under SQLite.
    var vfs: String?

    static let name = "ledger.sqlite"
    private static let version = 1
    /// Databases up to this size are checked whole when they are opened: some milliseconds for each MiB.
    private static let checkedBytes = 8 << 20

    private static let schema = """
        CREATE TABLE session (
            id INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, pid INTEGER NOT NULL, started INTEGER NOT NULL,
            heartbeat INTEGER NOT NULL, ended INTEGER NOT NULL, seal INTEGER NOT NULL);
        CREATE TABLE allocation (
            session INTEGER NOT NULL, number INTEGER NOT NULL, allocation_id TEXT NOT NULL, tenant TEXT NOT NULL,
            job TEXT NOT NULL, labels TEXT NOT NULL, start INTEGER NOT NULL, start_monotonic INTEGER NOT NULL,
            deadline_monotonic INTEGER, duration INTEGER NOT NULL, state INTEGER NOT NULL, core_seconds TEXT NOT NULL,
            memory_byte_seconds TEXT NOT NULL, storage_byte_seconds TEXT NOT NULL, accelerator_seconds TEXT NOT NULL,
            seal INTEGER NOT NULL, PRIMARY KEY (session, number)) WITHOUT ROWID;
        CREATE TABLE interval (
            session INTEGER NOT NULL, number INTEGER NOT NULL, position INTEGER NOT NULL, offset INTEGER NOT NULL,
            cores INTEGER NOT NULL, memory_bytes INTEGER NOT NULL, storage_bytes INTEGER NOT NULL,
            accelerators INTEGER NOT NULL, PRIMARY KEY (session, number, position)) WITHOUT ROWID;
        CREATE INDEX allocation_start ON allocation (start);
        PRAGMA user_version = 1;
        """

    /// Opens the database, making it if it is not there.
    ///
    /// - Parameter damage: what its user has found to be wrong with it.
    /// - Throws: `corruptData` when it was damaged: it has then been set aside, and a new one begun, so that the next
    ///   call works; `notSupported` for one of another version.
    func open(damage: LeptonError? = nil) throws(LeptonError) -> SQLiteConnection {
        // A file of its own, because SQLite's locks are lost when a process closes any descriptor of the database.
        let lock = try FileSystem.open(path + ".lock", O_RDWR | O_CREAT, mode: 0o600)
        while flock(lock.raw, LOCK_EX) != 0 {
            let code = errno
            if code != EINTR { throw FileSystem.systemError(code, "lock", path + ".lock") }
        }
        do throws(LeptonError) {
            if let damage { throw damage }
            let exists = try FileSystem.status(path).map { $0.st_size > 0 } ?? false
            // The lock's file says that there has been a ledger: one that is gone is not silently begun anew.
            let marker = try FileSystem.status(of: lock, path: path + ".lock")
            guard exists || marker.st_size == 0 else {
                throw LeptonError(.corruptData, "the file is missing or empty")
            }
            return try openChecked(marking: lock)
        } catch {
            guard error.code == .corruptData else { throw error }
            let kept = try setAside()
            _ = try openChecked(marking: lock)
            throw LeptonError(
                .corruptData,
                "the ledger '\(path)' is damaged: \(error.message). It was kept as '\(kept)', and a new one was begun: "
                    + "what was used before is in the old file alone. The next attempt will work")
        }
    }

    private func openChecked(marking lock: borrowing FileSystem.Descriptor) throws(LeptonError) -> SQLiteConnection {
        let size = try FileSystem.status(path)?.st_size ?? 0
        let database = try SQLiteConnection(path: path, create: true, vfs: vfs)
        // Said first: it decides how the first write is made.
        try database.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
        try database.transaction { () throws(LeptonError) in
            let version = try database.integer("PRAGMA user_version") ?? 0
            if version == 0, try database.integer("SELECT count(*) FROM sqlite_schema") == 0 {
                return try database.execute(LedgerFile.schema)
            }
            guard version == LedgerFile.version else {
                throw LeptonError(
                    .notSupported, argument: "ledger", expected: "a ledger of version \(LedgerFile.version)",
                    received: "version \(version) in '\(path)'")
            }
        }
        if size > 0, size <= LedgerFile.checkedBytes { try check(database) }
        // Failing (a full disk), it is written when the ledger is next opened.
        if try FileSystem.status(of: lock, path: path).st_size == 0 { _ = pwrite(lock.raw, "1\n", 2, 0) }
        return database
    }

    /// - Throws: `corruptData` when the file's structure is damaged.
    func check(_ database: SQLiteConnection) throws(LeptonError) {
        try database.query("PRAGMA quick_check(1)") { (row) throws(LeptonError) in
            guard row.text(0) == "ok" else { throw LeptonError(.corruptData, "'\(path)': \(row.text(0))") }
        }
    }

    /// Moves a damaged database out of the way, with its log.
    ///
    /// - Returns: its new path.
    private func setAside() throws(LeptonError) -> String {
        let moment = WallTime.text(nanoseconds: TimeSource.system.wall()).filter { $0 != ":" && $0 != "-" }
        var kept = "\(path)-damaged-\(moment)"
        var count = 1
        while try FileSystem.status(kept) != nil {
            count += 1
            kept = "\(path)-damaged-\(moment)-\(count)"
        }
        for suffix in ["-wal", "-shm", ""] where try FileSystem.status(path + suffix) != nil {
            guard rename(path + suffix, kept + suffix) == 0 else {
                throw FileSystem.systemError(errno, "set aside", path + suffix)
            }
        }
        return kept
    }

    /// Which file is at the path now: another process may have set the one that is open aside.
    func identity() throws(LeptonError) -> Identity? {
        try FileSystem.status(path).map { Identity(device: UInt64($0.st_dev), number: UInt64($0.st_ino)) }
    }

    struct Identity: Equatable, Sendable {
        let device: UInt64
        let number: UInt64
    }
}
