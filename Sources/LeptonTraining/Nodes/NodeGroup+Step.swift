import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Where a shard of the current step stands.
struct ShardState {
    enum Holder: Equatable {
        case nobody
        /// By its number.
        case node(Int)
        case callingThread
    }

    /// Who has what the shard's phases so far left behind, and so can go on with the next.
    var holder = Holder.nobody
    /// Phases that the holder has run.
    var phasesDone = 0
    /// Whether this phase's results are in the step's own memory.
    var isDone = false
    /// Whether somebody must be asked for it.
    var isWaiting = true
    /// The node that did not answer, or answered wrongly, by its number.
    var avoided: Int?
}

extension NodeGroup {
    /// Requests that a node has at a time: it finds the next one when it has answered, and need not wait for it.
    private static let requestDepth = 2

    /// Runs all phases of all shards. Afterwards gradients, sums and partials are in the step's own memory, as though
    /// its own thread had run them.
    ///
    /// - Throws: `internalError` when node after node crashes at one shard; the step is then not whole.
    func run(_ step: UnsafeMutablePointer<StepJob>) throws(LeptonError) {
        job += 1
        crashes = [:]
        settle()
        published.publish(step.pointee)
        let count = step.pointee.shards
        for shard in shards.indices { shards[shard] = ShardState() }
        for number in 0..<sizes.phases {
            phase = number
            if number > 0 {
                settle()
                published.publishPartials(of: step.pointee)
            }
            for shard in 0..<count {
                shards[shard].isDone = false
                shards[shard].isWaiting = true
                shards[shard].avoided = nil
            }
            remaining = count
            while remaining > 0 {
                try runSome(step, count)
            }
        }
    }

    /// Makes sure that no thread reads what is about to be published.
    private func settle() {
        for link in links where !link.settle() {
            log.note { if link.isClosed { $0.died += 1 } else { $0.corrupt += 1 } }
            fail(link, isKilled: true)
        }
    }

    private func runSome(_ step: UnsafeMutablePointer<StepJob>, _ count: Int) throws(LeptonError) {
        giveOut(step, count)
        if let failure { throw failure }
        if !links.contains(where: { $0.state == .ready }),
            let shard = (0..<count).first(where: { shards[$0].isWaiting })
        {
            runHere(step, shard)
        } else if remaining > 0 {
            awaitNews()
        }
        for link in links {
            link.read()
            takeAnswers(link, step)
        }
        giveUpLateNodes()
        if let failure { throw failure }
    }

    // MARK: Asking

    private func giveOut(_ step: UnsafeMutablePointer<StepJob>, _ count: Int) {
        for depth in 1...NodeGroup.requestDepth {
            for link in links where link.state == .ready && link.requests.count < depth {
                guard let shard = shardFor(link, count) else { continue }
                ask(link, shard, step)
            }
        }
    }

    /// What a node is asked for next: first what it did in earlier steps, whose memory it has already.
    private func shardFor(_ link: NodeLink, _ count: Int) -> Int? {
        let ready = links.filter { $0.state == .ready }
        func mayTake(_ shard: Int) -> Bool {
            let state = shards[shard]
            guard state.isWaiting else { return false }
            if state.avoided == link.number, ready.count > 1 { return false }
            if case .node(let number) = state.holder, number != link.number {
                return !ready.contains { $0.number == number }
            }
            return true
        }
        let places = max(ready.count, 1)
        let place = ready.firstIndex { $0 === link } ?? 0
        let home = place * count / places..<(place + 1) * count / places
        return home.first(where: mayTake) ?? (0..<count).first(where: mayTake)
    }

    private func ask(_ link: NodeLink, _ shard: Int, _ step: UnsafeMutablePointer<StepJob>) {
        attempts += 1
        let state = shards[shard]
        let goesOn = state.holder == .node(link.number) && state.phasesDone == phase
        var message = NodeMessage(kind: .run)
        message.job = job
        message.attempt = attempts
        message.iteration = step.pointee.iteration
        message.shard = shard
        message.firstPhase = goesOn ? phase : 0
        message.lastPhase = phase
        message.start = step.pointee.batch.start
        message.rows = step.pointee.batch.rows
        message.hasOrder = step.pointee.batch.order != nil
        shards[shard].isWaiting = false
        let now = clock.now()
        if link.requests.isEmpty { link.lastProgress = now }
        link.requests.append(
            NodeLink.Request(
                attempt: attempts, job: job, shard: shard, firstPhase: message.firstPhase, lastPhase: phase))
        if !link.send(message, fault: takeFault(node: link.index), now: now) { died(link) }
    }

    private func died(_ link: NodeLink) {
        log.note { $0.died += 1 }
        fail(link, isKilled: false)
    }

    /// Runs a shard on the calling thread, in the step's own memory.
    private func runHere(_ step: UnsafeMutablePointer<StepJob>, _ shard: Int) {
        let state = shards[shard]
        let goesOn = state.holder == .callingThread && state.phasesDone == phase
        for number in (goesOn ? phase : 0)...phase {
            step.pointee.phase = number
            StepJob.gradients(step, shard, 0)
        }
        log.note { $0.local += 1 }
        finish(shard, by: .callingThread)
    }

    private func finish(_ shard: Int, by holder: ShardState.Holder) {
        shards[shard].isDone = true
        shards[shard].isWaiting = false
        shards[shard].holder = holder
        shards[shard].phasesDone = phase + 1
        remaining -= 1
    }

    // MARK: Answers

    private func takeAnswers(_ link: NodeLink, _ step: UnsafeMutablePointer<StepJob>) {
        while true {
            switch link.next(now: clock.now()) {
            case .nothing:
                if link.isClosed, link.hasNews(now: clock.now()) { died(link) }
                return
            case .damaged:
                // Where the next message begins is not known either.
                log.note { $0.corrupt += 1 }
                return fail(link, isKilled: true)
            case .message(let message):
                guard link.state == .starting ? admits(link, message) : take(message, from: link, step) else {
                    log.note { $0.corrupt += 1 }
                    return fail(link, isKilled: true)
                }
            }
        }
    }

    private func admits(_ link: NodeLink, _ message: NodeMessage) -> Bool {
        do throws(LeptonError) {
            try admit(link, message)
            return true
        } catch { return false }
    }

    /// Takes an answer in.
    ///
    /// - Returns: false for one to a question that was not asked.
    private func take(
        _ message: NodeMessage, from link: NodeLink, _ step: UnsafeMutablePointer<StepJob>
    ) -> Bool {
        guard message.kind == .done, let index = link.requests.firstIndex(where: { $0.attempt == message.attempt })
        else { return false }
        let request = link.requests[index]
        guard message.job == request.job, message.shard == request.shard, message.lastPhase == request.lastPhase
        else { return false }
        link.requests.remove(at: index)
        let now = clock.now()
        let time = now > link.lastProgress ? now - link.lastProgress : 0
        link.lastProgress = now
        if link.requests.isEmpty, link.state == .late { link.state = .ready }
        guard request.job == job, request.lastPhase == phase, !shards[request.shard].isDone else {
            log.note { $0.dropped += 1 }
            return true
        }
        guard link.copyResults(message, to: step.pointee) else {
            log.note { $0.corrupt += 1 }
            link.strikes += 1
            if !request.isGivenUp { giveOutAgain(request.shard, avoiding: link.number) }
            return link.strikes < NodeGroup.strikeLimit
        }
        link.strikes = 0
        timing.add(time, phases: request.firstPhase...request.lastPhase)
        finish(request.shard, by: .node(link.number))
        return true
    }

    /// Wrong results in a row after which a node is given up.
    private static let strikeLimit = 3

    // MARK: Waiting

    private func deadline(of link: NodeLink) -> UInt64? {
        guard link.state != .starting, let request = link.requests.first else { return nil }
        let allowance = timing.allowance(phases: request.firstPhase...request.lastPhase)
        return link.lastProgress &+ (link.state == .late ? ShardTiming.givingUp * allowance : allowance)
    }

    /// Waits for an answer, the end of a node, or the moment at which the next one is late.
    private func awaitNews() {
        let now = clock.now()
        if links.contains(where: { $0.hasNews(now: now) }) { return }
        var wake = UInt64.max
        for link in links {
            if let moment = deadline(of: link) { wake = min(wake, moment) }
            if link.heldUntil > now { wake = min(wake, link.heldUntil) }
        }
        if let advance = clock.advance {
            guard links.contains(where: { $0.mayAnswer(now: now) }) else { return advance(wake) }
        }
        var entries = links.map { pollfd(fd: $0.socket.descriptor, events: Int16(POLLIN), revents: 0) }
        _ = poll(&entries, nfds_t(entries.count), clock.isVirtual ? -1 : NodeGroup.milliseconds(now, wake))
    }

    /// Rounded up, so that the moment has come afterwards.
    private static func milliseconds(_ now: UInt64, _ wake: UInt64) -> Int32 {
        guard wake != .max else { return -1 }
        guard wake > now else { return 0 }
        return Int32(min((wake - now) / 1_000_000 + 1, 60_000))
    }

    /// The shards of a node that is late go to others as well; one that stays silent is ended.
    private func giveUpLateNodes() {
        let now = clock.now()
        for link in links {
            guard let moment = deadline(of: link), now >= moment else { continue }
            if link.state == .late {
                log.note { $0.stalled += 1 }
                fail(link, isKilled: true)
            } else {
                log.note { $0.late += 1 }
                link.state = .late
                giveUpRequests(of: link)
            }
        }
    }
}

/// How long shards take, and so when a node is late.
struct ShardTiming {
    /// Of each phase, a running mean in nanoseconds; nil before the first.
    private var means: [Double?]

    /// So many times what is usual is late: other programs take the processor for a while too.
    private static let patience = 4.0
    private static let leastAllowance = 500_000_000.0
    /// Before anything was measured.
    private static let firstAllowance: UInt64 = 30_000_000_000
    /// A node that takes so many times what makes it late is given up.
    static let givingUp: UInt64 = 10

    init(phases: Int) { means = Array(repeating: nil, count: phases) }

    mutating func add(_ nanoseconds: UInt64, phases: ClosedRange<Int>) {
        let each = Double(nanoseconds) / Double(phases.count)
        for phase in phases {
            means[phase] = means[phase].map { $0 + (each - $0) / 8 } ?? each
        }
    }

    func allowance(phases: ClosedRange<Int>) -> UInt64 {
        var usual = 0.0
        for phase in phases {
            guard let mean = means[phase] else { return ShardTiming.firstAllowance }
            usual += mean
        }
        return UInt64(min(max(usual * ShardTiming.patience, ShardTiming.leastAllowance), 1e15))
    }
}
