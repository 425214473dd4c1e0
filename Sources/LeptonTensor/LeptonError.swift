/// The one error type of the SDK: what went wrong, in which argument, what was expected and what came.
///
/// Every public call that can fail throws it (`throws(LeptonError)`); the C ABI turns `code` into a
/// `lepton_status` of the same number, and Python turns that into an exception class.
public struct LeptonError: Error, Sendable, Equatable {
    /// What kind of failure this is. Raw values equal the C enumeration `lepton_status` and are never reused.
    public enum Code: Int32, Sendable, CaseIterable {
        /// A value outside its documented range.
        case invalidArgument = 1
        /// Shapes, ranks or lengths that do not fit each other.
        case shapeMismatch = 2
        /// An element type that the call does not take.
        case typeMismatch = 3
        /// A name, file or reference that does not exist.
        case notFound = 4
        /// Something Keras knows that this version does not do; the message says what to do instead.
        case notSupported = 5
        /// An object in the wrong state: not built, not compiled, busy, closed.
        case invalidState = 6
        /// A handle that is NULL or was released.
        case invalidHandle = 7
        /// NaN or infinity where finite numbers are required.
        case nonFinite = 8
        /// More memory than there is, or a size that overflows.
        case outOfMemory = 9
        /// A resource request that cannot be granted.
        case resourceExhausted = 10
        /// The caller's cancel token stopped the call.
        case cancelled = 11
        /// A lease or deadline passed.
        case timedOut = 12
        /// The operating system refused a read or write.
        case io = 13
        /// Bytes that are not what they claim to be: truncated, corrupt or hostile.
        case corruptData = 14
        /// Access denied by the operating system or by ownership.
        case permissionDenied = 15
        /// A defect in the SDK itself.
        case internalError = 16
    }

    public let code: Code
    /// The full sentence, ready to show to a user.
    public let message: String
    /// The argument at fault, by its documented name, when there is one.
    public let argument: String?
    /// What the call takes there.
    public let expected: String?
    /// What it was given.
    public let received: String?

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
        self.argument = nil
        self.expected = nil
        self.received = nil
    }

    /// The usual form for bad input: "`argument`: expected X. Received: Y."
    public init(_ code: Code, argument: String, expected: String, received: String) {
        self.code = code
        self.argument = argument
        self.expected = expected
        self.received = received
        self.message = "\(argument): expected \(expected). Received: \(received)"
    }

    private init(code: Code, message: String, from other: LeptonError) {
        self.code = code
        self.message = message
        self.argument = other.argument
        self.expected = other.expected
        self.received = other.received
    }

    /// The same error with `context` (a layer's name, a file's path) said first.
    package func adding(context: String) -> LeptonError {
        LeptonError(code: code, message: "\(context): \(message)", from: self)
    }
}

extension LeptonError: CustomStringConvertible {
    public var description: String { message }
}

/// Names the known word nearest to a mistyped one, for "did you mean" hints.
///
/// Distance is the optimal-string-alignment edit distance, case ignored; a name farther away than a third of
/// its length is no help and is not offered.
package func nearestName(to word: String, among candidates: [String]) -> String? {
    let wanted = Array(word.lowercased().utf8.prefix(64))
    var best: (name: String, distance: Int)?
    // Sorted, so that of two words equally near the same one is named every time.
    for candidate in candidates.sorted() {
        let distance = editDistance(wanted, Array(candidate.lowercased().utf8))
        if distance < (best?.distance ?? Int.max) { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(2, best.name.utf8.count / 3) else { return nil }
    return best.name
}

/// An error for an unknown name that lists the nearest known one, or all of them when none is near.
package func unknownName(_ kind: String, _ word: String, known: [String]) -> LeptonError {
    let shown = word.utf8.count > 64 ? String(word.prefix(64)) + "..." : word
    let hint = nearestName(to: word, among: known).map { "a known \(kind) (did you mean '\($0)'?)" }
    return LeptonError(
        .invalidArgument, argument: kind,
        expected: hint ?? "one of \(known.sorted().map { "'\($0)'" }.joined(separator: ", "))",
        received: "'\(shown)'")
}

private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    guard !a.isEmpty else { return b.count }
    guard !b.isEmpty else { return a.count }
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in 1...a.count {
        var current = [i] + Array(repeating: 0, count: b.count)
        for j in 1...b.count {
            let substitution = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)
            current[j] = min(previous[j] + 1, current[j - 1] + 1, substitution)
            if i > 1, j > 1, a[i - 1] == b[j - 2], a[i - 2] == b[j - 1] {
                current[j] = min(current[j], beforePrevious[j - 2] + 1)
            }
        }
        beforePrevious = previous
        previous = current
    }
    return previous[b.count]
}
