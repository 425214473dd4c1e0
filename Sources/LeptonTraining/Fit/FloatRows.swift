import CLeptonKernels
import LeptonNN
import LeptonTensor

/// One input or target as the engine reads it: row-major float32, borrowed where it is that already.
package final class FloatRows {
    let pointer: UnsafePointer<Float>
    let rows: Int
    let floatsPerRow: Int
    private let owned: AlignedBuffer<Float>?

    /// Bytes of a converted copy; 0 where the caller's memory is read.
    var ownedBytes: Int { owned?.bytes.count ?? 0 }

    /// - Parameters:
    ///   - view: (rows, ...); an axis of one element may be missing at the end or stand there in excess, as Keras
    ///     allows.
    ///   - sampleShape: what a row must be.
    /// - Throws: `shapeMismatch`, `nonFinite`.
    package init(
        _ view: TensorView, sampleShape: [Int], argument: String, allowNonFinite: Bool
    ) throws(LeptonError) {
        rows = try FloatRows.rowCount(of: view, sampleShape: sampleShape, argument: argument)
        floatsPerRow = sampleShape.reduce(1, *)
        guard view.dtype != .string else {
            throw LeptonError(
                .typeMismatch, argument: argument,
                expected: "numbers; encode text as numbers first, or give the model a StringLookup, Hashing or "
                    + "TextVectorization layer for it", received: "text")
        }
        if view.dtype == .float32, view.isContiguous {
            owned = nil
            pointer = view.base.assumingMemoryBound(to: Float.self)
        } else {
            let copy = try AlignedBuffer<Float>(zeros: view.shape.count, purpose: "\(argument) as float32")
            view.copyFloats(to: copy.pointer)
            owned = copy
            pointer = UnsafePointer(copy.pointer)
        }
        guard allowNonFinite || lepton_k_all_finite_f32(pointer, rows * floatsPerRow) != 0 else {
            throw nonFinite(argument)
        }
    }

    /// As the check while reading, shared by the workers of a pool: one alone would take a tenth of the time that a
    /// prediction of many rows takes.
    func requireFinite(argument: String, pool: WorkerPool) throws(LeptonError) {
        var pieces = [Bool](repeating: true, count: FiniteJob.pieces)
        pieces.withUnsafeMutableBufferPointer { pieces in
            guard let isFinite = pieces.baseAddress else { return }
            var job = FiniteJob(pointer: pointer, count: rows * floatsPerRow, isFinite: isFinite)
            withUnsafeMutablePointer(to: &job) { job in
                pool.run(tasks: FiniteJob.pieces, limit: pool.workers, context: job) { context, piece, _ in
                    context.assumingMemoryBound(to: FiniteJob.self).pointee.check(piece)
                }
            }
        }
        guard !pieces.contains(false) else { throw nonFinite(argument) }
    }

    package init(owning buffer: AlignedBuffer<Float>, floatsPerRow: Int) {
        rows = floatsPerRow > 0 ? buffer.count / floatsPerRow : 0
        self.floatsPerRow = floatsPerRow
        owned = buffer
        pointer = UnsafePointer(buffer.pointer)
    }

    /// The inputs of a plan for a model's data: numbers as they are, or what encoders make of them.
    ///
    /// - Parameters:
    ///   - views: one for each of the model's inputs.
    ///   - limits: for each of the plan's inputs that is looked up in tables, the rows of the smallest; or none at all.
    ///   - isEncoded: whether views are these columns already.
    ///   - argument: what errors call an input.
    /// - Throws: `shapeMismatch` also when the inputs differ in their rows.
    package static func columns(
        of views: [TensorView], for graph: OperationGraph, limits: [Int?], allowNonFinite: Bool,
        isEncoded: Bool = false, argument: (Int) -> String
    ) throws(LeptonError) -> [FloatRows] {
        let columns = try columns(
            of: views, for: graph, allowNonFinite: allowNonFinite, isEncoded: isEncoded, argument: argument)
        for (index, limit) in limits.enumerated() {
            let name = argument(isEncoded ? index : graph.inputSources[index].modelInput)
            try columns[index].checkIndices(below: limit, argument: name)
        }
        return columns
    }

    private static func columns(
        of views: [TensorView], for graph: OperationGraph, allowNonFinite: Bool, isEncoded: Bool,
        argument: (Int) -> String
    ) throws(LeptonError) -> [FloatRows] {
        if isEncoded {
            var columns: [FloatRows] = []
            for (view, value) in zip(views, graph.inputs) {
                columns.append(
                    try FloatRows(
                        view, sampleShape: graph.sampleShapes[value], argument: argument(columns.count),
                        allowNonFinite: allowNonFinite))
            }
            return columns
        }
        var rows: [Int] = []
        for (index, view) in views.enumerated() {
            let shape = graph.sampleShapes[graph.modelInputs[index]]
            rows.append(try rowCount(of: view, sampleShape: shape, argument: argument(index)))
            guard rows[index] == rows[0] else {
                throw LeptonError(
                    .shapeMismatch, argument: argument(index),
                    expected: "\(rows[0]) rows, as many as the first input", received: "\(rows[index])")
            }
        }
        guard !graph.inputs.isEmpty else { throw textOutput }
        var columns: [FloatRows] = []
        for (value, source) in zip(graph.inputs, graph.inputSources) {
            let view = views[source.modelInput]
            let name = argument(source.modelInput)
            guard let encoder = source.encoder else {
                columns.append(
                    try FloatRows(
                        view, sampleShape: graph.sampleShapes[value], argument: name, allowNonFinite: allowNonFinite))
                continue
            }
            let width = graph.floatsPerRow(value)
            guard let count = Shape.checkedProduct([rows[0], width]) else {
                throw LeptonError(
                    .outOfMemory, argument: name, expected: "encoded rows that fit in memory",
                    received: "\(rows[0]) rows of \(width) numbers")
            }
            let buffer = try AlignedBuffer<Float>(zeros: count, purpose: "\(name), encoded")
            try encoder.encode(view, argument: name, into: buffer.pointer)
            columns.append(FloatRows(owning: buffer, rows: rows[0], floatsPerRow: width))
        }
        return columns
    }

    /// For a model in which text comes out as it went in.
    static var textOutput: LeptonError {
        LeptonError(
            .typeMismatch, argument: "model", expected: "numbers as outputs",
            received: "an input of text that no layer takes")
    }

    private init(owning buffer: AlignedBuffer<Float>, rows: Int, floatsPerRow: Int) {
        self.rows = rows
        self.floatsPerRow = floatsPerRow
        owned = buffer
        pointer = UnsafePointer(buffer.pointer)
    }

    private func nonFinite(_ argument: String) -> LeptonError {
        let width = floatsPerRow
        let index = (0..<rows * width).first { !pointer[$0].isFinite } ?? 0
        return LeptonError(
            .nonFinite, argument: argument,
            expected: "finite numbers (the option nonfinite = allow passes others on)",
            received: "\(pointer[index]) in row \(width == 0 ? 0 : index / width)")
    }

    /// Number of rows, once the other axes have been found to fit.
    package static func rowCount(
        of view: TensorView, sampleShape: [Int], argument: String
    ) throws(LeptonError) -> Int {
        let extents = view.shape.extents
        let given = Array(extents.dropFirst())
        let fits =
            !extents.isEmpty
            && (given == sampleShape || given + [1] == sampleShape || given == sampleShape + [1])
        guard fits else {
            throw LeptonError(
                .shapeMismatch, argument: argument, expected: "shape \(Shape.batchText(sampleShape))",
                received: "shape \(view.shape)")
        }
        return extents[0]
    }
}

/// Numbers to look through, as the workers see them.
private struct FiniteJob {
    static let pieces = 8
    let pointer: UnsafePointer<Float>
    let count: Int
    /// What each piece came to, in a place of its own.
    let isFinite: UnsafeMutablePointer<Bool>

    func check(_ piece: Int) {
        let width = (count + FiniteJob.pieces - 1) / FiniteJob.pieces
        let first = min(piece * width, count)
        isFinite[piece] = lepton_k_all_finite_f32(pointer + first, min(width, count - first)) != 0
    }
}
