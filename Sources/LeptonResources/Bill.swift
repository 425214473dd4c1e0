import LeptonTensor

/// Usage at a price: one line for each allocation and each resource it held.
///
/// How a line comes about: the allocation's time is rounded up to whole seconds, and up to the list's minimum;
/// multiplied by the amount held and by the price; and the exact result is rounded once, half to even, to the
/// billionth of the currency unit (9 decimals). The total is the exact sum of the lines. So short jobs are
/// visible (one core for one second at 0.04 an hour is 0.000011111), and lines always add up to the total.
/// `payable` is the total in whole minor units (cents), for whoever settles it.
public struct Bill: Sendable, Hashable {
    public let prices: PriceList
    public let records: [UsageRecord]
    public let lines: [Line]
    public let total: Money

    public struct Line: Sendable, Hashable {
        /// Which of the bill's records this line charges.
        public let recordIndex: Int
        public let allocationID: String
        /// `cores`, `memory` or `storage`.
        public let resource: Resource
        /// Cores or bytes held.
        public let amount: Int
        /// Whole seconds charged.
        public let billedSeconds: UInt64
        /// What the price is for: "core-hour", "GiB-hour" or "GiB-month".
        public let unit: String
        public let unitPrice: Money
        public let cost: Money

        /// Core-seconds or byte-seconds charged.
        public var billedQuantity: UInt128 { UInt128(max(amount, 0)) * UInt128(billedSeconds) }

        /// Core-seconds or byte-seconds in one priced unit.
        var quantityPerUnit: UInt128 { Tariff.quantityPerUnit(resource) }

        /// The quantity in priced units, to 9 decimals for display. The cost is not computed from it.
        var unitsText: String {
            let nanoUnits = roundedHalfEven(billedQuantity, times: 1_000_000_000, dividedBy: quantityPerUnit)
            return nanoUnits.map { decimalText($0, fractionDigits: 9, minimum: 0) } ?? "\(billedQuantity)"
        }
    }

    /// - Throws: `outOfMemory` when an amount of money leaves 128 bits, which no real bill does.
    public init(_ records: [UsageRecord], prices: PriceList) throws(LeptonError) {
        var lines: [Line] = []
        var total: Int128 = 0
        for (index, record) in records.enumerated() {
            let seconds = record.billedSeconds(minimum: UInt64(prices.minimumSeconds))
            for resource in [Resource.cores, .memory, .storage] where record.shape[resource] > 0 {
                let amount = record.shape[resource]
                let price = Tariff.price(resource, prices)
                let quantity = UInt128(amount) * UInt128(seconds)
                let cost = roundedHalfEven(
                    quantity, times: price.nanoUnits.magnitude, dividedBy: Tariff.quantityPerUnit(resource))
                guard let cost = cost.flatMap({ Int128(exactly: $0) }) else { throw Bill.tooLarge(record) }
                let (sum, overflow) = total.addingReportingOverflow(cost)
                guard !overflow else { throw Bill.tooLarge(record) }
                total = sum
                lines.append(
                    Line(
                        recordIndex: index, allocationID: record.allocationID, resource: resource, amount: amount,
                        billedSeconds: seconds, unit: Tariff.unit(resource), unitPrice: price,
                        cost: Money(nanoUnits: cost)))
            }
        }
        self.prices = prices
        self.records = records
        self.lines = lines
        self.total = Money(nanoUnits: total)
    }

    /// The total rounded half-even to the currency's minor unit.
    public var payable: Money { total.rounded(decimals: prices.minorDigits) }

    private static func tooLarge(_ record: UsageRecord) -> LeptonError {
        LeptonError(.outOfMemory, "the cost of allocation \(record.allocationID) is too large to be counted")
    }
}

/// Which price is for what.
private enum Tariff {
    private static let secondsPerHour: UInt128 = 3600
    private static let hoursPerMonth: UInt128 = 730
    private static let bytesPerGiB: UInt128 = 1 << 30

    static func quantityPerUnit(_ resource: Resource) -> UInt128 {
        switch resource {
        case .memory: bytesPerGiB * secondsPerHour
        case .storage: bytesPerGiB * secondsPerHour * hoursPerMonth
        case .cores, .accelerators: secondsPerHour
        }
    }

    static func unit(_ resource: Resource) -> String {
        switch resource {
        case .memory: "GiB-hour"
        case .storage: "GiB-month"
        case .cores, .accelerators: "core-hour"
        }
    }

    static func price(_ resource: Resource, _ prices: PriceList) -> Money {
        switch resource {
        case .cores: prices.coreHour
        case .memory: prices.memoryGiBHour
        case .storage: prices.storageGiBMonth
        case .accelerators: .zero
        }
    }
}
