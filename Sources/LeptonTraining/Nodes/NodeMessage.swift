/// What the calling process and a node say to each other: 16 words, and for some kinds a body.
///
/// Both ends are the same version of the SDK on the same machine, which the first message makes sure of; words are as
/// the machine has them. The last word is a checksum of the others, one of which is a checksum of the body: what does
/// not fit is refused, and nothing in a message is used before it was compared with what it may be.
struct NodeMessage {
    enum Kind: UInt64 {
        /// From the calling process: the model, as JSON.
        case setup = 1
        /// From the node: its plan's fingerprint is in `payload`.
        case ready = 2
        /// From the node: why it cannot run the model, as text.
        case unable = 3
        /// From the calling process: run phases of a shard.
        case run = 4
        /// From the node: it did; `payload` is the checksum of its results.
        case done = 5
    }

    var kind: Kind
    /// Which step of the fit.
    var job: UInt64 = 0
    /// Which attempt at a shard: no two messages have the same.
    var attempt: UInt64 = 0
    /// The optimizer's count of steps, which random numbers depend on.
    var iteration: UInt64 = 0
    var shard = 0
    var firstPhase = 0
    var lastPhase = 0
    /// Where the batch begins among the rows, when they are not taken in the published order.
    var start = 0
    var rows = 0
    var hasOrder = false
    var payload: UInt64 = 0
    var body: [UInt8] = []

    static let headerBytes = 16 * 8
    /// Changes with every change of messages, memory or meaning.
    private static let magic: UInt64 = 0x4C45_5054_4F4E_0001
    /// A model's config may hold vocabularies; a node's texts are short.
    static let largestSetup = 1 << 30
    static let largestAnswer = 1 << 16

    private static func bodyChecksum(_ body: [UInt8]) -> UInt64 {
        var sum = NodeChecksum()
        body.withUnsafeBytes { bytes in
            if let base = bytes.baseAddress { sum.add(base, count: bytes.count) }
        }
        return sum.value
    }

    private static func headerChecksum(_ words: UnsafeBufferPointer<UInt64>) -> UInt64 {
        var sum = NodeChecksum()
        for index in 0..<15 { sum.add(words[index]) }
        return sum.value
    }

    /// Calls `body` with the message as it is sent.
    func withBytes<Result>(_ use: (UnsafeRawBufferPointer, [UInt8]) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 16) { words in
            words[0] = NodeMessage.magic
            words[1] = kind.rawValue
            words[2] = job
            words[3] = attempt
            words[4] = iteration
            words[5] = UInt64(truncatingIfNeeded: shard)
            words[6] = UInt64(truncatingIfNeeded: firstPhase)
            words[7] = UInt64(truncatingIfNeeded: lastPhase)
            words[8] = UInt64(truncatingIfNeeded: start)
            words[9] = UInt64(truncatingIfNeeded: rows)
            words[10] = hasOrder ? 1 : 0
            words[11] = payload
            words[12] = UInt64(body.count)
            words[13] = body.isEmpty ? 0 : NodeMessage.bodyChecksum(body)
            words[14] = 0
            words[15] = NodeMessage.headerChecksum(UnsafeBufferPointer(words))
            return use(UnsafeRawBufferPointer(words), body)
        }
    }

    /// A header as it came.
    struct Header {
        var message: NodeMessage
        let bodyBytes: Int
        private let bodySum: UInt64

        /// - Returns: nil for bytes that are no header, or one that asks for a longer body.
        init?(_ bytes: UnsafeRawPointer, largestBody: Int) {
            let whole = withUnsafeTemporaryAllocation(of: UInt64.self, capacity: 16) { words -> Header? in
                UnsafeMutableRawBufferPointer(words).copyMemory(
                    from: UnsafeRawBufferPointer(start: bytes, count: NodeMessage.headerBytes))
                return Header(UnsafeBufferPointer(words), largestBody)
            }
            guard let whole else { return nil }
            self = whole
        }

        private init?(_ words: UnsafeBufferPointer<UInt64>, _ largestBody: Int) {
            guard words[0] == NodeMessage.magic, words[15] == NodeMessage.headerChecksum(words),
                let kind = Kind(rawValue: words[1]), let shard = Int(exactly: words[5]),
                let first = Int(exactly: words[6]), let last = Int(exactly: words[7]),
                let start = Int(exactly: words[8]), let rows = Int(exactly: words[9]), words[10] <= 1,
                let bodyBytes = Int(exactly: words[12]), bodyBytes <= largestBody
            else { return nil }
            message = NodeMessage(
                kind: kind, job: words[2], attempt: words[3], iteration: words[4], shard: shard, firstPhase: first,
                lastPhase: last, start: start, rows: rows, hasOrder: words[10] == 1, payload: words[11])
            self.bodyBytes = bodyBytes
            bodySum = words[13]
        }

        /// The whole message; nil when the body is not the one that was sent.
        func with(body: [UInt8]) -> NodeMessage? {
            guard body.isEmpty ? bodySum == 0 : NodeMessage.bodyChecksum(body) == bodySum else { return nil }
            var message = message
            message.body = body
            return message
        }
    }
}
