import CLeptonKernels

/// Numbers in memory that belongs to someone else, read during one call: any element type, any strides.
///
/// Unsafe by nature: whoever makes one promises that every element it reaches stays readable while it is used.
/// It is what the C interface's `lepton_tensor_view`, a NumPy array and a `Tensor` all become.
package struct TensorView {
    /// Element (0, ..., 0).
    package let base: UnsafeRawPointer
    package let dtype: DType
    package let shape: Shape
    /// In elements; may be negative or 0.
    package let strides: [Int]

    /// - Parameter strides: nil for row-major contiguous.
    package init(base: UnsafeRawPointer, dtype: DType, shape: Shape, strides: [Int]? = nil) {
        self.base = base
        self.dtype = dtype
        self.shape = shape
        self.strides = strides ?? TensorView.contiguousStrides(shape.extents)
    }

    /// Extent of the first axis; 1 for a scalar.
    package var rows: Int { shape.extents.first ?? 1 }

    /// Extents of one row.
    package var sampleExtents: [Int] { Array(shape.extents.dropFirst()) }

    package var isContiguous: Bool {
        TensorView.areContiguous(strides, shape.extents)
    }

    /// Writes all elements, row-major, as float32; NaN for text.
    package func copyFloats(to output: UnsafeMutablePointer<Float>) {
        guard shape.count > 0 else { return }
        guard dtype != .string else { return output.update(repeating: .nan, count: shape.count) }
        let (outer, inner, innerStride) = TensorView.collapsed(shape.extents, strides)
        var position = output
        TensorView.forEachOffset(outer) { offset in
            lepton_k_convert_f32(
                position, base + offset * dtype.byteCount, dtype.rawValue, innerStride, inner)
            position += inner
        }
    }

    package static func contiguousStrides(_ extents: [Int]) -> [Int] {
        var strides = [Int](repeating: 1, count: extents.count)
        for axis in stride(from: extents.count - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * max(extents[axis + 1], 1)
        }
        return strides
    }

    /// Whether the strides are those of row-major order; axes of extent 1 may have any stride.
    package static func areContiguous(_ strides: [Int], _ extents: [Int]) -> Bool {
        if extents.contains(0) { return true }
        var expected = 1
        for axis in stride(from: extents.count - 1, through: 0, by: -1) where extents[axis] != 1 {
            if strides[axis] != expected { return false }
            expected *= extents[axis]
        }
        return true
    }

    /// Splits the axes into an inner run of one stride and the axes around it.
    static func collapsed(
        _ extents: [Int], _ strides: [Int]
    ) -> (outer: [(extent: Int, stride: Int)], inner: Int, innerStride: Int) {
        var inner = 1
        var innerStride = 1
        var outer: [(extent: Int, stride: Int)] = []
        for axis in stride(from: extents.count - 1, through: 0, by: -1) where extents[axis] != 1 {
            if outer.isEmpty, inner == 1 {
                inner = extents[axis]
                innerStride = strides[axis]
            } else if outer.isEmpty, strides[axis] == inner * innerStride {
                inner *= extents[axis]
            } else {
                outer.insert((extents[axis], strides[axis]), at: 0)
            }
        }
        return (outer, inner, innerStride)
    }

    /// Calls `body` with the offset of each combination of the axes, in row-major order.
    static func forEachOffset(_ axes: [(extent: Int, stride: Int)], _ body: (Int) -> Void) {
        var index = [Int](repeating: 0, count: axes.count)
        var offset = 0
        while true {
            body(offset)
            var axis = axes.count - 1
            while axis >= 0 {
                index[axis] += 1
                offset += axes[axis].stride
                if index[axis] < axes[axis].extent { break }
                offset -= axes[axis].extent * axes[axis].stride
                index[axis] = 0
                axis -= 1
            }
            if axis < 0 { return }
        }
    }
}

/// Where a call writes float32 results: memory of someone else, any strides. Unsafe as `TensorView` is.
package struct MutableTensorView {
    package let base: UnsafeMutableRawPointer
    package let shape: Shape
    package let strides: [Int]

    package init(base: UnsafeMutableRawPointer, shape: Shape, strides: [Int]? = nil) {
        self.base = base
        self.shape = shape
        self.strides = strides ?? TensorView.contiguousStrides(shape.extents)
    }

    package var isContiguous: Bool { TensorView.areContiguous(strides, shape.extents) }

    /// Fills the tensor from row-major numbers.
    package func assign(from input: UnsafePointer<Float>) {
        guard shape.count > 0 else { return }
        let output = base.assumingMemoryBound(to: Float.self)
        if isContiguous {
            output.update(from: input, count: shape.count)
            return
        }
        let (outer, inner, innerStride) = TensorView.collapsed(shape.extents, strides)
        var position = input
        TensorView.forEachOffset(outer) { offset in
            for i in 0..<inner { output[offset + i * innerStride] = position[i] }
            position += inner
        }
    }
}
