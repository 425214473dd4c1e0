import CLepton
import Lepton

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a `lepton_error` points to: one block from `malloc` that holds this header and then the texts.
///
/// Unlike the other objects an error is a real address, because its accessors hand out pointers into it.
private struct ErrorObject {
    var status: lepton_status
    var message: UnsafePointer<CChar>?
    var argument: UnsafePointer<CChar>?
    var expected: UnsafePointer<CChar>?
    var received: UnsafePointer<CChar>?
}

/// A new `lepton_error`, or NULL when not even that much memory is left.
@inline(never)
func makeErrorObject(_ error: LeptonError) -> OpaquePointer? {
    let texts: [String?] = [error.message, error.argument, error.expected, error.received]
    var byteCount = MemoryLayout<ErrorObject>.size
    for case let text? in texts { byteCount += text.utf8.count + 1 }
    guard let block = malloc(byteCount) else { return nil }

    var position = MemoryLayout<ErrorObject>.size
    func append(_ text: String?) -> UnsafePointer<CChar>? {
        guard let text else { return nil }
        let start = block + position
        for byte in text.utf8 {
            // A NUL from a name in a file would cut the text short for C.
            block.storeBytes(of: byte == 0 ? UInt8(ascii: " ") : byte, toByteOffset: position, as: UInt8.self)
            position += 1
        }
        block.storeBytes(of: 0, toByteOffset: position, as: UInt8.self)
        position += 1
        return UnsafePointer(start.assumingMemoryBound(to: CChar.self))
    }
    let header = ErrorObject(
        status: error.code.rawValue, message: append(error.message), argument: append(error.argument),
        expected: append(error.expected), received: append(error.received))
    block.initializeMemory(as: ErrorObject.self, to: header)
    return OpaquePointer(block)
}

private func contents(_ error: OpaquePointer?) -> ErrorObject? {
    guard let error else { return nil }
    return UnsafePointer<ErrorObject>(error).pointee
}

@implementation @c
public func lepton_status_name(_ status: lepton_status) -> UnsafePointer<CChar>? {
    switch LeptonError.Code(rawValue: status) {
    case .invalidArgument: staticText("LEPTON_INVALID_ARGUMENT")
    case .shapeMismatch: staticText("LEPTON_SHAPE_MISMATCH")
    case .typeMismatch: staticText("LEPTON_TYPE_MISMATCH")
    case .notFound: staticText("LEPTON_NOT_FOUND")
    case .notSupported: staticText("LEPTON_NOT_SUPPORTED")
    case .invalidState: staticText("LEPTON_INVALID_STATE")
    case .invalidHandle: staticText("LEPTON_INVALID_HANDLE")
    case .nonFinite: staticText("LEPTON_NON_FINITE")
    case .outOfMemory: staticText("LEPTON_OUT_OF_MEMORY")
    case .resourceExhausted: staticText("LEPTON_RESOURCE_EXHAUSTED")
    case .cancelled: staticText("LEPTON_CANCELLED")
    case .timedOut: staticText("LEPTON_TIMED_OUT")
    case .io: staticText("LEPTON_IO")
    case .corruptData: staticText("LEPTON_CORRUPT_DATA")
    case .permissionDenied: staticText("LEPTON_PERMISSION_DENIED")
    case .internalError: staticText("LEPTON_INTERNAL_ERROR")
    case nil: staticText(status == lepton_status(LEPTON_OK) ? "LEPTON_OK" : "LEPTON_UNKNOWN")
    }
}

@implementation @c
public func lepton_error_status(_ error: OpaquePointer?) -> lepton_status {
    contents(error)?.status ?? lepton_status(LEPTON_OK)
}

@implementation @c
public func lepton_error_message(_ error: OpaquePointer?) -> UnsafePointer<CChar>? {
    contents(error)?.message ?? staticText("")
}

@implementation @c
public func lepton_error_argument(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { contents(error)?.argument }

@implementation @c
public func lepton_error_expected(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { contents(error)?.expected }

@implementation @c
public func lepton_error_received(_ error: OpaquePointer?) -> UnsafePointer<CChar>? { contents(error)?.received }

@implementation @c
public func lepton_error_release(_ error: OpaquePointer?) {
    free(UnsafeMutableRawPointer(error))
}
