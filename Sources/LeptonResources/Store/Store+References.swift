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
        try locked { (_) throws(LeptonError) in try writeReference(name, digest) }
    }

    /// Makes `name` stand for a blob if it still stands for `old`: of several who change it at once, one succeeds, and
    /// the others learn that they must look again.
    ///
    /// - Parameter old: what the caller believes that the name stands for; nil: there is no such reference yet.
    /// - Throws: `invalidState` when it stands for something else; as `setReference(_:_:)`.
    public func setReference(
        _ name: String, _ digest: BlobDigest, expecting old: BlobDigest?
    ) throws(LeptonError) {
        try Store.validate(name)
        try locked { (_) throws(LeptonError) in
            try requireReference(name, old)
            try writeReference(name, digest)
        }
    }

    /// The blob that `name` stands for; nil when there is no such reference.
    ///
    /// - Throws: `invalidArgument` for a bad name, `corruptData` when the reference's file is damaged.
    public func reference(_ name: String) throws(LeptonError) -> BlobDigest? {
        try Store.validate(name)
        return try readReference(path(ofReference: name))?.digest
    }

    /// Removes a reference; its blob stays.
    ///
    /// - Throws: `invalidArgument` for a bad name, `notFound`.
    public func removeReference(_ name: String) throws(LeptonError) {
        try Store.validate(name)
        try locked { (_) throws(LeptonError) in try deleteReference(name) }
    }

    /// Removes a reference if it still stands for `old`.
    ///
    /// - Throws: `invalidState` when it stands for something else; as `removeReference(_:)`.
    public func removeReference(_ name: String, expecting old: BlobDigest) throws(LeptonError) {
        try Store.validate(name)
        try locked { (_) throws(LeptonError) in
            try requireReference(name, old)
            try deleteReference(name)
        }
    }

    /// The names of all references, sorted. One whose file is damaged is left out; `verify` names it.
    ///
    /// - Complexity: O(references), each a small file.
    public func references() throws(LeptonError) -> [String] {
        try readReferences { _, _ in }.map(\.name).sorted()
    }

    /// All references with what they stand for, sorted by name, with damaged ones left out.
    public func referencedBlobs() throws(LeptonError) -> [(name: String, digest: BlobDigest)] {
        try readReferences { _, _ in }.sorted { $0.name < $1.name }
    }

    /// - Throws: `corruptData` when a reference is damaged: what it names is then not known, and nothing may be removed
    ///   for want of a name.
    func intactReferences() throws(LeptonError) -> [(name: String, digest: BlobDigest)] {
        var damage: LeptonError?
        let found = try readReferences { _, error in damage = damage ?? error }
        if let damage { throw damage }
        return found
    }

    /// - Parameter damaged: told the file of each reference that cannot be read, and why.
    func readReferences(
        damaged: (String, LeptonError) -> Void
    ) throws(LeptonError) -> [(name: String, digest: BlobDigest)] {
        var found: [(name: String, digest: BlobDigest)] = []
        for file in try FileSystem.names(inFolder: referencesFolder) {
            let path = referencesFolder + "/" + file
            do {
                // One that is removed meanwhile is not there.
                if let reference = try readReference(path) { found.append(reference) }
            } catch  where error.code == .corruptData {
                damaged(path, error)
            }
        }
        return found
    }

    private func readReference(_ path: String) throws(LeptonError) -> (name: String, digest: BlobDigest)? {
        guard let bytes = try readSmallFile(path, kind: .reference) else { return nil }
        let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.count == 4, let name = String(validating: lines[1], as: UTF8.self),
            let digest = try? BlobDigest(hexadecimal: String(decoding: lines[0], as: UTF8.self)),
            bytes == Store.content(ofReference: name, digest), path == self.path(ofReference: name)
        else {
            throw LeptonError(
                .corruptData, argument: path, expected: "a reference: a digest, a name, and their checksum",
                received: "\(bytes.count) other bytes")
        }
        return (name, digest)
    }

    /// The checksum is there because one digest looks like another.
    private static func content(ofReference name: String, _ digest: BlobDigest) -> [UInt8] {
        let lines = Array("\(digest)\n\(name)\n".utf8)
        return lines + Array("\(lines.withUnsafeBytes { BlobDigest(of: $0) })\n".utf8)
    }

    private func requireReference(_ name: String, _ old: BlobDigest?) throws(LeptonError) {
        let now = try readReference(path(ofReference: name))?.digest
        guard now != old else { return }
        throw LeptonError(
            .invalidState, argument: "expecting",
            expected: now.map { "\($0), which '\(name)' stands for" } ?? "none, for there is no reference '\(name)'",
            received: old.map { "\($0)" } ?? "none")
    }

    private func writeReference(_ name: String, _ digest: BlobDigest) throws(LeptonError) {
        guard try contains(digest) else { throw notFound(digest) }
        // Whoever put the blob there may have crashed before its name was on the disk.
        let place = try FileSystem.status(path(of: digest)) == nil ? path(ofManifest: digest) : path(of: digest)
        try synchronizePlace(of: place)
        var file = try StagedContent(in: stagingFolder, vault: vault, kind: .reference)
        try file.write(Store.content(ofReference: name, digest))
        try file.finish()
        try file.file.commit(to: path(ofReference: name))
    }

    private func deleteReference(_ name: String) throws(LeptonError) {
        guard try FileSystem.removeFile(path(ofReference: name)) else {
            throw LeptonError(.notFound, "there is no reference '\(name)' in the store '\(path)'")
        }
        try FileSystem.synchronize(folder: referencesFolder)
    }

    /// Names may hold any script and slashes, be longer than the file system allows when escaped, or differ in
    /// case only where it ignores that; their digests are none of these things.
    func path(ofReference name: String) -> String {
        let digest = Array(name.utf8).withUnsafeBytes { ContentHasher.digest(of: $0, key: vault?.referenceNames) }
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
