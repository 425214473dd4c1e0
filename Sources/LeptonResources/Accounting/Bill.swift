import LeptonTensor

/// Usage at a price: one line for each allocation, each resource that it held, and each amount that it held of it.
///
/// How a line comes about: the allocation's time is rounded up to whole seconds, and up to the list's minimum; each
/// second is charged once, for what was held and at the price that held when it began; the seconds are multiplied by
/// amount and price; and the exact result is rounded once, half to even, to the billionth of the currency unit (9
/// decimals). The total is the exact sum of the lines. So short jobs are visible (one core for one second at 0.04 an
/// hour is 0.000011111), and lines always add up to the total. `payable` is the total in whole minor units (cents), for
/// whoever settles it.
///
/// What a month's free allowance covers is taken off the tenant's lines in the order of their start.
public struct Bill: Sendable, Hashable {
    public let prices: PriceList
    public let records: [UsageRecord]
    public let lines: [Line]
    public let total: Money

    public struct Line: Sendable, Hashable {
        /// Which of the bill's records this line charges.
        public let recordIndex: Int
        public let allocationID: String
        public let resource: Resource
        /// Cores, bytes or accelerators held.
        public let amount: Int
        /// By the wall clock, nanoseconds since 1970-01-01 UTC.
        public let startNanoseconds: Int64
        /// Whole seconds charged.
        public let billedSeconds: UInt64
        /// Of the billed quantity, what a free allowance covers.
        public let freeQuantity: UInt128
        /// Which of the list's versions gave the price.
        public let priceVersion: Int
        public let unitPrice: Money
        public let cost: Money

        /// Core-seconds, byte-seconds or accelerator-seconds used, whether charged or free.
        public var billedQuantity: UInt128 { UInt128(max(amount, 0)) * UInt128(billedSeconds) }

        /// What the price is for: "core-hour", "GiB-hour", "GiB-month" or "accelerator-hour".
        public var unit: String { resource.pricedUnit }

        /// The quantity in priced units, to 9 decimals for display. The cost is not computed from it.
        var unitsText: String { Line.unitsText(billedQuantity, resource) }

        static func unitsText(_ quantity: UInt128, _ resource: Resource) -> String {
            let nanoUnits = roundedHalfEven(quantity, times: 1_000_000_000, dividedBy: resource.quantityPerUnit)
            return nanoUnits.map { decimalText($0, fractionDigits: 9, minimum: 0) } ?? "\(quantity)"
        }
    }

    /// - Parameter byMonth: whether lines end with a calendar month (UTC), so that each belongs to one. They do so
    ///   anyway where the list has free allowances.
    /// - Throws: `outOfMemory` when an amount of money leaves 128 bits, which no real bill does.
    public init(_ records: [UsageRecord], prices: PriceList, byMonth: Bool = false) throws(LeptonError) {
        let hasAllowances = prices.versions.contains { !$0.freeNanoUnits.isEmpty }
        var charges: [Charge] = []
        for (index, record) in records.enumerated() {
            charges += Charge.all(of: record, index: index, prices: prices, byMonth: byMonth || hasAllowances)
        }
        let free = hasAllowances ? Bill.freeQuantities(charges, records, prices) : [:]
        var lines: [Line] = []
        lines.reserveCapacity(charges.count)
        var total: Int128 = 0
        for (index, charge) in charges.enumerated() {
            let line = try charge.line(record: records[charge.recordIndex], free: free[index] ?? 0, prices: prices)
            let (sum, overflow) = total.addingReportingOverflow(line.cost.nanoUnits)
            guard !overflow else { throw Charge.tooLarge(records[charge.recordIndex]) }
            total = sum
            lines.append(line)
        }
        self.prices = prices
        self.records = records
        self.lines = lines
        self.total = Money(nanoUnits: total)
    }

    /// The total rounded half-even to the currency's minor unit.
    public var payable: Money { total.rounded(decimals: prices.minorDigits) }

    private struct AllowanceKey: Hashable {
        let tenant: String
        let resource: Resource
        let month: WallTime.Month
    }

    /// What is free of each charge, by the number of the charge.
    private static func freeQuantities(
        _ charges: [Charge], _ records: [UsageRecord], _ prices: PriceList
    ) -> [Int: UInt128] {
        var used: [AllowanceKey: UInt128] = [:]
        var free: [Int: UInt128] = [:]
        let order = charges.indices.sorted { (charges[$0].start, $0) < (charges[$1].start, $1) }
        for index in order {
            let charge = charges[index]
            let key = AllowanceKey(
                tenant: records[charge.recordIndex].tenant, resource: charge.resource,
                month: WallTime.Month(containing: charge.start))
            let allowance = prices.versions[charge.version].freeQuantity(of: charge.resource)
            let before = used[key] ?? 0
            let covered = min(charge.quantity, allowance > before ? allowance - before : 0)
            guard covered > 0 else { continue }
            used[key] = before + covered
            free[index] = covered
        }
        return free
    }
}
