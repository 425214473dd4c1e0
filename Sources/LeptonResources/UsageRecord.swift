import LeptonTensor

/// What one allocation has used: exact whole numbers, so that sums over any number of records are exact as well.
public struct UsageRecord: Sendable, Hashable {
    public let allocationID: String
    public let labels: [String: String]
    /// What the allocation held, all nodes together, from its start to its end.
    public let shape: ResourceShape
    /// Start by the wall clock: nanoseconds since 1970-01-01 UTC.
    public let startNanoseconds: Int64
    /// How long it was held, by the monotonic clock; up to now while it is open.
    public internal(set) var durationNanoseconds: UInt64
    /// Whether it is still held.
    public internal(set) var isOpen: Bool

    package init(
        allocationID: String, labels: [String: String], shape: ResourceShape, startNanoseconds: Int64,
        durationNanoseconds: UInt64, isOpen: Bool
    ) {
        self.allocationID = allocationID
        self.labels = labels
        self.shape = shape
        self.startNanoseconds = startNanoseconds
        self.durationNanoseconds = durationNanoseconds
        self.isOpen = isOpen
    }

    /// Cores x nanoseconds.
    public var coreNanoseconds: UInt128 { used(.cores) }
    /// Bytes of memory x nanoseconds.
    public var memoryByteNanoseconds: UInt128 { used(.memory) }
    /// Bytes of storage x nanoseconds.
    public var storageByteNanoseconds: UInt128 { used(.storage) }

    /// Amount of a resource x nanoseconds. Never overflows: an amount below 2^63 times less than 2^64.
    package func used(_ resource: Resource) -> UInt128 {
        UInt128(max(shape[resource], 0)) * UInt128(durationNanoseconds)
    }

    /// The seconds that are charged: whole ones, a begun second counted as one, and at least `minimum`.
    package func billedSeconds(minimum: UInt64) -> UInt64 {
        let (seconds, rest) = durationNanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return max(seconds + (rest > 0 ? 1 : 0), minimum)
    }

    /// The record as JSON. Amounts of use are exact decimals and therefore text.
    public var json: JSONValue {
        var labelObject = JSONObject()
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) { labelObject[name] = .string(value) }
        return [
            "allocation_id": .string(allocationID),
            "labels": .object(labelObject),
            "start": .string(WallTime.text(nanoseconds: startNanoseconds)),
            "open": .bool(isOpen),
            "cores": .integer(Int64(shape.cores)),
            "memory_bytes": .integer(Int64(shape.memoryBytes)),
            "storage_bytes": .integer(Int64(shape.storageBytes)),
            "duration_seconds": .string(secondsText(UInt128(durationNanoseconds))),
            "core_seconds": .string(secondsText(coreNanoseconds)),
            "memory_byte_seconds": .string(secondsText(memoryByteNanoseconds)),
            "storage_byte_seconds": .string(secondsText(storageByteNanoseconds)),
        ]
    }
}

/// Nanoseconds (or cores or bytes times them) as seconds, exact.
func secondsText(_ nanoseconds: UInt128) -> String {
    decimalText(nanoseconds, fractionDigits: 9, minimum: 0)
}

/// Dates as RFC 3339 writes them, in UTC.
package enum WallTime {
    /// "2026-11-24T06:05:56Z"; a fraction of a second is dropped.
    package static func text(nanoseconds: Int64) -> String {
        let (day, second) = floorDivide(floorDivide(nanoseconds, 1_000_000_000).quotient, 86_400)
        let (year, month, dayOfMonth) = date(daysSince1970: day)
        return "\(padded(year, 4))-\(padded(month))-\(padded(dayOfMonth))T"
            + "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))Z"
    }

    private static func floorDivide(_ a: Int64, _ b: Int64) -> (quotient: Int64, remainder: Int64) {
        let (quotient, remainder) = a.quotientAndRemainder(dividingBy: b)
        return remainder < 0 ? (quotient - 1, remainder + b) : (quotient, remainder)
    }

    /// Gregorian date of a day number: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms",
    /// `civil_from_days`.
    private static func date(daysSince1970 days: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, dayOfEra) = floorDivide(days + 719_468, 146_097)
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let marchMonth = (5 * dayOfYear + 2) / 153
        let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * marchMonth + 2) / 5 + 1)
    }

    private static func padded(_ value: Int64, _ width: Int = 2) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(width - digits.count, 0)) + digits
    }
}
