import LeptonTensor

/// Sizes of a step, on which the calling process and its nodes agree.
struct StepSizes: Equatable {
    let shards: Int
    let rowsPerShard: Int
    let phases: Int
    let parameterFloats: Int
    let partialFloats: Int
    let sumCount: Int
    let dataFloatsPerRow: [Int]

    init(plan: Plan, policy: ShardPolicy, parameterFloats: Int) {
        shards = max(policy.shardCount, 1)
        rowsPerShard = policy.rowsPerShard
        phases = plan.phaseCount
        self.parameterFloats = parameterFloats
        partialFloats = plan.partialFloats
        sumCount = plan.sumCount
        dataFloatsPerRow = plan.dataFloatsPerRow
    }

    /// Rows of the largest batch.
    var batchRows: Int { shards * rowsPerShard }
}

/// What the calling process writes before a step, and nodes read: the parameters, which rows to take, and, between two
/// phases, the totals of all shards. A copy, so that a process can map it, and never write to it.
///
/// Not `Sendable`: written while no node has work to do.
final class PublishedMemory {
    let region: MemoryRegion
    private let sizes: StepSizes
    private let places: (parameters: Int, order: Int, partials: Int)

    private static func places(_ sizes: StepSizes, _ layout: inout RegionLayout) -> (Int, Int, Int) {
        (
            layout.place(sizes.parameterFloats, bytesEach: 4), layout.place(sizes.batchRows, bytesEach: 8),
            layout.place(PublishedMemory.partialCount(sizes), bytesEach: 4)
        )
    }

    private static func partialCount(_ sizes: StepSizes) -> Int {
        let (count, overflow) = sizes.shards.multipliedReportingOverflow(by: sizes.partialFloats)
        return overflow ? Int.max : count
    }

    init(_ sizes: StepSizes, isShared: Bool) throws(LeptonError) {
        var layout = RegionLayout()
        places = PublishedMemory.places(sizes, &layout)
        let bytes = try layout.checkedBytes("a step's parameters")
        region = try MemoryRegion(bytes: bytes, isShared: isShared, purpose: "a step's parameters")
        self.sizes = sizes
    }

    /// As a worker process maps it: read-only.
    init(_ sizes: StepSizes, adopting descriptor: Int32) throws(LeptonError) {
        var layout = RegionLayout()
        places = PublishedMemory.places(sizes, &layout)
        let bytes = try layout.checkedBytes("a step's parameters")
        region = try MemoryRegion(adopting: descriptor, bytes: bytes, isWritable: false)
        self.sizes = sizes
    }

    var parameters: UnsafeMutablePointer<Float> {
        (region.base + places.parameters).assumingMemoryBound(to: Float.self)
    }
    var order: UnsafeMutablePointer<Int64> { (region.base + places.order).assumingMemoryBound(to: Int64.self) }
    private var partials: UnsafeMutablePointer<Float> {
        (region.base + places.partials).assumingMemoryBound(to: Float.self)
    }

    func publish(_ job: StepJob) {
        parameters.update(from: job.parameters, count: sizes.parameterFloats)
        if let given = job.batch.order { order.update(from: given + job.batch.start, count: job.batch.rows) }
    }

    func publishPartials(of job: StepJob) {
        guard let given = job.partials else { return }
        partials.update(from: given, count: job.shards * sizes.partialFloats)
    }

    func takePartials(into memory: UnsafeMutablePointer<Float>, shards: Int) {
        memory.update(from: partials, count: shards * sizes.partialFloats)
    }
}

/// What a node writes: of each shard its gradient, its sums and its part of the totals over the batch, where the step's
/// own memory has them. Pages of shards that the node never runs cost nothing.
///
/// Not `Sendable`: a node writes a shard's part between being asked and answering, and it is read after that.
final class ResultsMemory {
    let region: MemoryRegion
    private let sizes: StepSizes
    private let places: (sums: Int, partials: Int, gradients: Int)

    private static func places(_ sizes: StepSizes, _ layout: inout RegionLayout) -> (Int, Int, Int) {
        func all(_ each: Int) -> Int {
            let (count, overflow) = sizes.shards.multipliedReportingOverflow(by: each)
            return overflow ? Int.max : count
        }
        return (
            layout.place(all(sizes.sumCount), bytesEach: 8), layout.place(all(sizes.partialFloats), bytesEach: 4),
            layout.place(all(sizes.parameterFloats), bytesEach: 4)
        )
    }

    init(_ sizes: StepSizes, isShared: Bool) throws(LeptonError) {
        var layout = RegionLayout()
        places = ResultsMemory.places(sizes, &layout)
        let bytes = try layout.checkedBytes("a node's gradients")
        region = try MemoryRegion(bytes: bytes, isShared: isShared, purpose: "a node's gradients")
        self.sizes = sizes
    }

    init(_ sizes: StepSizes, adopting descriptor: Int32) throws(LeptonError) {
        var layout = RegionLayout()
        places = ResultsMemory.places(sizes, &layout)
        let bytes = try layout.checkedBytes("a node's gradients")
        region = try MemoryRegion(adopting: descriptor, bytes: bytes, isWritable: true)
        self.sizes = sizes
    }

    var sums: UnsafeMutablePointer<Double> { (region.base + places.sums).assumingMemoryBound(to: Double.self) }
    var partials: UnsafeMutablePointer<Float>? {
        guard sizes.partialFloats > 0 else { return nil }
        return (region.base + places.partials).assumingMemoryBound(to: Float.self)
    }
    var gradients: UnsafeMutablePointer<Float> {
        (region.base + places.gradients).assumingMemoryBound(to: Float.self)
    }

    /// Puts a shard's part of the totals where it is answered from.
    func setPartials(_ shard: Int, from all: UnsafePointer<Float>) {
        let offset = shard * sizes.partialFloats
        partials?.advanced(by: offset).update(from: all + offset, count: sizes.partialFloats)
    }

    /// The checksum of what a node answers with: which attempt it is, and what it computed.
    func checksum(_ message: NodeMessage) -> UInt64 {
        var sum = start(message)
        let shard = message.shard
        if let partials { sum.add(partials + shard * sizes.partialFloats, count: 4 * sizes.partialFloats) }
        if message.lastPhase == sizes.phases - 1 {
            sum.add(sums + shard * sizes.sumCount, count: 8 * sizes.sumCount)
            sum.add(gradients + shard * sizes.parameterFloats, count: 4 * sizes.parameterFloats)
        }
        return sum.value
    }

    /// Copies what a node answered with to the step's own memory.
    ///
    /// - Returns: the checksum of what was copied; where it is not the message's, the copy is of no use.
    func copy(_ message: NodeMessage, to job: StepJob) -> UInt64 {
        var sum = start(message)
        let shard = message.shard
        if let partials, let target = job.partials {
            let offset = shard * sizes.partialFloats
            sum.copy(partials + offset, to: target + offset, count: 4 * sizes.partialFloats)
        }
        if message.lastPhase == sizes.phases - 1 {
            let first = shard * sizes.sumCount
            sum.copy(sums + first, to: job.sums + first, count: 8 * sizes.sumCount)
            if let target = job.gradients {
                let offset = shard * sizes.parameterFloats
                sum.copy(gradients + offset, to: target + offset, count: 4 * sizes.parameterFloats)
            }
        }
        return sum.value
    }

    private func start(_ message: NodeMessage) -> NodeChecksum {
        var sum = NodeChecksum()
        for word in [message.job, message.attempt, UInt64(message.shard), UInt64(message.lastPhase)] { sum.add(word) }
        return sum
    }

    /// Changes a bit of a shard's results: for tests of what finds it.
    func damage(_ message: NodeMessage) {
        if message.lastPhase == sizes.phases - 1 {
            let bytes = UnsafeMutableRawPointer(sums + message.shard * sizes.sumCount)
            bytes.storeBytes(of: bytes.load(as: UInt8.self) ^ 4, as: UInt8.self)
        } else if let partials {
            let bytes = UnsafeMutableRawPointer(partials + message.shard * sizes.partialFloats)
            bytes.storeBytes(of: bytes.load(as: UInt8.self) ^ 4, as: UInt8.self)
        }
    }
}
