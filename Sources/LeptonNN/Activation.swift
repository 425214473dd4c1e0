import LeptonTensor

/// An activation function by its Keras name, with Keras's default parameters. Formulas: `keras.activations`, and
/// lepton_kernels_functions.h.
public enum Activation: String, Sendable, CaseIterable {
    case linear
    /// max(x, 0)
    case relu
    /// 1 / (1 + exp(-x))
    case sigmoid
    case tanh
    /// exp(x) / sum(exp(x)) over the last axis.
    case softmax

    /// x below 0 is multiplied by 0.2.
    case leakyRelu = "leaky_relu"
    /// min(max(x, 0), 6)
    case relu6
    case celu
    /// x above 0, exp(x) - 1 below.
    case elu
    /// Self-normalising (Klambauer et al., 2017); to be used with `Initializer.lecunNormal`.
    case selu
    /// log(1 + exp(x))
    case softplus
    /// x / (1 + |x|)
    case softsign
    /// (x + sqrt(x² + 4)) / 2
    case squareplus
    case softShrink = "soft_shrink"
    case hardShrink = "hard_shrink"
    case tanhShrink = "tanh_shrink"
    case sparsePlus = "sparse_plus"
    case sparseSigmoid = "sparse_sigmoid"
    /// x · sigmoid(x); also named swish.
    case silu
    /// x · Φ(x), exact.
    case gelu
    case exponential
    case hardSigmoid = "hard_sigmoid"
    /// x · hard_sigmoid(x); also named hard_swish.
    case hardSilu = "hard_silu"
    case hardTanh = "hard_tanh"
    /// x · tanh(softplus(x))
    case mish
    case logSigmoid = "log_sigmoid"
    /// log(softmax(x)), without overflow.
    case logSoftmax = "log_softmax"
    /// Softmax's sparse relative (Martins & Astudillo, 2016), over the last axis.
    case sparsemax
    /// u · sigmoid(v) with u and v the halves of the last axis, which becomes half as long.
    case glu

    private static let aliases: [String: Activation] = ["swish": .silu, "hard_swish": .hardSilu]

    private static let byName: [String: Activation] =
        Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) }).merging(aliases) { name, _ in name }

    /// - Throws: `invalidArgument` with the nearest known name.
    package init(_ value: JSONValue?, owner: String) throws(LeptonError) {
        guard let value else {
            self = .linear
            return
        }
        let object = try SerializedObject("\(owner).activation", value)
        guard let activation = Activation.byName[object.className] else {
            if object.className == "threshold" {
                throw LeptonError(
                    .notSupported,
                    "\(owner).activation: 'threshold' takes two arguments and has no defaults for them; "
                        + "a ReLU layer has a threshold")
            }
            throw unknownName("activation", object.className, known: Array(Activation.byName.keys))
        }
        self = activation
    }

    /// As Keras writes it in a layer's config.
    package var config: JSONValue { .string(rawValue) }
}
