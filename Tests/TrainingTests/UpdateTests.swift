import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// What is done around an update of weights, and the updates that need more than one pass.
@Suite struct UpdateTests {
    /// Wide enough to be cut into shards, and with a weight of several pieces.
    private func trained(_ optimizer: Optimizer, workers: Int) throws -> ([UInt32], [Double]) {
        let model = Sequential(seed: 5) {
            Dense(
                units: 150, activation: .tanh, kernelRegularizer: .l1l2(l1: 1e-4, l2: 1e-3),
                activityRegularizer: .l2(1e-4), kernelConstraint: .maxNorm(1.5), inputShape: [120])
            Dense(
                units: 4, biasRegularizer: .l1(0.01), biasConstraint: .nonNegative)
        }
        model.compile(optimizer: optimizer, loss: .meanSquaredError)
        let x = try numbers([200, 120], seed: 1), y = try numbers([200, 4], seed: 2)
        let history = try fit(model, x, y, workers: workers) {
            $0.epochs = 2
            $0.batchSize = 96
        }
        return (try weightBits(model), history["loss"])
    }

    @Test(arguments: [
        Optimizer.sgd(momentum: 0.9).clipping(norm: 0.05), .adam().clipping(globalNorm: 0.05),
        .adam().clipping(value: 0.001).averagingWeights(momentum: 0.9, overwritingEvery: 3),
        .rmsprop().accumulatingGradients(steps: 2), .adamW().excludingFromDecay(["bias"]), .ftrl(), .lamb(),
        .adafactor(weightDecay: 0.1), .muon().clipping(norm: 0.1), .scheduleFreeAdamW(),
        .adam().scalingLoss(growthSteps: 2),
    ])
    func weightsAreTheSameBitsOnAnyNumberOfNodes(_ optimizer: Optimizer) throws {
        let (bits, losses) = try trained(optimizer, workers: 1)
        for workers in [2, 5] {
            let (otherBits, otherLosses) = try trained(optimizer, workers: workers)
            #expect(otherBits == bits && otherLosses == losses, "\(workers) workers")
        }
    }

    /// One weight of 1, whose gradient is `gradient`.
    private func step(
        _ optimizer: Optimizer, gradient: Float = 1, steps: Int = 1, constraint: Constraint? = nil
    ) throws -> Float {
        let model = Sequential(seed: 1) {
            Dense(
                units: 1, useBias: false, kernelInitializer: .ones, kernelConstraint: constraint, inputShape: [1])
        }
        model.compile(optimizer: optimizer, loss: .meanSquaredError)
        // (x w - y)^2 with x = 1 has the gradient 2 (w - y).
        let x = try Tensor([[Float(1)]]), y = try Tensor([[1 - gradient / 2]])
        _ = try fit(model, x, y) { $0.epochs = steps }
        return try model.weights()[0].floats[0]
    }

    @Test func gradientsAreClipped() throws {
        #expect(try abs(step(.sgd(learningRate: 1).clipping(value: 0.25), gradient: -3) - 1.25) < 1e-6)
        #expect(try abs(step(.sgd(learningRate: 1).clipping(norm: 0.25), gradient: 3) - 0.75) < 1e-6)
        #expect(try abs(step(.sgd(learningRate: 1).clipping(globalNorm: 0.25), gradient: 3) - 0.75) < 1e-6)
        #expect(try abs(step(.sgd(learningRate: 1).clipping(norm: 10), gradient: 0.5) - 0.5) < 1e-6)
        // Limits of 0 do nothing, as in Keras.
        #expect(try abs(step(.sgd(learningRate: 1).clipping(norm: 0), gradient: 0.5) - 0.5) < 1e-6)
    }

    @Test func gradientsWaitForOthers() throws {
        let optimizer = Optimizer.sgd(learningRate: 0.1).accumulatingGradients(steps: 3)
        #expect(try step(optimizer, steps: 2) == 1)
        #expect(try abs(step(optimizer, steps: 3) - 0.9) < 1e-6)
        #expect(try abs(step(optimizer, steps: 5) - 0.9) < 1e-6)
    }

    @Test func schedulesFollowTheSteps() throws {
        let optimizer = Optimizer.sgd().following(.piecewiseConstantDecay(boundaries: [0, 1], values: [0.1, 0.2, 0]))
        // w - 0.5 is 0.5, then 0.5 · 0.8, then that · 0.6, and stays.
        #expect(try abs(step(optimizer, steps: 5) - (0.5 + 0.5 * 0.8 * 0.6)) < 1e-6)
    }

    @Test func aFitEndsWithTheAverage() throws {
        let optimizer = Optimizer.sgd(learningRate: 0.25).averagingWeights(momentum: 0.5)
        // w: 1 -> 0.75 -> 0.625; the average begins as the first.
        #expect(try abs(step(optimizer, steps: 2) - (0.5 * 0.75 + 0.5 * 0.625)) < 1e-6)
    }

    @Test func constraintsHold() throws {
        #expect(try step(.sgd(learningRate: 1), gradient: 3, constraint: .nonNegative) == 0)
        #expect(try abs(step(.sgd(learningRate: 1), gradient: -3, constraint: .maxNorm(2)) - 2) < 1e-6)
        #expect(try abs(step(.sgd(learningRate: 1), gradient: -3, constraint: .unitNorm()) - 1) < 1e-6)
    }

    @Test func aStepBeyondFloat32IsSkipped() throws {
        let optimizer = Optimizer.sgd(learningRate: 0.25).scalingLoss(initialScale: 3e38, growthSteps: 100)
        // The gradient of 2 times the scale is infinite once; with half the scale it is not.
        #expect(try step(optimizer, gradient: 2, steps: 1) == 1)
        #expect(try abs(step(optimizer, gradient: 2, steps: 2) - 0.5) < 1e-6)
    }

    @Test func aScheduledRateIsNotSet() throws {
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
        model.compile(
            optimizer: .sgd().following(.exponentialDecay(initial: 0.5, decaySteps: 10, decayRate: 0.5)),
            loss: .meanSquaredError)
        #expect(try model.learningRate() == 0.5)
        #expect(throws: LeptonError.self) { try model.setLearningRate(0.1) }
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let layers: [Dense] = [
            Dense(units: 2, kernelConstraint: .maxNorm(1, axes: [2])), Dense(units: 2, kernelRegularizer: .l2(-1)),
            Dense(units: 1, kernelRegularizer: .orthogonal(rows: false)),
            Dense(units: 2, biasRegularizer: .orthogonal()), Dense(units: 2, activityRegularizer: .orthogonal()),
        ]
        for layer in layers {
            let model = try Model()
            try model.add(layer)
            #expect(throws: LeptonError.self) { try model.build(inputShape: [3]) }
        }
        for optimizer in [
            Optimizer.sgd().accumulatingGradients(steps: 1), .sgd().averagingWeights(momentum: 2),
            .sgd().following(.exponentialDecay(initial: 0.1, decaySteps: 0, decayRate: 0.5)),
            .muon(excludedLayers: ["a|b"]), .ftrl(learningRatePower: 1),
        ] {
            let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
            model.compile(optimizer: optimizer, loss: .meanSquaredError)
            #expect(throws: LeptonError.self) { try model.learningRate() }
        }
    }
}
