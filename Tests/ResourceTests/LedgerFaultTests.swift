import LeptonTensor
import Testing

import LeptonResources

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A full disk at every write and sync: the ledger opens afterwards and holds everything that was acknowledged.
@Suite(.serialized) struct LedgerFaultTests {
    private let clock = ManualClock()

    /// Opens a ledger and closes some accounts in it, each acknowledged by a flush that did not throw.
    private func work(_ folder: String, _ acknowledged: inout [UsageRecord]) throws(LeptonError) -> Meter {
        let ledger = try Ledger(folder: folder, time: clock.source, vfs: FaultyFileSystem.name, isManual: true)
        let meter = Meter(time: clock.source, ledger: ledger)
        for number in 0..<6 {
            let start = clock.source.monotonic()
            let account = meter.open(
                id: "\(number)", labels: [:], shape: ResourceShape(cores: number), start: start, deadline: nil)
            clock.advance(seconds: 1)
            meter.resize(account, to: ResourceShape(cores: 9), at: clock.source.monotonic())
            clock.advance(seconds: 1)
            meter.close(account, at: clock.source.monotonic())
            do throws(LeptonError) {
                try ledger.flush()
                acknowledged = meter.records()
            } catch { #expect(error.code == .io, "\(error.message)") }
        }
        return meter
    }

    @Test func whatWasAcknowledgedStays() throws {
        try #require(FaultyFileSystem.isRegistered)
        // How many writes there are in all.
        FaultyFileSystem.remaining.store(-1, ordering: .relaxed)
        FaultyFileSystem.count.store(0, ordering: .relaxed)
        do {
            let folder = TemporaryFolder()
            var acknowledged: [UsageRecord] = []
            _ = try work(folder.path, &acknowledged)
        }
        let writes = FaultyFileSystem.count.load(ordering: .relaxed)
        #expect(writes > 20)
        for allowed in 0..<writes {
            let folder = TemporaryFolder()
            FaultyFileSystem.remaining.store(allowed, ordering: .relaxed)
            var acknowledged: [UsageRecord] = []
            var meter: Meter?
            do throws(LeptonError) { meter = try work(folder.path, &acknowledged) } catch {
                #expect(error.code == .io || error.code == .permissionDenied, "\(allowed): \(error.message)")
            }
            // There is room again: what waited is written, and nothing twice.
            FaultyFileSystem.remaining.store(-1, ordering: .relaxed)
            if let meter {
                try meter.ledger?.flush()
                #expect(try Ledger.contents(ofFolder: folder.path).records == meter.records(), "\(allowed)")
            }
            meter = nil
            let after = try Ledger(folder: folder.path, time: clock.source, isManual: true).contents()
            #expect(after.damaged.isEmpty)
            #expect(acknowledged.allSatisfy(after.records.contains), "\(allowed)")
        }
    }

    /// As above, but the process ends while the disk is full: what waited is lost, what was acknowledged is not.
    @Test func aDiskThatStaysFullLosesNothingAcknowledged() throws {
        try #require(FaultyFileSystem.isRegistered)
        for allowed in stride(from: 0, to: 60, by: 3) {
            let folder = TemporaryFolder()
            FaultyFileSystem.remaining.store(allowed, ordering: .relaxed)
            var acknowledged: [UsageRecord] = []
            do throws(LeptonError) { _ = try work(folder.path, &acknowledged) } catch {
                #expect(error.code == .io || error.code == .permissionDenied, "\(allowed): \(error.message)")
            }
            FaultyFileSystem.remaining.store(-1, ordering: .relaxed)
            let after = try Ledger(folder: folder.path, time: clock.source, isManual: true).contents()
            #expect(acknowledged.allSatisfy(after.records.contains), "\(allowed)")
            #expect(Set(after.records.map(\.allocationID)).count == after.records.count)
        }
    }
}
