import CLeptonKernels
import LeptonNN
import LeptonTensor

/// What regularisers add to the loss for the trained weights, and to their gradients: a task for each such weight,
/// after the shards and before the update.
///
/// Not `Sendable`: it belongs to the executor.
final class Penalties {
    private let tasks: UnsafeBufferPointer<WeightPenalty>
    private let job: UnsafeMutablePointer<PenaltyJob>
    private let values: AlignedBuffer<Double>
    private let scratch: WorkerScratch

    /// Nil when no trained weight has a regulariser.
    init?(
        graph: OperationGraph, layout: ParameterLayout, job step: UnsafeMutablePointer<StepJob>, workers: Int
    ) throws(LeptonError) {
        var list: [WeightPenalty] = []
        for (weight, entry) in zip(graph.weights, layout.entries) where entry.isTrainable {
            guard let regularizer = weight.spec.regularizer else { continue }
            list.append(WeightPenalty(regularizer, shape: weight.spec.shape, entry))
        }
        guard !list.isEmpty else { return nil }
        scratch = WorkerScratch(floats: list.map(\.scratchFloats).max() ?? 0, purpose: "a regulariser's matrices")
        try scratch.prepare(workers: workers)
        values = try AlignedBuffer(zeros: list.count, purpose: "penalties")
        tasks = UnsafeBufferPointer(start: Executor.allocate(list), count: list.count)
        job = .allocate(capacity: 1)
        job.initialize(
            to: PenaltyJob(step: step, tasks: tasks, values: values.pointer, scratch: scratch.pointers))
    }

    deinit {
        job.deallocate()
        tasks.deallocate()
    }

    /// Makes sure that each of `workers` has memory of its own.
    func prepare(workers: Int) throws(LeptonError) { try scratch.prepare(workers: workers) }

    /// The sum of the penalties; their gradients are added to those of the first shard when there are any.
    func run(pool: WorkerPool, workers: Int) -> Double {
        pool.run(tasks: tasks.count, limit: workers, context: job, body: { PenaltyJob.run($0, $1, $2) })
        return tasks.indices.reduce(0.0) { $0 + values.pointer[$1] }
    }
}

/// The regulariser of one weight: plain memory.
private struct WeightPenalty: BitwiseCopyable {
    enum Kind: BitwiseCopyable {
        case sums(l1: Float, l2: Float)
        case orthogonal(factor: Float, rows: Bool)
    }

    let kind: Kind
    let offset: Int
    let count: Int
    /// Of a matrix.
    let rows: Int
    let columns: Int

    init(_ regularizer: Regularizer, shape: [Int], _ entry: ParameterLayout.Entry) {
        switch regularizer.kind {
        case .sums(let l1, let l2): kind = .sums(l1: Float(l1), l2: Float(l2))
        case .orthogonal(let factor, let rows): kind = .orthogonal(factor: Float(factor), rows: rows)
        }
        offset = entry.offset
        count = entry.count
        columns = shape.last ?? 1
        rows = shape.count < 2 ? 1 : shape[shape.count - 2]
    }

    /// The vectors that are compared, their products, and the lengths.
    var scratchFloats: Int {
        guard case .orthogonal(_, let byRows) = kind else { return 0 }
        let vectors = byRows ? rows : columns
        return 2 * count + vectors * vectors + vectors
    }
}

/// The penalties of one step as the workers see them.
private struct PenaltyJob {
    let step: UnsafeMutablePointer<StepJob>
    let tasks: UnsafeBufferPointer<WeightPenalty>
    let values: UnsafeMutablePointer<Double>
    let scratch: UnsafeMutablePointer<UnsafeMutablePointer<Float>>

    static func run(_ context: UnsafeMutableRawPointer, _ number: Int, _ worker: Int) {
        let job = context.assumingMemoryBound(to: PenaltyJob.self)
        let task = job.pointee.tasks[number]
        let step = job.pointee.step
        let weights = step.pointee.parameters + task.offset
        let gradient = step.pointee.gradients.map { $0 + task.offset }
        switch task.kind {
        case .sums(let l1, let l2):
            var value = 0.0
            if l1 != 0 { value += Double(l1) * lepton_k_sum_absolute_f32(weights, task.count) }
            if l2 != 0 { value += Double(l2) * lepton_k_sum_squares_f32(weights, task.count) }
            job.pointee.values[number] = value
            if let gradient { lepton_k_penalty_grad_f32(gradient, weights, task.count, l1, l2) }
        case .orthogonal(let factor, let byRows):
            job.pointee.values[number] = orthogonal(
                weights, gradient, task, factor, byRows, job.pointee.scratch[worker])
        }
    }

    /// factor · Σ|n(i) · n(j)| over the pairs i < j, divided by their number, where n are the rows, or columns, scaled
    /// to length 1. With S the signs of the products the gradient of n(i) is factor / pairs · Σ S(i, j) n(j), of which
    /// only what is across n(i) changes the direction of the row.
    private static func orthogonal(
        _ weights: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>?, _ task: WeightPenalty,
        _ factor: Float, _ byRows: Bool, _ scratch: UnsafeMutablePointer<Float>
    ) -> Double {
        let vectors = byRows ? task.rows : task.columns
        let length = byRows ? task.columns : task.rows
        let (vectorStride, elementStride) = byRows ? (task.columns, 1) : (1, task.columns)
        let unit = scratch
        let pulled = scratch + task.count
        let products = scratch + 2 * task.count
        let scales = products + vectors * vectors
        for vector in 0..<vectors {
            var squares: Float = 0
            for element in 0..<length {
                let value = weights[vector * vectorStride + element * elementStride]
                unit[vector * length + element] = value
                squares += value * value
            }
            // Keras takes 1e-7 for the shortest length.
            scales[vector] = min(1 / squares.squareRoot(), 1e7)
            lepton_k_scale_f32(unit + vector * length, length, scales[vector])
        }
        lepton_k_gemm_f32(0, 1, vectors, vectors, length, unit, length, unit, length, 0, products, vectors)
        let pairs = Float(vectors) * (Float(vectors) - 1) / 2
        var total = 0.0
        for row in 0..<vectors {
            for column in 0..<vectors {
                let product = products[row * vectors + column]
                if row != column { total += Double(abs(product)) }
                let sign: Float = product >= 0 ? 1 : product < 0 ? -1 : product
                products[row * vectors + column] = row == column ? 0 : sign
            }
        }
        let value = Double(factor) * 0.5 * total / Double(pairs)
        guard let gradient else { return value }
        lepton_k_gemm_f32(0, 0, vectors, length, vectors, products, vectors, unit, length, 0, pulled, length)
        for vector in 0..<vectors {
            let (own, pull) = (unit + vector * length, pulled + vector * length)
            var along: Float = 0
            // A length at its limit is a constant, which has no part in the derivative.
            if scales[vector] < 1e7 { for element in 0..<length { along += own[element] * pull[element] } }
            for element in 0..<length {
                gradient[vector * vectorStride + element * elementStride] +=
                    factor / pairs * scales[vector] * (pull[element] - along * own[element])
            }
        }
        return value
    }
}
