import LeptonTensor

/// What a function of `keras.ops` does with values.
package struct TensorFunction: Sendable {
    /// Names of the settings that Keras keeps in the function's config.
    let attributes: [String]
    let lower: @Sendable (inout FunctionCall) throws(LeptonError) -> [Int]

    init(
        _ attributes: [String] = [], lower: @escaping @Sendable (inout FunctionCall) throws(LeptonError) -> [Int]
    ) {
        self.attributes = attributes
        self.lower = lower
    }

    /// A function with one result.
    static func one(
        _ attributes: [String] = [], _ lower: @escaping @Sendable (inout FunctionCall) throws(LeptonError) -> Int
    ) -> TensorFunction {
        TensorFunction(attributes) { (call: inout FunctionCall) throws(LeptonError) in [try lower(&call)] }
    }

    /// Where Keras has them.
    package static let modules: Set<String> = [
        "keras.src.ops.numpy", "keras.src.ops.nn", "keras.src.ops.math", "keras.src.ops.core", "keras.src.ops.linalg",
        "keras.ops",
    ]

    private static let all: [String: TensorFunction] = {
        var functions: [String: TensorFunction] = [:]
        for group in [
            elementwise, binary, reductions, movements, activations, products, contractions, derived,
        ] {
            for (name, function) in group { functions[name] = function }
        }
        return functions
    }()

    static var names: [String] { all.keys.sorted() }

    static func named(_ name: String, module: String) -> TensorFunction? {
        modules.contains(module) ? all[name] : nil
    }

    /// Functions that Keras has and this version has not, so that the answer is not "unknown".
    static let kerasNames: Set<String> = [
        "Rot90", "AllClose", "Angle", "Append", "Arange", "Array", "View", "Bincount", "BitwiseAnd",
        "BitwiseInvert", "BitwiseNot", "BitwiseOr", "BitwiseXor", "BitwiseLeftShift", "BitwiseRightShift",
        "Conjugate", "Conj", "Diag", "Diagflat", "Digitize", "Gcd", "Geomspace", "Imag", "I0", "IsIn", "Kron",
        "Lcm", "Ldexp", "Linspace", "Logspace", "Meshgrid", "Nanargmax", "Nanmedian", "Nanvar", "Nonzero",
        "Percentile", "Quantile", "SearchSorted", "Trapezoid", "Vander", "Corrcoef", "Correlate", "Slogdet",
        "Argpartition", "Histogram", "Unique", "Conv", "DepthwiseConv", "SeparableConv", "ConvTranspose",
        "MaxPool", "AveragePool", "BatchNorm", "CTCLoss", "CTCDecode", "PSNR", "Unfold", "Fold", "Map", "Scan",
        "AssociativeScan", "Scatter", "ScatterUpdate", "SliceUpdate", "Switch", "WhileLoop", "ForiLoop", "Cond",
        "VectorizedMap", "SegmentSum", "SegmentMax", "FFT", "FFT2", "RFFT", "IRFFT", "STFT", "ISTFT", "Erfinv",
        "Cholesky", "Det", "Eig", "Eigh", "Inv", "LuFactor", "Qr", "Solve", "SolveTriangular", "SVD", "Lstsq",
        "MatrixRank", "Pinv",
    ]
}
