import CLeptonKernels
import LeptonTensor

/// Spreads words over bins as TensorFlow does: FarmHash64 of the bytes, or SipHash64 under a salt, modulo the number of
/// bins. Whole numbers are hashed as their decimal text.
struct HashBins: Sendable, Equatable {
    let bins: Int
    let salt: [Int64]?

    func bin(of word: TextBytes) -> Int {
        let hash: UInt64
        if let salt, salt.count == 2 {
            hash = lepton_k_siphash64(
                word.start, word.count, UInt64(bitPattern: salt[0]), UInt64(bitPattern: salt[1]))
        } else {
            hash = lepton_k_farmhash64(word.start, word.count)
        }
        return Int(hash % UInt64(max(bins, 1)))
    }

    func bin(of number: Int64) -> Int {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { buffer in
            var position = 20
            var rest = number.magnitude
            repeat {
                position -= 1
                buffer[position] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                position -= 1
                buffer[position] = UInt8(ascii: "-")
            }
            guard let base = buffer.baseAddress else { return 0 }
            return bin(of: TextBytes(start: UnsafePointer(base + position), count: 20 - position))
        }
    }

    /// Reads "salt": a whole number for both halves of the key, or two of them.
    static func salt(_ reader: inout ConfigReader) throws(LeptonError) -> [Int64]? {
        guard let value = reader.value("salt") else { return nil }
        if let number = value.intValue { return [Int64(number), Int64(number)] }
        guard let items = value.arrayValue, items.count == 2, let first = items[0].intValue,
            let second = items[1].intValue
        else { throw reader.wrong("salt", "a whole number, or a list of 2", value) }
        return [Int64(first), Int64(second)]
    }

    static func config(_ salt: [Int64]?) -> JSONValue { salt.map { .array($0.map { .integer($0) }) } ?? .null }
}
