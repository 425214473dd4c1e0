import CLeptonKernels
import LeptonTensor

/// Rows to run on: where each input and target begins, and in which order to take the rows.
struct BatchSource {
    /// Inputs, then targets, then sample weights; row-major float32.
    let data: UnsafePointer<UnsafePointer<Float>>
    /// Row numbers; nil takes the rows as they stand.
    let order: UnsafePointer<Int64>?
    /// Where in the order, or in the rows, the batch begins.
    let start: Int
    let rows: Int
}

/// Memory of one worker.
struct WorkerMemory: BitwiseCopyable {
    let arena: UnsafeMutablePointer<Float>
    /// Rows gathered by number, for each column of the data.
    let staging: UnsafeMutablePointer<Float>
    /// What the frame's `data` points to.
    let data: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    /// One block of summed gradients.
    let block: UnsafeMutablePointer<Float>
    /// The shards' gradients of one block.
    let parts: UnsafeMutablePointer<UnsafePointer<Float>?>

    /// Floats in `block`: small enough that a block stays in the first-level cache through sum and update.
    static let blockFloats = 1024
}

/// One training or evaluation step as the workers see it: plain memory only.
struct StepJob {
    let program: StepProgram
    let workers: UnsafePointer<WorkerMemory>
    let floatsPerRow: UnsafePointer<Int>
    let dataCount: Int
    let rowsPerShard: Int
    let parameters: UnsafeMutablePointer<Float>
    let parameterFloats: Int
    /// A gradient of all parameters for each shard; nil when not training.
    let gradients: UnsafeMutablePointer<Float>?
    let sums: UnsafeMutablePointer<Double>
    let sumCount: Int
    /// Totals over the batch: a region for each shard.
    let partials: UnsafeMutablePointer<Float>?
    let partialFloats: Int
    let seed: UInt64
    var iteration: UInt64 = 0
    /// The phase that is run.
    var phase = 0
    var batch: BatchSource
    var states: Frame.States?

    var shards: Int { (batch.rows + rowsPerShard - 1) / rowsPerShard }

    /// The first of a step's two functions (`UpdateJob` has the second): from the parameters and a shard to the shard's gradients and sums. Writes
    /// nothing else, so that any worker, or any machine, may run it, and run it again. With several phases, each runs for
    /// every shard before the next begins, and each shard has memory of its own.
    static func gradients(_ context: UnsafeMutableRawPointer, _ shard: Int, _ worker: Int) {
        let job = context.assumingMemoryBound(to: StepJob.self)
        let phase = job.pointee.phase
        let memory = job.pointee.workers[job.pointee.program.phases > 1 ? shard : worker]
        let first = shard * job.pointee.rowsPerShard
        let rows = min(job.pointee.rowsPerShard, job.pointee.batch.rows - first)
        let sums = job.pointee.sums + shard * job.pointee.sumCount
        if phase == 0 { sums.update(repeating: 0, count: job.pointee.sumCount) }
        job.pointee.fillData(memory, first: first, rows: rows)
        let gradients = job.pointee.gradients.map { $0 + shard * job.pointee.parameterFloats }
        var frame = Frame(
            rows: rows, firstRow: first, batchRows: job.pointee.batch.rows, arena: memory.arena,
            parameters: job.pointee.parameters, gradients: gradients ?? memory.arena, data: memory.data,
            sums: sums, seed: job.pointee.seed, iteration: job.pointee.iteration,
            partials: job.pointee.partials, partialFloats: job.pointee.partialFloats, shard: shard,
            shards: job.pointee.shards, rowsPerShard: job.pointee.rowsPerShard, states: job.pointee.states)
        job.pointee.program.run(&frame, phase: phase)
    }

    /// What happens once in a training step, after all shards: moving averages take in the batch's totals.
    static func finish(_ job: UnsafeMutablePointer<StepJob>) {
        guard job.pointee.program.hasFinishingSteps else { return }
        let memory = job.pointee.workers[0]
        var frame = Frame(
            rows: min(job.pointee.rowsPerShard, job.pointee.batch.rows), batchRows: job.pointee.batch.rows,
            arena: memory.arena, parameters: job.pointee.parameters, gradients: memory.arena, data: memory.data,
            sums: job.pointee.sums, seed: job.pointee.seed, iteration: job.pointee.iteration,
            partials: job.pointee.partials, partialFloats: job.pointee.partialFloats, shards: job.pointee.shards,
            rowsPerShard: job.pointee.rowsPerShard)
        job.pointee.program.run(&frame, phase: job.pointee.program.phases)
    }

    /// Points the worker at the shard's rows, gathering them where an order is given.
    private func fillData(_ memory: WorkerMemory, first: Int, rows: Int) {
        let begin = batch.start + first
        guard let order = batch.order else {
            for index in 0..<dataCount {
                memory.data[index] = UnsafeMutablePointer(mutating: batch.data[index] + begin * floatsPerRow[index])
            }
            return
        }
        var staging = memory.staging
        for index in 0..<dataCount {
            let width = floatsPerRow[index]
            lepton_k_gather_rows_f32(staging, batch.data[index], order + begin, rows, width)
            memory.data[index] = staging
            staging += rowsPerShard * width
        }
    }
}
