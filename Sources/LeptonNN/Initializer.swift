import LeptonTensor

/// How a weight gets its first values. Formulas and defaults are those of Keras 3.15
/// (keras/src/initializers/random_initializers.py); the numbers drawn are this library's own.
public struct Initializer: Sendable, Equatable {
    package indirect enum Kind: Sendable, Equatable {
        case constant(Double)
        case uniform(minimum: Double, maximum: Double)
        case normal(mean: Double, deviation: Double)
        case truncatedNormal(mean: Double, deviation: Double)
        case varianceScaling(scale: Double, mode: FanMode, distribution: Distribution)
        case orthogonal(gain: Double)
        case identity(gain: Double)
        /// Four parts of equal length: the second is ones, the others as given.
        case forgetGateOnes(others: Initializer)
    }

    /// What a variance is divided by.
    package enum FanMode: String, Sendable, CaseIterable {
        case fanIn = "fan_in", fanOut = "fan_out", fanAverage = "fan_avg"
    }
    package enum Distribution: String, Sendable, CaseIterable {
        case truncatedNormal = "truncated_normal", untruncatedNormal = "untruncated_normal", uniform
    }

    package let className: String
    package let kind: Kind
    /// An own seed draws the same numbers wherever the initializer is used; nil draws from the model's seed.
    package let seed: UInt64?
    /// The axes that are inputs, and outputs, where that does not follow from the shape.
    package let inputAxes: [Int]?
    package let outputAxes: [Int]?

    init(className: String, kind: Kind, seed: UInt64?, inputAxes: [Int]? = nil, outputAxes: [Int]? = nil) {
        self.className = className
        self.kind = kind
        self.seed = seed
        self.inputAxes = inputAxes
        self.outputAxes = outputAxes
    }

    /// All zeros: the default for biases.
    public static let zeros = Initializer(className: "Zeros", kind: .constant(0), seed: nil)
    public static let ones = Initializer(className: "Ones", kind: .constant(1), seed: nil)

    public static func constant(_ value: Double) -> Initializer {
        Initializer(className: "Constant", kind: .constant(value), seed: nil)
    }

    /// Uniform in minimum ... maximum: the default for embeddings.
    public static func uniform(
        minimum: Double = -0.05, maximum: Double = 0.05, seed: UInt64? = nil
    ) -> Initializer {
        Initializer(className: "RandomUniform", kind: .uniform(minimum: minimum, maximum: maximum), seed: seed)
    }

    /// Uniform in ±sqrt(6 / (fan in + fan out)): the default for kernels (Glorot & Bengio, 2010).
    public static func glorotUniform(seed: UInt64? = nil) -> Initializer {
        scaling("GlorotUniform", 1, .fanAverage, .uniform, seed)
    }
    /// Normal, cut at two deviations, of variance 2 / (fan in + fan out).
    public static func glorotNormal(seed: UInt64? = nil) -> Initializer {
        scaling("GlorotNormal", 1, .fanAverage, .truncatedNormal, seed)
    }
    /// Uniform in ±sqrt(6 / fan in) (He et al., 2015).
    public static func heUniform(seed: UInt64? = nil) -> Initializer {
        scaling("HeUniform", 2, .fanIn, .uniform, seed)
    }
    /// Normal, cut at two deviations, of variance 2 / fan in.
    public static func heNormal(seed: UInt64? = nil) -> Initializer {
        scaling("HeNormal", 2, .fanIn, .truncatedNormal, seed)
    }
    /// Uniform in ±sqrt(3 / fan in) (LeCun et al., 1998).
    public static func lecunUniform(seed: UInt64? = nil) -> Initializer {
        scaling("LecunUniform", 1, .fanIn, .uniform, seed)
    }
    /// Normal, cut at two deviations, of variance 1 / fan in.
    public static func lecunNormal(seed: UInt64? = nil) -> Initializer {
        scaling("LecunNormal", 1, .fanIn, .truncatedNormal, seed)
    }

    /// The bias of a long short-term memory that begins by remembering (Jozefowicz et al., 2015).
    package static func forgetGateOnes(others: Initializer) -> Initializer {
        Initializer(className: others.className, kind: .forgetGateOnes(others: others), seed: others.seed)
    }

    private static func scaling(
        _ name: String, _ scale: Double, _ mode: FanMode, _ distribution: Distribution, _ seed: UInt64?
    ) -> Initializer {
        Initializer(
            className: name, kind: .varianceScaling(scale: scale, mode: mode, distribution: distribution), seed: seed)
    }
}
