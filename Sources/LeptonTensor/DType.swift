/// Element types of tensors. Models compute in `float32`; the others are accepted as input and converted.
/// Raw values equal `lepton_dtype` in `lepton.h`.
public enum DType: Int32, Sendable, CaseIterable {
    case float32 = 0
    case float64 = 1
    case int32 = 2
    case int64 = 3
    case uint8 = 4
    /// One byte; 0 is false, anything else true.
    case bool = 5
    /// The address of UTF-8 text that ends with NUL; for inputs of layers that take text.
    case string = 6

    /// Size of one element in bytes.
    public var byteCount: Int {
        switch self {
        case .float64, .int64, .string: 8
        case .float32, .int32: 4
        case .uint8, .bool: 1
        }
    }
}

/// A Swift number that can be an element of a `Tensor`.
public protocol TensorScalar: Sendable {
    static var dtype: DType { get }
}

extension Float: TensorScalar { public static var dtype: DType { .float32 } }
extension Double: TensorScalar { public static var dtype: DType { .float64 } }
extension Int32: TensorScalar { public static var dtype: DType { .int32 } }
extension Int64: TensorScalar { public static var dtype: DType { .int64 } }
extension Int: TensorScalar { public static var dtype: DType { .int64 } }
extension UInt8: TensorScalar { public static var dtype: DType { .uint8 } }
extension Bool: TensorScalar { public static var dtype: DType { .bool } }
