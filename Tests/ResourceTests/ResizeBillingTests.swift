import LeptonTensor
import Testing

import LeptonResources

/// Records of resized allocations: exact sums over intervals, and each second on the bill once.
@Suite struct ResizeBillingTests {
    private let clock = ManualClock()
    private let prices: PriceList

    init() throws {
        prices = try PriceList(
            currency: "USD", coreHour: "3600", memoryGiBHour: "3600", storageGiBMonth: "1", acceleratorHour: "7200")
    }

    private func shape(_ cores: Int, memory: Int = 0, accelerators: Int = 0) -> ResourceShape {
        ResourceShape(cores: cores, memoryBytes: memory, accelerators: accelerators)
    }

    private var now: UInt64 { clock.source.monotonic() }

    private func open(_ meter: Meter, _ shape: ResourceShape, deadline: UInt64? = nil) -> Meter.Account {
        meter.open(id: "a", labels: [:], shape: shape, start: now, deadline: deadline)
    }

    @Test func usageIsTheSumOverIntervals() throws {
        let meter = Meter(time: clock.source)
        let account = open(meter, shape(2, memory: 10))
        clock.advance(nanoseconds: 1_500_000_000)
        meter.resize(account, to: shape(5, memory: 10), at: now)
        clock.advance(nanoseconds: 1_500_000_001)
        meter.close(account, at: now)
        let record = try #require(meter.records().first)
        #expect(record.coreNanoseconds == 2 * 1_500_000_000 + 5 * 1_500_000_001)
        #expect(record.memoryByteNanoseconds == 10 * 3_000_000_001)
        let lines = try Bill([record], prices: prices).lines
        // Of the 4 seconds charged, the first two began with 2 cores. The memory never changed: one line.
        #expect(lines.map(\.resource) == [.cores, .cores, .memory])
        #expect(lines.map(\.amount) == [2, 5, 10])
        #expect(lines.map(\.billedSeconds) == [2, 2, 4])
        #expect(lines[0].cost.text() == "4" && lines[1].cost.text() == "10")
    }

    @Test func tenantAndJobAreGivenOrLabels() {
        let meter = Meter(time: clock.source)
        _ = meter.open(id: "a", labels: ["tenant": "x", "job": "y"], shape: .zero, start: now, deadline: nil)
        _ = meter.open(
            id: "b", tenant: "t", job: "j", labels: ["tenant": "x"], shape: .zero, start: now, deadline: nil)
        #expect(meter.records().map(\.tenant) == ["x", "t"])
        #expect(meter.records().map(\.job) == ["y", "j"])
    }

    @Test func acceleratorsAreCharged() throws {
        let meter = Meter(time: clock.source)
        let account = open(meter, shape(1, accelerators: 2))
        clock.advance(seconds: 3)
        meter.close(account, at: now)
        let bill = try Bill(meter.records(), prices: prices)
        #expect(bill.lines.map(\.unit) == ["core-hour", "accelerator-hour"])
        #expect(bill.lines[1].cost.text() == "12")
        #expect(bill.json.objectValue?["records"]?.arrayValue?[0].objectValue?["accelerator_seconds"] == "6")
    }

    @Test func resizesThatChangeNothingLeaveNoTrace() {
        let meter = Meter(time: clock.source)
        let account = open(meter, shape(1))
        meter.resize(account, to: shape(2), at: now)
        clock.advance(seconds: 1)
        meter.resize(account, to: shape(2), at: now)
        meter.resize(account, to: shape(9), at: now)
        meter.resize(account, to: shape(2), at: now)
        #expect(meter.records()[0].intervals.map(\.shape) == [shape(2)])
        clock.advance(seconds: 1)
        meter.close(account, at: now)
        meter.resize(account, to: shape(3), at: now)
        #expect(meter.records()[0].coreNanoseconds == 4_000_000_000)
    }

    @Test func aLeaseThatIsOverIsNotResized() {
        let meter = Meter(time: clock.source)
        let account = open(meter, shape(1), deadline: now + 2_000_000_000)
        clock.advance(seconds: 3)
        meter.resize(account, to: shape(100), at: now)
        #expect(meter.records()[0].coreNanoseconds == 2_000_000_000)
    }

    @Test func clocksReadLateNeverMakeTimeNegative() throws {
        let meter = Meter(time: clock.source)
        let account = open(meter, shape(1))
        let early = now
        clock.advance(seconds: 5)
        meter.resize(account, to: shape(2), at: now)
        meter.resize(account, to: shape(3), at: early)
        meter.close(account, at: early)
        let record = try #require(meter.records().first)
        #expect(record.durationNanoseconds == 5_000_000_000 && record.coreNanoseconds == 5_000_000_000)
    }

    /// Any sequence of resizes and steps of time: what is charged is what a count second by second gives.
    @Test(arguments: 0..<40)
    func noSecondIsChargedTwiceOrLost(seed: Int) throws {
        var random = RandomStream(seed: UInt64(seed), purpose: .shuffle, index: 0)
        let meter = Meter(time: clock.source)
        var held = shape(1 + Int(random.below(4)), memory: Int(random.below(3)))
        let account = open(meter, held)
        let start = now
        var changes: [(offset: UInt64, shape: ResourceShape)] = [(0, held)]
        var expected: [Resource: UInt128] = [:]
        for _ in 0..<Int(random.below(30)) {
            let step = random.below(3) == 0 ? random.below(400_000_000) : random.below(5_000_000_000)
            for resource in Resource.allCases { expected[resource, default: 0] += UInt128(held[resource] * Int(step)) }
            clock.advance(nanoseconds: step)
            held = shape(Int(random.below(4)), memory: Int(random.below(3)), accelerators: Int(random.below(2)))
            meter.resize(account, to: held, at: now)
            changes.append((now - start, held))
        }
        clock.advance(nanoseconds: 1)
        for resource in Resource.allCases { expected[resource, default: 0] += UInt128(held[resource]) }
        meter.close(account, at: now)

        let record = try #require(meter.records().first)
        let bill = try Bill([record], prices: prices)
        for resource in Resource.allCases {
            #expect(record.used(resource) == expected[resource])
            let charged = bill.lines.filter { $0.resource == resource }.reduce(UInt128(0)) { $0 + $1.billedQuantity }
            let counted = (0..<record.billedSeconds(minimum: 1)).reduce(UInt128(0)) { sum, second in
                sum + UInt128(changes.last { $0.offset <= second * 1_000_000_000 }?.shape[resource] ?? 0)
            }
            #expect(charged == counted, "\(resource)")
        }
        #expect(bill.total.nanoUnits == bill.lines.reduce(0) { $0 + $1.cost.nanoUnits })
    }
}
