/// Something that happened to an allocation.
public struct AllocationEvent: Sendable, Hashable {
    /// Raw values equal the C enumeration `lepton_allocation_event_kind`.
    public enum Kind: Int32, Sendable, Hashable, CaseIterable {
        /// The allocation has another state.
        case stateChanged = 0
        /// It has more or fewer nodes.
        case resized = 1
        /// Its lease ends at another time.
        case renewed = 2
        /// Nodes were lost; those that are left go on.
        case nodesLost = 3
    }

    /// 1, 2, 3, ... within an allocation.
    public let sequence: Int
    public let kind: Kind
    /// The state afterwards.
    public let state: AllocationState
    /// Compute nodes afterwards.
    public let nodes: Int
    /// Why, for people; may be empty.
    public let reason: String
    /// When, by the wall clock: nanoseconds since 1970-01-01 UTC.
    public let timeNanoseconds: Int64
}

/// The events of one allocation: the latest are kept for those who come later.
struct EventLog {
    private(set) var events: [AllocationEvent] = []
    private var next = 1
    /// Older ones are forgotten: a job that is resized for weeks must not fill the memory.
    private static let kept = 1024

    mutating func append(
        _ kind: AllocationEvent.Kind, state: AllocationState, nodes: Int, reason: String, time: Int64
    ) -> AllocationEvent {
        let event = AllocationEvent(
            sequence: next, kind: kind, state: state, nodes: nodes, reason: reason, timeNanoseconds: time)
        next += 1
        if events.count == EventLog.kept { events.removeFirst() }
        events.append(event)
        return event
    }

    /// The first event after number `sequence`.
    func first(after sequence: Int) -> AllocationEvent? {
        guard let last = events.last, last.sequence > sequence else { return nil }
        // Numbers are consecutive.
        let index = max(0, sequence - (last.sequence - events.count))
        return events[index]
    }
}

extension AllocationState {
    /// Whether nothing will happen any more.
    public var isFinal: Bool {
        switch self {
        case .pending, .active, .draining: false
        case .released, .expired, .failed: true
        }
    }
}
