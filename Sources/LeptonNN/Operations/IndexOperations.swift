import LeptonTensor

/// Elements along an axis at indices that are values of the model: y[o, i, n] = x[o, indices[o, i, n], n]. Negative
/// indices count from the end; an index outside the axis gives NaN, and nothing is read.
package struct TakeAlongAxisOperation: Operation {
    package let outer: Int
    package let count: Int
    package let taken: Int
    package let inner: Int
    package var takesShared: Bool { true }
}

/// Whole slices of an axis at indices that are values of the model: y[o, i, ...] = x[o, indices[i], ...]. What is
/// outside gives NaN.
package struct TakeAtOperation: Operation {
    package let outer: Int
    package let count: Int
    package let taken: Int
    package let inner: Int
    package var takesShared: Bool { true }
}

/// 1 where the place along a new last axis equals the index, else 0.
package struct OneHotOperation: Operation {
    package let depth: Int
    package var takesShared: Bool { true }
}

/// The places of the elements of an axis in increasing (or decreasing) order; equal ones keep their order, NaN is last.
package struct ArgsortOperation: Operation {
    package let outer: Int
    package let count: Int
    package let inner: Int
    package let isDescending: Bool
    package var takesShared: Bool { true }
}

extension OperationGraph {
    /// Elements along an axis at indices that have as many axes; extents other than the axis's must be equal.
    package mutating func addTakeAlongAxis(_ value: Int, indices: Int, axis: Int) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let shape = sampleShapes[value]
        var others = sampleShapes[indices]
        let taken = others.count == shape.count ? others[axis] : 0
        if others.count == shape.count { others[axis] = shape[axis] }
        guard others == shape else {
            throw LeptonError(
                .shapeMismatch,
                "`x` and `indices` must have the same shape except on the `axis` dim. Received: x.shape="
                    + "\(text(of: value)), indices.shape=\(text(of: indices)), axis=\(axis + 1)")
        }
        let (outer, count, inner) = extents(around: axis, of: value)
        return try add(
            TakeAlongAxisOperation(outer: outer, count: count, taken: taken, inner: inner), inputs: [value, indices],
            outputShape: sampleShapes[indices])
    }

    /// Slices of an axis at indices of any shape, which takes the axis's place.
    package mutating func addTake(_ value: Int, at indices: Int, axis: Int) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let (outer, count, inner) = extents(around: axis, of: value)
        let (shape, taken) = (sampleShapes[value], sampleShapes[indices])
        return try add(
            TakeAtOperation(outer: outer, count: count, taken: taken.reduce(1, *), inner: inner),
            inputs: [value, indices], outputShape: shape[..<axis] + taken + shape[(axis + 1)...])
    }

    /// 1 at the index along a new last axis.
    package mutating func addOneHot(_ indices: Int, depth: Int) throws(LeptonError) -> Int {
        guard depth > 0 else {
            throw LeptonError(
                .invalidArgument, argument: "num_classes", expected: "at least 1", received: "\(depth)")
        }
        return try add(
            OneHotOperation(depth: depth), inputs: [indices], outputShape: sampleShapes[indices] + [depth])
    }

    /// The places of the elements of an axis in order.
    package mutating func addArgsort(_ value: Int, axis: Int, isDescending: Bool = false) throws(LeptonError) -> Int {
        _ = try checkedAxes([axis], of: value)
        let (outer, count, inner) = extents(around: axis, of: value)
        return try add(
            ArgsortOperation(outer: outer, count: count, inner: inner, isDescending: isDescending), inputs: [value],
            outputShape: sampleShapes[value])
    }

    /// The elements of an axis in increasing order.
    package mutating func addSort(_ value: Int, axis: Int) throws(LeptonError) -> Int {
        try addTakeAlongAxis(value, indices: try addArgsort(value, axis: axis), axis: axis)
    }

    /// The `count` largest elements of the last axis, in decreasing order, and their places.
    package mutating func addTopK(_ value: Int, count: Int) throws(LeptonError) -> (values: Int, places: Int) {
        let shape = sampleShapes[value]
        guard let extent = shape.last, count >= 1, count <= extent else {
            throw LeptonError(
                .invalidArgument, argument: "k", expected: "1 to the extent of the last axis of \(text(of: value))",
                received: "\(count)")
        }
        let order = try addArgsort(value, axis: shape.count - 1, isDescending: true)
        let places = try addSlice(order, axis: shape.count - 1, start: 0, count: count)
        return (try addTakeAlongAxis(value, indices: places, axis: shape.count - 1), places)
    }
}
