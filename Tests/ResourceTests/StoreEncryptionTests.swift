import LeptonTensor
import Testing

import LeptonResources

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

@Suite struct StoreEncryptionTests {
    private let folder = TemporaryFolder()
    private var path: String { folder.path + "/store" }
    private static let key = (0..<32).map { UInt8($0) }
    private static let hexadecimal = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
    private static let secret = Array("the patient's name is Rosa".utf8)
    private static let segment = 65_536

    private func open(_ key: StoreKey? = .bytes(key)) throws(LeptonError) -> Store {
        try Store(path: path, encryption: key)
    }

    @Test(arguments: [0, 1, segment - 1, segment, segment + 1, 3 * segment, 1 << 20, 1 << 20 + 1, 2_500_000])
    func whatIsPutIsFoundWhateverItsSize(count: Int) throws {
        let store = try open()
        #expect(store.isEncrypted)
        let content = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let digest = try store.put(content)
        #expect(try store.get(digest) == content)
        #expect(try store.map(digest).withUnsafeBytes { Array($0) } == content)
        #expect(try store.byteCount(of: digest) == count)
        #expect(try open().get(digest) == content)
        let streamed = try store.put { (writer) throws(LeptonError) in
            for start in stride(from: 0, to: count, by: 50_000) {
                try writer.write(Array(content[start..<min(start + 50_000, count)]))
            }
        }
        #expect(streamed == digest)
        #expect(openFiles(under: folder.path).isEmpty)
    }

    @Test func nothingOfTheContentIsOnTheDisk() throws {
        let store = try open()
        let digest = try store.put(Self.secret + [UInt8](repeating: 0, count: 3 << 20))
        try store.setReference("patients/rosa", digest)
        _ = try store.put(Self.secret)
        let plainDigest = Self.secret.withUnsafeBytes { BlobDigest(of: $0) }
        let files = try snapshot(path)
        #expect(!files.keys.contains { $0.contains(plainDigest.hexadecimal.dropFirst(2)) })
        for (name, content) in files where !content.isEmpty {
            for word in ["Rosa", "rosa", "patient", "\(digest)", "\(plainDigest)"] {
                #expect(!content.holds(Array(word.utf8)), "\(name)")
            }
            #expect(!content.holds([UInt8](repeating: 0, count: 64)), "\(name)")
        }
        // Nor do names of equal content agree between stores.
        let other = try Store(path: folder.path + "/other", encryption: .bytes(Self.key))
        #expect(try other.put(Self.secret) != store.put(Self.secret))
    }

    @Test func aStoreIsSealedOrNotForAllItsLife() throws {
        _ = try open()
        let missing = expectError(.permissionDenied) { () throws(LeptonError) in try open(nil) }
        #expect(missing.argument == "encryption" && missing.received == "none")
        let plain = folder.path + "/plain"
        _ = try Store(path: plain).put([1])
        let before = try snapshot(plain)
        let error = expectError(.invalidArgument) { () throws(LeptonError) in
            try Store(path: plain, encryption: .bytes(Self.key))
        }
        #expect(error.argument == "encryption")
        #expect(try snapshot(plain) == before)
        expectError(.invalidState) { () throws(LeptonError) in
            try Store(path: plain).rotateKey(to: .bytes(Self.key))
        }
    }

    @Test func wrongKeysAreRefusedByName() throws {
        _ = try open(.bytes(Self.key, identifier: "2026-01"))
        let before = try snapshot(path)
        let wrong = expectError(.permissionDenied) { () throws(LeptonError) in
            try open(.bytes([UInt8](repeating: 1, count: 32)))
        }
        #expect(wrong.expected?.contains("'2026-01'") == true)
        let named = expectError(.permissionDenied) { () throws(LeptonError) in
            try open(.bytes(Self.key, identifier: "2026-02"))
        }
        #expect(named.received == "the key '2026-02'")
        for bytes in [[], [1], [UInt8](repeating: 1, count: 31), [UInt8](repeating: 1, count: 64)] {
            expectError(.invalidArgument) { () throws(LeptonError) in try open(.bytes(bytes)) }
        }
        #expect(try snapshot(path) == before)
        #expect(try open(.bytes(Self.key)).keyIdentifier() == "2026-01")
    }

    @Test func keysComeFromFilesVariablesAndCallbacks() throws {
        let file = folder.path + "/key"
        for content in [Self.key, Array(Self.hexadecimal.utf8), Array(" \(Self.hexadecimal.uppercased())\r\n".utf8)] {
            try FileSystem.writeAtomically(file, content)
            _ = try open(.file(file))
        }
        setenv("LEPTON_TEST_STORE_KEY", Self.hexadecimal + "\n", 1)
        _ = try open(.environment("LEPTON_TEST_STORE_KEY"))
        let store = try open(
            .callback { (identifier) throws(LeptonError) in
                #expect(identifier == KeyNames.fingerprint)
                return Self.key
            })
        #expect(try store.keyIdentifier() == KeyNames.fingerprint)

        for content in ["", "secret", Self.hexadecimal + "0", String(repeating: "g", count: 64)] {
            try FileSystem.writeAtomically(file, Array(content.utf8))
            let error = expectError(.invalidArgument) { () throws(LeptonError) in try open(.file(file)) }
            #expect(!error.message.contains("secret") && !error.message.contains("gggg"))
        }
        expectError(.notFound) { () throws(LeptonError) in try open(.file(folder.path + "/none")) }
        expectError(.notFound) { () throws(LeptonError) in try open(.environment("LEPTON_TEST_NO_SUCH_KEY")) }
        for bad in ["", "a=b", "a\0b"] {
            expectError(.invalidArgument) { () throws(LeptonError) in try open(.environment(bad)) }
        }
        expectError(.timedOut) { () throws(LeptonError) in
            try open(.callback { (_) throws(LeptonError) in throw LeptonError(.timedOut, "no answer") })
        }
        // A new store must be told which key it is to remember.
        let unnamed = expectError(.invalidArgument) { () throws(LeptonError) in
            try Store(
                path: folder.path + "/new", encryption: .callback { (_) throws(LeptonError) in Self.key })
        }
        #expect(unnamed.argument == "encryption.key_id")
        #expect(try FileSystem.status(folder.path + "/new") == nil)
    }

    private enum KeyNames {
        // SHA-256 of "lepton-store/1/fingerprint" and the key, the first 8 bytes.
        static let fingerprint = "1f85d4fc6f410508"
    }

    @Test func rotationWrapsKeysAndNothingElse() throws {
        let store = try open()
        let digest = try store.put(Self.secret)
        try store.setReference("a", digest)
        let before = try snapshot(path).filter { !$0.key.hasSuffix("lepton-store.json") }
        let new = StoreKey.bytes([UInt8](repeating: 9, count: 32), identifier: "new")
        try store.rotateKey(to: new)
        #expect(try snapshot(path).filter { !$0.key.hasSuffix("lepton-store.json") } == before)
        // Who has it open goes on, and what he writes is found by those who come with the new key.
        let later = try store.put([1])
        expectError(.permissionDenied) { () throws(LeptonError) in try open() }
        let again = try open(new)
        #expect(try again.get(digest) == Self.secret && again.get(later) == [1])
        #expect(try again.keyIdentifier() == "new" && store.keyIdentifier() == "new")
        for bad in ["", "a\nb", String(repeating: "x", count: 256)] {
            expectError(.invalidArgument) { () throws(LeptonError) in
                try again.rotateKey(to: .bytes(Self.key, identifier: bad))
            }
        }
        #expect(try again.keyIdentifier() == "new")
    }

    @Test func tamperingIsDetected() throws {
        let store = try open()
        let content = (0..<(3 * Self.segment + 100)).map { UInt8(truncatingIfNeeded: $0 >> 7) }
        let digest = try store.put(content)
        let other = try store.put([UInt8](repeating: 3, count: content.count))
        let file = store.path(of: digest)
        let sealed = try FileSystem.readFile(file, maximumBytes: 1 << 20)
        let (head, whole) = (64, Self.segment + 16)
        var forgeries = [0, 8, 12, 20, 57, 63, 64, 70_000, sealed.count - 1].map { place in
            var bytes = sealed
            bytes[place] ^= 1
            return bytes
        }
        // Cut short, at the end of a segment too; segments left out, in another order, twice; from another file.
        forgeries += [
            [], Array(sealed[..<63]), Array(sealed[..<80]), Array(sealed.dropLast()),
            Array(sealed[..<(head + whole)]), Array(sealed[..<(head + 3 * whole)]),
            Array(sealed[..<head] + sealed[(head + whole)...]),
            Array(
                sealed[..<head] + sealed[(head + whole)..<(head + 2 * whole)] + sealed[head..<(head + whole)]
                    + sealed[(head + 2 * whole)...]),
            Array(sealed[..<(head + whole)] + sealed[head...]), sealed + [0],
            try FileSystem.readFile(store.path(of: other), maximumBytes: 1 << 20),
        ]
        for (number, forgery) in forgeries.enumerated() {
            try FileSystem.writeAtomically(file, forgery)
            let error = expectError(.corruptData) { () throws(LeptonError) in try store.get(digest) }
            #expect(error.argument == file, "forgery \(number)")
            expectError(.corruptData) { () throws(LeptonError) in try store.map(digest) }
        }
        #expect(try store.get(other).count == content.count)
        let damages: [StoreDamage] = try store.verify()
        #expect(damages.map(\.name) == ["\(digest)"])
        #expect(try store.put(content) == digest)
        #expect(try store.get(digest) == content)
    }

    @Test func referencesCannotBeForgedOrExchanged() throws {
        let store = try open()
        try store.setReference("a", store.put([1]))
        try store.setReference("b", store.put([2]))
        let files = try FileSystem.names(inFolder: store.referencesFolder).map { store.referencesFolder + "/" + $0 }
        let (first, second) = (
            try FileSystem.readFile(files[0], maximumBytes: 1000), try FileSystem.readFile(files[1], maximumBytes: 1000)
        )
        try FileSystem.writeAtomically(files[0], second)
        try FileSystem.writeAtomically(files[1], first)
        for name in ["a", "b"] {
            expectError(.corruptData) { () throws(LeptonError) in try store.reference(name) }
        }
        #expect(try store.references().isEmpty)
    }

    @Test func aChangedKeyRecordIsDetected() throws {
        _ = try open(.bytes(Self.key, identifier: "k"))
        let marker = path + "/lepton-store.json"
        let record = try JSONValue(parsing: FileSystem.readFile(marker, maximumBytes: 4096))
        let encryption = try #require(record.objectValue?["encryption"]?.objectValue)
        let wrapped = try #require(encryption["wrapped_key"]?.stringValue)
        let changes: [(String, JSONValue, LeptonError.Code)] = [
            ("wrapped_key", .string((wrapped.first == "0" ? "1" : "0") + wrapped.dropFirst()), .corruptData),
            ("wrapped_key", "00", .corruptData), ("wrapped_key", "xy", .corruptData), ("wrapped_key", 3, .corruptData),
            ("store_id", .string(String(repeating: "0", count: 32)), .corruptData), ("store_id", "00", .corruptData),
            ("key_id", "other", .corruptData), ("key_id", .null, .corruptData),
            ("key_fingerprint", "0000000000000000", .permissionDenied), ("suite", "rot13", .notSupported),
            ("suite", 1, .corruptData),
        ]
        for (key, value, code) in changes {
            var changed = encryption
            changed[key] = value
            var object = try #require(record.objectValue)
            object["encryption"] = .object(changed)
            try FileSystem.writeAtomically(marker, Array(JSONValue.object(object).text.utf8))
            expectError(code) { () throws(LeptonError) in try open(.bytes(Self.key)) }
        }
        // Without its record it passes for a plain store, which whoever comes with a key does not accept.
        var stripped = try #require(record.objectValue)
        stripped["encryption"] = nil
        try FileSystem.writeAtomically(marker, Array(JSONValue.object(stripped).text.utf8))
        expectError(.invalidArgument) { () throws(LeptonError) in try open(.bytes(Self.key)) }
    }
}

extension [UInt8] {
    /// Whether `part` is somewhere in it.
    fileprivate func holds(_ part: [UInt8]) -> Bool {
        guard count >= part.count else { return false }
        return (0...(count - part.count)).contains { start in
            self[start] == part[0] && self[start..<(start + part.count)].elementsEqual(part)
        }
    }
}
