import LeptonTensor

extension Store {
    /// What is in the store, for programs in other languages.
    package func listing() throws(LeptonError) -> JSONValue {
        let references = try referencedBlobs().map { reference -> JSONValue in
            ["name": .string(reference.name), "digest": .string(reference.digest.hexadecimal)]
        }
        let blobs = try blobs().map { blob -> JSONValue in
            [
                "digest": .string(blob.digest.hexadecimal), "bytes": .integer(Int64(blob.byteCount)),
                "chunks": .integer(Int64(blob.chunks)),
            ]
        }
        return ["references": .array(references), "blobs": .array(blobs)]
    }

    /// Statistics and settings, likewise.
    package func report() throws(LeptonError) -> JSONValue {
        let statistics = try statistics()
        return [
            "path": .string(path), "capacity_bytes": capacityBytes.map { .integer(Int64($0)) } ?? .null,
            "references": .integer(Int64(statistics.references)), "blobs": .integer(Int64(statistics.blobs)),
            "chunks": .integer(Int64(statistics.chunks)), "logical_bytes": .integer(Int64(statistics.logicalBytes)),
            "stored_bytes": .integer(Int64(statistics.storedBytes)),
            "unreferenced_bytes": .integer(Int64(statistics.unreferencedBytes)),
            "deduplication": .number(statistics.deduplication), "damaged": .integer(Int64(statistics.damaged)),
            "encrypted": .bool(isEncrypted), "key_id": try keyIdentifier().map { .string($0) } ?? .null,
        ]
    }
}
