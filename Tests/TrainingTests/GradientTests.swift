import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// The gradient that training uses, against finite differences of the loss that evaluation reports.
///
/// With plain SGD at rate 1 a step moves each weight by minus its gradient, so that a full-batch step shows it.
@Suite struct GradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let layers: @Sendable () -> [any Layer]
        let loss: Loss
        let input: [Int]
        let target: @Sendable (Int) throws -> Tensor
    }

    static let cases: [Case] = [
        Case(
            testDescription: "mse, tanh, sigmoid, linear",
            layers: {
                [
                    Dense(units: 5, activation: .tanh, inputShape: [4]), Dense(units: 3, activation: .sigmoid),
                    Dense(units: 2),
                ]
            }, loss: .meanSquaredError, input: [4], target: { try numbers([$0, 2], seed: 8) }),
        Case(
            testDescription: "binary crossentropy of probabilities",
            layers: { [Dense(units: 6, activation: .tanh, inputShape: [4]), Dense(units: 2, activation: .sigmoid)] },
            loss: .binaryCrossentropy(labelSmoothing: 0.2), input: [4],
            target: { try labels(rows: $0, classes: 2, oneHot: true, seed: 5) }),
        Case(
            testDescription: "binary crossentropy of logits, no bias",
            layers: { [Dense(units: 1, useBias: false, inputShape: [4])] },
            loss: .binaryCrossentropy(fromLogits: true), input: [4],
            target: { try labels(rows: $0, classes: 2, oneHot: false, seed: 5) }),
        Case(
            testDescription: "categorical crossentropy of a softmax layer after flatten",
            layers: { [Flatten(inputShape: [2, 3]), Dense(units: 4), ActivationLayer(.softmax)] },
            loss: .categoricalCrossentropy(labelSmoothing: 0.1), input: [2, 3],
            target: { try labels(rows: $0, classes: 4, oneHot: true, seed: 5) }),
        Case(
            testDescription: "categorical crossentropy of logits",
            layers: { [Dense(units: 4, activation: .tanh, inputShape: [3]), Dense(units: 4)] },
            loss: .categoricalCrossentropy(fromLogits: true), input: [3],
            target: { try labels(rows: $0, classes: 4, oneHot: true, seed: 5) }),
        Case(
            testDescription: "penalties on weights and on what layers give",
            layers: {
                [
                    // Single pairs of vectors, and no sums of magnitudes: those have kinks.
                    Dense(
                        units: 2, activation: .tanh, kernelRegularizer: .orthogonal(factor: 0.5, rows: false),
                        biasRegularizer: .l2(0.1), activityRegularizer: .l2(0.03), inputShape: [4]),
                    Dense(units: 3, activation: .tanh, kernelRegularizer: .orthogonal(factor: 0.3)),
                    Dense(units: 2, kernelRegularizer: .l2(0.05), activityRegularizer: .l2(0.02)),
                ]
            }, loss: .meanSquaredError, input: [4], target: { try numbers([$0, 2], seed: 8) }),
        Case(
            testDescription: "sparse crossentropy of a softmax activation",
            layers: { [Dense(units: 3, activation: .softmax, inputShape: [3])] },
            loss: .sparseCategoricalCrossentropy(), input: [3],
            target: { try labels(rows: $0, classes: 3, oneHot: false, seed: 5) }),
        Case(
            testDescription: "sparse crossentropy of logits, per time step",
            layers: {
                [Dense(units: 4, activation: .sigmoid, inputShape: [2, 3]), ActivationLayer(.tanh), Dense(units: 3)]
            },
            loss: .sparseCategoricalCrossentropy(fromLogits: true), input: [2, 3],
            target: { rows in
                try Tensor((0..<rows).map { [[$0 % 3], [($0 + 1) % 3]] })
            }),
    ]

    @Test(arguments: cases + lossCases)
    func agreesWithFiniteDifferences(_ item: Case) throws {
        let rows = 6
        try expectFiniteDifferences(
            layers: item.layers(), loss: item.loss, x: try numbers([rows] + item.input, seed: 7),
            y: try item.target(rows), seed: 11)
    }
}

/// Compares the gradient of each weight of a chain of layers with finite differences of the loss.
func expectFiniteDifferences(
    layers: [any Layer], loss: Loss, x: Tensor, y: Tensor, seed: UInt64, location: SourceLocation = #_sourceLocation
) throws {
    let model = try Model()
    try model.setSeed(seed)
    for layer in layers { try model.add(layer) }
    try expectFiniteDifferences(of: model, loss: loss, x: x, y: y, location: location)
}

/// - Parameters:
///   - asTraining: measures the loss in training steps that change no trained weight: for layers that compute
///     otherwise in training.
///   - untrained: places of weights that training changes by other means than gradients.
func expectFiniteDifferences(
    of model: Model, loss: Loss, x: Tensor, y: Tensor, asTraining: Bool = false, untrained: Set<Int> = [],
    location: SourceLocation = #_sourceLocation
) throws {
    model.compile(optimizer: .sgd(learningRate: 1), loss: loss)
    let before = try model.weights()
    _ = try fit(model, x, y) { $0.batchSize = x.shape.extents[0] }
    let gradients = zip(before, try model.weights()).map { old, new in
        zip(old.floats, new.floats).map { $0 - $1 }
    }
    if asTraining { model.compile(optimizer: .sgd(learningRate: 0), loss: loss) }

    for (index, weight) in before.enumerated() where !untrained.contains(index) {
        for element in stride(from: 0, to: weight.shape.count, by: max(1, weight.shape.count / 5)) {
            let step: Float = 1e-2
            func loss(_ change: Float) throws -> Double {
                var changed = before
                changed[index] = try Tensor(floats: weight.shape) { output in
                    for (i, value) in weight.floats.enumerated() { output[i] = value + (i == element ? change : 0) }
                }
                try model.setWeights(changed)
                if asTraining { return try fit(model, x, y) { $0.batchSize = x.shape.extents[0] }["loss"][0] }
                return try evaluate(model, x, y)["loss"][0]
            }
            // Four points, so that the error is of fourth order in the step.
            let difference =
                (8 * (try loss(step) - loss(-step)) - (try loss(2 * step) - loss(-2 * step))) / (12 * Double(step))
            let gradient = Double(gradients[index][element])
            #expect(
                abs(difference - gradient) < 2e-4 * max(1, abs(gradient)),
                "weight \(index), element \(element): \(gradient), not \(difference)", sourceLocation: location)
        }
    }
}
