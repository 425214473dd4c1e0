import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Gradients of normalisation, attention and other layers against finite differences.
@Suite struct LayerGradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let shape: [Int]
        let layers: @Sendable (SymbolicTensor) -> SymbolicTensor
    }

    static let cases: [Case] = [
        Case(testDescription: "layer normalisation of two axes", shape: [3, 4]) {
            LayerNormalization(axis: [1, 2], gammaInitializer: .constant(0.7))($0)
        },
        Case(testDescription: "normalisation by the root mean square", shape: [3, 4]) { RMSNormalization()($0) },
        Case(testDescription: "group normalisation", shape: [3, 4]) { GroupNormalization(groups: 2)($0) },
        Case(testDescription: "unit normalisation", shape: [5]) { UnitNormalization()($0) },
        Case(testDescription: "parametric relu", shape: [5]) {
            PReLU(alphaInitializer: .constant(0.3))(ActivationLayer(.tanh)($0))
        },
        Case(testDescription: "einsum dense", shape: [3, 4]) {
            EinsumDense("abc,cde->abde", outputShape: [nil, 2, 3], biasAxes: "de")($0)
        },
        Case(testDescription: "attention of several heads, causal", shape: [4, 6]) { x in
            SharedLayer(MultiHeadAttention(numHeads: 2, keyDim: 3))(x, x, arguments: ["use_causal_mask": true])
        },
        Case(testDescription: "scaled and additive attention", shape: [4, 3]) { x in
            AdditiveAttention()([Attention(useScale: true)([x, x]), x])
        },
        Case(testDescription: "merging layers", shape: [4]) { x in
            let tilted = Dense(units: 4, activation: .sigmoid)(x)
            let parts = [Multiply()([x, tilted]), Average()([x, tilted]), Subtract()([tilted, x])]
            return Concatenate()(parts + [Dot(axes: 1, normalize: true)([x, tilted])])
        },
        Case(testDescription: "a layer that two calls share", shape: [4]) { x in
            let shared = SharedLayer(Dense(units: 4, activation: .tanh))
            return Add()([shared(shared(x)), shared(x)])
        },
        Case(testDescription: "pooling and up-sampling", shape: [4, 3]) {
            UpSampling1D(size: 2)(AveragePooling1D(poolSize: 2)(ZeroPadding1D(padding: 1)($0)))
        },
    ]

    /// A trained layer on each side, so that the gradient of the input is seen too.
    private func model(_ item: Case, seed: UInt64 = 3) throws -> Model {
        let input = Input(shape: item.shape)
        let entry = Dense(units: item.shape.last ?? 1, activation: .sigmoid)(input)
        return try Model(inputs: [input], outputs: [Dense(units: 2)(Flatten()(item.layers(entry)))], seed: seed)
    }

    @Test(arguments: cases) func agreesWithFiniteDifferences(_ item: Case) throws {
        try expectFiniteDifferences(
            of: model(item), loss: .meanSquaredError, x: numbers([6] + item.shape, seed: 7),
            y: numbers([6, 2], seed: 8))
    }

    @Test func batchNormalisation() throws {
        let item = Case(testDescription: "", shape: [3, 4]) { BatchNormalization()($0) }
        // Weights: kernel and bias, gamma and beta, the moving mean and variance, kernel and bias.
        try expectFiniteDifferences(
            of: model(item), loss: .meanSquaredError, x: numbers([6, 3, 4], seed: 7), y: numbers([6, 2], seed: 8),
            asTraining: true, untrained: [4, 5])
    }

    @Test func embeddings() throws {
        let input = Input(shape: [4])
        let words = Embedding(inputDim: 5, outputDim: 3)(input)
        let model = try Model(inputs: [input], outputs: [Dense(units: 2)(Flatten()(words))], seed: 3)
        let rows: [[Float]] = [[0, 1, 2, 3], [4, 4, 1, 0], [2, 2, 2, 3]]
        try expectFiniteDifferences(
            of: model, loss: .meanSquaredError, x: Tensor(rows), y: numbers([3, 2], seed: 8))
    }
}
