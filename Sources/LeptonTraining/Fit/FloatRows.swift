import CLeptonKernels
import LeptonTensor

/// One input or target as the engine reads it: row-major float32, borrowed where it is that already.
package final class FloatRows {
    let pointer: UnsafePointer<Float>
    let rows: Int
    let floatsPerRow: Int
    private let owned: AlignedBuffer<Float>?

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
            throw FloatRows.nonFinite(pointer, rows, floatsPerRow, argument)
        }
    }

    package init(owning buffer: AlignedBuffer<Float>, floatsPerRow: Int) {
        rows = floatsPerRow > 0 ? buffer.count / floatsPerRow : 0
        self.floatsPerRow = floatsPerRow
        owned = buffer
        pointer = UnsafePointer(buffer.pointer)
    }

    private static func nonFinite(
        _ pointer: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ argument: String
    ) -> LeptonError {
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
