import LeptonNN
import LeptonTensor

extension Model {
    /// Predicts on the calling thread: the shortest way to an answer for a few rows.
    ///
    /// - Parameter x: (rows, ...), numbers or nested arrays or a `Tensor`.
    /// - Returns: float32 (rows, ...).
    /// - Throws: `shapeMismatch`; `invalidState` when the model is not built.
    public func predict(_ x: some TensorConvertible) throws(LeptonError) -> Tensor {
        let x = try Tensor(x)
        return try x.withView { (view) throws(LeptonError) in
            let shape = try outputShape(forRowsOf: view)
            return try Tensor(floats: shape) { (pointer) throws(LeptonError) in
                try predict([view], into: [MutableTensorView(base: pointer, shape: shape)])
            }
        }
    }

    /// The shape of the prediction for `input`, building the model by it if need be.
    package func outputShape(forRowsOf input: TensorView) throws(LeptonError) -> Shape {
        try withState { () throws(LeptonError) in
            try keepingUnbuiltOnFailure { () throws(LeptonError) in
                let operations = try ensureBuilt(sampleShape: graph.inputShape ?? input.sampleExtents).operations
                let rows = try FloatRows.rowCount(
                    of: input, sampleShape: operations.sampleShapes[operations.inputs[0]], argument: "x")
                return try Shape([rows] + operations.sampleShapes[operations.outputs[0]])
            }
        }
    }

    /// Predicts on the calling thread into the caller's memory, which is untouched on failure.
    package func predict(_ inputs: [TensorView], into outputs: [MutableTensorView]) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let rows = try preparedRows(inputs, outputs, allowNonFinite: true)
            guard rows.rows > 0 else { return }
            let predictor = try cachedPredictor(rows: rows.rows)
            let scratch =
                outputs[0].isContiguous
                ? nil : try AlignedBuffer<Float>(zeros: outputs[0].shape.count, purpose: "predictions")
            let target = scratch?.pointer ?? outputs[0].base.assumingMemoryBound(to: Float.self)
            BlockJob.withJob(predictor, rows, target) { job in
                for block in 0..<job.pointee.blocks { BlockJob.run(job, block, 0) }
            }
            if let scratch { outputs[0].assign(from: scratch.pointer) }
        }
    }

    /// Predicts on the workers of a pool, holding the model's lock for a group of blocks at a time, so that a long
    /// prediction shuts nobody out and callbacks may use the model.
    ///
    /// - Parameters:
    ///   - pool: asked for once the data has been checked.
    ///   - interruption: asked before each group; an error ends the call, with the outputs untouched.
    ///   - didFinish: told the number of rows done after each group.
    package func predict(
        _ inputs: [TensorView], into outputs: [MutableTensorView], pool makePool: PoolProvider, allowNonFinite: Bool,
        interruption: () -> LeptonError?, didFinish: (Int) -> Void
    ) throws(LeptonError) {
        let (rows, built) = try withState { () throws(LeptonError) in
            (try preparedRows(inputs, outputs, allowNonFinite: allowNonFinite), try requireBuilt())
        }
        guard rows.rows > 0 else { return }
        let pool = try makePool()
        let predictor = try Predictor(
            graph: built.operations, layout: built.layout, parameters: built.parameters,
            capacityRows: min(rows.rows, Predictor.blockRows))
        let workers = min(pool.workers, Model.blocksPerGroup)
        try predictor.prepare(workers: workers)
        let scratch = try AlignedBuffer<Float>(zeros: outputs[0].shape.count, purpose: "predictions")
        var failure: LeptonError?
        BlockJob.withJob(predictor, rows, scratch.pointer) { job in
            let blocks = job.pointee.blocks
            while job.pointee.firstBlock < blocks {
                failure = interruption()
                if failure != nil { return }
                let count = min(Model.blocksPerGroup, blocks - job.pointee.firstBlock)
                lock.withLock {
                    pool.run(tasks: count, limit: workers, context: job) { BlockJob.run($0, $1, $2) }
                }
                job.pointee.firstBlock += count
                didFinish(min(job.pointee.firstBlock * Predictor.blockRows, rows.rows))
            }
        }
        if let failure { throw failure }
        outputs[0].assign(from: scratch.pointer)
    }

    /// Some milliseconds of work between two looks at the cancel switch.
    private static let blocksPerGroup = 16

    private func preparedRows(
        _ inputs: [TensorView], _ outputs: [MutableTensorView], allowNonFinite: Bool
    ) throws(LeptonError) -> FloatRows {
        guard inputs.count == 1 else {
            throw LeptonError(.shapeMismatch, argument: "x", expected: "1 input", received: "\(inputs.count)")
        }
        return try keepingUnbuiltOnFailure { () throws(LeptonError) in
            _ = try ensureBuilt(sampleShape: graph.inputShape ?? inputs[0].sampleExtents)
            let rows = try FloatRows(
                inputs[0], sampleShape: graph.inputShape ?? [], argument: "x", allowNonFinite: allowNonFinite)
            try checkOutputs(outputs, rows: rows.rows)
            return rows
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

    private func cachedPredictor(rows: Int) throws(LeptonError) -> Predictor {
        let built = try requireBuilt()
        let needed = min(rows, Predictor.blockRows)
        if let existing = built.predictor, existing.capacityRows >= needed { return existing }
        let predictor = try Predictor(
            graph: built.operations, layout: built.layout, parameters: built.parameters, capacityRows: needed)
        self.built?.predictor = predictor
        return predictor
    }
}

/// Blocks of rows to predict, as the workers see them.
private struct BlockJob {
    let predictor: Unmanaged<Predictor>
    let inputs: UnsafePointer<UnsafePointer<Float>>
    let outputs: UnsafePointer<UnsafeMutablePointer<Float>>
    let rows: Int
    var firstBlock = 0

    var blocks: Int { (rows + Predictor.blockRows - 1) / Predictor.blockRows }

    /// Lends a job over all rows to `body`.
    static func withJob(
        _ predictor: Predictor, _ rows: FloatRows, _ output: UnsafeMutablePointer<Float>,
        _ body: (UnsafeMutablePointer<BlockJob>) -> Void
    ) {
        withExtendedLifetime((predictor, rows)) {
            withUnsafePointer(to: rows.pointer) { inputs in
                withUnsafePointer(to: output) { outputs in
                    var job = BlockJob(
                        predictor: Unmanaged.passUnretained(predictor), inputs: inputs, outputs: outputs,
                        rows: rows.rows)
                    withUnsafeMutablePointer(to: &job, body)
                }
            }
        }
    }

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
