import LeptonTensor
import Testing

import LeptonResources

@Suite struct BillingTests {
    private func record(
        cores: Int = 0, memory: Int = 0, storage: Int = 0, nanoseconds: UInt64, labels: [String: String] = [:]
    ) -> UsageRecord {
        UsageRecord(
            allocationID: "3b241101-e2bb-4255-8caf-4136c566a962", labels: labels,
            shape: ResourceShape(cores: cores, memoryBytes: memory, storageBytes: storage),
            startNanoseconds: 1_767_225_600_000_000_000, durationNanoseconds: nanoseconds, isOpen: false)
    }

    @Test func theMeterMeasuresOpenAndClosedAllocations() throws {
        let clock = ManualClock()
        let meter = Meter(time: clock.source)
        let allocator = try LocalAllocator(
            nodes: 5, coresPerNode: 2, memoryPerNode: 1000, storageBytes: 50, time: clock.source)
        let first = try allocator.allocate(
            ResourceRequest(nodes: 5, memoryPerNode: 100, storageBytes: 7, labels: ["job": "a"]), meter: meter)
        clock.advance(nanoseconds: 100_000_001)
        let second = try allocator.allocate(ResourceRequest(), meter: meter)
        clock.advance(seconds: 2)
        try second.close()
        let records = meter.records()
        #expect(records.map(\.allocationID) == [second.id, first.id])
        #expect(records.map(\.isOpen) == [false, true])
        #expect(records[1].coreNanoseconds == 5 * 2_100_000_001)
        #expect(records[1].memoryByteNanoseconds == 500 * 2_100_000_001)
        #expect(records[1].storageByteNanoseconds == 7 * 2_100_000_001)
        #expect(records[1].labels == ["job": "a"])
        #expect(meter.takeClosedRecords().map(\.allocationID) == [second.id])
        #expect(meter.records().map(\.allocationID) == [first.id])
    }

    @Test func anUnattendedLeaseIsMeasuredToItsEnd() throws {
        let clock = ManualClock()
        let meter = Meter(time: clock.source)
        let allocator = try LocalAllocator(nodes: 1, storageBytes: 0, time: clock.source)
        let allocation = try allocator.allocate(ResourceRequest(leaseSeconds: 3), meter: meter)
        clock.advance(seconds: 100)
        #expect(meter.records().map(\.durationNanoseconds) == [3_000_000_000])
        #expect(allocation.state == .expired)
    }

    @Test func theLargestAmountsNeitherOverflowNorRound() throws {
        let extreme = record(cores: .max, memory: .max, storage: .max, nanoseconds: .max)
        #expect(extreme.coreNanoseconds == UInt128(Int.max) * UInt128(UInt64.max))
        #expect(extreme.billedSeconds(minimum: 1) == 18_446_744_074)
        let prices = try PriceList(currency: "USD", coreHour: "1", memoryGiBHour: "1", storageGiBMonth: "1")
        let bill = try Bill([extreme], prices: prices)
        // 9223372036854775807 cores x 18446744074 s x 1e9 / 3600, by integer arithmetic elsewhere.
        #expect(bill.lines[0].cost.nanoUnits == 47_261_439_850_874_484_782_326_616_032_777_778)
        let dearest = try PriceList(
            currency: "USD", coreHour: "999999999", memoryGiBHour: "999999999", storageGiBMonth: "999999999")
        expectError(.outOfMemory) { () throws(LeptonError) in try Bill([extreme], prices: dearest) }
        #expect(bill.text.contains("47261439850874484782326616.032777778"))
    }

    @Test func sumsOfManyLinesAreExact() throws {
        // A third of a cent, in nano-units, a million times: binary fractions would drift here.
        let prices = try PriceList(currency: "USD", coreHour: "12.000000001", memoryGiBHour: "0", storageGiBMonth: "0")
        let line = try Bill([record(cores: 1, nanoseconds: 1_000_000_000)], prices: prices).total
        #expect(line.nanoUnits == 3_333_333)
        let records = Array(repeating: record(cores: 1, nanoseconds: 1_000_000_000), count: 10_000)
        #expect(try Bill(records, prices: prices).total.nanoUnits == 33_333_330_000)
    }

    @Test func wholeSecondsAreChargedWithAMinimum() throws {
        #expect(record(cores: 1, nanoseconds: 1).billedSeconds(minimum: 0) == 1)
        #expect(record(cores: 1, nanoseconds: 0).billedSeconds(minimum: 0) == 0)
        #expect(record(cores: 1, nanoseconds: 1_000_000_000).billedSeconds(minimum: 1) == 1)
        #expect(record(cores: 1, nanoseconds: 1_000_000_001).billedSeconds(minimum: 1) == 2)
        #expect(record(cores: 1, nanoseconds: 5).billedSeconds(minimum: 60) == 60)
    }

    @Test func aShortJobIsVisible() throws {
        let bill = try Bill([record(cores: 5, storage: 1 << 20, nanoseconds: 100_000_000)], prices: .standard)
        // 5 core-seconds at 0.04 an hour: 0.2 / 3600.
        #expect(bill.lines[0].cost.text(decimals: 9) == "0.000055556")
        #expect(bill.lines[0].unitPrice.text() == "0.04")
        #expect(bill.total.nanoUnits == bill.lines.reduce(0) { $0 + $1.cost.nanoUnits })
        #expect(bill.payable.text(decimals: 2) == "0.00")
        #expect(bill.text.contains("0.000055556"))
        #expect(bill.text.contains("<0.000000001"))
        #expect(bill.text.contains("smallest unit: 0.00 USD"))
    }

    @Test func monthsHave730Hours() throws {
        let month: UInt64 = 730 * 3600 * 1_000_000_000
        let bill = try Bill(
            [record(cores: 2, memory: 3 << 30, storage: 10 << 30, nanoseconds: month)], prices: .standard)
        #expect(bill.lines.map { $0.cost.text() } == ["58.4", "8.76", "0.8"])
        #expect(bill.total.text(decimals: 2) == "67.96")
        #expect(bill.lines.map(\.unit) == ["core-hour", "GiB-hour", "GiB-month"])
    }

    @Test(
        arguments: [
            (1, 2, 0), (3, 2, 2), (5, 2, 2), (7, 2, 4), (5, 3, 2), (4, 3, 1), (0, 7, 0), (14, 7, 2),
        ] as [(UInt128, UInt128, UInt128)])
    func quotientsAreRoundedHalfToEven(dividend: UInt128, divisor: UInt128, expected: UInt128) {
        #expect(roundedHalfEven(dividend, times: 1, dividedBy: divisor) == expected)
    }

    @Test func wideQuotientsAreExactOrRefused() {
        #expect(roundedHalfEven(.max, times: .max, dividedBy: .max) == .max)
        #expect(roundedHalfEven(.max, times: 2, dividedBy: 1) == nil)
        #expect(roundedHalfEven(1 << 127, times: 3, dividedBy: 6) == 1 << 126)
    }

    @Test func moneyRoundsHalfToEven() {
        let cases: [(Int128, Int, String)] = [
            (5_000_000, 2, "0.00"), (15_000_000, 2, "0.02"), (25_000_000, 2, "0.02"), (25_000_001, 2, "0.03"),
            (-15_000_000, 2, "-0.02"), (500_000_000, 0, "0"), (1_500_000_000, 0, "2"),
            (1_234_567_891, 9, "1.234567891"),
        ]
        for (nanoUnits, decimals, expected) in cases {
            #expect(Money(nanoUnits: nanoUnits).rounded(decimals: decimals).text(decimals: decimals) == expected)
        }
        for extreme in [Int128.max, .min] {
            for decimals in [-1, 0, 5, 9, 20] { _ = Money(nanoUnits: extreme).rounded(decimals: decimals).text() }
        }
    }

    @Test func theReportIsJSONWithExactAmounts() throws {
        let meter = Meter(time: ManualClock().source)
        #expect(try meter.usageReport().objectValue?["total"] == "0.000000000")
        let bill = try Bill(
            [record(cores: 5, memory: 1 << 30, nanoseconds: 1_500_000_000, labels: ["b": "2", "a": "1"])],
            prices: .standard)
        let report = try #require(JSONValue(parsing: bill.json.text).objectValue)
        let first = try #require(report["records"]?.arrayValue?.first?.objectValue)
        #expect(first["core_seconds"] == "7.5")
        #expect(first["duration_seconds"] == "1.5")
        #expect(first["start"] == "2026-01-01T00:00:00Z")
        #expect(first["labels"]?.objectValue?.keys == ["a", "b"])
        let line = try #require(report["lines"]?.arrayValue?.first?.objectValue)
        #expect(line["billed_quantity"] == "10" && line["billed_unit"] == "core-second")
        #expect(line["quantity"] == "0.002777778" && line["unit"] == "core-hour")
        #expect(line["cost"] == "0.000111111")
        #expect(report["currency"] == "USD")
    }

    @Test func theTableIsAlignedAndNarrow() throws {
        let labels = ["description": String(repeating: "long ", count: 40)]
        let bill = try Bill(
            [
                record(cores: 500, memory: 64 << 30, storage: 50_000_000_000_000, nanoseconds: 86_400_000_000_000),
                record(cores: 1, storage: 1, nanoseconds: 100_000_000, labels: labels),
            ], prices: .standard)
        let rows = bill.text.split(separator: "\n")
        #expect(rows.allSatisfy { $0.count <= 100 }, "\(bill.text)")
        let costs = rows.filter { $0.hasPrefix("  ") || $0.hasPrefix("total") }
        #expect(Set(costs.map(\.count)).count == 1)
        #expect(costs.count == 7)
    }

    @Test func datesAreThoseOfTheCalendar() {
        #expect(WallTime.text(nanoseconds: 0) == "1970-01-01T00:00:00Z")
        #expect(WallTime.text(nanoseconds: 951_782_400_000_000_000) == "2000-02-29T00:00:00Z")
        #expect(WallTime.text(nanoseconds: 1_709_251_199_999_999_999) == "2024-02-29T23:59:59Z")
        #expect(WallTime.text(nanoseconds: -1) == "1969-12-31T23:59:59Z")
        _ = WallTime.text(nanoseconds: .min)
        _ = WallTime.text(nanoseconds: .max)
    }
}
