import LeptonTensor

/// Elements along an axis at indices that are known when the model is built; -1 gives `fill`. Slices, flips, padding,
/// repetition and the like are all this.
package struct TakeOperation: Operation {
    package let outer: Int
    package let count: Int
    package let inner: Int
    package let indices: [Int32]
    package let fill: Float
    package var takesShared: Bool { true }
}

extension OperationGraph {
    /// Elements along an axis at these indices, in 0 ..< extent, or -1 for `fill`.
    package mutating func addTake(
        _ value: Int, axis: Int, indices: [Int], fill: Float = 0
    ) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        var shape = sampleShapes[value]
        let (outer, count, inner) = extents(around: axis, of: value)
        var checked: [Int32] = []
        for index in indices {
            guard let number = Int32(exactly: index), number >= -1, index < count else {
                throw LeptonError(
                    .invalidArgument, argument: "indices", expected: "indices below \(count)", received: "\(index)")
            }
            checked.append(number)
        }
        if indices == Array(0..<count) { return value }
        shape[axis] = indices.count
        return try add(
            TakeOperation(outer: outer, count: count, inner: inner, indices: checked, fill: fill), inputs: [value],
            outputShape: shape)
    }

    /// Every `step`-th element along an axis from `start` on, so many as `count`; the step may be negative.
    package mutating func addSlice(
        _ value: Int, axis: Int, start: Int, count: Int, step: Int = 1
    ) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let extent = sampleShapes[value][axis]
        let (distance, overflow) = max(0, count - 1).multipliedReportingOverflow(by: step)
        let isInside = { (index: Int) in index >= 0 && index < extent }
        guard !overflow, count >= 0, count <= Int(Int32.max), count == 0 || isInside(start),
            count == 0 || abs(distance) < extent && isInside(start + distance)
        else {
            throw LeptonError(
                .invalidArgument, argument: "slice", expected: "a part of the \(extent) elements of axis \(axis + 1)",
                received: "\(count) elements from \(start) by \(step)")
        }
        return try addTake(value, axis: axis, indices: (0..<count).map { start + $0 * step })
    }

    /// The elements of an axis in reverse.
    package mutating func addFlip(_ value: Int, axis: Int) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        return try addTake(value, axis: axis, indices: (0..<sampleShapes[value][axis]).reversed())
    }

    /// The elements of an axis moved on by `shift` places, those at the end to the beginning.
    package mutating func addRoll(_ value: Int, axis: Int, shift: Int) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let extent = sampleShapes[value][axis]
        guard extent > 0 else { return value }
        let start = (extent - (shift % extent + extent) % extent) % extent
        return try addTake(value, axis: axis, indices: (0..<extent).map { ($0 + start) % extent })
    }

    /// How padding is filled.
    package enum Padding: Sendable, Equatable {
        case constant(Float)
        /// Mirrored without the edge: d c b | a b c d.
        case reflect
        /// Mirrored with the edge: b a | a b c d.
        case symmetric
    }

    /// The most elements that an axis may be padded or repeated to.
    private static let maximumExtent = 1 << 24

    /// Elements before and after those of an axis.
    ///
    /// - Throws: `invalidArgument` for negative widths, and for a reflection of a single element or of none.
    package mutating func addPad(
        _ value: Int, axis: Int, before: Int, after: Int, mode: Padding
    ) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let extent = sampleShapes[value][axis]
        guard before >= 0, after >= 0, before <= OperationGraph.maximumExtent, after <= OperationGraph.maximumExtent
        else {
            throw LeptonError(
                .invalidArgument, argument: "pad_width", expected: "widths from 0 to \(OperationGraph.maximumExtent)",
                received: "(\(before), \(after))")
        }
        let places = -before..<(extent + after)
        if case .constant(let fill) = mode {
            let indices = places.map { $0 >= 0 && $0 < extent ? $0 : -1 }
            return try addTake(value, axis: axis, indices: indices, fill: fill)
        }
        let period = mode == .reflect ? 2 * (extent - 1) : 2 * extent
        guard period > 0 || before + after == 0 else {
            throw LeptonError(
                .invalidArgument, argument: "pad_width", expected: "an axis long enough to be mirrored",
                received: "extent \(extent)")
        }
        let indices = places.map { place in
            if period == 0 { return place }
            let within = ((place % period) + period) % period
            return within < extent ? within : (mode == .reflect ? period - within : period - 1 - within)
        }
        return try addTake(value, axis: axis, indices: indices)
    }

    /// Each element along an axis `count` times in a row (a a b b), or the whole axis `count` times (a b a b).
    package mutating func addRepeat(
        _ value: Int, axis: Int, count: Int, isWhole: Bool = false
    ) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let extent = sampleShapes[value][axis]
        guard count >= 0, let total = Shape.checkedProduct([count, extent]), total <= OperationGraph.maximumExtent
        else {
            throw LeptonError(
                .invalidArgument, argument: "repeats",
                expected: "a count of at least 0 that gives at most \(OperationGraph.maximumExtent) elements",
                received: "\(count)")
        }
        let indices = (0..<total).map { isWhole ? $0 % extent : $0 / count }
        return try addTake(value, axis: axis, indices: indices)
    }
}
