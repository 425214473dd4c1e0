import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Does the writing of a ledger, on a thread of its own.
///
/// Two locks: `lock` guards what was noted and is held for moments; `diskLock` guards the connection and is held while
/// SQLite works. Whoever takes both takes `diskLock` first.
///
/// `@unchecked Sendable`: everything that changes is guarded by one of the two, as said with each.
final class LedgerWriter: @unchecked Sendable {
    private let file: LedgerFile
    private let time: TimeSource
    private let isManual: Bool

    /// Within this time changes are written together.
    private static let delaySeconds = 0.02
    private static let heartbeatSeconds = 5.0
    private static let retrySeconds = 1.0

    private let lock = Lock()
    // Guarded by `lock`.
    private var pending: [Int: LedgerEntry] = [:]
    private var open: [Int: LedgerEntry] = [:]
    private var isStopping = false
    private var hasThread = false
    private var failure: LeptonError?
    /// Accounts of an earlier number are the parent's, in a forked child.
    private var firstOwnNumber = 0

    private let diskLock = Lock()
    // Guarded by `diskLock`.
    private var database: SQLiteConnection?
    private var identity: LedgerFile.Identity?
    private var session: LedgerSession?
    /// Why the file that is open must be set aside.
    private var damage: LeptonError?
    /// How many intervals of an open account are written, apart from the last, which may still change.
    private var settled: [Int: Int] = [:]

    init(_ file: LedgerFile, time: TimeSource, isManual: Bool) {
        self.file = file
        self.time = time
        self.isManual = isManual
        LedgerProcess.add(self)
    }

    // MARK: What others call

    func begin() throws(LeptonError) {
        do throws(LeptonError) {
            try diskLock.withLock { () throws(LeptonError) in _ = try connection() }
        } catch {
            LedgerProcess.remove(self)
            throw error
        }
    }

    func note(_ entry: LedgerEntry) {
        lock.withLock {
            guard entry.number >= firstOwnNumber else { return }
            pending[entry.number] = entry
            open[entry.number] = entry.record.isOpen ? entry : nil
            startThread()
            if pending.count == 1 { lock.wakeAll() }
        }
    }

    func flush(withHeartbeat: Bool = false) throws(LeptonError) {
        try diskLock.withLock { () throws(LeptonError) in try write(withHeartbeat: withHeartbeat) }
        // A full disk is over, then; but that a ledger was damaged, and begun anew, is said once.
        let failure = lock.withLock {
            defer { self.failure = nil }
            return self.failure
        }
        if let failure, failure.code == .corruptData { throw failure }
    }

    func contents(_ filter: LedgerFilter) throws(LeptonError) -> LedgerContents {
        try flush(withHeartbeat: true)
        return try diskLock.withLock { () throws(LeptonError) in
            let database = try connection()
            try LedgerSession.recover(file, database)
            return try database.contents(filter)
        }
    }

    /// Ends the session, and with it what is still open. Should the disk be full now, it is found at the last heartbeat
    /// by whoever opens the ledger next.
    func stop() {
        LedgerProcess.remove(self)
        lock.withLock {
            isStopping = true
            lock.wakeAll()
            while hasThread { lock.wait() }
        }
        end()
    }

    /// At the end of the process, or of the ledger.
    func end() {
        let now = time.monotonic()
        lock.withLock {
            for (number, entry) in open {
                var ended = entry.measured(at: now)
                ended.record.isOpen = false
                pending[number] = ended
            }
            open = [:]
        }
        diskLock.withLock {
            do throws(LeptonError) {
                try write(withHeartbeat: false)
                guard let database, let ending = session.take() else { return }
                try ending.beat(database, at: now, ended: true)
                ending.removeLock()
                // The log goes into the database, and the database to the disk; others that read hold part of it back.
                try database.query("PRAGMA wal_checkpoint(TRUNCATE)")
            } catch {
                // Nobody is left to be told, and nothing of what was acknowledged is lost.
                lock.withLock { failure = error }
            }
            database = nil
        }
    }

    // MARK: Writing; with `diskLock` held

    /// Writes everything that waits, and a heartbeat.
    private func write(withHeartbeat: Bool) throws(LeptonError) {
        let now = time.monotonic()
        var batch = lock.withLock { () -> [Int: LedgerEntry] in
            defer { pending = [:] }
            return pending
        }
        guard !batch.isEmpty || withHeartbeat else { return }
        do throws(LeptonError) {
            let isNew = try isNewConnection()
            let database = try connection()
            if isNew {
                // A new file or session knows nothing of the accounts that go on.
                settled = [:]
                batch.merge(lock.withLock { open }) { latest, _ in latest }
            }
            if withHeartbeat { batch.merge(lock.withLock { open }) { latest, _ in latest } }
            let counts = try writeBatch(batch, database, at: now)
            for (number, entry) in batch { settled[number] = entry.record.isOpen ? counts[number] : nil }
        } catch {
            // Later changes of the same account are the newer ones.
            lock.withLock { pending.merge(batch) { newer, _ in newer } }
            database = nil
            damage = error.code == .corruptData && identity != nil ? error : nil
            throw error
        }
    }

    private func writeBatch(
        _ batch: [Int: LedgerEntry], _ database: SQLiteConnection, at now: UInt64
    ) throws(LeptonError) -> [Int: Int] {
        var counts: [Int: Int] = [:]
        try database.transaction { () throws(LeptonError) in
            guard let id = session?.id else { throw LeptonError(.internalError, "the ledger has no session") }
            for (number, entry) in batch.sorted(by: { $0.key < $1.key }) {
                let row = LedgerRow(entry.measured(at: now), session: id)
                try row.write(to: database, firstInterval: settled[number] ?? 0)
                counts[number] = max(row.record.intervals.count - 1, 0)
            }
            try session?.beat(database, at: now)
        }
        return counts
    }

    private func isNewConnection() throws(LeptonError) -> Bool {
        guard database != nil, session != nil else { return true }
        return try file.identity() != identity
    }

    /// The connection, opened if there is none or the file is another one now, with a session in it.
    private func connection() throws(LeptonError) -> SQLiteConnection {
        if try !isNewConnection(), let database { return database }
        database = nil
        let known = try file.identity()
        if let before = identity, known != before { leaveFile() }
        let fresh: SQLiteConnection
        do throws(LeptonError) {
            fresh = try file.open(damage: damage)
        } catch {
            // What the session was in has just been set aside.
            if error.code == .corruptData { leaveFile() }
            throw error
        }
        try LedgerSession.recover(file, fresh)
        if session == nil { session = try LedgerSession.begin(file, fresh, time: time) }
        identity = try file.identity()
        database = fresh
        return fresh
    }

    /// The file that was open is not the ledger any more.
    private func leaveFile() {
        session.take()?.removeLock()
        identity = nil
        damage = nil
    }

    // MARK: The thread

    /// With `lock` held.
    private func startThread() {
        guard !hasThread, !isManual, !isStopping else { return }
        hasThread = BackgroundThread.start { self.serve() }
    }

    private func serve() {
        lock.lock()
        while !isStopping {
            if pending.isEmpty {
                if open.isEmpty { lock.wait() } else { lock.wait(atMost: LedgerWriter.heartbeatSeconds) }
                if pending.isEmpty, open.isEmpty || isStopping { continue }
            }
            let isHeartbeat = pending.isEmpty
            if !isHeartbeat {
                lock.wait(atMost: failure == nil ? LedgerWriter.delaySeconds : LedgerWriter.retrySeconds)
            }
            lock.unlock()
            var problem: LeptonError?
            diskLock.withLock {
                do throws(LeptonError) { try write(withHeartbeat: isHeartbeat) } catch { problem = error }
            }
            lock.lock()
            if let problem { failure = problem } else if failure?.code != .corruptData { failure = nil }
        }
        hasThread = false
        lock.wakeAll()
        lock.unlock()
    }

    // MARK: Around a fork

    /// Nobody writes, and no connection is open, while the process forks: SQLite's locks are not inherited, and what it
    /// remembers of them would be wrong in the child.
    func prepareForFork() {
        diskLock.lock()
        database = nil
        lock.lock()
    }

    func continueInParent() {
        lock.unlock()
        diskLock.unlock()
    }

    /// The child begins a session of its own with what it opens from now on.
    func continueInChild() {
        diskLock.renewAfterFork()
        lock.renewAfterFork()
        session = nil
        identity = nil
        damage = nil
        settled = [:]
        firstOwnNumber = max(firstOwnNumber, (open.keys.max() ?? -1) + 1, (pending.keys.max() ?? -1) + 1)
        pending = [:]
        open = [:]
        failure = nil
        hasThread = false
    }
}
