/// An immutable block of numbers with a shape, row-major.
///
/// A value: copies share their memory, which nothing changes after it is made, so that it may be used from any
/// thread.
///
///     let x = try Tensor([[1, 2, 3], [4, 5, 6]])      // int64, (2, 3)
///     let y = try Tensor([0.5, 1.5] as [Float])       // float32, (2,)
public struct Tensor: Sendable {
    public let dtype: DType
    public let shape: Shape
    private let storage: Storage

    /// `@unchecked`: the bytes are written once, before the storage is shared.
    private final class Storage: @unchecked Sendable {
        let bytes: AlignedBuffer<UInt8>
        init(_ bytes: AlignedBuffer<UInt8>) { self.bytes = bytes }
    }

    /// A tensor from numbers or nested arrays of numbers.
    ///
    /// - Throws: `shapeMismatch` when nested arrays of one level differ in length.
    public init(_ values: some TensorConvertible) throws(LeptonError) {
        let extents = values.tensorExtents
        let shape = try Shape(extents)
        let dtype = type(of: values).tensorDType
        self.init(dtype: dtype, shape: shape, storage: try Storage(Tensor.allocate(dtype, shape)))
        var position = UnsafeMutableRawPointer(storage.bytes.pointer)
        try values.writeElements(to: &position, extents: extents[...])
    }

    /// A float32 tensor whose elements `fill` writes, row-major.
    package init(
        floats shape: Shape, fill: (UnsafeMutablePointer<Float>) throws(LeptonError) -> Void
    ) throws(LeptonError) {
        self.init(dtype: .float32, shape: shape, storage: try Storage(Tensor.allocate(.float32, shape)))
        try fill(UnsafeMutableRawPointer(storage.bytes.pointer).assumingMemoryBound(to: Float.self))
    }

    private init(dtype: DType, shape: Shape, storage: Storage) {
        self.dtype = dtype
        self.shape = shape
        self.storage = storage
    }

    private static func allocate(_ dtype: DType, _ shape: Shape) throws(LeptonError) -> AlignedBuffer<UInt8> {
        try AlignedBuffer(zeros: shape.count * dtype.byteCount, purpose: "a tensor of shape \(shape)")
    }

    /// All elements as float32, row-major.
    public var floats: [Float] {
        withView { view in
            [Float](unsafeUninitializedCapacity: shape.count) { buffer, count in
                if let base = buffer.baseAddress { view.copyFloats(to: base) }
                count = shape.count
            }
        }
    }

    /// The element at `indices` as float32; nil when there are not as many indices as axes or one is outside.
    public subscript(_ indices: Int...) -> Float? {
        guard indices.count == shape.rank else { return nil }
        var offset = 0
        for (index, extent) in zip(indices, shape.extents) {
            guard index >= 0, index < extent else { return nil }
            offset = offset * extent + index
        }
        return withView { view in
            guard let scalar = try? Shape([]) else { return nil }
            var value: Float = 0
            TensorView(base: view.base + offset * dtype.byteCount, dtype: dtype, shape: scalar).copyFloats(to: &value)
            return value
        }
    }

    /// Lends the elements to `body`; the view must not leave it.
    package func withView<Result, Failure: Error>(
        _ body: (TensorView) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(TensorView(base: UnsafeRawPointer(storage.bytes.pointer), dtype: dtype, shape: shape))
    }
}

extension Tensor: CustomStringConvertible {
    /// Nested brackets, as NumPy prints small arrays.
    public var description: String {
        let values = floats
        func part(_ axis: Int, _ offset: Int, _ count: Int) -> String {
            guard axis < shape.rank else { return values.isEmpty ? "" : "\(values[offset])" }
            let extent = shape.extents[axis]
            let stride = extent == 0 ? 0 : count / extent
            let items = (0..<extent).map { part(axis + 1, offset + $0 * stride, stride) }
            return "[" + items.joined(separator: axis + 1 == shape.rank ? ", " : ",\n ") + "]"
        }
        return part(0, 0, shape.count)
    }
}

/// What a `Tensor` can be made from: numbers, and arrays of such.
public protocol TensorConvertible {
    static var tensorDType: DType { get }
    /// Extents, taken along the first element of each level.
    var tensorExtents: [Int] { get }
    /// Writes the elements row-major, checking each level's length against `extents`.
    func writeElements(to position: inout UnsafeMutableRawPointer, extents: ArraySlice<Int>) throws(LeptonError)
}

extension TensorConvertible where Self: TensorScalar & BitwiseCopyable {
    public static var tensorDType: DType { dtype }
    public var tensorExtents: [Int] { [] }
    public func writeElements(
        to position: inout UnsafeMutableRawPointer, extents: ArraySlice<Int>
    ) throws(LeptonError) {
        position.storeBytes(of: self, as: Self.self)
        position += MemoryLayout<Self>.size
    }
}

extension Float: TensorConvertible {}
extension Double: TensorConvertible {}
extension Int: TensorConvertible {}
extension Int32: TensorConvertible {}
extension Int64: TensorConvertible {}
extension UInt8: TensorConvertible {}
extension Bool: TensorConvertible {}

extension Array: TensorConvertible where Element: TensorConvertible {
    public static var tensorDType: DType { Element.tensorDType }
    public var tensorExtents: [Int] { [count] + (first?.tensorExtents ?? []) }
    public func writeElements(
        to position: inout UnsafeMutableRawPointer, extents: ArraySlice<Int>
    ) throws(LeptonError) {
        guard let extent = extents.first, count == extent else {
            throw LeptonError(
                .shapeMismatch, argument: "nested array", expected: "\(extents.first ?? 0) elements, as in the first",
                received: "\(count)")
        }
        for element in self { try element.writeElements(to: &position, extents: extents.dropFirst()) }
    }
}
