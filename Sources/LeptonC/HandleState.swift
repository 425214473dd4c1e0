/// A slot's state in one word, so that one atomic instruction changes all of it.
///
/// Bits 36...63 are the identity (generation and kind), bits 16...35 the references that C programs hold, bits
/// 0...15 the look-ups in progress. An object is let go when both counts are zero.
struct HandleState {
    let bits: UInt64

    static let kindMask: UInt64 = 0xF
    private static let identityShift: UInt64 = 36
    private static let referenceUnit: UInt64 = 1 << 16
    private static let maximumReferences: UInt64 = 1 << 20 - 1
    private static let maximumUses: UInt64 = 1 << 16 - 1
    private static let maximumGeneration: UInt64 = 1 << 24 - 1

    /// A slot that has never been used: generation 1, so that small integers are no tickets.
    static let unused = HandleState(bits: (1 << 4) << identityShift)

    var identity: UInt64 { bits >> Self.identityShift }
    var references: UInt64 { bits >> 16 & Self.maximumReferences }
    private var uses: UInt64 { bits & Self.maximumUses }
    private var generation: UInt64 { identity >> 4 }

    /// No reference and no look-up: nobody else may touch the slot.
    var isIdle: Bool { references == 0 && uses == 0 }

    func opened(as kind: HandleKind) -> HandleState {
        HandleState(bits: (generation << 4 | kind.rawValue) << Self.identityShift | Self.referenceUnit)
    }

    /// The next generation; nil when the numbers are used up and the slot is retired.
    func closed() -> HandleState? {
        guard generation < Self.maximumGeneration else { return nil }
        return HandleState(bits: ((generation + 1) << 4) << Self.identityShift)
    }

    func enteringUse() -> HandleState? {
        uses < Self.maximumUses ? HandleState(bits: bits + 1) : nil
    }

    func addingReference() -> HandleState? {
        references < Self.maximumReferences ? HandleState(bits: bits + Self.referenceUnit) : nil
    }

    func droppingReference() -> HandleState? {
        references > 0 ? HandleState(bits: bits - Self.referenceUnit) : nil
    }
}
