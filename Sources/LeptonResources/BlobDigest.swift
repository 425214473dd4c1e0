import Crypto
import LeptonTensor

/// The name of a blob: the SHA-256 of its content, as 64 lower-case hexadecimal digits.
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

    /// The digest of given content.
    public init(of bytes: UnsafeRawBufferPointer) {
        var hasher = SHA256()
        hasher.update(bufferPointer: bytes)
        self.init(hasher.finalize())
    }

    init(_ digest: SHA256.Digest) {
        let alphabet = Array("0123456789abcdef")
        var text = ""
        for byte in digest {
            text.append(alphabet[Int(byte >> 4)])
            text.append(alphabet[Int(byte & 15)])
        }
        hexadecimal = text
    }

    public var description: String { hexadecimal }

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }
}
