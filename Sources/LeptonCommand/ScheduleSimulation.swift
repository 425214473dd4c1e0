import LeptonResources
import LeptonTensor

/// Runs a trace on a cluster, event by event, with the placement core as it is. Only the calls of the core are timed.
struct ScheduleSimulation: ~Copyable {
    /// What became of a job so far.
    private struct Progress {
        var id: Scheduler.RequestID?
        var remaining: Int
        var startedAt = -1
        /// Counts starts, so that the end of a run that was broken off is not taken for that of the next.
        var run: Int32 = 0
        var isRunning = false
    }

    private let trace: ScheduleTrace
    private let clock: () -> UInt64
    private var scheduler: Scheduler
    private var progress: [Progress]
    private var departures = ScheduleHeap()
    /// By the number of the request: the job.
    private var jobOfRequest: [Int32] = []
    private var decisions: [Scheduler.Decision] = []
    private var record: ScheduleRecord

    init(
        trace: ScheduleTrace, cluster: [Scheduler.NodeSpec], policy: Scheduler.Policy, reserving: Bool, end: Int,
        clock: @escaping () -> UInt64
    ) throws(LeptonError) {
        self.trace = trace
        self.clock = clock
        scheduler = Scheduler(policy: policy, reserving: reserving)
        for tenant in trace.tenants { _ = try scheduler.addQueue(.init(name: tenant.name, weight: tenant.weight)) }
        try scheduler.addNodes(cluster)
        progress = trace.jobs.map { Progress(remaining: $0.duration) }
        decisions.reserveCapacity(1 << 16)
        record = ScheduleRecord(trace: trace, capacity: scheduler.capacity, end: end)
    }

    /// What is left when the trace ends says nothing of a busy cluster, so the books close at `end`.
    mutating func run() throws(LeptonError) -> ScheduleRecord {
        var next = 0
        let end = record.end
        while true {
            let arrival = next < trace.jobs.count ? trace.jobs[next].arrival : Int.max
            let departure = departures.first?.time ?? Int.max
            let now = min(arrival, departure)
            guard now <= end, now != Int.max else { break }
            pass(to: now)
            if departure <= arrival {
                depart(departures.removeFirst(), now)
            } else {
                try arrive(next, now)
                next += 1
            }
            act(now)
        }
        pass(to: end)
        record.close(waiting: scheduler.waitingCount)
        return record
    }

    private mutating func pass(to time: Int) {
        while record.advance(to: time) { record.closeBin(usable: usable(by: record.ordinary)) }
    }

    private mutating func arrive(_ index: Int, _ now: Int) throws(LeptonError) {
        let job = trace.jobs[index]
        let request = Scheduler.RequestSpec(
            queue: job.tenant, nodes: job.nodes...job.nodes, shape: job.shape, priority: job.priority)
        decisions.removeAll(keepingCapacity: true)
        let before = clock()
        let id = try scheduler.submit(request)
        scheduler.decide(into: &decisions)
        record.took(clock() &- before)
        record.waits(job)
        progress[index].id = id
        while jobOfRequest.count <= id.number { jobOfRequest.append(-1) }
        jobOfRequest[id.number] = Int32(truncatingIfNeeded: index)
    }

    private mutating func depart(_ departure: (time: Int, job: Int, run: Int32), _ now: Int) {
        decisions.removeAll(keepingCapacity: true)
        guard progress[departure.job].isRunning, progress[departure.job].run == departure.run,
            let id = progress[departure.job].id
        else { return }
        progress[departure.job].isRunning = false
        record.stopped(trace.jobs[departure.job])
        let before = clock()
        scheduler.release(id)
        scheduler.decide(into: &decisions)
        record.took(clock() &- before)
    }

    /// Does what was decided; those that have to leave do so at once, with their work saved.
    private mutating func act(_ now: Int) {
        while !decisions.isEmpty {
            var leaving: [Scheduler.RequestID] = []
            for decision in decisions {
                let index = Int(jobOfRequest[decision.request.number])
                if decision.kind == .placed {
                    progress[index].isRunning = true
                    progress[index].run &+= 1
                    progress[index].startedAt = now
                    departures.insert(now &+ progress[index].remaining, index, progress[index].run)
                    record.started(trace.jobs[index], at: now, isFirst: progress[index].run == 1)
                } else if decision.kind == .preempted {
                    progress[index].isRunning = false
                    progress[index].remaining = max(
                        progress[index].remaining &- (now &- progress[index].startedAt), 1)
                    record.stopped(trace.jobs[index])
                    record.waits(trace.jobs[index])
                    record.preemptions += 1
                    leaving.append(decision.request)
                }
            }
            decisions.removeAll(keepingCapacity: true)
            guard !leaving.isEmpty else { return }
            let before = clock()
            for id in leaving { scheduler.giveWay(id) }
            scheduler.decide(into: &decisions)
            record.took(clock() &- before)
        }
    }

    /// What of the free cores could be used by requests of the ordinary shape, 0 ... 1.
    private func usable(by shape: ResourceShape) -> Double {
        let free = (0..<scheduler.nodeCount).reduce(0) { $0 &+ (scheduler.free(ofNode: $1)?.cores ?? 0) }
        guard free > 0, shape.cores > 0 else { return 1 }
        let room = scheduler.room(for: shape, atMost: Int.max / 2, whenEmpty: false)
        return Double(room) * Double(shape.cores) / Double(free)
    }
}

/// A binary heap of the ends of running jobs; of those at the same time the one that was inserted first.
struct ScheduleHeap {
    private struct Entry {
        var time: Int
        var order: Int
        var job: Int32
        var run: Int32
    }

    private var entries: [Entry] = []
    private var inserted = 0

    var first: (time: Int, job: Int, run: Int32)? {
        entries.first.map { ($0.time, Int($0.job), $0.run) }
    }

    mutating func insert(_ time: Int, _ job: Int, _ run: Int32) {
        entries.append(Entry(time: time, order: inserted, job: Int32(truncatingIfNeeded: job), run: run))
        inserted += 1
        var place = entries.count - 1
        while place > 0, precedes(place, (place - 1) / 2) {
            entries.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// The heap must not be empty.
    mutating func removeFirst() -> (time: Int, job: Int, run: Int32) {
        entries.swapAt(0, entries.count - 1)
        let last = entries.removeLast()
        var place = 0
        while 2 * place + 1 < entries.count {
            var child = 2 * place + 1
            if child + 1 < entries.count, precedes(child + 1, child) { child += 1 }
            guard precedes(child, place) else { break }
            entries.swapAt(child, place)
            place = child
        }
        return (last.time, Int(last.job), last.run)
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        (entries[a].time, entries[a].order) < (entries[b].time, entries[b].order)
    }
}
