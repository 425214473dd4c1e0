import LeptonTensor

extension PriceList {
    private static let listKeys = ["currency", "minor_digits"]
    private static let priceKeys = [
        "core_hour", "memory_gib_hour", "storage_gib_month", "accelerator_hour", "minimum_seconds", "free_per_month",
    ]

    /// - Throws: `invalidArgument` that names the key: an unknown or missing one, a currency that is not three
    ///   capital letters, a price that is negative, too precise or no decimal number, a minimum outside 0 to
    ///   31,536,000 seconds (a year), versions that are not in the order of their dates.
    public init(json: JSONValue) throws(LeptonError) {
        guard let object = json.objectValue else { throw PriceList.refuse("price list", "a JSON object", json) }
        let keys = PriceList.listKeys + (object["versions"] == nil ? PriceList.priceKeys : ["versions"])
        try PriceList.checkKeys(of: object, keys)
        guard let currency = object["currency"]?.stringValue, currency.utf8.count == 3,
            currency.utf8.allSatisfy({ (0x41...0x5A).contains($0) })
        else {
            throw PriceList.refuse("currency", "an ISO 4217 code of three capital letters", object["currency"])
        }
        let minorDigits = try PriceList.integer(
            object, "minor_digits", in: 0...4, default: PriceList.minorDigits(of: currency))
        if let versions = object["versions"] {
            self.init(currency: currency, minorDigits: minorDigits, versions: try PriceList.versions(versions))
        } else {
            self.init(
                currency: currency, minorDigits: minorDigits, versions: [try Version(object, effective: nil)])
        }
    }

    public var json: JSONValue {
        var object: JSONObject = ["currency": .string(currency), "minor_digits": .integer(Int64(minorDigits))]
        if versions.count == 1, versions[0].effectiveNanoseconds == nil {
            versions[0].write(to: &object)
        } else {
            object["versions"] = .array(
                versions.map { version in
                    var entry = JSONObject()
                    if let effective = version.effectiveNanoseconds {
                        entry["effective"] = .string(WallTime.text(nanoseconds: effective))
                    }
                    version.write(to: &entry)
                    return .object(entry)
                })
        }
        return .object(object)
    }

    private static func versions(_ json: JSONValue) throws(LeptonError) -> [Version] {
        guard let entries = json.arrayValue, !entries.isEmpty else {
            throw refuse("versions", "a list of at least one object with prices", json)
        }
        var versions: [Version] = []
        for entry in entries {
            guard let object = entry.objectValue else { throw refuse("versions", "objects with prices", entry) }
            try checkKeys(of: object, priceKeys + ["effective"])
            let effective = try effectiveDate(object["effective"], isFirst: versions.isEmpty)
            if let effective, let before = versions.last?.effectiveNanoseconds, effective <= before {
                throw LeptonError(
                    .invalidArgument, argument: "effective", expected: "versions in the order of their dates",
                    received: "\(WallTime.text(nanoseconds: effective)) after "
                        + WallTime.text(nanoseconds: before))
            }
            versions.append(try Version(object, effective: effective))
        }
        return versions
    }

    private static func effectiveDate(_ value: JSONValue?, isFirst: Bool) throws(LeptonError) -> Int64? {
        if value == nil, isFirst { return nil }
        guard let text = value?.stringValue else {
            throw refuse("effective", "the date from which the prices hold, as text", value)
        }
        return try WallTime.nanoseconds(parsing: text, argument: "effective")
    }

    private static func checkKeys(of object: JSONObject, _ known: [String]) throws(LeptonError) {
        if let unknown = object.keys.first(where: { !known.contains($0) }) {
            throw unknownName("price list key", unknown, known: known)
        }
    }

    fileprivate static func refuse(_ argument: String, _ expected: String, _ value: JSONValue?) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: argument, expected: expected, received: value?.kindName ?? "nothing")
    }

    fileprivate static func integer(
        _ object: JSONObject, _ key: String, in range: ClosedRange<Int>, default standard: Int
    ) throws(LeptonError) -> Int {
        guard let value = object[key] else { return standard }
        guard let integer = value.intValue, range.contains(integer) else {
            throw refuse(key, "a whole number from \(range.lowerBound) to \(range.upperBound)", value)
        }
        return integer
    }

    fileprivate static func decimal(_ object: JSONObject, _ key: String) throws(LeptonError) -> Money {
        switch object[key] {
        case .string(let text): return try Money(parsing: text, argument: key)
        case .integer(let value): return try Money(parsing: "\(value)", argument: key)
        // The shortest digits that read back to the same Double are the ones that were written in the file.
        case .number(let value) where value.isFinite: return try Money(parsing: "\(value)", argument: key)
        default: throw refuse(key, "a decimal number such as \"0.04\"", object[key])
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

extension PriceList.Version {
    private static let freeKeys: [(key: String, resource: Resource)] = [
        ("core_hours", .cores), ("memory_gib_hours", .memory), ("storage_gib_months", .storage),
        ("accelerator_hours", .accelerators),
    ]

    fileprivate init(_ object: JSONObject, effective: Int64?) throws(LeptonError) {
        effectiveNanoseconds = effective
        coreHour = try PriceList.decimal(object, "core_hour")
        memoryGiBHour = try PriceList.decimal(object, "memory_gib_hour")
        storageGiBMonth = try PriceList.decimal(object, "storage_gib_month")
        acceleratorHour = object["accelerator_hour"] == nil ? .zero : try PriceList.decimal(object, "accelerator_hour")
        minimumSeconds = try PriceList.integer(object, "minimum_seconds", in: 0...31_536_000, default: 1)
        freeNanoUnits = try PriceList.Version.freeNanoUnits(object["free_per_month"])
    }

    private static func freeNanoUnits(_ value: JSONValue?) throws(LeptonError) -> [Resource: UInt128] {
        guard let value else { return [:] }
        guard let object = value.objectValue else {
            throw PriceList.refuse("free_per_month", "an object of quantities", value)
        }
        var free: [Resource: UInt128] = [:]
        for key in object.keys {
            guard let resource = freeKeys.first(where: { $0.key == key })?.resource else {
                throw unknownName("key of free_per_month", key, known: freeKeys.map(\.key))
            }
            let quantity = try PriceList.decimal(object, key)
            if quantity > .zero { free[resource] = quantity.nanoUnits.magnitude }
        }
        return free
    }

    fileprivate func write(to object: inout JSONObject) {
        object["core_hour"] = .string(coreHour.text())
        object["memory_gib_hour"] = .string(memoryGiBHour.text())
        object["storage_gib_month"] = .string(storageGiBMonth.text())
        object["accelerator_hour"] = .string(acceleratorHour.text())
        object["minimum_seconds"] = .integer(Int64(minimumSeconds))
        guard !freeNanoUnits.isEmpty else { return }
        var free = JSONObject()
        for (key, resource) in PriceList.Version.freeKeys {
            guard let quantity = freeNanoUnits[resource] else { continue }
            free[key] = .string(decimalText(quantity, fractionDigits: 9, minimum: 0))
        }
        object["free_per_month"] = .object(free)
    }
}
