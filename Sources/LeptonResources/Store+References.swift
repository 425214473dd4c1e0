import LeptonTensor

extension Store {
    private static let longestName = 255

    /// Makes `name` stand for a blob, whatever it stood for before.
    ///
    /// - Parameter name: 1 to 255 bytes of UTF-8 without control characters; parts between slashes are not empty,
    ///   "." or "..". Names are compared byte by byte.
    /// - Throws: `invalidArgument` for a bad name, `notFound` when the store has no such blob, `io` and
    ///   `permissionDenied` from the system. The reference is then as it was.
    public func setReference(_ name: String, _ digest: BlobDigest) throws(LeptonError) {
        try Store.validate(name)
        try locked { (_) throws(LeptonError) in
            guard try contains(digest) else { throw notFound(digest) }
            var file = try AtomicFile.temporary(in: stagingFolder, mode: 0o600)
            let content = Array("\(digest)\n\(name)\n".utf8)
            try content.withUnsafeBufferPointer { (buffer) throws(LeptonError) in
                try file.write(UnsafeRawBufferPointer(buffer))
            }
            try file.commit(to: path(ofReference: name))
        }
    }

    /// The blob that `name` stands for; nil when there is no such reference.
    ///
    /// - Throws: `invalidArgument` for a bad name, `corruptData` when the reference's file is damaged.
    public func reference(_ name: String) throws(LeptonError) -> BlobDigest? {
        try Store.validate(name)
        let path = path(ofReference: name)
        guard let found = try readReference(path) else { return nil }
        guard Array(found.name.utf8) == Array(name.utf8) else {
            throw LeptonError(
                .corruptData, argument: path, expected: "the reference '\(name)'", received: "'\(found.name)'")
        }
        return found.digest
    }

    /// Removes a reference; its blob stays.
    ///
    /// - Throws: `invalidArgument` for a bad name, `notFound`.
    public func removeReference(_ name: String) throws(LeptonError) {
        try Store.validate(name)
        try locked { (_) throws(LeptonError) in
            guard try FileSystem.removeFile(path(ofReference: name)) else {
                throw LeptonError(.notFound, "there is no reference '\(name)' in the store '\(path)'")
            }
            try FileSystem.synchronize(folder: referencesFolder)
        }
    }

    /// The names of all references, sorted.
    ///
    /// - Throws: `corruptData` when a reference's file is damaged.
    /// - Complexity: O(references), each a small file.
    public func references() throws(LeptonError) -> [String] {
        try readReferences().map(\.name).sorted()
    }

    func readReferences() throws(LeptonError) -> [(name: String, digest: BlobDigest)] {
        var found: [(name: String, digest: BlobDigest)] = []
        for file in try FileSystem.names(inFolder: referencesFolder) {
            // One that is removed meanwhile is not there.
            if let reference = try readReference(referencesFolder + "/" + file) { found.append(reference) }
        }
        return found
    }

    private func readReference(_ path: String) throws(LeptonError) -> (name: String, digest: BlobDigest)? {
        let bytes: [UInt8]
        do {
            bytes = try FileSystem.readFile(path, maximumBytes: 1024)
        } catch  where error.code == .notFound {
            return nil
        } catch  where error.code == .invalidArgument {
            throw LeptonError(.corruptData, error.message)
        }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count == 3, let name = String(validating: lines[1], as: UTF8.self),
            let digest = try? BlobDigest(hexadecimal: String(decoding: lines[0], as: UTF8.self))
        else {
            throw LeptonError(
                .corruptData, argument: path, expected: "a reference: a digest and a name",
                received: "\(bytes.count) other bytes")
        }
        return (name, digest)
    }

    /// Names may hold any script and slashes, be longer than the file system allows when escaped, or differ in
    /// case only where it ignores that; their digests are none of these things.
    private func path(ofReference name: String) -> String {
        let digest = Array(name.utf8).withUnsafeBytes { BlobDigest(of: $0) }
        return referencesFolder + "/" + digest.hexadecimal
    }

    private static func validate(_ name: String) throws(LeptonError) {
        func refuse(_ expected: String, _ received: String) -> LeptonError {
            LeptonError(.invalidArgument, argument: "name", expected: expected, received: received)
        }
        guard !name.isEmpty else { throw refuse("a name", "empty text") }
        guard name.utf8.count <= longestName else {
            throw refuse("a name of at most \(longestName) bytes", "\(name.utf8.count) bytes")
        }
        guard !hasControlCharacters(name) else {
            throw refuse("a name without control characters", "one with a control character")
        }
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !["", ".", ".."].contains($0) }) else {
            throw refuse("a name whose parts between slashes are not empty, '.' or '..'", "'\(name)'")
        }
    }
}
