import LeptonTensor

/// What use costs.
///
/// As JSON:
///
///     {"currency": "USD", "core_hour": "0.04", "memory_gib_hour": "0.004", "storage_gib_month": "0.08",
///      "accelerator_hour": "2.50", "minimum_seconds": 1, "free_per_month": {"core_hours": "10"}}
///
/// or, when prices change, with `versions`, each with the moment from which it holds:
///
///     {"currency": "USD", "versions": [
///         {"core_hour": "0.04", "memory_gib_hour": "0.004", "storage_gib_month": "0.08"},
///         {"effective": "2027-01-01", "core_hour": "0.05", "memory_gib_hour": "0.004", "storage_gib_month": "0.08"}]}
///
/// Prices are text or numbers with at most 9 digits after the point, read as decimals. `minor_digits` (0 to 4)
/// may be added for a currency whose smallest coin is not what ISO 4217 says.
public struct PriceList: Sendable, Hashable {
    /// Prices from one moment on.
    public struct Version: Sendable, Hashable {
        /// By the wall clock, nanoseconds since 1970-01-01 UTC; nil: since ever.
        public let effectiveNanoseconds: Int64?
        /// One core for one hour.
        public let coreHour: Money
        /// One GiB (2^30 bytes) of memory for one hour.
        public let memoryGiBHour: Money
        /// One GiB (2^30 bytes) of storage for one month of 730 hours.
        public let storageGiBMonth: Money
        /// One accelerator for one hour.
        public let acceleratorHour: Money
        /// The least number of seconds that an allocation is charged for.
        public let minimumSeconds: Int
        /// What a tenant has free in each calendar month (UTC), in billionths of the priced unit; none is 0.
        let freeNanoUnits: [Resource: UInt128]

        /// The price of one unit of a resource.
        public func price(of resource: Resource) -> Money {
            switch resource {
            case .cores: coreHour
            case .memory: memoryGiBHour
            case .storage: storageGiBMonth
            case .accelerators: acceleratorHour
            }
        }

        /// Core-seconds or byte-seconds that are free in a month; a part of one is dropped.
        func freeQuantity(of resource: Resource) -> UInt128 {
            // Below 10^18 billionths of a unit, and a unit is below 2^53 byte-seconds: the product is below 2^113.
            (freeNanoUnits[resource] ?? 0) * resource.quantityPerUnit / 1_000_000_000
        }
    }

    /// ISO 4217 code, such as "USD".
    public let currency: String
    /// Digits after the point in the currency's smallest unit: 2 for cents, 0 for yen.
    public let minorDigits: Int
    /// At least one, in the order of their dates.
    public let versions: [Version]

    /// The default list: 0.04 USD per core-hour, 0.004 USD per GiB-hour of memory, 0.08 USD per GiB-month of
    /// storage, 2.50 USD per accelerator-hour, at least 1 second. Round figures near what public clouds ask on demand
    /// for general-purpose machines and disks; whoever really charges sets their own.
    public static let standard = PriceList(
        currency: "USD", minorDigits: 2,
        versions: [
            Version(
                effectiveNanoseconds: nil, coreHour: Money(nanoUnits: 40_000_000),
                memoryGiBHour: Money(nanoUnits: 4_000_000), storageGiBMonth: Money(nanoUnits: 80_000_000),
                acceleratorHour: Money(nanoUnits: 2_500_000_000), minimumSeconds: 1, freeNanoUnits: [:])
        ])

    init(currency: String, minorDigits: Int, versions: [Version]) {
        self.currency = currency
        self.minorDigits = minorDigits
        self.versions = versions
    }

    /// A list from prices in decimal text, such as "0.04".
    ///
    /// - Throws: `invalidArgument` that names the argument as the JSON form does.
    public init(
        currency: String, coreHour: String, memoryGiBHour: String, storageGiBMonth: String,
        acceleratorHour: String = "0", minimumSeconds: Int = 1
    ) throws(LeptonError) {
        try self.init(json: [
            "currency": .string(currency), "core_hour": .string(coreHour),
            "memory_gib_hour": .string(memoryGiBHour), "storage_gib_month": .string(storageGiBMonth),
            "accelerator_hour": .string(acceleratorHour), "minimum_seconds": .integer(Int64(minimumSeconds)),
        ])
    }

    /// The number of the version that holds at a moment of the wall clock. The first one also holds before its date.
    func version(at nanoseconds: Int64) -> Int {
        versions.lastIndex { ($0.effectiveNanoseconds ?? .min) <= nanoseconds } ?? 0
    }

    /// Prices now, by the list's last version.
    private var latest: Version { versions[versions.count - 1] }
    /// One core for one hour, by the last version.
    public var coreHour: Money { latest.coreHour }
    /// One GiB (2^30 bytes) of memory for one hour, by the last version.
    public var memoryGiBHour: Money { latest.memoryGiBHour }
    /// One GiB (2^30 bytes) of storage for one month of 730 hours, by the last version.
    public var storageGiBMonth: Money { latest.storageGiBMonth }
    /// One accelerator for one hour, by the last version.
    public var acceleratorHour: Money { latest.acceleratorHour }
    /// The least number of seconds that an allocation is charged for, by the last version.
    public var minimumSeconds: Int { latest.minimumSeconds }
}

// What the price of each resource is for.
extension Resource {
    /// Core-seconds or byte-seconds in one priced unit.
    var quantityPerUnit: UInt128 {
        let secondsPerHour: UInt128 = 3600
        switch self {
        case .memory: return secondsPerHour << 30
        case .storage: return (secondsPerHour * 730) << 30
        case .cores, .accelerators: return secondsPerHour
        }
    }

    /// What a price is for.
    var pricedUnit: String {
        switch self {
        case .cores: "core-hour"
        case .memory: "GiB-hour"
        case .storage: "GiB-month"
        case .accelerators: "accelerator-hour"
        }
    }

    /// What is counted before it is priced.
    var measuredUnit: String {
        switch self {
        case .cores: "core-second"
        case .memory, .storage: "byte-second"
        case .accelerators: "accelerator-second"
        }
    }
}
