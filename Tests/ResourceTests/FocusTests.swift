import LeptonTensor
import Testing

import LeptonResources

/// The export in the columns of FOCUS.
@Suite struct FocusTests {
    private let january: Int64 = 1_767_225_600_000_000_000

    private func rows(_ bill: Bill) -> [[String: String]] {
        var lines = bill.focusCSV(account: "lab").split(separator: "\r\n").map { line -> [String] in
            var fields: [String] = [""]
            var isQuoted = false
            for character in line {
                switch character {
                case "\"": isQuoted.toggle()
                case "," where !isQuoted: fields.append("")
                default: fields[fields.count - 1].append(character)
                }
            }
            return fields
        }
        let names = lines.removeFirst()
        return lines.map { Dictionary(uniqueKeysWithValues: zip(names, $0)) }
    }

    @Test func rowsAddUpToTheBill() throws {
        let prices = try PriceList(
            json: JSONValue(
                parsing: """
                    {"currency": "EUR", "core_hour": "0.07", "memory_gib_hour": "0.01", "storage_gib_month": "0.1",
                     "accelerator_hour": "3", "free_per_month": {"core_hours": "0.01"}}
                    """))
        let record = UsageRecord(
            allocationID: "id", tenant: "physics", job: "fit", labels: ["a": "1, 2"],
            shape: ResourceShape(cores: 4, memoryBytes: 3 << 30, storageBytes: 5 << 30, accelerators: 1),
            startNanoseconds: january - 5_000_000_000, durationNanoseconds: 100_000_000_000, isOpen: false)
        let bill = try Bill([record], prices: prices, byMonth: true)
        let rows = rows(bill)
        // Two months, four resources, and the free part of the cores in each; the first month has nothing but that.
        #expect(rows.count == 9)
        var total: Int128 = 0
        for row in rows {
            let cost = try Money(parsing: try #require(row["BilledCost"]), argument: "cost")
            total += cost.nanoUnits
            #expect(row["ListCost"] == row["BilledCost"] && row["EffectiveCost"] == row["BilledCost"])
            #expect(row["ChargeCategory"] == "Usage" && row["BillingCurrency"] == "EUR")
            #expect(row["BillingAccountId"] == "lab" && row["SubAccountId"] == "physics")
            let start = try #require(row["ChargePeriodStart"])
            #expect(start >= row["BillingPeriodStart"] ?? "" && start < row["BillingPeriodEnd"] ?? "")
            #expect((row["ChargePeriodEnd"] ?? "") <= row["BillingPeriodEnd"] ?? "")
        }
        #expect(total == bill.total.nanoUnits)
        #expect(Set(rows.compactMap { $0["PricingUnit"] }).count == 4)
        #expect(rows[0]["SkuPriceId"] == "core-hour-free" && rows[0]["BilledCost"] == "0")
        #expect(rows[0]["Tags"] == #"{a: 1, 2}"#)
    }

    @Test func nothingUsedIsAHeaderAlone() throws {
        let text = try Bill([], prices: .standard).focusCSV()
        #expect(text.hasPrefix("BilledCost,BillingAccountId,") && text.split(separator: "\r\n").count == 1)
    }
}
