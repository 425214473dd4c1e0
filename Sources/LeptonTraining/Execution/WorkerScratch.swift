import LeptonTensor

/// Memory that each worker has for itself during an update; more comes when workers join.
///
/// Not `Sendable`: it belongs to the executor.
final class WorkerScratch {
    /// One for each worker that `prepare` was called for.
    let pointers: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    private let floats: Int
    private let purpose: String
    private var buffers: [AlignedBuffer<Float>] = []
    /// No step has more shards, and so no more workers.
    private static let maximumWorkers = ShardPolicy.maximumShards

    init(floats: Int, purpose: String) {
        self.floats = floats
        self.purpose = purpose
        pointers = .allocate(capacity: WorkerScratch.maximumWorkers)
    }

    deinit { pointers.deallocate() }

    /// - Parameter workers: at most as many as a batch has shards.
    /// - Throws: `outOfMemory`; those that have memory keep it.
    func prepare(workers: Int) throws(LeptonError) {
        while buffers.count < min(workers, WorkerScratch.maximumWorkers) {
            let buffer = try AlignedBuffer<Float>(zeros: floats, purpose: purpose)
            (pointers + buffers.count).initialize(to: buffer.pointer)
            buffers.append(buffer)
        }
    }
}
