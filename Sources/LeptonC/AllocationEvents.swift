import CLepton
import Lepton

extension lepton_allocation_event: VersionedStruct {
    static var defaults: Self {
        var event = Self()
        event.struct_size = MemoryLayout<Self>.size
        return event
    }

    fileprivate init(_ event: AllocationEvent) {
        self = Self.defaults
        sequence = Int64(event.sequence)
        kind = event.kind.rawValue
        state = event.state.rawValue
        nodes = Int32(clamping: event.nodes)
        time_ns = event.timeNanoseconds
        withUnsafeMutableBytes(of: &reason) { fill($0, with: event.reason) }
    }
}

@implementation @c
public func lepton_allocation_resize(
    _ allocation: OpaquePointer?, _ nodes: Int32, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let reference = try object(allocation, "allocation", as: AllocationReference.self)
        try reference.allocation.resize(nodes: Int(nodes))
    }
}

@implementation @c
public func lepton_allocation_wait(
    _ allocation: OpaquePointer?, _ seconds: Double, _ cancel: OpaquePointer?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let reference = try object(allocation, "allocation", as: AllocationReference.self)
        let cancel: CancelToken? = try optionalObject(cancel, "cancel")
        try reference.allocation.waitUntilActive(seconds: waitingTime(seconds)) { cancel?.isCancelled ?? false }
    }
}

@implementation @c
public func lepton_allocation_next_event(
    _ allocation: OpaquePointer?, _ after: Int64, _ seconds: Double,
    _ out: UnsafeMutablePointer<lepton_allocation_event>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let reference = try object(allocation, "allocation", as: AllocationReference.self)
        let out = try output(out, "out")
        let size = try lepton_allocation_event.resultSize(out, "out")
        guard after >= 0 else {
            throw LeptonError(
                .invalidArgument, argument: "after", expected: "the number of an event, or 0", received: "\(after)")
        }
        let seconds = try waitingTime(seconds)
        guard let event = reference.allocation.nextEvent(after: Int(after), seconds: seconds) else {
            guard reference.allocation.state.isFinal else {
                throw LeptonError(.timedOut, "there was no event after number \(after) in \(seconds) seconds")
            }
            throw LeptonError(.notFound, "the allocation has ended: there will be no event after number \(after)")
        }
        lepton_allocation_event.write(lepton_allocation_event(event), to: out, size: size)
    }
}

@implementation @c
public func lepton_allocation_subscribe(
    _ allocation: OpaquePointer?, _ function: lepton_allocation_event_fn?,
    _ finished: (@convention(c) (UnsafeMutableRawPointer?) -> Void)?, _ context: UnsafeMutableRawPointer?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let reference = try object(allocation, "allocation", as: AllocationReference.self)
        guard let function else {
            throw LeptonError(
                .invalidArgument, argument: "function", expected: "a function to call", received: "NULL")
        }
        let host = HostContext(pointer: context)
        let isFollowed = reference.allocation.follow { event in
            var event = lepton_allocation_event(event)
            return function(&event, host.pointer) == 0
        } atEnd: {
            finished?(host.pointer)
        }
        guard isFollowed else {
            throw LeptonError(.resourceExhausted, "the system refused a thread for the subscription")
        }
    }
}

/// A pointer that the library only hands back; which threads may use it is the host's agreement with itself.
private struct HostContext: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer?
}

private func waitingTime(_ seconds: Double) throws(LeptonError) -> Double {
    guard seconds >= 0 else {
        throw LeptonError(
            .invalidArgument, argument: "seconds", expected: "a number of at least 0, or infinity",
            received: "\(seconds)")
    }
    return seconds
}
