import LeptonResources
import LeptonTensor
import Synchronization
import Testing

@Suite struct AllocationTests {
    private let clock = ManualClock()
    private let allocator: LocalAllocator
    private let meter: Meter

    init() throws {
        allocator = try LocalAllocator(
            nodes: 5, coresPerNode: 1, memoryPerNode: 1 << 30, storageBytes: 1 << 40, time: clock.source)
        meter = Meter(time: clock.source)
    }

    @Test func describesWhatWasGranted() throws {
        let allocation = try allocator.allocate(
            ResourceRequest(nodes: 3, storageBytes: 10, labels: ["team": "risk"]), meter: meter)
        #expect(allocation.totalCores == 3)
        #expect(allocation.nodes.map(\.kind) == [.compute, .compute, .compute, .storage])
        #expect(allocation.labels == ["team": "risk"])
        #expect(allocation.state == .active)
        #expect(allocation.leaseRemaining == .infinity)
        #expect((1...36).contains(allocation.id.utf8.count))
    }

    @Test func closingGivesBackOnce() throws {
        let allocation = try allocator.allocate(ResourceRequest(nodes: 5), meter: meter)
        #expect(allocator.allocated.cores == 5)
        try allocation.close()
        try allocation.close()
        #expect(allocation.state == .released)
        #expect(allocation.leaseRemaining == 0)
        #expect(allocator.allocated == .zero)
        expectError(.invalidState) { () throws(LeptonError) in try allocation.beginUse() }
        expectError(.invalidState) { () throws(LeptonError) in try allocation.renew(seconds: 1) }
        #expect(meter.records().count == 1)
    }

    @Test func theLastReferenceGivesBack() throws {
        do {
            let allocation = try allocator.allocate(ResourceRequest(nodes: 5), meter: meter)
            #expect(allocation.state == .active)
        }
        #expect(allocator.allocated == .zero)
        #expect(meter.records().map(\.isOpen) == [false])
    }

    @Test func closingDuringUseIsRefused() throws {
        let allocation = try allocator.allocate(ResourceRequest(), meter: meter)
        try allocation.beginUse()
        try allocation.beginUse()
        let error = expectError(.invalidState) { () throws(LeptonError) in try allocation.close() }
        #expect(error.message.contains("2 running jobs"))
        #expect(allocation.state == .active)
        allocation.endUse()
        allocation.endUse()
        try allocation.close()
        #expect(allocation.state == .released)
    }

    @Test func useEndsWhenItsBodyThrows() throws {
        let allocation = try allocator.allocate(ResourceRequest(), meter: meter)
        expectError(.cancelled) { () throws(LeptonError) in
            try allocation.withUse { () throws(LeptonError) in throw LeptonError(.cancelled, "stop") }
        }
        try allocation.close()
    }

    @Test func anExpiredLeaseStopsUseAndReturnsResources() throws {
        let allocation = try allocator.allocate(ResourceRequest(nodes: 5, leaseSeconds: 2), meter: meter)
        try allocation.beginUse()
        clock.advance(seconds: 1.5)
        try allocation.checkActive()
        #expect(allocation.leaseRemaining == 0.5)
        clock.advance(seconds: 10)
        expectError(.timedOut) { () throws(LeptonError) in try allocation.checkActive() }
        expectError(.timedOut) { () throws(LeptonError) in try allocation.beginUse() }
        expectError(.timedOut) { () throws(LeptonError) in try allocation.renew(seconds: 5) }
        #expect(allocation.state == .expired)
        #expect(allocation.leaseRemaining == 0)
        #expect(allocator.allocated == .zero)
        allocation.endUse()
        try allocation.close()
        #expect(allocation.state == .expired)
        // Charged to the end of the lease, not to the moment at which it was noticed.
        #expect(meter.records().map(\.durationNanoseconds) == [2_000_000_000])
    }

    @Test func renewingMovesTheEndEitherWay() throws {
        let allocation = try allocator.allocate(ResourceRequest(leaseSeconds: 2), meter: meter)
        clock.advance(seconds: 1)
        try allocation.renew(seconds: 5)
        #expect(allocation.leaseRemaining == 5)
        clock.advance(seconds: 4)
        #expect(allocation.state == .active)
        try allocation.renew(seconds: .infinity)
        clock.advance(seconds: 1e6)
        #expect(allocation.state == .active)
        #expect(allocator.allocated.cores == 1)
        try allocation.renew(seconds: 0.25)
        clock.advance(seconds: 0.25)
        #expect(allocation.state == .expired)
        #expect(allocator.allocated.cores == 0)
        for seconds in [0, -1, Double.nan] {
            let error = expectError(.invalidArgument) { () throws(LeptonError) in
                try allocation.renew(seconds: seconds)
            }
            #expect(error.argument == "seconds")
        }
    }

    @Test func theShortestAndTheLongestLeasesAreSafe() throws {
        let tiny = try allocator.allocate(ResourceRequest(leaseSeconds: .leastNonzeroMagnitude), meter: meter)
        #expect(tiny.state == .active)
        clock.advance(nanoseconds: 1)
        #expect(tiny.state == .expired)
        let long = try allocator.allocate(ResourceRequest(leaseSeconds: .greatestFiniteMagnitude), meter: meter)
        #expect(long.leaseRemaining == .infinity)
    }

    @Test func stateNumbersAreThoseOfTheHeader() {
        #expect(AllocationState.allCases.map(\.rawValue) == [0, 1, 2, 3, 4, 5])
        #expect(AllocationState.active.rawValue == 1 && AllocationState.expired.rawValue == 4)
    }

    @Test func closingFromManyThreadsReleasesOnce() async throws {
        for _ in 0..<50 {
            let host = HostAllocator()
            let allocation = try host.allocate(ResourceRequest(), meter: meter)
            await onThreads(8) { _ in
                if (try? allocation.beginUse()) != nil { allocation.endUse() }
                try? allocation.close()
            }
            try allocation.close()
            #expect(host.released.withLock { $0 } == ["host-1"])
        }
    }

    @Test func aHostsAllocatorIsCheckedAndItsRefusalPassedOn() throws {
        let request = try ResourceRequest()
        let wrong = HostAllocator()
        wrong.answer.withLock { $0 = Grant(id: "host-1", nodes: [], leaseSeconds: 1) }
        let error = expectError(.internalError) { () throws(LeptonError) in
            try wrong.allocate(request, meter: meter)
        }
        #expect(error.message.contains("0 compute nodes"))
        #expect(wrong.released.withLock { $0 } == ["host-1"])
        let full = HostAllocator()
        full.answer.withLock { $0 = nil }
        expectError(.resourceExhausted) { () throws(LeptonError) in
            try full.allocate(request, meter: meter)
        }
        #expect(meter.records().isEmpty)
    }
}

/// An allocator as a host application might bring: one grant, and a note of what was given back.
private final class HostAllocator: ResourceAllocator {
    let answer = Mutex<Grant?>(
        Grant(
            id: "host-1", nodes: [Node(id: "a", kind: .compute, shape: ResourceShape(cores: 1))],
            leaseSeconds: .infinity))
    let released = Mutex<[String]>([])

    var capacity: ResourceShape { ResourceShape(cores: 1) }
    var allocated: ResourceShape { .zero }

    func grant(_ request: ResourceRequest) throws(LeptonError) -> Grant {
        guard let grant = answer.withLock({ $0 }) else {
            throw LeptonError(.resourceExhausted, "the host has nothing to give")
        }
        return grant
    }

    func release(_ id: String) { released.withLock { $0.append(id) } }
    func renew(_ id: String, seconds: Double) throws(LeptonError) {}
}
