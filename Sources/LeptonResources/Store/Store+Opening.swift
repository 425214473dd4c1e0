import Crypto
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// What `lepton-store.json` says.
struct StoreMarker {
    static let fileName = "lepton-store.json"
    static let version = 2

    /// How a sealed store's root key is kept; nil in a plain store.
    var keys: KeyRecord?

    func write(to path: String) throws(LeptonError) {
        var object: JSONObject = ["format": "lepton-store", "version": .integer(Int64(StoreMarker.version))]
        if let keys { object["encryption"] = keys.json }
        try FileSystem.writeAtomically(path, Array((JSONValue.object(object).text + "\n").utf8))
    }

    static func read(_ path: String) throws(LeptonError) -> StoreMarker {
        let found: JSONValue
        do {
            found = try JSONValue(parsing: try FileSystem.readFile(path, maximumBytes: 65_536))
        } catch {
            throw error.adding(context: path)
        }
        guard let object = found.objectValue, object["format"]?.stringValue == "lepton-store",
            let version = object["version"]?.intValue
        else {
            throw LeptonError(
                .corruptData, argument: path, expected: "the marker of a Lepton store", received: found.kindName)
        }
        guard version == StoreMarker.version else {
            throw LeptonError(
                .notSupported, argument: "store_path", expected: "a store of version \(StoreMarker.version)",
                received: "version \(version); use the release of the SDK that made it")
        }
        var marker = StoreMarker()
        if let encryption = object["encryption"] { marker.keys = try KeyRecord(encryption, marker: path) }
        return marker
    }
}

extension Store {
    // A file system's own entry in a fresh volume does not make it someone's.
    private static let ignoredNames: Set<String> = ["lost+found"]

    /// Makes sure that there is a folder with our marker in it, and that the key fits.
    static func prepareFolder(
        _ path: String, _ encryption: StoreKey?, _ undo: inout UndoList
    ) throws(LeptonError) -> (path: String, vault: Vault?) {
        do {
            if try FileSystem.createFolder(path, mode: 0o700) { undo.add(path) }
        } catch  where error.code == .notFound {
            throw LeptonError(
                .invalidArgument, argument: "store_path", expected: "a folder, or a new name in an existing folder",
                received: "'\(path)', and there is no folder '\(FileSystem.folder(of: path))'")
        }
        guard let status = try FileSystem.status(path), FileSystem.isFolder(status) else {
            throw LeptonError(
                .invalidArgument, argument: "store_path", expected: "a folder", received: "a file at '\(path)'")
        }
        let root = try FileSystem.resolve(path)
        // Two who make the same store at once must not give it two markers, which may hold two keys.
        let folder = try FileSystem.open(root, O_RDONLY | O_DIRECTORY)
        try FileSystem.lock(folder, path: root)
        defer { FileSystem.unlock(folder) }
        let names = try FileSystem.names(inFolder: root)
        let marker = root + "/" + StoreMarker.fileName
        if names.contains(StoreMarker.fileName) {
            return (root, try openVault(StoreMarker.read(marker), encryption, root))
        }
        // Temporary names are what a crash leaves of a marker that was about to be written.
        let foreign = names.filter { !ignoredNames.contains($0) && !AtomicFile.isTemporaryName($0) }
        guard foreign.isEmpty else {
            throw LeptonError(
                .permissionDenied, argument: "store_path", expected: "an empty folder or a Lepton store",
                received: "'\(path)', which holds other files ('\(foreign[0])' is one of \(foreign.count))")
        }
        var made = StoreMarker()
        var vault: Vault?
        if let encryption { (made.keys, vault) = try makeVault(encryption) }
        try made.write(to: marker)
        undo.add(marker)
        return (root, vault)
    }

    private static func makeVault(_ encryption: StoreKey) throws(LeptonError) -> (KeyRecord, Vault) {
        var generator = SystemRandomNumberGenerator()
        let identifier = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let root = SymmetricKey(size: .bits256)
        let key = try encryption.bytesForNewRecord()
        let record = try KeyRecord(
            wrapping: root, storeIdentifier: identifier, with: key, identifier: encryption.identifier)
        return (record, Vault(root: root, storeIdentifier: identifier))
    }

    /// The keys of a store that exists. What is sealed is never opened as if it were not, nor the other way round.
    private static func openVault(
        _ marker: StoreMarker, _ encryption: StoreKey?, _ path: String
    ) throws(LeptonError) -> Vault? {
        switch (marker.keys, encryption) {
        case (nil, nil): return nil
        case (nil, .some):
            throw LeptonError(
                .invalidArgument, argument: "encryption", expected: "none, for the store '\(path)' is not encrypted",
                received: "a key; to encrypt, put the content into a new store that is made with the key")
        case (.some(let record), nil): throw StoreKey.wrongKey(record, received: "none")
        case (.some(let record), .some(let encryption)):
            guard let root = record.unwrapRoot(with: try encryption.bytes(for: record)) else {
                throw LeptonError(
                    .corruptData, argument: path + "/" + StoreMarker.fileName,
                    expected: "the store's key as it was wrapped", received: "a record that has been changed")
            }
            return Vault(root: root, storeIdentifier: record.storeIdentifier)
        }
    }

    /// The name of the key that the store is sealed with now; nil when it is not sealed.
    public func keyIdentifier() throws(LeptonError) -> String? {
        try StoreMarker.read(markerPath).keys?.keyIdentifier
    }

    /// Seals the store with another key-encryption key. Nothing but the store's own key is wrapped anew: blobs stay as
    /// they are, and who has the store open goes on. The key that it was sealed with before no longer opens it.
    ///
    /// - Throws: `invalidState` when the store is not sealed; what the key's source throws. The store is then sealed as
    ///   it was.
    public func rotateKey(to key: StoreKey) throws(LeptonError) {
        guard let vault else {
            throw LeptonError(.invalidState, "the store '\(path)' is not encrypted and has no key to rotate")
        }
        // A callback may take its time; the lock is for the change alone.
        let bytes = try key.bytesForNewRecord()
        try locked { (_) throws(LeptonError) in
            var marker = try StoreMarker.read(markerPath)
            guard let before = marker.keys else {
                throw LeptonError(
                    .corruptData, argument: markerPath, expected: "a record of the store's keys", received: "none")
            }
            marker.keys = try KeyRecord(
                wrapping: vault.root, storeIdentifier: before.storeIdentifier, with: bytes, identifier: key.identifier)
            try marker.write(to: markerPath)
        }
    }
}
