import Crypto
import LeptonTensor

/// The name of a blob, as 64 lower-case hexadecimal digits: the SHA-256 of its content, or in a sealed store an
/// HMAC-SHA-256 under a key of the store, so that names say nothing to those without it.
public struct BlobDigest: Sendable, Hashable, CustomStringConvertible {
    public let hexadecimal: String

    /// - Throws: `invalidArgument` unless the text is 64 hexadecimal digits; capital letters are accepted.
    public init(hexadecimal: String) throws(LeptonError) {
        let digits = hexadecimal.lowercased()
        guard digits.utf8.count == 64, digits.utf8.allSatisfy(BlobDigest.isDigit) else {
            let shown = hexadecimal.utf8.count > 80 ? String(hexadecimal.prefix(80)) + "..." : hexadecimal
            throw LeptonError(
                .invalidArgument, argument: "digest", expected: "the 64 hexadecimal digits of a SHA-256",
                received: "'\(shown)'")
        }
        self.hexadecimal = digits
    }

    /// The SHA-256 of given content.
    public init(of bytes: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        self.init(bytes: hasher.finalize())
    }

    /// From the 32 bytes that the digits stand for.
    init(bytes: some Sequence<UInt8>) { hexadecimal = Hexadecimal.text(bytes) }

    /// The 32 bytes that the digits stand for.
    var bytes: [UInt8] { Hexadecimal.bytes(hexadecimal) ?? [] }

    public var description: String { hexadecimal }

    private static func isDigit(_ byte: UInt8) -> Bool { Hexadecimal.value(byte) != nil }
}

/// Names content piece by piece.
struct ContentHasher {
    private var plain = SHA256()
    private var keyed: HMAC<SHA256>?

    /// - Parameter key: nil names by SHA-256 alone.
    init(key: SymmetricKey?) { keyed = key.map { HMAC<SHA256>(key: $0) } }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        if keyed != nil { keyed?.update(data: bytes) } else { plain.update(bufferPointer: bytes) }
    }

    func finalize() -> BlobDigest {
        if let keyed { BlobDigest(bytes: keyed.finalize()) } else { BlobDigest(bytes: plain.finalize()) }
    }

    static func digest(of bytes: UnsafeRawBufferPointer, key: SymmetricKey?) -> BlobDigest {
        var hasher = ContentHasher(key: key)
        hasher.update(bytes)
        return hasher.finalize()
    }
}

/// Bytes as hexadecimal digits.
enum Hexadecimal {
    private static let digits = Array("0123456789abcdef".utf8)

    static func text(_ bytes: some Sequence<UInt8>) -> String {
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// nil unless the text is an even number of digits and nothing else.
    static func bytes(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        var high: UInt8?
        for byte in text.utf8 {
            guard let value = value(byte) else { return nil }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return high == nil ? bytes : nil
    }

    static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
