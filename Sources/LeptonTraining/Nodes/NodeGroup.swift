import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Runs the shards of training steps on nodes that may fail: they are killed, stall, are slow, or say what is not so.
///
/// Which node computes a shard, and how often it is tried, never changes a result: shards are cut and added up in an order
/// that is fixed, a shard's results are taken once, whole, and only when they are what the node computed. When no node
/// is left, the calling thread does the work.
///
/// Not `Sendable`: it belongs to the thread that trains.
final class NodeGroup {
    let sizes: StepSizes
    let published: PublishedMemory
    let clock: NodeClock
    let log: NodeLog
    private let source: any NodeSource
    private(set) var links: [NodeLink] = []
    private var nodeCount: Int
    private var replacementsLeft: Int
    private var faults: [FaultPlan.Fault]
    private var nextNumber = 0

    // The step that runs; see NodeGroup+Step.swift.
    var job: UInt64 = 0
    var phase = 0
    var attempts: UInt64 = 0
    var shards: [ShardState]
    var remaining = 0
    var timing: ShardTiming
    /// Times that a node crashed while it was at a shard of this step.
    var crashes: [Int: Int] = [:]
    var failure: LeptonError?

    /// - Parameters:
    ///   - count: nodes to begin with; more than there are shards would have nothing to do.
    /// - Throws: why not all of them could be started.
    init(
        _ options: NodeOptions, count: Int, sizes: StepSizes, published: PublishedMemory, source: any NodeSource
    ) throws(LeptonError) {
        self.sizes = sizes
        self.published = published
        self.source = source
        clock = options.clock
        log = options.log
        nodeCount = max(1, min(count, sizes.shards))
        replacementsLeft = options.maximumReplacements
        faults = options.faults.faults
        shards = Array(repeating: ShardState(), count: sizes.shards)
        timing = ShardTiming(phases: sizes.phases)
        for index in 0..<nodeCount { try start(index) }
        try awaitStart()
    }

    deinit { for link in links { _ = link.body.end(isKilled: true) } }

    private func start(_ index: Int) throws(LeptonError) {
        nextNumber += 1
        links.append(try source.start(index: index, number: nextNumber))
        log.note { $0.started += 1 }
    }

    /// Changes the number of nodes, between two steps. A node that cannot be started now is left out.
    func resize(to count: Int) {
        nodeCount = max(1, min(count, sizes.shards))
        for link in links where link.index >= nodeCount { remove(link, isKilled: true) }
        for index in 0..<nodeCount where !links.contains(where: { $0.index == index }) {
            do throws(LeptonError) { try start(index) } catch { log.note { $0.lastFailure = error.message } }
        }
    }

    // MARK: Starting

    /// Longer than any model takes to build.
    private static let startSeconds: Int32 = 120

    /// Waits until every node of the beginning can run the model: what keeps one from it keeps all.
    private func awaitStart() throws(LeptonError) {
        while let starting = links.first(where: { $0.state == .starting }) {
            var entry = pollfd(fd: starting.socket.descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, NodeGroup.startSeconds * 1000) != 0 else {
                throw LeptonError(.timedOut, "\(starting.body.name) was not ready after \(NodeGroup.startSeconds) s")
            }
            starting.read()
            if case .message(let message) = starting.next(now: clock.now()) {
                try admit(starting, message)
            } else if starting.isClosed {
                let end = starting.body.end(isKilled: false)
                links.removeAll { $0 === starting }
                throw LeptonError(.io, "\(end.text) before it was ready")
            }
        }
    }

    /// Takes a node in that says it is ready.
    ///
    /// - Throws: `notSupported` when it cannot run the model; `internalError` when it would compute something else.
    func admit(_ link: NodeLink, _ message: NodeMessage) throws(LeptonError) {
        switch message.kind {
        case .ready where message.payload == source.fingerprint: link.state = .ready
        case .ready:
            throw LeptonError(
                .internalError, "\(link.body.name) plans the model otherwise than this process; train on threads")
        case .unable:
            throw LeptonError(
                .notSupported,
                "this model cannot be trained in worker processes: \(String(decoding: message.body, as: UTF8.self)); "
                    + "train it on threads")
        default: throw LeptonError(.corruptData, "\(link.body.name) is no worker of this version")
        }
    }

    // MARK: Failing

    /// The signals that a crash raises come three times from one shard before it is taken for the cause.
    private static let crashLimit = 3

    /// Gives a node up: its shards go to others, and another node takes its place while there may be one.
    func fail(_ link: NodeLink, isKilled: Bool) {
        let end = remove(link, isKilled: isKilled)
        log.note { $0.lastFailure = end.text }
        if end.isCrash, let request = link.requests.first(where: { !$0.isGivenUp && $0.job == job }) {
            crashes[request.shard, default: 0] += 1
            if crashes[request.shard, default: 0] >= NodeGroup.crashLimit {
                // The calling thread must not try what ends every process that does.
                failure = LeptonError(
                    .internalError,
                    "\(end.text), the third to crash at shard \(request.shard) of step \(job - 1); the weights are those "
                        + "before this step")
            }
        }
        giveUpRequests(of: link)
        guard replacementsLeft > 0, link.index < nodeCount, failure == nil else { return }
        replacementsLeft -= 1
        do throws(LeptonError) {
            try start(link.index)
            log.note { $0.replaced += 1 }
        } catch { log.note { $0.lastFailure = error.message } }
    }

    @discardableResult
    private func remove(_ link: NodeLink, isKilled: Bool) -> NodeEnd {
        links.removeAll { $0 === link }
        for shard in shards.indices where shards[shard].holder == .node(link.number) { shards[shard].holder = .nobody }
        return link.body.end(isKilled: isKilled)
    }

    /// Gives out again what a node was asked for.
    func giveUpRequests(of link: NodeLink) {
        for index in link.requests.indices where !link.requests[index].isGivenUp {
            link.requests[index].isGivenUp = true
            let request = link.requests[index]
            guard request.job == job, request.lastPhase == phase, !shards[request.shard].isDone else { continue }
            giveOutAgain(request.shard, avoiding: link.number)
        }
    }

    func giveOutAgain(_ shard: Int, avoiding number: Int) {
        shards[shard].isWaiting = true
        shards[shard].avoided = number
        // Another begins it anew, rather than wait for the one that has its first phases.
        if shards[shard].holder == .node(number) { shards[shard].holder = .nobody }
        log.note { $0.redone += 1 }
    }

    /// The fault that a node has now, if any; each happens once.
    func takeFault(node: Int) -> FaultPlan.Fault.Kind? {
        guard !faults.isEmpty else { return nil }
        let step = job - 1
        let found = faults.firstIndex { $0.node == node && UInt64(exactly: $0.step) == step && $0.phase == phase }
        return found.map { faults.remove(at: $0).kind }
    }
}
