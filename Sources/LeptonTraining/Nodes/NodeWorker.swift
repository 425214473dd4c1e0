import LeptonTensor

/// A node at work: runs the shards that it is asked for until its line is closed. The same in a thread and in a worker
/// process.
///
/// Not `Sendable`: it belongs to the thread that serves.
final class NodeWorker {
    private let plan: Plan
    private let sizes: StepSizes
    private let published: PublishedMemory
    private let results: ResultsMemory
    /// Rows in the data.
    private let rows: Int
    private let owner: AnyObject
    private let memory: StepMemory
    /// Totals of all shards, which the published ones are copied to: an answer that was not looked at yet must stay.
    private let partials: AlignedBuffer<Float>
    private let job: UnsafeMutablePointer<StepJob>
    /// Where each shard stands: the step, and the phases done in it.
    private var progress: [(job: UInt64, phases: Int)]

    /// - Parameters:
    ///   - data: where each column begins.
    ///   - owner: of that memory, kept while the node lives.
    init(
        plan: Plan, sizes: StepSizes, seed: UInt64, published: PublishedMemory, results: ResultsMemory,
        data: [UnsafePointer<Float>], rows: Int, keepingAlive owner: AnyObject
    ) throws(LeptonError) {
        memory = try StepMemory(
            plan: plan, shards: sizes.shards, rowsPerShard: sizes.rowsPerShard,
            count: plan.phaseCount > 1 ? sizes.shards : 1)
        partials = try AlignedBuffer(
            zeros: sizes.partialFloats > 0 ? sizes.shards * sizes.partialFloats : 0, purpose: "batch totals")
        for (index, column) in data.enumerated() { memory.dataBases[index] = column }
        self.plan = plan
        self.sizes = sizes
        self.published = published
        self.results = results
        self.rows = rows
        self.owner = owner
        progress = Array(repeating: (0, 0), count: sizes.shards)
        job = .allocate(capacity: 1)
        job.initialize(
            to: StepJob(
                program: plan.program, workers: memory.workers, floatsPerRow: memory.floatsPerRow,
                dataCount: plan.dataFloatsPerRow.count, rowsPerShard: sizes.rowsPerShard,
                parameters: published.parameters, parameterFloats: sizes.parameterFloats, gradients: results.gradients,
                sums: results.sums, sumCount: sizes.sumCount,
                partials: sizes.partialFloats > 0 ? partials.pointer : nil,
                partialFloats: sizes.partialFloats, seed: seed,
                batch: BatchSource(data: memory.dataBases, order: nil, start: 0, rows: 0)))
    }

    deinit { job.deallocate() }

    /// Runs until the line is closed, or somebody sends what is no request: then the line is of no use any more.
    func serve(_ socket: NodeSocket) {
        while let request = socket.receive(largestBody: 0), let answer = run(request) {
            guard socket.send(answer) else { return }
        }
    }

    private func run(_ request: NodeMessage) -> NodeMessage? {
        guard isValid(request) else { return nil }
        job.pointee.iteration = request.iteration
        job.pointee.batch = BatchSource(
            data: memory.dataBases, order: request.hasOrder ? UnsafePointer(published.order) : nil,
            start: request.hasOrder ? 0 : request.start, rows: request.rows)
        for phase in request.firstPhase...request.lastPhase {
            if phase > 0 { published.takePartials(into: partials.pointer, shards: job.pointee.shards) }
            job.pointee.phase = phase
            StepJob.gradients(job, request.shard, 0)
        }
        results.setPartials(request.shard, from: partials.pointer)
        progress[request.shard] = (request.job, request.lastPhase + 1)
        var answer = request
        answer.kind = .done
        answer.payload = results.checksum(request)
        return answer
    }

    /// Whether a request names a shard, phases and rows that there are, and phases that follow on those done.
    private func isValid(_ request: NodeMessage) -> Bool {
        guard request.kind == .run, request.rows > 0, request.rows <= sizes.batchRows,
            (0..<sizes.shards).contains(request.shard), request.shard * sizes.rowsPerShard < request.rows,
            request.firstPhase >= 0, request.firstPhase <= request.lastPhase, request.lastPhase < sizes.phases
        else { return false }
        if request.firstPhase > 0 {
            guard progress[request.shard] == (request.job, request.firstPhase) else { return false }
        }
        if request.hasOrder {
            let shardRows = request.shard * sizes.rowsPerShard
            let end = min(shardRows + sizes.rowsPerShard, request.rows)
            return (shardRows..<end).allSatisfy { published.order[$0] >= 0 && published.order[$0] < Int64(rows) }
        }
        return request.start >= 0 && request.start <= rows - request.rows
    }
}
