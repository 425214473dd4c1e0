import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// What a model's calls do to each other: from callbacks, after errors, one after the other.
@Suite struct ModelStateTests {
    private let x: Tensor
    private let y: Tensor

    init() throws {
        x = try Tensor([[1], [2], [3], [4], [5]])
        y = try Tensor([[1], [4], [9], [16], [25]])
    }

    private func unfitted() -> Model {
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        return model
    }

    @Test func aLayerAddedInACallbackOfEvaluateLeavesTheEvaluationItsWeights() throws {
        // Large enough for its memory to go back to the system at once when it is freed.
        let model = Sequential(seed: 1) { Dense(units: 512, inputShape: [512]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        let (x, y) = (try numbers([8, 512], seed: 1), try numbers([8, 512], seed: 2))
        let expected = try evaluate(model, x, y, batchSize: 2)["loss"]
        let history = try withViews(x, y) { xView, yView in
            try model.evaluate(
                x: [xView], y: [yView], sampleWeights: [], batchSize: 2, allowNonFinite: false,
                pool: { WorkerPool(workers: 1) },
                progress: { event in
                    if event.step == 1 { try? model.add(Dense(units: 3)) }
                    return true
                }, interruption: { nil })
        }
        #expect(history["loss"] == expected)
        #expect(try model.outputShapes() == [[-1, 3]])
    }

    @Test func addingALayerKeepsTheWeightsOfThoseBefore() throws {
        let model = unfitted()
        _ = try fit(model, x, y) { $0.epochs = 3 }
        let trained = try weightBits(model)
        // Compiling anew drops the optimizer's state, after which layers may be added.
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        try model.add(Dense(units: 2))
        #expect(try Array(weightBits(model).prefix(trained.count)) == trained)
        #expect(try model.weights().map(\.shape.extents) == [[1, 1], [1], [1, 2], [2]])
    }

    @Test func layersAddedOneByOneBeginAsIfDeclaredTogether() throws {
        let together = Sequential(seed: 5) {
            Dense(units: 3, inputShape: [2])
            Dense(units: 2)
        }
        let model = try Model()
        try model.setSeed(5)
        try model.add(Dense(units: 3, inputShape: [2]))
        try model.add(Dense(units: 2))
        #expect(try weightBits(model) == weightBits(together))
    }

    @Test func aCompileThatIsRefusedDuringAFitSpoilsTheNextFitOnly() throws {
        let model = unfitted()
        _ = try fit(model, x, y) {
            $0.progress = { event in
                if event.kind == .batchEnd { model.compile(optimizer: .adam(), loss: .meanSquaredError) }
                return true
            }
        }
        // The weights are still there to be used and saved.
        #expect(try model.predict([[6]])[0, 0]?.isFinite == true)
        _ = try model.snapshot()
        #expect(#expect(throws: LeptonError.self) { try fit(model, x, y) }?.code == .invalidState)
        model.compile(optimizer: .adam(), loss: .meanSquaredError)
        #expect(try fit(model, x, y).epochs == [0])
    }

    @Test func aValueOutOfRangeInCompileIsMendedByCompilingAgain() throws {
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
        model.compile(optimizer: .sgd(learningRate: .nan), loss: .meanSquaredError)
        #expect(#expect(throws: LeptonError.self) { try fit(model, x, y) }?.argument == "SGD.learning_rate")
        model.compile(optimizer: .sgd(learningRate: 0.01), loss: .meanSquaredError)
        #expect(try fit(model, x, y).epochs == [0])
    }

    @Test func stoppingBeforeAnEpochsFirstStepLeavesNoTraceOfThatEpoch() throws {
        let model = unfitted()
        let history = try fit(model, x, y) {
            $0.epochs = 5
            $0.progress = { event in !(event.kind == .epochBegin && event.epoch == 2) }
        }
        #expect(history.epochs == [0, 1])
        #expect(history["loss"].count == 2)
        #expect(history.stoppedEarly)
    }

    @Test func oneMetricMayBeMeasuredWithAndWithoutWeights() throws {
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
        model.compile(
            optimizer: .sgd(learningRate: 1e-4), loss: .meanSquaredError, metrics: [.meanAbsoluteError],
            weightedMetrics: [.meanAbsoluteError])
        let weights = try Tensor([1, 1, 1, 0, 0] as [Float])
        let history = try weights.withView { weights in
            try fit(model, x, y) { $0.sampleWeights = [weights] }
        }
        // The names that Keras gives them.
        #expect(history.names == ["loss", "mean_absolute_error", "weighted_mean_absolute_error"])
        #expect(history["weighted_mean_absolute_error"][0] < history["mean_absolute_error"][0])
    }

    @Test func classWeightsRoundHalvesToEvenAsKerasDoes() throws {
        let model = Sequential(seed: 1) { Dense(units: 1, kernelInitializer: .zeros, inputShape: [1]) }
        model.compile(optimizer: .sgd(learningRate: 0), loss: .meanSquaredError)
        let half = try Tensor([[0.5], [1.5]] as [[Float]])
        let history = try fit(model, try Tensor([[1], [1]]), half) { $0.classWeight = [0: 10, 1: 100, 2: 1000] }
        // 0.5 is of class 0 and 1.5 of class 2.
        #expect(abs(history["loss"][0] - (10 * 0.25 + 1000 * 2.25) / 2) < 1e-3)
    }

    @Test func dataThatIsRefusedLeavesTheModelUnbuilt() throws {
        let model = Sequential(seed: 1) {
            Flatten()
            Dense(units: 1)
        }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        // A single number would otherwise fix the input as one without axes.
        #expect(throws: LeptonError.self) { try model.predict(3.0) }
        #expect(throws: LeptonError.self) { try evaluate(model, numbers([5, 2], seed: 1), numbers([4, 1], seed: 1)) }
        #expect(throws: LeptonError.self) { try fit(model, numbers([5, 2], seed: 1), numbers([4, 1], seed: 1)) }
        _ = try fit(model, x, y)
        #expect(try model.inputShapes() == [[-1, 1]])
    }

    @Test func aSummaryShowsEachLayersParameters() throws {
        let model = Sequential(name: "s") {
            Dense(units: 300, inputShape: [4])
            Dropout(rate: 0.1)
            Dense(units: 2)
        }
        let rows = model.summary().split(separator: "\n").filter { $0.hasPrefix("│") }
        #expect(rows.count == 3)
        for (row, parts) in zip(
            rows, [["dense (Dense)", "(None, 300)", "1,500"], ["dropout", "(None, 300)", " 0 "], ["dense_1", "602"]])
        {
            for part in parts { #expect(row.contains(part)) }
        }
    }
}
