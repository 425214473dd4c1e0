import CLepton
import Lepton

/// The process's handles.
let handles = HandleTable()

/// Where a call reports its failure: NULL, or the address of a `lepton_error *`.
public typealias ErrorOut = UnsafeMutablePointer<OpaquePointer?>

/// The address that receives a new handle.
public typealias HandleOut = UnsafeMutablePointer<OpaquePointer?>

/// Every entry point that can fail runs its work in here.
///
/// Begin: nothing has been written. End: a failure becomes an error object (unless the caller wants none) and the
/// status of the same number. The work writes its outputs last, after everything that can throw.
@inline(__always)
func boundary(_ address: ErrorOut?, _ work: () throws(LeptonError) -> Void) -> lepton_status {
    do throws(LeptonError) {
        try work()
        return lepton_status(LEPTON_OK)
    } catch {
        address?.pointee = makeErrorObject(error)
        return error.code.rawValue
    }
}

/// The object behind a handle.
///
/// On success this neither allocates nor locks, so that it may run in a signal handler.
///
/// - Throws: `invalidHandle` when it is NULL, was released, is of another kind, or is no handle at all.
@inline(__always)
func object<Object: HandleObject>(
    _ handle: OpaquePointer?, _ argument: StaticString, as type: Object.Type = Object.self
) throws(LeptonError) -> Object {
    let ticket = UInt(bitPattern: handle)
    guard let object = handles.object(ticket, kind: Object.handleKind) else {
        throw invalidHandle(ticket, "\(argument)", expected: Object.handleKind)
    }
    // The ticket's kind says what was inserted under it.
    return unsafeDowncast(object, to: Object.self)
}

/// The object behind a handle that may be left out.
func optionalObject<Object: HandleObject>(
    _ handle: OpaquePointer?, _ argument: StaticString, as type: Object.Type = Object.self
) throws(LeptonError) -> Object? {
    guard let handle else { return nil }
    return try object(handle, argument)
}

/// Gives the caller a new handle with one reference.
func deliver<Object: HandleObject>(_ object: Object, to out: HandleOut) throws(LeptonError) {
    guard let ticket = handles.insert(object, kind: Object.handleKind) else {
        throw LeptonError(.outOfMemory, "There is no memory, or no free number, for another handle")
    }
    out.pointee = OpaquePointer(bitPattern: ticket)
}

/// Adds a reference to a handle.
func retain(_ handle: OpaquePointer?, _ argument: StaticString, kind: HandleKind) throws(LeptonError) {
    let ticket = UInt(bitPattern: handle)
    guard !handles.retain(ticket, kind: kind) else { return }
    guard handles.object(ticket, kind: kind) == nil else {
        throw LeptonError(
            .resourceExhausted, argument: "\(argument)", expected: "fewer than a million references to one handle",
            received: "one more")
    }
    throw invalidHandle(ticket, "\(argument)", expected: kind)
}

/// Drops a reference; anything that is no handle of this kind is let pass, as NULL is.
func release(_ handle: OpaquePointer?, kind: HandleKind) {
    handles.release(UInt(bitPattern: handle), kind: kind)
}

/// The address of an output that the caller must give.
func output<Value>(
    _ address: UnsafeMutablePointer<Value>?, _ argument: StaticString
) throws(LeptonError) -> UnsafeMutablePointer<Value> {
    guard let address else {
        throw LeptonError(
            .invalidArgument, argument: "\(argument)", expected: "the address of a result", received: "NULL")
    }
    guard UInt(bitPattern: address) % UInt(MemoryLayout<Value>.alignment) == 0 else {
        throw LeptonError(
            .invalidArgument, argument: "\(argument)",
            expected: "an address that is a multiple of \(MemoryLayout<Value>.alignment)",
            received: "0x\(String(UInt(bitPattern: address), radix: 16))")
    }
    return address
}

@inline(never)
private func invalidHandle(_ ticket: UInt, _ argument: String, expected: HandleKind) -> LeptonError {
    let received =
        switch HandleTable.claimedKind(ticket) {
        case _ where ticket == 0: "NULL"
        case expected?: "a handle that was released"
        case let other?: "a \(other.typeName) handle"
        case nil: "a value that is no handle of this library"
        }
    return LeptonError(
        .invalidHandle, argument: argument, expected: "a \(expected.typeName) handle", received: received)
}
