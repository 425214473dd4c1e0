import LeptonNN
import LeptonTensor

/// Runs a plan over batches on the workers of a pool: shards in parallel, then their gradients added in shard order
/// and the optimizer, over pieces of the parameters in parallel.
///
/// Everything a step needs is laid out when the executor is made; a step allocates nothing and takes no lock.
/// Not `Sendable`: it belongs to the thread that trains.
package final class Executor {
    let plan: Plan
    private let pool: WorkerPool
    /// More workers than this are of no use to any step.
    private let maximumWorkers: Int
    /// Workers that have memory to work in.
    private var workerCount: Int
    /// The pool's workers when memory was last seen to.
    private var seenWorkers: Int
    private let policy: ShardPolicy
    private let job: UnsafeMutablePointer<StepJob>
    private let penalties: Penalties?
    private let updater: Updater?
    private let workerMemory: UnsafeMutablePointer<WorkerMemory>
    private let floatsPerRow: UnsafeMutablePointer<Int>
    private let dataBases: UnsafeMutablePointer<UnsafePointer<Float>>
    private let sums: AlignedBuffer<Double>
    private let gradients: AlignedBuffer<Float>?
    private let partials: AlignedBuffer<Float>?
    /// Kept alive: while an evaluation is between two batches, the model may be given others.
    private let parameters: AlignedBuffer<Float>
    private let states: RecurrentStates?
    private let draws: PredictionDraws?
    /// Keeps alive what `workerMemory` points into.
    private var buffers: [WorkerBuffers]
    /// Who runs the shards in place of the pool, where nodes may fail.
    private var nodes: NodeGroup?
    /// Why the nodes could not run the latest step; the weights are then those before it.
    private(set) var failure: LeptonError?

    /// - Parameters:
    ///   - parameters, states: the model's.
    ///   - optimizer: nil when nothing is trained.
    ///   - draws: of a model that draws random numbers in evaluations too.
    init(
        plan: Plan, policy: ShardPolicy, graph: OperationGraph, layout: ParameterLayout,
        parameters: AlignedBuffer<Float>, states: RecurrentStates?, pool: WorkerPool, seed: UInt64,
        optimizer: Optimizer?, draws: PredictionDraws?
    ) throws(LeptonError) {
        let dataCount = plan.dataFloatsPerRow.count
        maximumWorkers = max(policy.shardCount, 1)
        let workerCount = min(pool.workers, maximumWorkers)
        // Between two phases a shard's activations wait in memory that belongs to it rather than to the worker.
        let memoryCount = plan.phaseCount > 1 ? maximumWorkers : workerCount
        var memories: [WorkerBuffers] = []
        for _ in 0..<memoryCount {
            memories.append(try WorkerBuffers(plan, shards: policy.shardCount, rowsPerShard: policy.rowsPerShard))
        }
        let gradients =
            optimizer != nil
            ? try AlignedBuffer<Float>(zeros: policy.shardCount * layout.totalFloats, purpose: "gradients") : nil
        let sums = try AlignedBuffer<Double>(zeros: policy.shardCount * plan.sumCount, purpose: "sums")
        partials =
            plan.partialFloats > 0
            ? try AlignedBuffer<Float>(zeros: policy.shardCount * plan.partialFloats, purpose: "batch totals") : nil

        self.plan = plan
        self.pool = pool
        self.workerCount = workerCount
        self.policy = policy
        seenWorkers = pool.workers
        buffers = memories
        self.gradients = gradients
        self.parameters = parameters
        self.states = states
        self.draws = draws
        self.sums = sums
        workerMemory = .allocate(capacity: maximumWorkers)
        for (index, memory) in memories.enumerated() { (workerMemory + index).initialize(to: memory.memory) }
        floatsPerRow = Executor.allocate(plan.dataFloatsPerRow)
        dataBases = .allocate(capacity: max(dataCount, 1))
        job = .allocate(capacity: 1)
        job.initialize(
            to: StepJob(
                program: plan.program, workers: workerMemory, floatsPerRow: floatsPerRow, dataCount: dataCount,
                rowsPerShard: policy.rowsPerShard, parameters: parameters.pointer, parameterFloats: layout.totalFloats,
                gradients: gradients?.pointer, sums: sums.pointer, sumCount: plan.sumCount, partials: partials?.pointer,
                partialFloats: plan.partialFloats, seed: seed,
                batch: BatchSource(data: dataBases, order: nil, start: 0, rows: 0)))
        penalties = try Penalties(graph: graph, layout: layout, job: job, workers: workerCount)
        if let optimizer {
            updater = try Updater(optimizer, graph: graph, layout: layout, job: job, workers: workerCount)
        } else {
            updater = nil
        }
    }

    /// Bytes of everything a step needs, the model's parameters among them.
    var memoryBytes: Int {
        let staged = plan.dataFloatsPerRow.reduce(0, +) * policy.rowsPerShard
        let worker = (plan.arenaFloats + staged + WorkerMemory.blockFloats) * MemoryLayout<Float>.stride
        let sums = sums.bytes.count + (gradients?.bytes.count ?? 0) + (partials?.bytes.count ?? 0)
        return buffers.count * worker + sums + parameters.bytes.count
    }

    deinit {
        job.deallocate()
        dataBases.deallocate()
        floatsPerRow.deallocate()
        workerMemory.deallocate()
    }

    static func allocate<Element: BitwiseCopyable>(_ values: [Element]) -> UnsafeMutablePointer<Element> {
        let pointer = UnsafeMutablePointer<Element>.allocate(capacity: max(values.count, 1))
        for (index, value) in values.enumerated() { (pointer + index).initialize(to: value) }
        return pointer
    }

    /// Sets the rows that the following steps take their batches from; they must stay where they are meanwhile.
    func setData(_ data: PreparedData) {
        // Fewer than the data has when class weights are left out of an evaluation.
        for index in plan.dataFloatsPerRow.indices { dataBases[index] = data.columns[index].pointer }
    }

    /// Lets nodes run the shards of training steps from now on; nil: the pool again.
    func setNodes(_ group: NodeGroup?) { nodes = group }

    /// One training step, unless nodes fail: see `failure`. `totals` receives the batch's sums of each loss and metric:
    /// total, count, total, ...
    func train(
        order: UnsafePointer<Int64>?, start: Int, rows: Int, state: OptimizerState,
        totals: UnsafeMutablePointer<Double>
    ) {
        runShards(order, start, rows, iteration: state.iterations, totals: totals)
        // A step that is not whole changes nothing.
        if failure != nil { return }
        StepJob.finish(job)
        updater?.run(state, pool: pool, workers: workerCount)
    }

    /// One evaluation step: the same sums, nothing changes.
    func evaluate(start: Int, rows: Int, totals: UnsafeMutablePointer<Double>) {
        runShards(nil, start, rows, iteration: draws?.next() ?? 0, totals: totals)
    }

    /// Follows nodes that have joined or left since the last step: each worker needs memory of its own. When there is no
    /// memory for all, those that have some do the work.
    private func followPool() {
        guard pool.workers != seenWorkers else { return }
        seenWorkers = pool.workers
        nodes?.resize(to: pool.workers)
        let wanted = min(pool.workers, maximumWorkers)
        do throws(LeptonError) {
            if plan.phaseCount == 1 {
                while buffers.count < wanted {
                    let added = try WorkerBuffers(plan, shards: policy.shardCount, rowsPerShard: policy.rowsPerShard)
                    (workerMemory + buffers.count).initialize(to: added.memory)
                    buffers.append(added)
                }
            }
            try penalties?.prepare(workers: wanted)
            try updater?.prepare(workers: wanted)
            workerCount = wanted
        } catch {
            workerCount = min(workerCount, wanted)
        }
    }

    private func runShards(
        _ order: UnsafePointer<Int64>?, _ start: Int, _ rows: Int, iteration: UInt64,
        totals: UnsafeMutablePointer<Double>
    ) {
        followPool()
        job.pointee.iteration = iteration
        job.pointee.batch = BatchSource(data: dataBases, order: order, start: start, rows: rows)
        job.pointee.states = states?.pointers
        defer { states?.advance() }
        let shards = job.pointee.shards
        if let gradients, !plan.rangesWithoutGradient.isEmpty {
            // What no step writes is what the stages of an update have left there.
            for range in plan.rangesWithoutGradient {
                (gradients.pointer + range.lowerBound).update(repeating: 0, count: range.count)
            }
        }
        if let nodes {
            do throws(LeptonError) { try nodes.run(job) } catch { return failure = error }
        } else {
            for phase in 0..<job.pointee.program.phases {
                job.pointee.phase = phase
                pool.run(tasks: shards, limit: workerCount, context: job, body: { StepJob.gradients($0, $1, $2) })
            }
        }
        let count = job.pointee.sumCount
        for index in 0..<count {
            var total = 0.0
            for shard in 0..<shards { total += job.pointee.sums[shard * count + index] }
            totals[index] = total
        }
        // Penalties on values are of the batch, divided by its rows; those on weights are added as they are.
        guard count > 0 else { return }
        totals[count - 1] = totals[count - 1] / Double(rows) + (penalties?.run(pool: pool, workers: workerCount) ?? 0)
    }
}
