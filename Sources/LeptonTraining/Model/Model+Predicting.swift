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
            let shapes = try outputShapes(forRowsOf: [view])
            guard shapes.count == 1 else {
                throw LeptonError(
                    .shapeMismatch, argument: "model", expected: "one output; predict of several tensors gives several",
                    received: "\(shapes.count) outputs")
            }
            return try Tensor(floats: shapes[0]) { (pointer) throws(LeptonError) in
                try predict([view], into: [MutableTensorView(base: pointer, shape: shapes[0])])
            }
        }
    }

    /// Predicts from several inputs, in the model's order.
    ///
    /// - Returns: every output, float32 (rows, ...).
    /// - Throws: as for one input.
    public func predict(inputs: [Tensor]) throws(LeptonError) -> [Tensor] {
        try predictions(of: inputs) { (views, outputs) throws(LeptonError) in try predict(views, into: outputs) }
    }

    /// New tensors for the model's outputs, which `body` fills from the inputs.
    package func predictions(
        of inputs: [Tensor], _ body: ([TensorView], [MutableTensorView]) throws(LeptonError) -> Void
    ) throws(LeptonError) -> [Tensor] {
        try Model.withViews(of: inputs[...], []) { (views) throws(LeptonError) in
            var results: [MutableTensorView] = []
            var buffers: [AlignedBuffer<Float>] = []
            for shape in try outputShapes(forRowsOf: views) {
                let buffer = try AlignedBuffer<Float>(zeros: shape.count, purpose: "predictions")
                buffers.append(buffer)
                results.append(MutableTensorView(base: buffer.pointer, shape: shape))
            }
            try body(views, results)
            var tensors: [Tensor] = []
            for (result, buffer) in zip(results, buffers) {
                tensors.append(
                    try Tensor(floats: result.shape) { $0.update(from: buffer.pointer, count: result.shape.count) })
            }
            return tensors
        }
    }

    /// The shapes of the predictions for `inputs`, building the model by them if need be.
    package func outputShapes(forRowsOf inputs: [TensorView]) throws(LeptonError) -> [Shape] {
        try withState { () throws(LeptonError) in
            try keepingUnbuiltOnFailure { () throws(LeptonError) in
                try requireInputs(inputs.count)
                let operations = try ensureBuilt(for: inputs).operations
                let rows = try FloatRows.rowCount(
                    of: inputs[0], sampleShape: operations.sampleShapes[operations.modelInputs[0]], argument: "x")
                var shapes: [Shape] = []
                for output in operations.outputs { shapes.append(try Shape([rows] + operations.sampleShapes[output])) }
                return shapes
            }
        }
    }

    /// As many tensors as the model has inputs; one before it is known.
    private func requireInputs(_ count: Int) throws(LeptonError) {
        let expected = max(graph.inputs.count, 1)
        guard count == expected else {
            throw LeptonError(
                .shapeMismatch, argument: "x", expected: "\(expected) input\(expected == 1 ? "" : "s")",
                received: "\(count)")
        }
    }

    /// Predicts on the calling thread into the caller's memory, which is untouched on failure.
    package func predict(_ inputs: [TensorView], into outputs: [MutableTensorView]) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let (rows, built) = try preparedRows(inputs, outputs, allowNonFinite: true)
            guard rows[0].rows > 0 else { return }
            let predictor = try cachedPredictor(built, rows: rows[0].rows)
            let targets = try PredictionTargets(outputs, direct: true)
            predictor.begin()
            BlockJob.withJob(predictor, rows, targets) { job in
                for block in 0..<job.pointee.blocks { BlockJob.run(job, block, 0) }
            }
            targets.deliver()
        }
    }

    /// Predicts on the workers of a pool, holding the model's lock for a group of blocks at a time, so that a long
    /// prediction shuts nobody out and callbacks may use the model.
    ///
    /// - Parameters:
    ///   - pool: asked for once the shapes have been checked.
    ///   - interruption: asked before each group; an error ends the call, with the outputs untouched.
    ///   - didFinish: told the number of rows done after each group.
    package func predict(
        _ inputs: [TensorView], into outputs: [MutableTensorView], pool makePool: PoolProvider, allowNonFinite: Bool,
        interruption: () -> LeptonError?, didFinish: (Int) -> Void
    ) throws(LeptonError) {
        let (rows, built, isChecked, seed) = try withState { () throws(LeptonError) in
            // A model that this data builds must not be built by data that is refused.
            let isChecked = self.built == nil && !allowNonFinite
            let (rows, built) = try preparedRows(inputs, outputs, allowNonFinite: !isChecked)
            return (rows, built, isChecked, self.seed)
        }
        guard rows[0].rows > 0 else { return }
        let pool = try makePool()
        if !allowNonFinite, !isChecked {
            for (column, source) in zip(rows, built.operations.inputSources) {
                try column.requireFinite(argument: inputName(source.modelInput, of: inputs.count), pool: pool)
            }
        }
        let predictor = try Predictor(built, rows: rows[0].rows, seed: seed)
        // What the states after a block are, the next needs.
        let workers = built.states == nil ? min(pool.workers, Model.blocksPerGroup) : 1
        try predictor.prepare(workers: workers)
        if rows[0].rows > Model.blocksThatPack * predictor.blockRows { try predictor.preparePacking() }
        var packedVersion: UInt64?
        let targets = try PredictionTargets(outputs, direct: false)
        lock.withLock { predictor.begin() }
        var failure: LeptonError?
        BlockJob.withJob(predictor, rows, targets) { job in
            let blocks = job.pointee.blocks
            while job.pointee.firstBlock < blocks {
                failure = interruption()
                if failure != nil { return }
                let count = min(Model.blocksPerGroup, blocks - job.pointee.firstBlock)
                lock.withLock {
                    // Since the group before, the weights may have changed.
                    if packedVersion != weightsVersion { predictor.pack() }
                    packedVersion = weightsVersion
                    pool.run(tasks: count, limit: workers, context: job) { BlockJob.run($0, $1, $2) }
                }
                job.pointee.firstBlock += count
                didFinish(min(job.pointee.firstBlock * job.pointee.blockRows, rows[0].rows))
            }
        }
        if let failure { throw failure }
        targets.deliver()
    }

    /// Beyond so many blocks, laying out the weights costs less than it saves.
    private static let blocksThatPack = 4

    /// Some milliseconds of work between two looks at the cancel switch.
    private static let blocksPerGroup = 16

    private func preparedRows(
        _ inputs: [TensorView], _ outputs: [MutableTensorView], allowNonFinite: Bool
    ) throws(LeptonError) -> (rows: [FloatRows], built: BuiltModel) {
        try requireInputs(inputs.count)
        return try keepingUnbuiltOnFailure { () throws(LeptonError) in
            let built = try ensureBuilt(for: inputs)
            let rows = try FloatRows.columns(
                of: inputs, for: built.operations, limits: built.indexLimits, allowNonFinite: allowNonFinite
            ) { index in
                inputName(index, of: inputs.count)
            }
            if let states = built.states { try states.requireRows(states.rows, of: rows[0].rows, "x") }
            try checkOutputs(outputs, built.operations, rows: rows[0].rows)
            return (rows, built)
        }
    }

    private func inputName(_ index: Int, of count: Int) -> String {
        count == 1 ? "x" : "x[\(index)] ('\(graph.inputNames[index])')"
    }

    private func checkOutputs(
        _ outputs: [MutableTensorView], _ operations: OperationGraph, rows: Int
    ) throws(LeptonError) {
        guard outputs.count == operations.outputs.count else {
            throw LeptonError(
                .shapeMismatch, argument: "outputs",
                expected: "\(operations.outputs.count) tensor\(operations.outputs.count == 1 ? "" : "s")",
                received: "\(outputs.count)")
        }
        for (index, value) in operations.outputs.enumerated() {
            let expected = [rows] + operations.sampleShapes[value]
            guard outputs[index].shape.extents == expected else {
                throw LeptonError(
                    .shapeMismatch, argument: "outputs[\(index)]", expected: "shape \(Shape.text(expected))",
                    received: "shape \(outputs[index].shape)")
            }
        }
    }

    private func cachedPredictor(_ built: BuiltModel, rows: Int) throws(LeptonError) -> Predictor {
        if let existing = built.predictor, existing.takes(rows) { return existing }
        let predictor = try Predictor(built, rows: rows, seed: seed)
        built.predictor = predictor
        return predictor
    }
}

/// Where predictions are written: the caller's memory where it is contiguous and may be written at once, memory of its
/// own otherwise.
private struct PredictionTargets {
    let outputs: [MutableTensorView]
    let pointers: [UnsafeMutablePointer<Float>]
    private let buffers: [AlignedBuffer<Float>?]

    init(_ outputs: [MutableTensorView], direct: Bool) throws(LeptonError) {
        var buffers: [AlignedBuffer<Float>?] = []
        var pointers: [UnsafeMutablePointer<Float>] = []
        for output in outputs {
            let buffer =
                direct && output.isContiguous
                ? nil : try AlignedBuffer<Float>(zeros: output.shape.count, purpose: "predictions")
            buffers.append(buffer)
            pointers.append(buffer?.pointer ?? output.base.assumingMemoryBound(to: Float.self))
        }
        self.outputs = outputs
        self.buffers = buffers
        self.pointers = pointers
    }

    /// Brings the predictions to the caller, once all are there.
    func deliver() {
        for (output, buffer) in zip(outputs, buffers) {
            if let buffer { output.assign(from: buffer.pointer) }
        }
    }
}

/// Blocks of rows to predict, as the workers see them.
private struct BlockJob {
    let predictor: Unmanaged<Predictor>
    let inputs: UnsafePointer<UnsafePointer<Float>>
    let outputs: UnsafePointer<UnsafeMutablePointer<Float>>
    let rows: Int
    let blockRows: Int
    var firstBlock = 0

    var blocks: Int { (rows + blockRows - 1) / blockRows }

    /// Lends a job over all rows to `body`.
    static func withJob(
        _ predictor: Predictor, _ rows: [FloatRows], _ targets: PredictionTargets,
        _ body: (UnsafeMutablePointer<BlockJob>) -> Void
    ) {
        withExtendedLifetime((predictor, rows, targets)) {
            rows.map(\.pointer).withUnsafeBufferPointer { inputs in
                targets.pointers.withUnsafeBufferPointer { outputs in
                    guard let inputs = inputs.baseAddress, let outputs = outputs.baseAddress else { return }
                    var job = BlockJob(
                        predictor: Unmanaged.passUnretained(predictor), inputs: inputs, outputs: outputs,
                        rows: rows[0].rows, blockRows: predictor.blockRows)
                    withUnsafeMutablePointer(to: &job, body)
                }
            }
        }
    }

    static func run(_ context: UnsafeMutableRawPointer, _ block: Int, _ worker: Int) {
        let job = context.assumingMemoryBound(to: BlockJob.self)
        let first = (job.pointee.firstBlock + block) * job.pointee.blockRows
        job.pointee.predictor._withUnsafeGuaranteedRef {
            $0.run(
                inputs: job.pointee.inputs, outputs: job.pointee.outputs, first: first,
                rows: min(job.pointee.blockRows, job.pointee.rows - first), worker: worker)
        }
    }
}
