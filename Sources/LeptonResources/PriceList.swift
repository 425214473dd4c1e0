import LeptonTensor

/// What use costs.
///
/// As JSON:
///
///     {"currency": "USD", "core_hour": "0.04", "memory_gib_hour": "0.004", "storage_gib_month": "0.08",
///      "minimum_seconds": 1}
///
/// Prices are text or numbers with at most 9 digits after the point, read as decimals. `minor_digits` (0 to 4)
/// may be added for a currency whose smallest coin is not what ISO 4217 says.
public struct PriceList: Sendable, Hashable {
    /// ISO 4217 code, such as "USD".
    public let currency: String
    /// Digits after the point in the currency's smallest unit: 2 for cents, 0 for yen.
    public let minorDigits: Int
    /// One core for one hour.
    public let coreHour: Money
    /// One GiB (2^30 bytes) of memory for one hour.
    public let memoryGiBHour: Money
    /// One GiB (2^30 bytes) of storage for one month of 730 hours.
    public let storageGiBMonth: Money
    /// The least number of seconds that an allocation is charged for.
    public let minimumSeconds: Int

    /// The default list: 0.04 USD per core-hour, 0.004 USD per GiB-hour of memory, 0.08 USD per GiB-month of
    /// storage, at least 1 second. Round figures near what public clouds ask on demand for general-purpose
    /// machines and disks; whoever really charges sets their own.
    public static let standard = PriceList(
        currency: "USD", minorDigits: 2, coreHour: Money(nanoUnits: 40_000_000),
        memoryGiBHour: Money(nanoUnits: 4_000_000), storageGiBMonth: Money(nanoUnits: 80_000_000),
        minimumSeconds: 1)

    private init(
        currency: String, minorDigits: Int, coreHour: Money, memoryGiBHour: Money, storageGiBMonth: Money,
        minimumSeconds: Int
    ) {
        self.currency = currency
        self.minorDigits = minorDigits
        self.coreHour = coreHour
        self.memoryGiBHour = memoryGiBHour
        self.storageGiBMonth = storageGiBMonth
        self.minimumSeconds = minimumSeconds
    }

    /// A list from prices in decimal text, such as "0.04".
    ///
    /// - Throws: `invalidArgument` that names the argument as the JSON form does.
    public init(
        currency: String, coreHour: String, memoryGiBHour: String, storageGiBMonth: String, minimumSeconds: Int = 1
    ) throws(LeptonError) {
        try self.init(json: [
            "currency": .string(currency), "core_hour": .string(coreHour),
            "memory_gib_hour": .string(memoryGiBHour), "storage_gib_month": .string(storageGiBMonth),
            "minimum_seconds": .integer(Int64(minimumSeconds)),
        ])
    }

    private static let keys = [
        "currency", "minor_digits", "core_hour", "memory_gib_hour", "storage_gib_month", "minimum_seconds",
    ]

    /// - Throws: `invalidArgument` that names the key: an unknown or missing one, a currency that is not three
    ///   capital letters, a price that is negative, too precise or no decimal number, a minimum outside 0 to
    ///   31,536,000 seconds (a year).
    public init(json: JSONValue) throws(LeptonError) {
        guard let object = json.objectValue else {
            throw PriceList.refuse("price list", "a JSON object", json)
        }
        if let unknown = object.keys.first(where: { !PriceList.keys.contains($0) }) {
            throw unknownName("price list key", unknown, known: PriceList.keys)
        }
        guard let currency = object["currency"]?.stringValue, currency.utf8.count == 3,
            currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
        else {
            throw PriceList.refuse("currency", "an ISO 4217 code of three capital letters", object["currency"])
        }
        self.init(
            currency: currency,
            minorDigits: try PriceList.integer(
                object, "minor_digits", in: 0...4, default: PriceList.minorDigits(of: currency)),
            coreHour: try PriceList.price(object, "core_hour"),
            memoryGiBHour: try PriceList.price(object, "memory_gib_hour"),
            storageGiBMonth: try PriceList.price(object, "storage_gib_month"),
            minimumSeconds: try PriceList.integer(object, "minimum_seconds", in: 0...31_536_000, default: 1))
    }

    public var json: JSONValue {
        [
            "currency": .string(currency), "minor_digits": .integer(Int64(minorDigits)),
            "core_hour": .string(coreHour.text()), "memory_gib_hour": .string(memoryGiBHour.text()),
            "storage_gib_month": .string(storageGiBMonth.text()), "minimum_seconds": .integer(Int64(minimumSeconds)),
        ]
    }

    private static func refuse(_ argument: String, _ expected: String, _ value: JSONValue?) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: argument, expected: expected, received: value?.kindName ?? "nothing")
    }

    private static func integer(
        _ object: JSONObject, _ key: String, in range: ClosedRange<Int>, default standard: Int
    ) throws(LeptonError) -> Int {
        guard let value = object[key] else { return standard }
        guard let integer = value.intValue, range.contains(integer) else {
            throw refuse(key, "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
        }
        return integer
    }

    private static func price(_ object: JSONObject, _ key: String) throws(LeptonError) -> Money {
        switch object[key] {
        case .string(let text): return try Money(parsing: text, argument: key)
        case .integer(let value): return try Money(parsing: "\(value)", argument: key)
        // The shortest digits that read back to the same Double are the ones that were written in the file.
        case .number(let value) where value.isFinite: return try Money(parsing: "\(value)", argument: key)
        default: throw refuse(key, "a price: a decimal number such as \"0.04\"", object[key])
        }
    }

    /// Digits of the minor unit by ISO 4217: 2 for all but these.
    private static func minorDigits(of currency: String) -> Int {
        switch currency {
        case "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
            "XOF", "XPF":
            0
        case "BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND": 3
        case "CLF", "UYW": 4
        default: 2
        }
    }
}
