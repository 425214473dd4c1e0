import CSQLite
import LeptonTensor
import Testing

import LeptonResources

/// The ledger on disk: what is written is read, by whoever opens it next.
@Suite struct LedgerTests {
    private let folder = TemporaryFolder()
    private let clock = ManualClock()

    private func open() throws(LeptonError) -> Ledger {
        try Ledger(folder: folder.path, time: clock.source, isManual: true)
    }

    private var now: UInt64 { clock.source.monotonic() }
    private let small = ResourceShape(cores: 2, memoryBytes: 1 << 20, storageBytes: 5, accelerators: 1)
    private let large = ResourceShape(cores: 7, memoryBytes: 1 << 30)

    private func account(
        _ meter: Meter, _ id: String = "a", tenant: String = "", deadline: UInt64? = nil
    ) -> Meter.Account {
        meter.open(
            id: id, tenant: tenant, job: "fit", labels: ["k\"": "v'ü"], shape: small, start: now, deadline: deadline)
    }

    @Test func recordsOutliveTheirMeter() throws {
        var expected: [UsageRecord] = []
        do {
            let meter = Meter(time: clock.source, ledger: try open())
            let first = account(meter)
            clock.advance(seconds: 1.5)
            meter.resize(first, to: large, at: now)
            clock.advance(seconds: 1)
            meter.close(first, at: now)
            expected = meter.records()
        }
        let read = try Ledger.contents(ofFolder: folder.path)
        #expect(read.records == expected && read.damaged.isEmpty)
        #expect(read.records[0].intervals.count == 2)
    }

    @Test func openAccountsEndWithTheirLedger() throws {
        do {
            let meter = Meter(time: clock.source, ledger: try open())
            _ = account(meter)
            clock.advance(seconds: 3)
        }
        let records = try Ledger.contents(ofFolder: folder.path).records
        #expect(records.map(\.durationNanoseconds) == [3_000_000_000])
        #expect(records.map(\.isOpen) == [false])
    }

    @Test func othersSeeOpenAccountsUpToTheLastHeartbeat() throws {
        let ledger = try open()
        let meter = Meter(time: clock.source, ledger: ledger)
        let first = account(meter, deadline: now + 8_000_000_000)
        clock.advance(seconds: 3)
        try ledger.beat()
        clock.advance(seconds: 2)
        #expect(try Ledger.contents(ofFolder: folder.path).records.map(\.durationNanoseconds) == [3_000_000_000])
        #expect(try ledger.contents().records.map(\.durationNanoseconds) == [5_000_000_000])
        // The lease is over before anybody looks.
        clock.advance(seconds: 100)
        let records = try ledger.contents().records
        #expect(records.map(\.durationNanoseconds) == [8_000_000_000] && records[0].isOpen)
        meter.close(first, at: now)
        #expect(try ledger.contents().records == meter.records())
    }

    @Test func severalLedgersShareOneFile() throws {
        let ledgers = [try open(), try open()]
        let meters = ledgers.map { Meter(time: clock.source, ledger: $0) }
        for round in 0..<20 {
            for (index, meter) in meters.enumerated() {
                let opened = account(meter, "\(index)-\(round)", tenant: "t\(index)")
                clock.advance(nanoseconds: 10)
                meter.close(opened, at: now)
                try ledgers[index].flush()
            }
        }
        let all = try ledgers[0].contents().records
        #expect(all.count == 40 && Set(all.map(\.allocationID)).count == 40)
        #expect(try ledgers[1].contents(LedgerFilter(tenant: "t1")).records.count == 20)
        #expect(try ledgers[1].contents(LedgerFilter(job: "other")).records.isEmpty)
        let start = clock.source.wall()
        #expect(try ledgers[1].contents(LedgerFilter(fromNanoseconds: start)).records.count == 40)
        #expect(try ledgers[1].contents(LedgerFilter(beforeNanoseconds: start)).records.isEmpty)
    }

    @Test func theBackgroundThreadWritesByItself() async throws {
        let ledger = try Ledger(folder: folder.path, time: clock.source)
        let meter = Meter(time: clock.source, ledger: ledger)
        await onThreads(4) { thread in
            for number in 0..<50 {
                let account = meter.open(
                    id: "\(thread)-\(number)", labels: [:], shape: .zero, start: meter.time.monotonic(), deadline: nil)
                meter.close(account, at: meter.time.monotonic())
            }
        }
        #expect(try ledger.contents().records.count == 200)
    }

    @Test(arguments: ["not a database at all, but some text that is longer than the header of one would be....", ""])
    func aDamagedFileIsSetAsideOnce(content: String) throws {
        do {
            let meter = Meter(time: clock.source, ledger: try open())
            meter.close(account(meter), at: now)
        }
        let path = folder.path + "/ledger.sqlite"
        try FileSystem.writeAtomically(path, Array(content.utf8))
        let error = expectError(.corruptData) { () throws(LeptonError) in try open() }
        #expect(error.message.contains("ledger.sqlite-damaged-"))
        let kept = try FileSystem.names(inFolder: folder.path).filter {
            $0.hasPrefix("ledger.sqlite-damaged-") && !$0.hasSuffix("-wal") && !$0.hasSuffix("-shm")
        }
        let name = try #require(kept.first)
        #expect(kept.count == 1)
        #expect(try FileSystem.readFile(folder.path + "/" + name, maximumBytes: 1 << 20) == Array(content.utf8))
        #expect(try open().contents().records.isEmpty)
    }

    @Test func aFileThatVanishesIsSaidOnceAndWrittenAnew() throws {
        let ledger = try open()
        let meter = Meter(time: clock.source, ledger: ledger)
        let first = account(meter)
        try ledger.flush()
        for suffix in ["", "-wal", "-shm"] { _ = try FileSystem.removeFile(folder.path + "/ledger.sqlite" + suffix) }
        clock.advance(seconds: 1)
        meter.close(first, at: now)
        expectError(.corruptData) { () throws(LeptonError) in try ledger.flush() }
        try ledger.flush()
        #expect(try ledger.contents().records == meter.records())
    }

    @Test func changedRowsAreDetectedAndLeftOut() throws {
        do {
            let meter = Meter(time: clock.source, ledger: try open())
            for id in ["a", "b", "c"] { meter.close(account(meter, id), at: now) }
        }
        try execute("UPDATE allocation SET duration = 77 WHERE allocation_id = 'a'")
        try execute("UPDATE interval SET cores = 1 WHERE number = 1")
        let contents = try Ledger.contents(ofFolder: folder.path)
        #expect(contents.records.map(\.allocationID) == ["c"])
        #expect(contents.damaged.count == 2 && contents.damaged[0].contains("'a'"))
    }

    @Test func aLedgerOfAnotherVersionIsRefusedAndStays() throws {
        _ = try open()
        try execute("PRAGMA user_version = 9")
        expectError(.notSupported) { () throws(LeptonError) in try open() }
        try execute("PRAGMA user_version = 1")
        _ = try open()
    }

    @Test func thereMustBeALedgerToRead() {
        expectError(.notFound) { () throws(LeptonError) in try Ledger.contents(ofFolder: folder.path) }
    }

    @Test func nothingStaysOpenOrLocked() throws {
        for _ in 0..<3 { _ = try open() }
        #expect(openFiles(under: folder.path).isEmpty)
        #expect(try FileSystem.names(inFolder: folder.path).allSatisfy { !$0.hasSuffix(".session") })
    }

    private func execute(_ text: String) throws {
        var database: OpaquePointer?
        try #require(sqlite3_open(folder.path + "/ledger.sqlite", &database) == SQLITE_OK)
        #expect(sqlite3_exec(database, text, nil, nil, nil) == SQLITE_OK)
        sqlite3_close(database)
    }
}
