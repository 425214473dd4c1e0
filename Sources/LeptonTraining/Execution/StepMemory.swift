import LeptonTensor

/// The memory that one worker's `WorkerMemory` points into.
struct WorkerBuffers {
    let memory: WorkerMemory
    private let floats: [AlignedBuffer<Float>]
    private let pointers: [AlignedBuffer<UInt>]

    init(_ plan: Plan, shards: Int, rowsPerShard: Int) throws(LeptonError) {
        let arena = try AlignedBuffer<Float>(zeros: plan.arenaFloats, purpose: "activations")
        let stagingFloats = plan.dataFloatsPerRow.reduce(0, +) * rowsPerShard
        let staging = try AlignedBuffer<Float>(zeros: stagingFloats, purpose: "a batch's rows")
        let block = try AlignedBuffer<Float>(zeros: WorkerMemory.blockFloats, purpose: "a block of gradients")
        let data = try AlignedBuffer<UInt>(zeros: plan.dataFloatsPerRow.count, purpose: "data pointers")
        let parts = try AlignedBuffer<UInt>(zeros: shards, purpose: "gradient pointers")
        floats = [arena, staging, block]
        pointers = [data, parts]
        memory = WorkerMemory(
            arena: arena.pointer, staging: staging.pointer,
            data: UnsafeMutableRawPointer(data.pointer)
                .bindMemory(to: UnsafeMutablePointer<Float>.self, capacity: max(plan.dataFloatsPerRow.count, 1)),
            block: block.pointer,
            parts: UnsafeMutableRawPointer(parts.pointer)
                .bindMemory(to: UnsafePointer<Float>?.self, capacity: max(shards, 1)))
    }
}

/// The working memory of a node: of one worker, or of each shard where a step has several phases.
///
/// Not `Sendable`: it belongs to whoever runs the step.
final class StepMemory {
    let workers: UnsafeMutablePointer<WorkerMemory>
    let floatsPerRow: UnsafeMutablePointer<Int>
    /// Where each column of the data begins.
    let dataBases: UnsafeMutablePointer<UnsafePointer<Float>>
    /// Keeps alive what `workers` points into.
    private let buffers: [WorkerBuffers]

    init(plan: Plan, shards: Int, rowsPerShard: Int, count: Int) throws(LeptonError) {
        var buffers: [WorkerBuffers] = []
        for _ in 0..<count {
            buffers.append(try WorkerBuffers(plan, shards: shards, rowsPerShard: rowsPerShard))
        }
        self.buffers = buffers
        workers = Executor.allocate(buffers.map(\.memory))
        floatsPerRow = Executor.allocate(plan.dataFloatsPerRow)
        dataBases = .allocate(capacity: max(plan.dataFloatsPerRow.count, 1))
    }

    deinit {
        dataBases.deallocate()
        floatsPerRow.deallocate()
        workers.deallocate()
    }
}
