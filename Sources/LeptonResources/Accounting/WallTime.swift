import LeptonTensor

/// Dates as RFC 3339 writes them, in UTC.
package enum WallTime {
    /// "2026-11-24T06:05:56Z"; a fraction of a second is dropped.
    package static func text(nanoseconds: Int64) -> String {
        let (day, second) = floorDivide(floorDivide(nanoseconds, 1_000_000_000).quotient, 86_400)
        let (year, month, dayOfMonth) = date(daysSince1970: day)
        return "\(padded(year, 4))-\(padded(month))-\(padded(dayOfMonth))T"
            + "\(padded(second / 3600)):\(padded(second / 60 % 60)):\(padded(second % 60))Z"
    }

    /// The moment that a text such as "2026-11-24T06:05:56Z" or "2026-11-24" (its midnight, UTC) names.
    ///
    /// - Throws: `invalidArgument` for any other form, and for dates that the calendar does not have.
    package static func nanoseconds(parsing text: String, argument: String) throws(LeptonError) -> Int64 {
        let refusal = LeptonError(
            .invalidArgument, argument: argument,
            expected: "a date such as \"2026-11-24\", or a moment in UTC such as \"2026-11-24T06:05:56Z\"",
            received: text.utf8.count > 64 ? "\(text.utf8.count) bytes of text" : "'\(text)'")
        let pattern = Array((text.utf8.count == 10 ? "0000-00-00" : "0000-00-00T00:00:00Z").utf8)
        let bytes = Array(text.utf8)
        guard bytes.count == pattern.count else { throw refusal }
        var numbers: [Int64] = [0]
        for (byte, sign) in zip(bytes, pattern) {
            switch (sign, byte) {
            case (0x30, 0x30...0x39): numbers[numbers.count - 1] = numbers[numbers.count - 1] * 10 + Int64(byte - 0x30)
            case (_, sign) where sign != 0x30: numbers.append(0)
            default: throw refusal
            }
        }
        numbers += Array(repeating: 0, count: 3)
        let (year, month, day) = (numbers[0], numbers[1], numbers[2])
        let days = daysSince1970(year: year, month: month, day: day)
        guard (1...12).contains(month), date(daysSince1970: days) == (year, month, day), (1678...2261).contains(year),
            numbers[3] < 24, numbers[4] < 60, numbers[5] < 60
        else { throw refusal }
        return (days * 86_400 + numbers[3] * 3600 + numbers[4] * 60 + numbers[5]) * 1_000_000_000
    }

    /// The calendar month, in UTC, that a moment lies in.
    package struct Month: Hashable, Sendable, Comparable {
        /// Months since the beginning of year 0.
        let number: Int64

        package init(containing nanoseconds: Int64) {
            let day = floorDivide(floorDivide(nanoseconds, 1_000_000_000).quotient, 86_400).quotient
            let (year, month, _) = date(daysSince1970: day)
            number = year * 12 + month - 1
        }

        private init(number: Int64) { self.number = number }

        package var next: Month { Month(number: number + 1) }

        /// Its first moment; of months beyond what 64 bits of nanoseconds hold, the last moment that they do.
        package var startNanoseconds: Int64 {
            let days = daysSince1970(year: number / 12, month: number % 12 + 1, day: 1)
            return Int64(clamping: Int128(days) * 86_400 * 1_000_000_000)
        }

        package static func < (a: Month, b: Month) -> Bool { a.number < b.number }
    }

    /// The reverse of `date(daysSince1970:)`: Hinnant's `days_from_civil`.
    private static func daysSince1970(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, yearOfEra) = floorDivide(year, 400)
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
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
