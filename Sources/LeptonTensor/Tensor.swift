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

    /// A tensor from numbers or nested arrays of numbers; one that is a tensor already stays as it is.
    ///
    /// - Throws: `shapeMismatch` when nested arrays of one level differ in length.
    public init(_ values: some TensorConvertible) throws(LeptonError) {
        self = try values.makeTensor()
    }

    /// A tensor from its elements, row-major.
    ///
    ///     let x = try Tensor(readings, shape: [readings.count / 3, 3])
    ///
    /// - Throws: `shapeMismatch` when there are not as many elements as the shape has.
    public init<Scalar: TensorScalar & BitwiseCopyable>(_ elements: [Scalar], shape: [Int]) throws(LeptonError) {
        let shape = try Shape(shape)
        guard elements.count == shape.count else {
            throw LeptonError(
                .shapeMismatch, argument: "elements", expected: "\(shape.count) for shape \(shape)",
                received: "\(elements.count)")
        }
        self.init(dtype: Scalar.dtype, shape: shape, storage: try Storage(Tensor.allocate(Scalar.dtype, shape)))
        let destination = UnsafeMutableRawBufferPointer(
            start: storage.bytes.pointer, count: shape.count * Scalar.dtype.byteCount)
        elements.withUnsafeBytes { destination.copyMemory(from: $0) }
    }

    /// A tensor of text, for models with layers that take it.
    ///
    /// - Parameter shape: nil for one axis.
    /// - Throws: `shapeMismatch`; `invalidArgument` for text with a NUL in it.
    public init(_ texts: [String], shape: [Int]? = nil) throws(LeptonError) {
        let shape = try Shape(shape ?? [texts.count])
        guard texts.count == shape.count else {
            throw LeptonError(
                .shapeMismatch, argument: "texts", expected: "\(shape.count) for shape \(shape)",
                received: "\(texts.count)")
        }
        // The texts stand behind their addresses in one block, which does not move.
        let addresses = texts.count * DType.string.byteCount
        let bytes = try AlignedBuffer<UInt8>(
            zeros: addresses + texts.reduce(0) { $0 + $1.utf8.count + 1 }, purpose: "texts")
        let table = UnsafeMutableRawPointer(bytes.pointer)
        var position = bytes.pointer + addresses
        for (index, text) in texts.enumerated() {
            table.storeBytes(
                of: UnsafePointer(position), toByteOffset: index * DType.string.byteCount,
                as: UnsafePointer<UInt8>.self)
            for byte in text.utf8 {
                guard byte != 0 else {
                    throw LeptonError(
                        .invalidArgument, argument: "texts", expected: "text without NUL",
                        received: "a NUL in text \(index)")
                }
                position.pointee = byte
                position += 1
            }
            position += 1
        }
        self.init(dtype: .string, shape: shape, storage: Storage(bytes))
    }

    fileprivate init(nested values: some NestedNumbers) throws(LeptonError) {
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

    /// All elements as float32, row-major; NaN for text.
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

/// What may be given where a tensor is wanted: a `Tensor`, a number, arrays of numbers nested to any depth.
public protocol TensorConvertible {
    func makeTensor() throws(LeptonError) -> Tensor
}

extension Tensor: TensorConvertible {
    public func makeTensor() -> Tensor { self }
}

/// Numbers, and arrays of such.
public protocol NestedNumbers: TensorConvertible {
    static var tensorDType: DType { get }
    /// Extents, taken along the first element of each level.
    var tensorExtents: [Int] { get }
    /// Writes the elements row-major, checking each level's length against `extents`.
    func writeElements(to position: inout UnsafeMutableRawPointer, extents: ArraySlice<Int>) throws(LeptonError)
}

extension NestedNumbers {
    public func makeTensor() throws(LeptonError) -> Tensor { try Tensor(nested: self) }
}

extension NestedNumbers where Self: TensorScalar & BitwiseCopyable {
    public static var tensorDType: DType { dtype }
    public var tensorExtents: [Int] { [] }
    public func writeElements(
        to position: inout UnsafeMutableRawPointer, extents: ArraySlice<Int>
    ) throws(LeptonError) {
        position.storeBytes(of: self, as: Self.self)
        position += MemoryLayout<Self>.size
    }
}

extension Float: NestedNumbers {}
extension Double: NestedNumbers {}
extension Int: NestedNumbers {}
extension Int32: NestedNumbers {}
extension Int64: NestedNumbers {}
extension UInt8: NestedNumbers {}
extension Bool: NestedNumbers {}

extension Array: TensorConvertible, NestedNumbers where Element: NestedNumbers {
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
