import LeptonTensor
import Testing

import LeptonResources

/// Prices that change with time, and free allowances.
@Suite struct PriceVersionTests {
    private let january: Int64 = 1_767_225_600_000_000_000  // 2026-01-01T00:00:00Z
    private let second: Int64 = 1_000_000_000

    private func list(_ text: String) throws(LeptonError) -> PriceList {
        try PriceList(json: JSONValue(parsing: text))
    }

    private func record(
        _ cores: Int, start: Int64, seconds: UInt64, tenant: String = "", memory: Int = 0
    ) -> UsageRecord {
        UsageRecord(
            allocationID: "a", tenant: tenant, labels: [:], shape: ResourceShape(cores: cores, memoryBytes: memory),
            startNanoseconds: start, durationNanoseconds: seconds * 1_000_000_000, isOpen: false)
    }

    private let changing = """
        {"currency": "EUR", "versions": [
            {"core_hour": "3600", "memory_gib_hour": "0", "storage_gib_month": "0"},
            {"effective": "2026-01-01T00:00:10Z", "core_hour": "7200", "memory_gib_hour": "0", "storage_gib_month": "0"}
        ]}
        """

    @Test func aRecordThatSpansAChangeIsSplitExactly() throws {
        let prices = try list(changing)
        let bill = try Bill([record(3, start: january, seconds: 25)], prices: prices)
        #expect(bill.lines.map(\.billedSeconds) == [10, 15])
        #expect(bill.lines.map(\.priceVersion) == [0, 1])
        #expect(bill.lines.map(\.startNanoseconds) == [january, january + 10 * second])
        #expect(bill.total.text() == "\(3 * 10 + 3 * 15 * 2)")
        // A second that began before the change has the price before it.
        let late = try Bill([record(1, start: january + second / 2, seconds: 20)], prices: prices)
        #expect(late.lines.map(\.billedSeconds) == [10, 10])
        #expect(try PriceList(json: prices.json) == prices)
    }

    @Test func recordsBeforeAndAfterHaveOnePriceEach() throws {
        let prices = try list(changing)
        let before = try Bill([record(1, start: january - 100 * second, seconds: 5)], prices: prices)
        #expect(before.lines.map(\.unitPrice.nanoUnits) == [3_600_000_000_000])
        let after = try Bill([record(1, start: january + 10 * second, seconds: 5)], prices: prices)
        #expect(after.lines.map(\.unitPrice.nanoUnits) == [7_200_000_000_000])
    }

    @Test func versionsMustHaveDatesInOrder() {
        let prices = #""core_hour": 1, "memory_gib_hour": 1, "storage_gib_month": 1"#
        let cases = [
            (#"[]"#, "versions"), (#"7"#, "versions"), ("[{\(prices)}, {\(prices)}]", "effective"),
            ("[{\"effective\": \"2026-02-30\", \(prices)}]", "effective"),
            ("[{\"effective\": \"yesterday\", \(prices)}]", "effective"),
            ("[{\"effective\": \"2026-02-01\", \(prices)}, {\"effective\": \"2026-01-01\", \(prices)}]", "effective"),
            ("[{\"currency\": \"USD\", \(prices)}]", "price list key"),
            ("[{\"free_per_month\": {\"cores\": 1}, \(prices)}]", "key of free_per_month"),
            ("[{\"free_per_month\": 1, \(prices)}]", "free_per_month"),
        ]
        for (versions, argument) in cases {
            let error = expectError(.invalidArgument) { () throws(LeptonError) in
                try list("{\"currency\": \"USD\", \"versions\": \(versions)}")
            }
            #expect(error.argument == argument, "\(versions)")
        }
    }

    private let allowance = """
        {"currency": "EUR", "core_hour": "3600", "memory_gib_hour": "0", "storage_gib_month": "0",
         "free_per_month": {"core_hours": "0.01"}}
        """

    @Test func aFreeAllowanceIsForEachTenantAndMonth() throws {
        let prices = try list(allowance)
        #expect(try PriceList(json: prices.json) == prices)
        // 0.01 core-hours are 36 core-seconds. The second record began first.
        let bill = try Bill(
            [
                record(1, start: january + 100 * second, seconds: 20), record(3, start: january, seconds: 10),
                record(1, start: january, seconds: 20, tenant: "other"),
            ], prices: prices)
        #expect(bill.lines.map(\.freeQuantity) == [6, 30, 20])
        #expect(bill.lines.map { $0.cost.text() } == ["14", "0", "0"])
        #expect(bill.text.contains("Free of charge: 0.015555556 core-hour"))
        // One record over the end of a month has two allowances.
        let crossing = try Bill([record(10, start: january - 5 * second, seconds: 10)], prices: prices)
        #expect(crossing.lines.map(\.freeQuantity) == [36, 36])
        #expect(crossing.lines.map(\.billedSeconds) == [5, 5])
    }

    @Test func linesEndWithTheMonthWhereAsked() throws {
        let records = [record(1, start: january - 5 * second, seconds: 10)]
        #expect(try Bill(records, prices: .standard).lines.count == 1)
        #expect(try Bill(records, prices: .standard, byMonth: true).lines.map(\.billedSeconds) == [5, 5])
    }

    @Test func momentsAreReadAsTheyAreWritten() throws {
        for text in ["1970-01-01T00:00:00Z", "2000-02-29T23:59:59Z", "2026-11-24T06:05:56Z", "1969-07-20T20:17:40Z"] {
            let moment = try WallTime.nanoseconds(parsing: text, argument: "x")
            #expect(WallTime.text(nanoseconds: moment) == text)
        }
        for text in [
            "", "2026-1-1", "2026-13-01", "2025-02-29", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "1500-01-01",
        ] {
            expectError(.invalidArgument) { () throws(LeptonError) in
                try WallTime.nanoseconds(parsing: text, argument: "x")
            }
        }
        let month = WallTime.Month(containing: january - 1)
        #expect(month.next == WallTime.Month(containing: january) && month.next.startNanoseconds == january)
    }
}
