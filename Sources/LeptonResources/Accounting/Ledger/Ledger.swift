import LeptonTensor

/// The account of what allocations used, in an SQLite database that outlives the process: `ledger.sqlite` in the folder
/// of a store.
///
/// What is durable when: changes of an account are noted in memory and written together, some hundredths of a second
/// later, by a thread of the ledger's own; so a fit never waits for the disk. What has been written survives the end of
/// the process by any means (`kill -9`). It survives a loss of power once the system has written it out, or SQLite has
/// moved its log into the database (WAL, `synchronous=NORMAL`): a power cut may take the last moments with it, but
/// never leaves half of a change. `flush` waits until everything noted so far is written.
///
/// While accounts are open a heartbeat is written every few seconds. When a process dies, whoever opens the ledger next
/// closes its accounts at the last heartbeat: never later.
///
/// Threads and processes: any number may share one ledger. A forked child that goes on using the object keeps an account
/// of its own; what was open before the fork stays with the parent.
public final class Ledger: Sendable {
    private let writer: LedgerWriter
    public let path: String

    /// Opens the ledger in a folder, or begins one.
    ///
    /// - Throws: `corruptData` when it was damaged: it has been set aside under the name that the error gives and a new
    ///   one begun, so that opening it again works; `notSupported` for a ledger of another version; `io`,
    ///   `permissionDenied`.
    public convenience init(folder: String) throws(LeptonError) {
        try self.init(folder: folder, time: .system)
    }

    /// - Parameters:
    ///   - vfs: the file system that a test puts under SQLite.
    ///   - isManual: nothing is written but by `flush` and `beat`: for tests.
    package init(
        folder: String, time: TimeSource, vfs: String? = nil, isManual: Bool = false
    ) throws(LeptonError) {
        path = folder + "/" + LedgerFile.name
        writer = LedgerWriter(LedgerFile(path: path, vfs: vfs), time: time, isManual: isManual)
        try writer.begin()
    }

    deinit { writer.stop() }

    /// Notes the state of an account. Takes about a microsecond, and never fails: what cannot be written now is
    /// written later.
    func note(_ entry: LedgerEntry) { writer.note(entry) }

    /// Waits until everything noted so far is written.
    ///
    /// - Throws: why it could not be written: `io` for a full disk, `corruptData` when the ledger had been damaged and
    ///   was begun anew. What is not written stays in memory and is tried again.
    public func flush() throws(LeptonError) { try writer.flush() }

    /// Writes a heartbeat now, instead of in a few seconds.
    package func beat() throws(LeptonError) { try writer.flush(withHeartbeat: true) }

    /// What all processes have written, this one's up to now, open accounts up to their last heartbeat.
    ///
    /// - Throws: as `flush`.
    public func contents(_ filter: LedgerFilter = LedgerFilter()) throws(LeptonError) -> LedgerContents {
        try writer.contents(filter)
    }

    /// Reads a ledger without taking part in it.
    ///
    /// - Throws: `notFound` when the folder has no ledger; `corruptData` when it cannot be read: it is left as it is.
    public static func contents(
        ofFolder folder: String, _ filter: LedgerFilter = LedgerFilter()
    ) throws(LeptonError) -> LedgerContents {
        let file = LedgerFile(path: folder + "/" + LedgerFile.name)
        guard try file.identity() != nil else {
            throw LeptonError(.notFound, "there is no ledger in '\(folder)'")
        }
        let database = try SQLiteConnection(path: file.path, create: false)
        try file.check(database)
        try LedgerSession.recover(file, database)
        return try database.contents(filter)
    }
}
