import CLepton
import Lepton

/// A tensor of the caller that has been checked: shape, strides and extent in memory are consistent and nothing
/// in them overflows.
private struct CheckedView {
    let base: UnsafeMutableRawPointer
    let dtype: DType
    let shape: Shape
    let strides: [Int]?
}

private let maximumRank: Int32 = 8

/// More tensors than any model has inputs, outputs or weights; a count beyond it was never set.
private let maximumCount = 1 << 16

/// Tensors that a call reads.
///
/// - Parameters:
///   - argument: the name of the parameter, such as "x"; an element is called "x[0]" in errors.
///   - takesText: whether it may be text.
func tensorViews(
    _ views: UnsafePointer<lepton_tensor_view>?, count: Int, _ argument: String, takesText: Bool = false
) throws(LeptonError) -> [TensorView] {
    let source = try elements(views, count: count, argument)
    var result: [TensorView] = []
    result.reserveCapacity(source.count)
    for index in 0..<source.count {
        let view = try check(source[index], argument, index)
        guard takesText || view.dtype != .string else {
            throw LeptonError(
                .typeMismatch, argument: "\(argument)[\(index)].dtype", expected: "numbers",
                received: "LEPTON_STRING (\(view.dtype.rawValue))")
        }
        result.append(TensorView(base: view.base, dtype: view.dtype, shape: view.shape, strides: view.strides))
    }
    return result
}

/// Tensors that a call writes: float32, and no two elements in one place.
func mutableTensorViews(
    _ views: UnsafePointer<lepton_tensor_view>?, count: Int, _ argument: String
) throws(LeptonError) -> [MutableTensorView] {
    let source = try elements(views, count: count, argument)
    var result: [MutableTensorView] = []
    result.reserveCapacity(source.count)
    for index in 0..<source.count {
        let view = try check(source[index], argument, index)
        guard view.dtype == .float32 else {
            throw LeptonError(
                .typeMismatch, argument: "\(argument)[\(index)].dtype", expected: "LEPTON_FLOAT32 (0)",
                received: "\(view.dtype) (\(view.dtype.rawValue))")
        }
        if let strides = view.strides {
            for (axis, stride) in strides.enumerated() where stride == 0 && view.shape.extents[axis] > 1 {
                throw LeptonError(
                    .invalidArgument, argument: "\(argument)[\(index)].strides[\(axis)]",
                    expected: "a stride that keeps the elements of an output apart", received: "0")
            }
        }
        result.append(MutableTensorView(base: view.base, shape: view.shape, strides: view.strides))
    }
    return result
}

/// One tensor that may be left out.
func optionalTensorView(
    _ view: UnsafePointer<lepton_tensor_view>?, _ argument: String
) throws(LeptonError) -> TensorView? {
    guard view != nil else { return nil }
    return try tensorViews(view, count: 1, argument).first
}

private func elements(
    _ views: UnsafePointer<lepton_tensor_view>?, count: Int, _ argument: String
) throws(LeptonError) -> UnsafeBufferPointer<lepton_tensor_view> {
    guard count >= 0, count <= maximumCount else {
        throw LeptonError(
            .invalidArgument, argument: "\(argument)_count", expected: "0 ... \(maximumCount)",
            received: "\(UInt(bitPattern: count))")
    }
    guard count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
    guard let views else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "\(count) tensor views", received: "NULL")
    }
    try requireAligned(views, argument)
    return UnsafeBufferPointer(start: views, count: count)
}

private func check(
    _ view: lepton_tensor_view, _ argument: String, _ index: Int
) throws(LeptonError) -> CheckedView {
    func fail(_ field: String, _ expected: String, _ received: String) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: "\(argument)[\(index)].\(field)", expected: expected, received: received)
    }

    guard let dtype = DType(rawValue: view.dtype) else {
        throw fail("dtype", "a lepton_dtype (0 ... 6)", "\(view.dtype)")
    }
    guard (0...maximumRank).contains(view.ndim) else {
        throw fail("ndim", "0 ... \(maximumRank)", "\(view.ndim)")
    }
    let rank = Int(view.ndim)
    guard let extents = try integers(view.shape, count: rank, "\(argument)[\(index)].shape") else {
        throw fail("shape", "\(rank) extents", "NULL")
    }
    for (axis, extent) in extents.enumerated() where extent < 0 {
        throw fail("shape[\(axis)]", "an extent >= 0", "\(extent)")
    }
    let shape: Shape
    do throws(LeptonError) {
        shape = try Shape(extents)
    } catch {
        throw LeptonError(
            .outOfMemory, argument: "\(argument)[\(index)].shape",
            expected: "a number of elements that fits in memory", received: "\(extents)")
    }
    let strides = view.strides == nil ? nil : try integers(view.strides, count: rank, "\(argument)[\(index)].strides")

    guard !extents.contains(0) else {
        // Nothing is ever reached, so the strides are replaced by ones that no later arithmetic can overflow on.
        let strides = [Int](repeating: 0, count: rank)
        return CheckedView(base: view.data ?? emptyBase, dtype: dtype, shape: shape, strides: strides)
    }
    guard let data = view.data else { throw fail("data", "an address", "NULL") }
    let span = Span(extents: extents, strides: strides, elementSize: dtype.byteCount)
    guard let span, let offset = Int(exactly: view.byte_offset), fits(span, offset: offset, data: data) else {
        throw LeptonError(
            .outOfMemory, argument: "\(argument)[\(index)]",
            expected: "shape, strides and byte_offset that stay within memory",
            received: "shape \(extents), strides \(strides.map { "\($0)" } ?? "NULL"), "
                + "byte_offset \(view.byte_offset)")
    }
    guard offset + span.lowest >= 0 else {
        throw fail(
            "strides", "no element before data", "an element \(-(offset + span.lowest)) bytes before it")
    }
    let base = data + offset
    guard UInt(bitPattern: base) % UInt(dtype.byteCount) == 0 else {
        throw fail(
            "data", "an address (with byte_offset) that is a multiple of \(dtype.byteCount), the size of an element",
            "0x\(String(UInt(bitPattern: base), radix: 16))")
    }
    return CheckedView(base: base, dtype: dtype, shape: shape, strides: strides)
}

/// How far a tensor reaches in memory from element (0, ..., 0), in bytes.
private struct Span {
    /// First byte of the element with the lowest address; 0 or negative.
    var lowest = 0
    /// First byte after the element with the highest address.
    var end = 0

    /// nil when a product or sum overflows.
    init?(extents: [Int], strides: [Int]?, elementSize: Int) {
        if let strides {
            for (extent, stride) in zip(extents, strides) {
                let (reach, overflow) = (extent - 1).multipliedReportingOverflow(by: stride)
                guard !overflow else { return nil }
                let (sum, sumOverflow) = (reach < 0 ? lowest : end).addingReportingOverflow(reach)
                guard !sumOverflow else { return nil }
                if reach < 0 { lowest = sum } else { end = sum }
            }
        } else {
            var count = 1
            for extent in extents {
                let (product, overflow) = count.multipliedReportingOverflow(by: extent)
                guard !overflow else { return nil }
                count = product
            }
            end = count - 1
        }
        let (low, lowOverflow) = lowest.multipliedReportingOverflow(by: elementSize)
        let (elements, countOverflow) = end.addingReportingOverflow(1)
        let (high, highOverflow) = elements.multipliedReportingOverflow(by: elementSize)
        guard !lowOverflow, !countOverflow, !highOverflow else { return nil }
        (lowest, end) = (low, high)
    }
}

/// Whether every address from the first to the last byte is one that the address space has.
private func fits(_ span: Span, offset: Int, data: UnsafeMutableRawPointer) -> Bool {
    let (first, lowOverflow) = offset.addingReportingOverflow(span.lowest)
    let (end, highOverflow) = offset.addingReportingOverflow(span.end)
    guard !lowOverflow, !highOverflow else { return false }
    let address = UInt(bitPattern: data)
    if first < 0, address < first.magnitude { return false }
    return !address.addingReportingOverflow(UInt(max(end, 0))).overflow
}

/// `count` 64-bit integers of the caller; nil when they are needed and NULL.
func integers(
    _ pointer: UnsafePointer<Int64>?, count: Int, _ argument: String
) throws(LeptonError) -> [Int]? {
    guard count > 0 else { return [] }
    guard let pointer else { return nil }
    try requireAligned(pointer, argument)
    return UnsafeBufferPointer(start: pointer, count: count).map { Int($0) }
}

/// Refuses an address that its element type cannot stand at: reading there is undefined.
func requireAligned<Element>(_ pointer: UnsafePointer<Element>, _ argument: String) throws(LeptonError) {
    let alignment = MemoryLayout<Element>.alignment
    guard UInt(bitPattern: pointer) % UInt(alignment) == 0 else {
        throw LeptonError(
            .invalidArgument, argument: argument, expected: "an address that is a multiple of \(alignment)",
            received: "0x\(String(UInt(bitPattern: pointer), radix: 16))")
    }
}

/// An aligned address for tensors without elements; nothing is ever read or written there.
private nonisolated(unsafe) let emptyBase = UnsafeMutableRawPointer.allocate(byteCount: 16, alignment: 16)
