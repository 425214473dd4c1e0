import LeptonNN
import LeptonTensor

extension GradientTests {
    /// A layer in front of each loss, with predictions and targets of the kind that it takes.
    private static func lossCase(
        _ name: String, _ loss: Loss, activation: Activation = .linear, columns: Int = 3, input: [Int] = [4],
        _ target: @escaping @Sendable (Int) throws -> Tensor
    ) -> Case {
        Case(
            testDescription: name,
            layers: { [Dense(units: columns, activation: activation, inputShape: input)] }, loss: loss, input: input,
            target: target)
    }

    private static func real(_ rows: Int) throws -> Tensor { try numbers([rows, 3], seed: 8) }
    /// Targets that no tanh reaches, so that no error is near 0.
    private static func far(_ rows: Int) throws -> Tensor {
        try Tensor((0..<rows).map { row in (0..<3).map { (row + $0) % 2 == 0 ? 4 : -4 } })
    }
    private static func oneHot(_ rows: Int) throws -> Tensor {
        try labels(rows: rows, classes: 3, oneHot: true, seed: 5)
    }
    private static func classes(_ rows: Int) throws -> Tensor {
        try labels(rows: rows, classes: 3, oneHot: false, seed: 5)
    }
    private static func sequences(_ rows: Int) throws -> Tensor { try numbers([rows, 2, 3], seed: 8) }

    static let lossCases: [Case] = [
        lossCase("mean absolute error", .meanAbsoluteError, activation: .tanh, far),
        lossCase("mean absolute percentage error", .meanAbsolutePercentageError, activation: .tanh, far),
        lossCase("mean squared logarithmic error", .meanSquaredLogarithmicError, activation: .sigmoid, oneHot),
        lossCase("cosine similarity", .cosineSimilarity(), real),
        lossCase("cosine similarity along axis 1", .cosineSimilarity(axis: 1), input: [2, 4], sequences),
        lossCase("huber", .huber(delta: 0.4), activation: .tanh, real),
        lossCase("log cosh, summed", .logCosh.reduced(by: .sum), activation: .tanh, real),
        lossCase("squared hinge of 0 and 1", .squaredHinge, activation: .sigmoid, oneHot),
        lossCase("hinge of -1 and 1", .hinge, activation: .sigmoid) { rows in
            try Tensor((0..<rows).map { row in (0..<3).map { (row + $0) % 2 == 0 ? 1 : -1 } })
        },
        lossCase("categorical hinge", .categoricalHinge, activation: .sigmoid, oneHot),
        lossCase("kl divergence", .klDivergence, activation: .softmax) { rows in
            try Tensor((0..<rows).map { row in row % 2 == 0 ? [0.2, 0.5, 0.3] : [0.6, 0.1, 0.3] })
        },
        lossCase("poisson", .poisson, activation: .sigmoid, oneHot),
        lossCase(
            "binary focal", .binaryFocalCrossentropy(applyClassBalancing: true, gamma: 1.5, labelSmoothing: 0.1),
            activation: .sigmoid, oneHot),
        lossCase("binary focal of logits", .binaryFocalCrossentropy(fromLogits: true), oneHot),
        lossCase("categorical focal", .categoricalFocalCrossentropy(labelSmoothing: 0.1), activation: .sigmoid, oneHot),
        lossCase("categorical focal of logits", .categoricalFocalCrossentropy(gamma: 1, fromLogits: true), oneHot),
        lossCase(
            "generalised crossentropy", .categoricalGeneralizedCrossEntropy(q: 0.7), activation: .softmax, classes),
        lossCase(
            "sparse crossentropy that leaves class 1 out",
            .sparseCategoricalCrossentropy(fromLogits: true, ignoreClass: 1), classes),
        lossCase("dice of the batch", .dice(), activation: .sigmoid, oneHot),
        lossCase("dice of each sample", .dice(axes: [-1]), activation: .sigmoid, oneHot),
        lossCase("tversky of each class", .tversky(alpha: 0.3, beta: 0.6, axes: [0]), activation: .sigmoid, oneHot),
        // Labels that repeat, that fill their row, and none at all.
        lossCase("ctc", .ctc, input: [5, 4]) { rows in
            let labels: [[Int]] = [[1, 2, 0], [2, 2, 0], [1, 2, 1], [0, 0, 0], [1, 0, 0]]
            return try Tensor((0..<rows).map { labels[$0 % 5] })
        },
        lossCase("ctc, summed", .ctc.reduced(by: .sum), columns: 4, input: [3, 4]) { rows in
            try Tensor((0..<rows).map { [1 + $0 % 3] })
        },
        circleCase("circle", .circle(gamma: 3, margin: 0.3)),
        circleCase("circle with itself", .circle(gamma: 2, margin: 0.25, removeDiagonal: false).reduced(by: .sum)),
    ]

    private static func circleCase(_ name: String, _ loss: Loss) -> Case {
        Case(
            testDescription: name,
            layers: { [Dense(units: 3, activation: .tanh, inputShape: [4]), UnitNormalization()] }, loss: loss,
            input: [4], target: { rows in try Tensor((0..<rows).map { [$0 % 3] }) })
    }
}
