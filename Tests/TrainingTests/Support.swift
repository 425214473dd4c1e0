import LeptonNN
import LeptonTensor
import LeptonTraining

/// Runs `body` with views of two tensors.
func withViews<Result>(
    _ x: Tensor, _ y: Tensor, _ body: (TensorView, TensorView) throws -> Result
) rethrows -> Result {
    try x.withView { xView in try y.withView { yView in try body(xView, yView) } }
}

func fit(
    _ model: Model, _ x: Tensor, _ y: Tensor, workers: Int = 1, _ configure: (inout TrainingOptions) -> Void = { _ in }
) throws -> History {
    var options = TrainingOptions()
    configure(&options)
    return try withViews(x, y) { xView, yView in
        try model.fit(x: [xView], y: [yView], options: options, pool: { WorkerPool(workers: workers) })
    }
}

func evaluate(_ model: Model, _ x: Tensor, _ y: Tensor, batchSize: Int = 32, workers: Int = 1) throws -> History {
    try withViews(x, y) { xView, yView in
        try model.evaluate(
            x: [xView], y: [yView], sampleWeights: [], batchSize: batchSize, allowNonFinite: false,
            pool: { WorkerPool(workers: workers) }, progress: nil, interruption: { nil })
    }
}

/// Repeatable numbers in -1 ... 1.
func numbers(_ shape: [Int], seed: UInt64) throws -> Tensor {
    var random = RandomStream(seed: seed, purpose: .initialWeights, index: 999)
    return try Tensor(floats: Shape(shape)) { output in
        for index in 0..<shape.reduce(1, *) { output[index] = 2 * random.uniform() - 1 }
    }
}

/// One-hot rows, or class numbers.
func labels(rows: Int, classes: Int, oneHot: Bool, seed: UInt64) throws -> Tensor {
    var random = RandomStream(seed: seed, purpose: .shuffle, index: 999)
    return try Tensor(floats: Shape(oneHot ? [rows, classes] : [rows])) { output in
        for row in 0..<rows {
            let label = Int(random.below(UInt64(classes)))
            if oneHot { output[row * classes + label] = 1 } else { output[row] = Float(label) }
        }
    }
}

func weightBits(_ model: Model) throws -> [UInt32] {
    try model.weights().flatMap { $0.floats.map(\.bitPattern) }
}
