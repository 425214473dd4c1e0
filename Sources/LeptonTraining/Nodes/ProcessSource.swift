import CLeptonSystem
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Nodes that are worker processes of the `lepton` command.
final class ProcessSource: NodeSource {
    let fingerprint: UInt64
    private let command: String
    private let sizes: StepSizes
    private let published: PublishedMemory
    private let data: DataMemory
    private let setup: NodeMessage

    /// - Throws: `notFound` when there is no command; `outOfMemory` when there is no room for a copy of the data.
    init(
        _ context: TrainingContext, _ options: NodeOptions, plan: Plan, sizes: StepSizes, published: PublishedMemory,
        data: PreparedData, batchRows: Int
    ) throws(LeptonError) {
        command = try NodeCommand.find(options.command)
        fingerprint = ProcessSource.fingerprint(plan, sizes)
        self.sizes = sizes
        self.published = published
        self.data = try DataMemory(copying: data, floatsPerRow: plan.dataFloatsPerRow)
        let text = NodeSetup(context, data: data, batchRows: batchRows).json.text
        guard text.utf8.count <= NodeMessage.largestSetup else {
            throw LeptonError(
                .notSupported, "the model's config is too long for worker processes; train it on threads")
        }
        setup = NodeMessage(kind: .setup, body: Array(text.utf8))
    }

    /// Of the plan, and of how a batch is cut.
    static func fingerprint(_ plan: Plan, _ sizes: StepSizes) -> UInt64 {
        var sum = NodeChecksum()
        sum.add(plan.fingerprint)
        for number in [sizes.shards, sizes.rowsPerShard, sizes.parameterFloats] { sum.add(UInt64(number)) }
        return sum.value
    }

    func start(index: Int, number: Int) throws(LeptonError) -> NodeLink {
        let results = try ResultsMemory(sizes, isShared: true)
        let (own, other) = try NodeSocket.pair()
        let files = [
            other.descriptor, published.region.descriptor, results.region.descriptor, data.region.descriptor,
        ]
        // This process must not keep the other end open, or the line of a dead worker would not close.
        defer { withExtendedLifetime(other) {} }
        let body = try ProcessNode(index: index, command: command, descriptors: files)
        let link = NodeLink(
            index: index, number: number, socket: own, results: results, body: body, state: .starting)
        // Where it fails, the line closes, and that is what is noticed.
        _ = own.send(setup)
        return link
    }
}

/// A node that is a worker process.
final class ProcessNode: NodeBody {
    let name: String
    let sharesMemory = false
    private let process: pid_t
    private var isReaped = false

    init(index: Int, command: String, descriptors: [Int32]) throws(LeptonError) {
        var started: pid_t = 0
        let status = "worker".withCString { worker in
            var arguments: [UnsafePointer<CChar>?] = [worker, nil]
            return leptonsys_spawn(command, &arguments, descriptors, Int32(descriptors.count), &started)
        }
        guard status == 0 else { throw FileSystem.systemError(-status, "start", command) }
        process = started
        name = "node \(index) (process \(started))"
    }

    deinit { if !isReaped { _ = end(isKilled: true) } }

    func kill() { signal(SIGKILL) }
    func pause() { signal(SIGSTOP) }

    /// Only as long as the number is this process's.
    private func signal(_ number: Int32) {
        #if canImport(Glibc)
            if !isReaped { _ = Glibc.kill(process, number) }
        #else
            if !isReaped { _ = Darwin.kill(process, number) }
        #endif
    }

    /// A process whose line is closed is about to end; one that is not after so many milliseconds is killed.
    private static let endMilliseconds = 2_000

    func end(isKilled: Bool) -> NodeEnd {
        if isKilled { kill() }
        var status: Int32 = 0
        var waited = 0
        while true {
            let result = waitpid(process, &status, isKilled || waited > ProcessNode.endMilliseconds ? 0 : WNOHANG)
            if result == process { break }
            if result < 0, errno == EINTR { continue }
            if result < 0 {
                // A program that ignores the ends of its children is told nothing of them.
                isReaped = true
                return NodeEnd(text: "\(name) ended", isCrash: false)
            }
            _ = poll(nil, 0, 1)
            waited += 1
            if waited > ProcessNode.endMilliseconds { kill() }
        }
        isReaped = true
        return ProcessNode.describe(status, name, wasKilled: isKilled)
    }

    /// Signals that a program raises by what it does.
    private static let crashes: [Int32: String] = [
        SIGSEGV: "SIGSEGV", SIGBUS: "SIGBUS", SIGILL: "SIGILL", SIGFPE: "SIGFPE", SIGABRT: "SIGABRT",
        SIGTRAP: "SIGTRAP", SIGSYS: "SIGSYS",
    ]

    private static func describe(_ status: Int32, _ name: String, wasKilled: Bool) -> NodeEnd {
        let signal = status & 0x7F
        guard signal != 0 else {
            return NodeEnd(text: "\(name) ended with exit status \(status >> 8 & 0xFF)", isCrash: false)
        }
        if let crash = crashes[signal] {
            return NodeEnd(text: "\(name) crashed with signal \(signal) (\(crash))", isCrash: true)
        }
        let reason = wasKilled && signal == SIGKILL ? ", after it did not answer as it should" : ""
        return NodeEnd(text: "\(name) was killed by signal \(signal)\(reason)", isCrash: false)
    }
}
