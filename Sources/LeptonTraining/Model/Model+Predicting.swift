import LeptonNN
import LeptonTensor

extension Model {
    /// Predicts on the calling thread: the shortest way to an answer for a few rows.
    ///
    /// - Parameter x: (rows, ...), numbers or nested arrays or a `Tensor`.
    /// - Returns: float32 (rows, ...).
    /// - Throws: `shapeMismatch`; `invalidState` when the model is not built.
    public func predict(_ x: some TensorConvertible) throws(LeptonError) -> Tensor {
        try predict(Tensor(x))
    }

    public func predict(_ x: Tensor) throws(LeptonError) -> Tensor {
        try x.withView { (view) throws(LeptonError) in
            let shape = try outputShape(forRowsOf: view)
            return try Tensor(floats: shape) { (pointer) throws(LeptonError) in
                try predict([view], into: [MutableTensorView(base: pointer, shape: shape)])
            }
        }
    }

    /// The shape of the prediction for `input`, building the model by it if need be.
    package func outputShape(forRowsOf input: TensorView) throws(LeptonError) -> Shape {
        try withState { () throws(LeptonError) in
            let built = try ensureBuilt(sampleShape: graph.inputShape ?? input.sampleExtents)
            let rows = try FloatRows.rowCount(of: input, sampleShape: built.operations.sampleShapes[built.operations.inputs[0]], argument: "x")
            return try Shape([rows] + built.operations.sampleShapes[built.operations.outputs[0]])
        }
    }

    /// Predicts on the calling thread into the caller's memory, which is untouched on failure.
    package func predict(_ inputs: [TensorView], into outputs: [MutableTensorView]) throws(LeptonError) {
        try predict(inputs, into: outputs, pool: nil, allowNonFinite: true, shouldStop: { false }, didFinish: { _ in })
    }

    /// Predicts on the workers of a pool, or on this thread without one.
    ///
    /// - Parameters:
    ///   - shouldStop: asked between two groups of blocks; true throws `cancelled`.
    ///   - didFinish: told the number of rows done after each group.
    package func predict(
        _ inputs: [TensorView], into outputs: [MutableTensorView], pool: PoolProvider?, allowNonFinite: Bool,
        shouldStop: () -> Bool, didFinish: (Int) -> Void
    ) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            guard inputs.count == 1 else {
                throw LeptonError(
                    .shapeMismatch, argument: "x", expected: "1 input", received: "\(inputs.count)")
            }
            _ = try ensureBuilt(sampleShape: graph.inputShape ?? inputs[0].sampleExtents)
            let rows = try FloatRows(
                inputs[0], sampleShape: graph.inputShape ?? [], argument: "x", allowNonFinite: allowNonFinite)
            try checkOutputs(outputs, rows: rows.rows)
            guard rows.rows > 0 else { return }
            let pool = try pool?()

            // Computed beside the caller's tensor only where that is not row-major, or where a stop half-way must
            // leave it untouched.
            let direct = outputs[0].isContiguous && pool == nil
            let scratch = direct ? nil : try AlignedBuffer<Float>(zeros: outputs[0].shape.count, purpose: "predictions")
            var target = scratch?.pointer ?? outputs[0].base.assumingMemoryBound(to: Float.self)
            var source = rows.pointer
            let predictor = try preparedPredictor(rows: rows.rows, workers: pool?.workers ?? 1)
            try withUnsafePointer(to: &source) { (source) throws(LeptonError) in
                try withUnsafePointer(to: &target) { (target) throws(LeptonError) in
                    try run(
                        predictor, BlockJob(
                            predictor: Unmanaged.passUnretained(predictor), inputs: source, outputs: target,
                            rows: rows.rows, firstBlock: 0), pool, shouldStop, didFinish)
                }
            }
            if let scratch { outputs[0].assign(from: scratch.pointer) }
        }
    }

    private func run(
        _ predictor: Predictor, _ job: BlockJob, _ pool: WorkerPool?, _ shouldStop: () -> Bool,
        _ didFinish: (Int) -> Void
    ) throws(LeptonError) {
        let blocks = (job.rows + Predictor.blockRows - 1) / Predictor.blockRows
        // Some milliseconds of work between two looks at the cancel switch.
        let group = 16
        var job = job
        while job.firstBlock < blocks {
            let count = min(group, blocks - job.firstBlock)
            withUnsafeMutablePointer(to: &job) { context in
                if let pool {
                    pool.run(tasks: count, limit: pool.workers, context: context, body: { BlockJob.run($0, $1, $2) })
                } else {
                    for block in 0..<count { BlockJob.run(context, block, 0) }
                }
            }
            job.firstBlock += count
            didFinish(min(job.firstBlock * Predictor.blockRows, job.rows))
            if job.firstBlock < blocks, shouldStop() {
                throw LeptonError(.cancelled, "predict was cancelled")
            }
        }
    }

    private func checkOutputs(_ outputs: [MutableTensorView], rows: Int) throws(LeptonError) {
        let operations = try requireBuilt().operations
        let expected = [rows] + operations.sampleShapes[operations.outputs[0]]
        guard outputs.count == 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "outputs", expected: "1 tensor", received: "\(outputs.count)")
        }
        guard outputs[0].shape.extents == expected else {
            throw LeptonError(
                .shapeMismatch, argument: "outputs[0]", expected: "shape \(Shape.text(expected))",
                received: "shape \(outputs[0].shape)")
        }
    }

    private func preparedPredictor(rows: Int, workers: Int) throws(LeptonError) -> Predictor {
        let built = try requireBuilt()
        let needed = min(rows, Predictor.blockRows)
        let predictor: Predictor
        if let existing = built.predictor, existing.capacityRows >= needed {
            predictor = existing
        } else {
            predictor = try Predictor(
                graph: built.operations, layout: built.layout, parameters: built.parameters, capacityRows: needed)
            self.built?.predictor = predictor
        }
        try predictor.prepare(workers: workers)
        return predictor
    }
}

/// Blocks of rows to predict, as the workers see them.
private struct BlockJob {
    let predictor: Unmanaged<Predictor>
    let inputs: UnsafePointer<UnsafePointer<Float>>
    let outputs: UnsafePointer<UnsafeMutablePointer<Float>>
    let rows: Int
    var firstBlock: Int

    static func run(_ context: UnsafeMutableRawPointer, _ block: Int, _ worker: Int) {
        let job = context.assumingMemoryBound(to: BlockJob.self)
        let first = (job.pointee.firstBlock + block) * Predictor.blockRows
        job.pointee.predictor._withUnsafeGuaranteedRef {
            $0.run(
                inputs: job.pointee.inputs, outputs: job.pointee.outputs, first: first,
                rows: min(Predictor.blockRows, job.pointee.rows - first), worker: worker)
        }
    }
}
