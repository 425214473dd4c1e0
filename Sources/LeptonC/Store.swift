import CLepton
import Lepton
import LeptonResources

// Section "store" of lepton.h: opening, blobs and references. Store+Upkeep.swift has the rest.

extension Store: HandleObject {
    static var handleKind: HandleKind { .store }
}

extension MappedBlob: HandleObject {
    static var handleKind: HandleKind { .blob }
}

/// The host's function for keys, with its context.
///
/// `@unchecked Sendable`: it is called by the thread that opens or rotates, before that call returns.
struct KeyCallback: @unchecked Sendable {
    let function: lepton_store_key_fn
    let context: UnsafeMutableRawPointer?

    func fetch(_ identifier: String) throws(LeptonError) -> [UInt8] {
        var key = [UInt8](repeating: 0, count: 32)
        let status = identifier.withCString { name in
            key.withUnsafeMutableBufferPointer { function(name, $0.baseAddress, context) }
        }
        guard status == 0 else {
            throw LeptonError(
                .permissionDenied, argument: "key", expected: "the key '\(identifier)'",
                received: "\(status) from the callback, which does not have it")
        }
        return key
    }
}

/// Reads the "encryption" of a config.
func storeKey(
    _ json: JSONValue, _ argument: String, _ function: lepton_store_key_fn?, _ context: UnsafeMutableRawPointer?
) throws(LeptonError) -> StoreKey {
    let names = ["callback", "key_environment", "key_file", "key_id"]
    let object = try configObject(json, argument, keys: names)
    let identifier = try object.optionalText("key_id", argument)
    let file = try object.optionalText("key_file", argument)
    let variable = try object.optionalText("key_environment", argument)
    if let callback = object["callback"], !callback.isNull, callback.boolValue == nil {
        throw LeptonError(
            .invalidArgument, argument: "\(argument).callback", expected: "true or false", received: callback.kindName)
    }
    let usesCallback = object["callback"]?.boolValue ?? false
    switch (file, variable, usesCallback) {
    case (let file?, nil, false): return .file(file, identifier: identifier)
    case (nil, let variable?, false): return .environment(variable, identifier: identifier)
    case (nil, nil, true):
        guard let function else {
            throw LeptonError(
                .invalidArgument, argument: "key", expected: "a function, as \(argument).callback is true",
                received: "NULL")
        }
        let callback = KeyCallback(function: function, context: context)
        return .callback(identifier: identifier) { (name) throws(LeptonError) in try callback.fetch(name) }
    default:
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "one of 'key_file', 'key_environment' and 'callback'",
            received: object.isEmpty ? "none" : object.keys.joined(separator: ", "))
    }
}

private func configObject(
    _ json: JSONValue, _ argument: String, keys: [String]
) throws(LeptonError) -> JSONObject {
    guard let object = json.objectValue else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "a JSON object", received: json.kindName)
    }
    for key in object.keys where !keys.contains(key) {
        throw unknownName("\(argument) key", key, known: keys)
    }
    return object
}

extension JSONObject {
    fileprivate func optionalText(_ key: String, _ argument: String) throws(LeptonError) -> String? {
        guard let value = self[key], !value.isNull else { return nil }
        guard let text = value.stringValue else {
            throw LeptonError(
                .invalidArgument, argument: "\(argument).\(key)", expected: "text", received: value.kindName)
        }
        return text
    }
}

/// Writes a digest into a field of LEPTON_DIGEST_SIZE bytes.
private func write(_ digest: BlobDigest, to field: UnsafeMutablePointer<CChar>) {
    fill(UnsafeMutableRawBufferPointer(start: field, count: Int(LEPTON_DIGEST_SIZE)), with: digest.hexadecimal)
}

func digest(_ pointer: UnsafePointer<CChar>?, _ argument: String) throws(LeptonError) -> BlobDigest {
    try BlobDigest(hexadecimal: text(pointer, argument))
}

@implementation @c
public func lepton_store_open(
    _ path: UnsafePointer<CChar>?, _ config: UnsafePointer<CChar>?, _ key: lepton_store_key_fn?,
    _ context: UnsafeMutableRawPointer?, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        let path = try text(path, "path")
        var capacity: Int?
        var encryption: StoreKey?
        if let config = try optionalJSON(config, "config") {
            let object = try configObject(config, "config", keys: ["capacity_bytes", "encryption"])
            if let value = object["capacity_bytes"], !value.isNull {
                guard let number = value.intValue else {
                    throw LeptonError(
                        .invalidArgument, argument: "config.capacity_bytes", expected: "a whole number of bytes",
                        received: value.kindName)
                }
                capacity = number
            }
            if let value = object["encryption"], !value.isNull {
                encryption = try storeKey(value, "config.encryption", key, context)
            }
        }
        try deliver(Store(path: path, capacityBytes: capacity, encryption: encryption), to: out)
    }
}

@implementation @c
public func lepton_store_retain(_ store: OpaquePointer?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in try retain(store, "store", kind: .store) }
}

@implementation @c
public func lepton_store_release(_ store: OpaquePointer?) { release(store, kind: .store) }

@implementation @c
public func lepton_client_create_with_store(
    _ options: UnsafePointer<lepton_client_options>?, _ store: OpaquePointer?, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        let store = try object(store, "store", as: Store.self)
        let options = try lepton_client_options.read(options, "options")
        guard options.store_path == nil else {
            throw LeptonError(
                .invalidArgument, argument: "options.store_path", expected: "NULL, as there is a store",
                received: "a path")
        }
        try deliver(LeptonClient(options: options.clientOptions(), openStore: store), to: out)
    }
}

@implementation @c
public func lepton_store_put(
    _ store: OpaquePointer?, _ data: UnsafeRawPointer?, _ size: Int, _ digest: UnsafeMutablePointer<CChar>?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        guard data != nil || size == 0 else {
            throw LeptonError(.invalidArgument, argument: "data", expected: "an address", received: "NULL")
        }
        guard size >= 0 else {
            throw LeptonError(
                .invalidArgument, argument: "size", expected: "bytes that fit in memory",
                received: "\(UInt(bitPattern: size))")
        }
        let stored = try store.put(UnsafeRawBufferPointer(start: data, count: size))
        if let digest { write(stored, to: digest) }
    }
}

@implementation @c
public func lepton_store_put_stream(
    _ store: OpaquePointer?, _ read: lepton_store_read_fn?, _ context: UnsafeMutableRawPointer?,
    _ digest: UnsafeMutablePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        guard let read else {
            throw LeptonError(.invalidArgument, argument: "read", expected: "a function", received: "NULL")
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        let stored = try store.put { (writer: inout BlobWriter) throws(LeptonError) in
            while true {
                let count = buffer.withUnsafeMutableBytes { read($0.baseAddress, $0.count, context) }
                if count == 0 { return }
                guard count > 0 else { throw LeptonError(.cancelled, "the content's source stopped (\(count))") }
                guard count <= buffer.count else {
                    throw LeptonError(
                        .invalidArgument, argument: "read", expected: "at most \(buffer.count) bytes at once",
                        received: "\(count)")
                }
                try buffer.withUnsafeBufferPointer { (bytes) throws(LeptonError) in
                    try writer.write(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[..<Int(count)]))
                }
            }
        }
        if let digest { write(stored, to: digest) }
    }
}

@implementation @c
public func lepton_store_get(
    _ store: OpaquePointer?, _ digest: UnsafePointer<CChar>?, _ buffer: UnsafeMutableRawPointer?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        let digest = try LeptonC.digest(digest, "digest")
        guard buffer != nil || length != nil else {
            throw LeptonError(
                .invalidArgument, argument: "length", expected: "an address when buffer is NULL", received: "NULL")
        }
        guard let buffer else {
            length?.pointee = try store.byteCount(of: digest)
            return
        }
        let blob = try store.map(digest)
        length?.pointee = blob.count
        guard capacity < 0 || blob.count <= capacity else {
            throw LeptonError(
                .invalidArgument, argument: "capacity", expected: "at least \(blob.count) bytes",
                received: "\(capacity)")
        }
        blob.withUnsafeBytes { if let source = $0.baseAddress { buffer.copyMemory(from: source, byteCount: $0.count) } }
    }
}

@implementation @c
public func lepton_store_map(
    _ store: OpaquePointer?, _ digest: UnsafePointer<CChar>?, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let store = try object(store, "store", as: Store.self)
        let out = try output(out, "out")
        try deliver(store.map(LeptonC.digest(digest, "digest")), to: out)
    }
}

@implementation @c
public func lepton_blob_get_data(
    _ blob: OpaquePointer?, _ data: UnsafeMutablePointer<UnsafeRawPointer?>?, _ size: UnsafeMutablePointer<Int>?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let blob = try object(blob, "blob", as: MappedBlob.self)
        let (data, size) = (try output(data, "data"), try output(size, "size"))
        data.pointee = blob.bytes.baseAddress
        size.pointee = blob.count
    }
}

@implementation @c
public func lepton_blob_release(_ blob: OpaquePointer?) { release(blob, kind: .blob) }
