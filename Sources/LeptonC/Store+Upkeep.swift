import CLepton
import Lepton
import LeptonResources

// Section "store" of lepton.h: references, lists, and what keeps a store in order.

extension lepton_store_collection: VersionedStruct {
    static var defaults: Self {
        var collection = Self()
        collection.struct_size = MemoryLayout<Self>.size
        return collection
    }
}

@implementation @c
public func lepton_store_remove(
    _ store: OpaquePointer?, _ digest: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        try store.removeBlob(LeptonC.digest(digest, "digest"))
    }
}

@implementation @c
public func lepton_store_set_reference(
    _ store: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ digest: UnsafePointer<CChar>?,
    _ expecting: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        let name = try text(name, "name")
        let digest = try LeptonC.digest(digest, "digest")
        guard let old = try optionalText(expecting, "expecting") else {
            return try store.setReference(name, digest)
        }
        try store.setReference(name, digest, expecting: old.isEmpty ? nil : BlobDigest(hexadecimal: old))
    }
}

@implementation @c
public func lepton_store_get_reference(
    _ store: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ digest: UnsafeMutablePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        let name = try text(name, "name")
        let field = try output(digest, "digest")
        guard let found = try store.reference(name) else {
            throw LeptonError(.notFound, "there is no reference '\(name)' in the store '\(store.path)'")
        }
        fill(UnsafeMutableRawBufferPointer(start: field, count: Int(LEPTON_DIGEST_SIZE)), with: found.hexadecimal)
    }
}

@implementation @c
public func lepton_store_remove_reference(
    _ store: OpaquePointer?, _ name: UnsafePointer<CChar>?, _ expecting: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        let name = try text(name, "name")
        guard let old = try optionalText(expecting, "expecting") else { return try store.removeReference(name) }
        try store.removeReference(name, expecting: BlobDigest(hexadecimal: old))
    }
}

@implementation @c
public func lepton_store_list(
    _ store: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        try write(store.listing().text, to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_store_statistics(
    _ store: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        try write(store.report().text, to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_store_verify(
    _ store: OpaquePointer?, _ damage: lepton_store_damage_fn?, _ context: UnsafeMutableRawPointer?,
    _ checked: UnsafeMutablePointer<Int64>?, _ damaged: UnsafeMutablePointer<Int64>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        var found: Int64 = 0
        let count = try store.verify { item in
            found += 1
            guard let damage else { return true }
            return item.kind.rawValue.withCString { kind in
                item.name.withCString { name in
                    item.message.withCString { message in damage(kind, name, message, context) == 0 }
                }
            }
        }
        checked?.pointee = Int64(count)
        damaged?.pointee = found
    }
}

@implementation @c
public func lepton_store_collect(
    _ store: OpaquePointer?, _ older_than: Double, _ dry_run: Int32,
    _ out: UnsafeMutablePointer<lepton_store_collection>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        let dryRun = try flag(dry_run, "dry_run")
        var target: (UnsafeMutablePointer<lepton_store_collection>, Int)?
        if out != nil {
            let address = try output(out, "out")
            target = (address, try lepton_store_collection.resultSize(address, "out"))
        }
        let collected = try store.collectGarbage(olderThan: older_than, dryRun: dryRun)
        guard let (address, size) = target else { return }
        var result = lepton_store_collection.defaults
        result.removed_blobs = Int64(collected.removedBlobs)
        result.removed_chunks = Int64(collected.removedChunks)
        result.freed_bytes = Int64(collected.freedBytes)
        result.kept_young_blobs = Int64(collected.keptYoungBlobs)
        lepton_store_collection.write(result, to: address, size: size)
    }
}

@implementation @c
public func lepton_store_rotate_key(
    _ store: OpaquePointer?, _ encryption: UnsafePointer<CChar>?, _ key: lepton_store_key_fn?,
    _ context: UnsafeMutableRawPointer?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        let encryption = try json(encryption, length: -1, "encryption")
        try store.rotateKey(to: storeKey(encryption, "encryption", key, context))
    }
}
