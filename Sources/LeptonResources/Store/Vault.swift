import Crypto
import LeptonTensor

/// The keys of a sealed store while it is open. (docs/security.md has the whole picture.)
///
/// A root key of the store, which never changes, is wrapped by a key-encryption key that the user keeps; changing
/// that one wraps the root key anew and touches nothing else. From the root key one key for each purpose is derived
/// (HKDF-SHA-256, RFC 5869), so that no key serves two algorithms.
struct Vault: Sendable {
    static let keySize = 32

    let root: SymmetricKey
    /// Name blobs, chunks and the files of references.
    let blobNames, chunkNames, referenceNames: SymmetricKey
    /// Wraps the data key of each file.
    let wrapping: SymmetricKey

    init(root: SymmetricKey, storeIdentifier: [UInt8]) {
        func derive(_ purpose: String) -> SymmetricKey {
            HKDF<SHA256>.deriveKey(
                inputKeyMaterial: root, salt: storeIdentifier, info: Array("lepton-store/1/\(purpose)".utf8),
                outputByteCount: Vault.keySize)
        }
        self.root = root
        blobNames = derive("names of blobs")
        chunkNames = derive("names of chunks")
        referenceNames = derive("names of references")
        wrapping = derive("data keys")
    }

    /// A key for one file, and the same wrapped (AES key wrap, RFC 3394, which needs no nonce).
    func makeDataKey() throws(LeptonError) -> (key: SymmetricKey, wrapped: [UInt8]) {
        let key = SymmetricKey(size: .bits256)
        do {
            return (key, Array(try AES.KeyWrap.wrap(key, using: wrapping)))
        } catch {
            throw LeptonError(.internalError, "cannot wrap a data key: \(error)")
        }
    }

    /// nil when it was not wrapped by this store, or has been changed.
    func unwrapDataKey(_ wrapped: [UInt8]) -> SymmetricKey? {
        try? AES.KeyWrap.unwrap(wrapped, using: wrapping)
    }
}

/// What the marker of a sealed store says about its keys.
struct KeyRecord: Sendable, Equatable {
    static let suite = "AES-256-GCM-STREAM"

    /// 16 random bytes that tell stores apart.
    let storeIdentifier: [UInt8]
    /// The name of the key-encryption key.
    let keyIdentifier: String
    /// Tells a wrong key from a damaged record.
    let fingerprint: String
    /// Nonce, ciphertext and tag.
    let wrappedRoot: [UInt8]

    /// Wraps a root key.
    init(
        wrapping root: SymmetricKey, storeIdentifier: [UInt8], with key: [UInt8], identifier: String?
    ) throws(LeptonError) {
        fingerprint = KeyRecord.fingerprint(of: key)
        self.storeIdentifier = storeIdentifier
        keyIdentifier = identifier ?? fingerprint
        let bound = KeyRecord.boundText(storeIdentifier, keyIdentifier)
        do {
            let plaintext = root.withUnsafeBytes { Array($0) }
            let box = try AES.GCM.seal(plaintext, using: SymmetricKey(data: key), authenticating: bound)
            wrappedRoot = Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw LeptonError(.internalError, "cannot wrap the store's key: \(error)")
        }
    }

    /// nil when the record has been changed (the key's fingerprint has been compared before).
    func unwrapRoot(with key: [UInt8]) -> SymmetricKey? {
        guard let box = try? AES.GCM.SealedBox(combined: wrappedRoot),
            let root = try? AES.GCM.open(
                box, using: SymmetricKey(data: key),
                authenticating: KeyRecord.boundText(storeIdentifier, keyIdentifier)),
            root.count == Vault.keySize
        else { return nil }
        return SymmetricKey(data: Array(root))
    }

    /// The key itself cannot be found from it: keys are 256 random bits, which nobody can try out.
    static func fingerprint(of key: [UInt8]) -> String {
        Hexadecimal.text(SHA256.hash(data: Array("lepton-store/1/fingerprint".utf8) + key).prefix(8))
    }

    /// What the wrapped key is bound to, so that a record cannot be carried to another store or name another key.
    private static func boundText(_ storeIdentifier: [UInt8], _ keyIdentifier: String) -> [UInt8] {
        storeIdentifier + Array(suite.utf8) + [0] + Array(keyIdentifier.utf8)
    }
}

extension KeyRecord {
    var json: JSONValue {
        .object([
            "suite": .string(KeyRecord.suite), "store_id": .string(Hexadecimal.text(storeIdentifier)),
            "key_id": .string(keyIdentifier), "key_fingerprint": .string(fingerprint),
            "wrapped_key": .string(Hexadecimal.text(wrappedRoot)),
        ])
    }

    /// - Throws: `notSupported` for another suite, `corruptData`.
    init(_ json: JSONValue, marker: String) throws(LeptonError) {
        let object = json.objectValue
        if let suite = object?["suite"]?.stringValue, suite != KeyRecord.suite {
            throw LeptonError(
                .notSupported, argument: marker, expected: "the encryption '\(KeyRecord.suite)'", received: "'\(suite)'"
            )
        }
        guard let object, object["suite"]?.stringValue != nil, let identifier = object["key_id"]?.stringValue,
            let store = object["store_id"]?.stringValue.flatMap(Hexadecimal.bytes), store.count == 16,
            let fingerprint = object["key_fingerprint"]?.stringValue,
            let wrapped = object["wrapped_key"]?.stringValue.flatMap(Hexadecimal.bytes)
        else {
            throw LeptonError(
                .corruptData, argument: marker, expected: "a record of the store's keys", received: json.kindName)
        }
        storeIdentifier = store
        keyIdentifier = identifier
        self.fingerprint = fingerprint
        wrappedRoot = wrapped
    }
}
