import LeptonTensor

/// An amount of money, or a price: a whole number of nano-units (0.000000001) of some currency.
///
/// There are no binary fractions in money here: 0.1 has none that is exact.
public struct Money: Sendable, Hashable, Comparable {
    /// 1,000,000,000 is one unit of the currency.
    public let nanoUnits: Int128

    public init(nanoUnits: Int128) { self.nanoUnits = nanoUnits }

    public static let zero = Money(nanoUnits: 0)
    static let nanoUnitsPerUnit: Int128 = 1_000_000_000

    public static func < (a: Money, b: Money) -> Bool { a.nanoUnits < b.nanoUnits }

    /// Rounded half-even to `decimals` (0 to 9) digits after the point.
    public func rounded(decimals: Int) -> Money {
        guard decimals < 9 else { return self }
        let step = power10(9 - max(decimals, 0))
        let magnitude = nanoUnits.magnitude
        let (quotient, remainder) = magnitude.quotientAndRemainder(dividingBy: UInt128(step))
        let up = roundsUp(quotient: quotient, remainder: remainder, divisor: UInt128(step))
        // A sum so large that rounding it up leaves 128 bits is left as it is: it has no use beyond its digits.
        let (rounded, overflow) = Int128(quotient + (up ? 1 : 0)).multipliedReportingOverflow(by: step)
        guard !overflow else { return self }
        return Money(nanoUnits: nanoUnits < 0 ? -rounded : rounded)
    }

    /// Decimal digits, at least `decimals` of them after the point and no more than needed beyond.
    public func text(decimals: Int = 0) -> String {
        let text = decimalText(nanoUnits.magnitude, fractionDigits: 9, minimum: decimals)
        return nanoUnits < 0 ? "-" + text : text
    }
}

func power10(_ exponent: Int) -> Int128 { (0..<exponent).reduce(1) { value, _ in value * 10 } }

private func roundsUp(quotient: UInt128, remainder: UInt128, divisor: UInt128) -> Bool {
    let rest = divisor - remainder
    return remainder > rest || (remainder == rest && quotient % 2 == 1)
}

/// a x b / divisor, exact until the one rounding at the end, half to even; nil when the result leaves 128 bits.
package func roundedHalfEven(_ a: UInt128, times b: UInt128, dividedBy divisor: UInt128) -> UInt128? {
    let product = a.multipliedFullWidth(by: b)
    guard product.high < divisor else { return nil }
    let (quotient, remainder) = divisor.dividingFullWidth(product)
    guard roundsUp(quotient: quotient, remainder: remainder, divisor: divisor) else { return quotient }
    let (rounded, overflow) = quotient.addingReportingOverflow(1)
    return overflow ? nil : rounded
}

/// `value` / 10^fractionDigits in decimal digits, trailing zeros dropped down to `minimum` of them.
func decimalText(_ value: UInt128, fractionDigits: Int, minimum: Int) -> String {
    let (whole, fraction) = value.quotientAndRemainder(dividingBy: power10(fractionDigits).magnitude)
    var digits = String(fraction)
    digits = String(repeating: "0", count: fractionDigits - digits.count) + digits
    while digits.count > max(minimum, 0), digits.last == "0" { digits.removeLast() }
    return digits.isEmpty ? "\(whole)" : "\(whole).\(digits)"
}

extension Money {
    /// Reads a decimal number, such as "0.04" or "4e-2", exactly.
    ///
    /// - Throws: `invalidArgument` when it is no decimal number, negative, at least 1,000,000,000, or has more
    ///   than 9 digits after the point.
    package init(parsing text: String, argument: String) throws(LeptonError) {
        func refuse(_ expected: String) -> LeptonError {
            let shown = text.utf8.count > 64 ? String(text.prefix(64)) + "..." : text
            return LeptonError(.invalidArgument, argument: argument, expected: expected, received: "'\(shown)'")
        }
        let number = "a decimal number such as \"0.04\""
        guard text.utf8.count <= 400 else { throw refuse(number) }
        let parts = text.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        guard let exponent = parts.count == 2 ? Int(parts[1]) : 0, abs(exponent.clamped(to: -400...400)) < 400 else {
            throw refuse(number)
        }
        let pieces = parts[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = pieces.count == 2 ? pieces[1] : "0"
        let isNegative = pieces[0].hasPrefix("-")
        let whole = isNegative ? pieces[0].dropFirst() : pieces[0]
        guard !whole.isEmpty, !fraction.isEmpty, (whole + fraction).utf8.allSatisfy({ (0x30...0x39).contains($0) })
        else { throw refuse(number) }
        var digits = Array((whole + fraction).utf8.drop { $0 == 0x30 })
        // The value is `digits` x 10^scale nano-units.
        var scale = 9 + exponent - fraction.utf8.count
        while scale < 0, digits.last == 0x30 {
            digits.removeLast()
            scale += 1
        }
        guard !digits.isEmpty else {
            self = .zero
            return
        }
        guard !isNegative else { throw refuse("a price of 0 or more") }
        guard scale >= 0 else { throw refuse("at most 9 digits after the decimal point") }
        guard digits.count + scale <= 18 else { throw refuse("a price below 1,000,000,000") }
        nanoUnits = digits.reduce(Int128(0)) { $0 * 10 + Int128($1 - 0x30) } * power10(scale)
    }
}

extension Comparable {
    func clamped(to limits: ClosedRange<Self>) -> Self { min(max(self, limits.lowerBound), limits.upperBound) }
}
