import LeptonTensor

/// What a node is made of: a thread, or a worker process.
protocol NodeBody: AnyObject {
    /// "node 1 (process 4711)".
    var name: String { get }
    /// Whether the node reads this process's memory as long as it computes.
    var sharesMemory: Bool { get }
    /// Ends the node from outside, at once, without waiting.
    func kill()
    /// Keeps the node from running on, without ending it.
    func pause()
    /// Waits for the end of a node whose line is closed, or which is killed now, and says what became of it.
    func end(isKilled: Bool) -> NodeEnd
}

/// What became of a node.
struct NodeEnd {
    let text: String
    /// Whether what it did, rather than somebody else, ended it.
    let isCrash: Bool
}

/// One node as the calling process sees it: its line, its results, and what it was asked for.
///
/// Not `Sendable`: it belongs to the thread that trains.
final class NodeLink {
    enum State {
        /// Has not yet said that it can run the model.
        case starting
        case ready
        /// Was late: it gets no more work before it has answered.
        case late
    }

    /// A shard that the node was asked for and has not answered.
    struct Request {
        let attempt: UInt64
        let job: UInt64
        let shard: Int
        let firstPhase: Int
        let lastPhase: Int
        /// Whether the shard was given to another meanwhile.
        var isGivenUp = false
    }

    /// Its place among the nodes.
    let index: Int
    /// No two nodes of a group have the same, replacements with them.
    let number: Int
    let socket: NodeSocket
    let results: ResultsMemory
    let body: any NodeBody
    var state: State
    var requests: [Request] = []
    /// When it last answered, or was given work after a pause.
    var lastProgress: UInt64 = 0
    /// Results in a row that were not what the node had computed.
    var strikes = 0
    private var inbox = NodeInbox()
    private var arrived: [NodeInbox.Next] = []
    /// Answers that have not come in, also those that a fault holds back.
    private var outstanding = 0
    private(set) var isClosed = false
    /// Whether something came that is no message: nothing after it can be read.
    private var isDamaged = false

    // Faults that were injected.
    private var silence = Silence.none
    /// When answers that are held back may be looked at.
    private(set) var heldUntil: UInt64 = 0
    private var damagesAnswer = false
    private var damagesResults = false

    private enum Silence { case none, killed, paused }

    init(
        index: Int, number: Int, socket: NodeSocket, results: ResultsMemory, body: any NodeBody, state: State
    ) {
        self.index = index
        self.number = number
        self.socket = socket
        self.results = results
        self.body = body
        self.state = state
    }

    /// - Returns: false when the line is broken.
    func send(_ message: NodeMessage, fault: FaultPlan.Fault.Kind?, now: UInt64) -> Bool {
        outstanding += 1
        let isSent = fault == .corrupt(.request) ? socket.sendDamaged(message) : socket.send(message)
        switch fault {
        case .kill:
            // What it may have said before it ended is lost as well, so that a test sees the same each time.
            silence = .killed
            body.kill()
        case .stall:
            silence = .paused
            body.pause()
        case .slow(let seconds):
            heldUntil = now &+ (seconds > 0 ? UInt64(min(seconds, 1e9) * 1e9) : 0)
        case .corrupt(.answer): damagesAnswer = true
        case .corrupt(.results): damagesResults = true
        case .corrupt(.request), nil: break
        }
        return isSent
    }

    /// Takes in what has come, without waiting.
    func read() {
        guard !isClosed, !isDamaged else { return }
        isClosed = !inbox.read(from: socket)
        if damagesAnswer, inbox.damage() { damagesAnswer = false }
        while true {
            let next = inbox.next()
            if case .nothing = next { return }
            outstanding -= 1
            if silence == .none { arrived.append(next) }
            if case .damaged = next { return isDamaged = true }
        }
    }

    /// The next message that may be looked at.
    func next(now: UInt64) -> NodeInbox.Next {
        guard !arrived.isEmpty, now >= heldUntil else { return .nothing }
        return arrived.removeFirst()
    }

    /// Whether there is something to look at, or an end to be noticed.
    func hasNews(now: UInt64) -> Bool { arrived.isEmpty ? isClosed : now >= heldUntil }

    /// Whether something may come in that no fault holds back; the end of a node that is being killed counts.
    func mayAnswer(now: UInt64) -> Bool {
        if state == .starting { return true }
        return !requests.isEmpty && silence != .paused && now >= heldUntil
    }

    /// Copies a shard's results to the step's own memory.
    ///
    /// - Returns: whether they are what the node computed.
    func copyResults(_ message: NodeMessage, to job: StepJob) -> Bool {
        if damagesResults {
            damagesResults = false
            results.damage(message)
        }
        return results.copy(message, to: job) == message.payload
    }

    /// Waits until the node does not compute any more, where it reads memory that is about to change.
    ///
    /// - Returns: false when only its end can make sure of that.
    func settle() -> Bool {
        guard body.sharesMemory else { return true }
        while outstanding > 0, !isClosed, !isDamaged {
            socket.waitForInput()
            read()
        }
        return !isClosed && !isDamaged
    }
}
