import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

#if !_pointerBitWidth(_64)
    #error("A handle packs its slot, generation and kind into a pointer of 64 bits.")
#endif

/// What a handle stands for. The raw value is part of every ticket.
enum HandleKind: UInt64, CaseIterable {
    case cancel = 1
    case client
    case allocation
    case model
    case history
    case adapter
    case store
    case blob

    /// The type's name in lepton.h.
    var typeName: String {
        switch self {
        case .cancel: "lepton_cancel"
        case .client: "lepton_client"
        case .allocation: "lepton_allocation"
        case .model: "lepton_model"
        case .history: "lepton_history"
        case .adapter: "lepton_adapter"
        case .store: "lepton_store"
        case .blob: "lepton_blob"
        }
    }
}

/// An object that C programs hold a handle to.
protocol HandleObject: AnyObject, Sendable {
    static var handleKind: HandleKind { get }
}

/// The handles that C programs hold, and the objects behind them.
///
/// A handle is a ticket: the number of a slot and the slot's generation and kind, packed into a pointer-sized
/// integer whose lowest bit is set, so that it is never NULL and never equal to the address of an object. It is
/// looked up, not dereferenced, and a slot's generation grows whenever the slot is given back, so a released,
/// foreign or wrong-kind handle is recognised without touching the memory it may point to.
///
/// Every operation is a few atomic instructions and takes no lock. That makes a look-up cheap, lets a signal
/// handler trigger a cancel token, and leaves nothing locked in a forked child. Slots live in chunks that are never
/// freed or moved, so a thread that reads a slot while another gives it back reads valid memory and sees that the
/// generation has changed.
///
/// Sendable because `chunks` is written once at creation, each chunk and each slot's `state` and `nextFree` are
/// atomic, and a slot's `object` is written and read only by the owner that the state names: the thread that
/// creates the handle before it publishes the state, threads that have counted themselves in while references
/// remain, and the one thread that takes the counts to zero.
struct HandleTable: ~Copyable, @unchecked Sendable {
    /// A ticket: bit 0 is 1, bits 1...31 are the slot's index, bits 32...59 the identity.
    typealias Ticket = UInt

    private struct Slot: ~Copyable {
        let state = Atomic<UInt64>(HandleState.unused.bits)
        let nextFree = Atomic<UInt32>(0)
        var object: Unmanaged<AnyObject>?
    }

    /// Chunk k holds `firstChunk << k` slots, so that indices never move.
    private static let firstChunk = 64
    private static let chunkCount = 22
    private static let slotLimit: UInt32 = 1 << 28

    private let chunks: UnsafeMutablePointer<Atomic<UnsafeMutableRawPointer?>>
    private let slotsInUse = Atomic<Int>(0)
    /// Low half: index + 1 of the first free slot, 0 for none. High half: a count that changes with every update,
    /// so that a slot that was taken and given back in between is noticed.
    private let freeList = Atomic<UInt64>(0)

    init() {
        chunks = .allocate(capacity: Self.chunkCount)
        for chunk in 0..<Self.chunkCount { (chunks + chunk).initialize(to: Atomic(nil)) }
    }

    /// Makes a handle with one reference. nil when memory or slots have run out.
    func insert(_ object: AnyObject, kind: HandleKind) -> Ticket? {
        guard let index = takeFreeSlot() ?? takeFreshSlot(), let slot = slot(at: index) else { return nil }
        let state = HandleState(bits: slot.pointee.state.load(ordering: .relaxed)).opened(as: kind)
        slot.pointee.object = Unmanaged.passRetained(object)
        slot.pointee.state.store(state.bits, ordering: .releasing)
        return UInt(state.identity << 32 | UInt64(index) << 1 | 1)
    }

    /// The object behind a handle, or nil when the handle is not one of this kind that is alive.
    func object(_ ticket: Ticket, kind: HandleKind) -> AnyObject? {
        guard let slot = update(ticket, kind: kind, { $0.enteringUse() }) else { return nil }
        let object = slot.pointee.object?.takeUnretainedValue()
        // The count of uses kept the object alive until the line above made a reference of its own.
        withExtendedLifetime(object) { leave(slot, index: Self.index(of: ticket)) }
        return object
    }

    /// Adds a reference; false when the handle is not one of this kind that is alive, or has a million already.
    func retain(_ ticket: Ticket, kind: HandleKind) -> Bool {
        update(ticket, kind: kind) { $0.addingReference() } != nil
    }

    /// Drops a reference; false when the handle is not one of this kind that is alive.
    @discardableResult
    func release(_ ticket: Ticket, kind: HandleKind) -> Bool {
        var left = HandleState.unused
        let slot = update(ticket, kind: kind) { state in
            guard let next = state.droppingReference() else { return nil }
            left = next
            return next
        }
        guard let slot else { return false }
        if left.isIdle { recycle(slot, index: Self.index(of: ticket), state: left) }
        return true
    }

    /// The kind that a ticket claims, for error messages.
    static func claimedKind(_ ticket: Ticket) -> HandleKind? {
        guard ticket & 1 == 1, UInt64(ticket) >> 60 == 0 else { return nil }
        return HandleKind(rawValue: UInt64(ticket) >> 32 & HandleState.kindMask)
    }

    // MARK: slots

    private static func index(of ticket: Ticket) -> UInt32 {
        UInt32(truncatingIfNeeded: UInt64(ticket) >> 1 & 0x7FFF_FFFF)
    }

    private static func place(of index: UInt32) -> (chunk: Int, offset: Int) {
        let position = Int(index) / firstChunk + 1
        let chunk = Int.bitWidth - 1 - position.leadingZeroBitCount
        return (chunk, Int(index) - firstChunk * (1 << chunk - 1))
    }

    private func slot(at index: UInt32) -> UnsafeMutablePointer<Slot>? {
        let (chunk, offset) = Self.place(of: index)
        guard chunk < Self.chunkCount, let base = chunks[chunk].load(ordering: .acquiring) else { return nil }
        return base.assumingMemoryBound(to: Slot.self) + offset
    }

    /// Changes the state of a ticket's slot as long as the ticket is alive and `change` agrees.
    @inline(__always)
    private func update(
        _ ticket: Ticket, kind: HandleKind, _ change: (HandleState) -> HandleState?
    ) -> UnsafeMutablePointer<Slot>? {
        guard Self.claimedKind(ticket) == kind, let slot = slot(at: Self.index(of: ticket)) else { return nil }
        let identity = UInt64(ticket) >> 32
        var bits = slot.pointee.state.load(ordering: .relaxed)
        while true {
            let state = HandleState(bits: bits)
            guard state.identity == identity, state.references > 0, let next = change(state) else { return nil }
            let result = slot.pointee.state.weakCompareExchange(
                expected: bits, desired: next.bits, ordering: .acquiringAndReleasing)
            if result.exchanged { return slot }
            bits = result.original
        }
    }

    private func leave(_ slot: UnsafeMutablePointer<Slot>, index: UInt32) {
        let bits = slot.pointee.state.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        let left = HandleState(bits: bits)
        if left.isIdle { recycle(slot, index: index, state: left) }
    }

    /// Called by the one thread that took the counts to zero.
    private func recycle(_ slot: UnsafeMutablePointer<Slot>, index: UInt32, state: HandleState) {
        let object = slot.pointee.object
        slot.pointee.object = nil
        if let closed = state.closed() {
            slot.pointee.state.store(closed.bits, ordering: .releasing)
            giveBack(slot, index: index)
        }
        object?.release()
    }

    private func takeFreshSlot() -> UInt32? {
        let index = slotsInUse.wrappingAdd(1, ordering: .relaxed).oldValue
        guard let index = UInt32(exactly: index), index < Self.slotLimit else { return nil }
        let (chunk, _) = Self.place(of: index)
        guard chunk < Self.chunkCount else { return nil }
        guard chunks[chunk].load(ordering: .acquiring) == nil else { return index }
        let count = Self.firstChunk << chunk
        guard let memory = malloc(count * MemoryLayout<Slot>.stride) else { return nil }
        let slots = memory.bindMemory(to: Slot.self, capacity: count)
        for offset in 0..<count { (slots + offset).initialize(to: Slot()) }
        let result = chunks[chunk].compareExchange(
            expected: nil, desired: memory, ordering: .acquiringAndReleasing)
        if !result.exchanged { free(memory) }
        return index
    }

    private func takeFreeSlot() -> UInt32? {
        var head = freeList.load(ordering: .acquiring)
        while true {
            let first = UInt32(truncatingIfNeeded: head)
            guard first > 0, let slot = slot(at: first - 1) else { return nil }
            let next = UInt64(slot.pointee.nextFree.load(ordering: .relaxed))
            let result = freeList.weakCompareExchange(
                expected: head, desired: ((head >> 32) &+ 1) << 32 | next, ordering: .acquiringAndReleasing)
            if result.exchanged { return first - 1 }
            head = result.original
        }
    }

    private func giveBack(_ slot: UnsafeMutablePointer<Slot>, index: UInt32) {
        var head = freeList.load(ordering: .relaxed)
        while true {
            slot.pointee.nextFree.store(UInt32(truncatingIfNeeded: head), ordering: .relaxed)
            let result = freeList.weakCompareExchange(
                expected: head, desired: ((head >> 32) &+ 1) << 32 | UInt64(index + 1),
                ordering: .acquiringAndReleasing)
            if result.exchanged { return }
            head = result.original
        }
    }
}
