import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Where the key-encryption key of a sealed store comes from: 32 random bytes that the user keeps.
///
///     let store = try Store(path: "store", encryption: .file("/etc/lepton/store.key"))
///
/// In files and environment variables a key is 64 hexadecimal digits (`openssl rand -hex 32`), or in a file also the
/// 32 bytes themselves. Passphrases are no keys: there is nothing here that would make guessing them slow.
public struct StoreKey: Sendable {
    private enum Source: Sendable {
        case bytes([UInt8])
        case file(String)
        case environment(String)
        case callback(@Sendable (String) throws(LeptonError) -> [UInt8])
    }

    private let source: Source
    /// The name that the store remembers the key by; nil: the key's fingerprint.
    public let identifier: String?

    private init(_ source: Source, identifier: String?) {
        self.source = source
        self.identifier = identifier
    }

    /// A key in memory.
    public static func bytes(_ bytes: [UInt8], identifier: String? = nil) -> StoreKey {
        StoreKey(.bytes(bytes), identifier: identifier)
    }

    /// A key in a file, which only its owner should be able to read.
    public static func file(_ path: String, identifier: String? = nil) -> StoreKey {
        StoreKey(.file(path), identifier: identifier)
    }

    /// A key in an environment variable.
    public static func environment(_ variable: String, identifier: String? = nil) -> StoreKey {
        StoreKey(.environment(variable), identifier: identifier)
    }

    /// A key that the host fetches, from a key management service for instance.
    ///
    /// - Parameters:
    ///   - identifier: the key to use for a new store, or to rotate to. nil opens a store that exists, with the key
    ///     that it names.
    ///   - fetch: given the identifier of the key that is needed, returns its 32 bytes.
    public static func callback(
        identifier: String? = nil, _ fetch: @escaping @Sendable (String) throws(LeptonError) -> [UInt8]
    ) -> StoreKey {
        StoreKey(.callback(fetch), identifier: identifier)
    }
}

extension StoreKey {
    private static let longestIdentifier = 255

    /// The bytes of the key that a store names.
    ///
    /// - Throws: `permissionDenied` when this is not that key.
    func bytes(for record: KeyRecord) throws(LeptonError) -> [UInt8] {
        if let identifier, identifier != record.keyIdentifier {
            throw StoreKey.wrongKey(record, received: "the key '\(identifier)'")
        }
        let bytes = try fetch(record.keyIdentifier)
        let fingerprint = KeyRecord.fingerprint(of: bytes)
        guard fingerprint == record.fingerprint else {
            throw StoreKey.wrongKey(record, received: "a key with the fingerprint \(fingerprint)")
        }
        return bytes
    }

    /// The bytes of a key that a store is to be sealed with.
    func bytesForNewRecord() throws(LeptonError) -> [UInt8] {
        if let identifier {
            guard !identifier.isEmpty, identifier.utf8.count <= StoreKey.longestIdentifier,
                !hasControlCharacters(identifier)
            else {
                throw LeptonError(
                    .invalidArgument, argument: "encryption.key_id",
                    expected: "1 to \(StoreKey.longestIdentifier) bytes without control characters",
                    received: "\(identifier.utf8.count) bytes")
            }
        } else if case .callback = source {
            throw LeptonError(
                .invalidArgument, argument: "encryption.key_id",
                expected: "the identifier of the key to seal with, which the callback is then given", received: "none")
        }
        return try fetch(identifier ?? "")
    }

    static func wrongKey(_ record: KeyRecord, received: String) -> LeptonError {
        LeptonError(
            .permissionDenied, argument: "encryption",
            expected:
                "the key '\(record.keyIdentifier)' (fingerprint \(record.fingerprint)) that the store is sealed with",
            received: received)
    }

    private func fetch(_ identifier: String) throws(LeptonError) -> [UInt8] {
        switch source {
        case .bytes(let bytes): return try StoreKey.validated(bytes, from: "the key given")
        case .file(let path):
            try FileSystem.validate(path: path, argument: "encryption.key_file")
            do {
                return try StoreKey.parsed(
                    try FileSystem.readFile(path, maximumBytes: 4096), from: "the file '\(path)'")
            } catch {
                throw error.adding(context: "encryption")
            }
        case .environment(let name):
            guard !name.isEmpty, !name.utf8.contains(0), !name.utf8.contains(UInt8(ascii: "=")) else {
                throw LeptonError(
                    .invalidArgument, argument: "encryption.key_environment",
                    expected: "the name of an environment variable", received: "'\(name.prefix(64))'")
            }
            guard let value = getenv(name) else {
                throw LeptonError(
                    .notFound, argument: "encryption.key_environment", expected: "a variable that is set",
                    received: "'\(name)', which is not")
            }
            let text = String(cString: value)
            guard let key = StoreKey.hexadecimal(Array(text.utf8)) else {
                throw StoreKey.malformed(from: "the variable '\(name)'", byteCount: text.utf8.count)
            }
            return key
        case .callback(let fetch):
            return try StoreKey.validated(try fetch(identifier), from: "the callback")
        }
    }

    private static func validated(_ bytes: [UInt8], from place: String) throws(LeptonError) -> [UInt8] {
        guard bytes.count == Vault.keySize else { throw malformed(from: place, byteCount: bytes.count) }
        return bytes
    }

    private static func parsed(_ bytes: [UInt8], from place: String) throws(LeptonError) -> [UInt8] {
        if bytes.count == Vault.keySize { return bytes }
        guard let key = hexadecimal(bytes) else { throw malformed(from: place, byteCount: bytes.count) }
        return key
    }

    /// nil unless it is a key in digits, with white space around it or not.
    private static func hexadecimal(_ bytes: [UInt8]) -> [UInt8]? {
        let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0D).contains($0) }
        var digits = bytes[...].drop(while: isSpace)
        while let last = digits.last, isSpace(last) { digits.removeLast() }
        guard digits.count == 2 * Vault.keySize else { return nil }
        return Hexadecimal.bytes(String(decoding: digits, as: UTF8.self))
    }

    /// Never shows what was read: it may be a key with a typing error.
    private static func malformed(from place: String, byteCount: Int) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: "encryption",
            expected: "a key of 32 bytes, or its 64 hexadecimal digits (openssl rand -hex 32)",
            received: "\(byteCount) other bytes from \(place)")
    }
}
