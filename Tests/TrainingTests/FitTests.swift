import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

@Suite struct FitTests {
    private let x: Tensor
    private let y: Tensor

    init() throws {
        x = try Tensor([[1], [2], [3], [4], [5]])
        y = try Tensor([[1], [4], [9], [16], [25]])
    }

    private func article(seed: UInt64) -> Model {
        let model = Sequential(seed: seed) { Dense(units: 1, inputShape: [1]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        return model
    }

    @Test(arguments: UInt64(0)..<8)
    func theArticlesJobLandsWhereKerasDoes(_ seed: UInt64) throws {
        let model = article(seed: seed)
        let history = try fit(model, x, y) { $0.epochs = 100 }
        let prediction = try #require(try model.predict([[6]])[0, 0])
        #expect((24.9...25.5).contains(prediction))
        #expect(history.epochs.count == 100)
        #expect(history["loss"].last! < history["loss"].first!)
    }

    @Test func moreEpochsReachTheLeastSquaresLine() throws {
        let model = article(seed: 1)
        _ = try fit(model, x, y) { $0.epochs = 4000 }
        #expect(abs(try #require(try model.predict([[6]])[0, 0]) - 29) < 0.01)
    }

    @Test func equalSeedsGiveEqualWeightsAndOthersDoNot() throws {
        func trained(_ seed: UInt64) throws -> [UInt32] {
            let model = Sequential(seed: seed) {
                Dense(units: 16, activation: .relu, inputShape: [4])
                Dropout(rate: 0.3)
                Dense(units: 3, activation: .softmax)
            }
            model.compile(optimizer: .adam(), loss: .sparseCategoricalCrossentropy())
            _ = try fit(
                model, numbers([50, 4], seed: 1), labels(rows: 50, classes: 3, oneHot: false, seed: 2)
            ) { $0.epochs = 3 }
            return try weightBits(model)
        }
        #expect(try trained(5) == trained(5))
        #expect(try trained(5) != trained(6))
    }

    @Test(arguments: [1, 2, 5])
    func weightsAreTheSameBitsOnAnyNumberOfNodes(_ workers: Int) throws {
        func trained(_ workers: Int) throws -> ([UInt32], [Double]) {
            let model = Sequential(seed: 9) {
                Flatten(inputShape: [8, 16])
                Dense(units: 256, activation: .relu)
                Dropout(rate: 0.4)
                Dense(units: 64, activation: .tanh)
                Dense(units: 10, activation: .softmax)
            }
            model.compile(
                optimizer: .adam(), loss: .categoricalCrossentropy(labelSmoothing: 0.1), metrics: [.accuracy])
            let history = try fit(
                model, numbers([900, 8, 16], seed: 3), labels(rows: 900, classes: 10, oneHot: true, seed: 4),
                workers: workers
            ) {
                $0.epochs = 3
                // More shards than nodes, and a last batch with fewer.
                $0.batchSize = 448
                $0.validationSplit = 0.1
            }
            return (try weightBits(model), history["loss"] + history["val_accuracy"])
        }
        let (bits, series) = try trained(workers)
        let (reference, referenceSeries) = try trained(1)
        #expect(bits == reference)
        #expect(series == referenceSeries)
    }

    @Test func predictionsAndScoresAreTheSameBitsOnAnyNumberOfNodes() throws {
        let model = Sequential(seed: 2) { Dense(units: 7, activation: .sigmoid, inputShape: [5]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError, metrics: [.meanAbsoluteError])
        let x = try numbers([1000, 5], seed: 1)
        let y = try numbers([1000, 7], seed: 2)
        func predicted(_ workers: Int) throws -> [Float] {
            var output = [Float](repeating: 0, count: 7000)
            try output.withUnsafeMutableBytes { bytes in
                let view = MutableTensorView(base: bytes.baseAddress!, shape: try Shape([1000, 7]))
                try x.withView {
                    try model.predict(
                        [$0], into: [view], pool: { WorkerPool(workers: workers) }, allowNonFinite: false,
                        interruption: { nil }, didFinish: { _ in })
                }
            }
            return output
        }
        let alone = try predicted(1)
        #expect(try predicted(3) == alone)
        #expect(try model.predict(x).floats == alone)
        #expect(try evaluate(model, x, y, workers: 1) == evaluate(model, x, y, workers: 4))
    }

    @Test func evaluationAgreesWithTheLastEpochsValidation() throws {
        let model = article(seed: 3)
        let history = try withViews(x, y) { xView, yView in
            var options = TrainingOptions()
            options.epochs = 2
            options.validation = ValidationData(x: [xView], y: [yView])
            return try model.fit(x: [xView], y: [yView], options: options, pool: { WorkerPool(workers: 1) })
        }
        #expect(try evaluate(model, x, y)["loss"] == [history["val_loss"].last!])
        #expect(history.names == ["loss", "val_loss"])
    }

    @Test func historyHasKerassKeysInKerassOrder() throws {
        let model = Sequential(seed: 1) { Dense(units: 2, inputShape: [1]) }
        model.compile(
            optimizer: .sgd(learningRate: 1e-4), loss: .meanSquaredError, metrics: [.accuracy, .meanAbsoluteError],
            weightedMetrics: [.meanSquaredError])
        let history = try fit(model, x, try numbers([5, 2], seed: 1)) { $0.validationSplit = 0.4 }
        let names = ["accuracy", "loss", "mean_absolute_error", "mean_squared_error"]
        #expect(history.names == names + names.map { "val_" + $0 })
    }

    @Test func aStoppingCallbackKeepsTheHistorySoFar() throws {
        let model = article(seed: 1)
        let history = try fit(model, x, y) {
            $0.epochs = 50
            $0.progress = { event in !(event.kind == .epochEnd && event.epoch == 2) }
        }
        #expect(history.epochs == [0, 1, 2])
        #expect(history.stoppedEarly)
        // The model is usable, and training goes on.
        #expect(try fit(model, x, y).epochs == [0])
    }

    @Test func cancellingThrowsAndLeavesTheModelUsable() throws {
        let model = article(seed: 1)
        let cancel = CancelToken()
        let error = #expect(throws: LeptonError.self) {
            try fit(model, x, y) {
                $0.epochs = 1_000_000
                $0.cancel = cancel
                $0.progress = { event in
                    if event.epoch == 3 { cancel.cancel() }
                    return true
                }
            }
        }
        #expect(error?.code == .cancelled)
        #expect(try model.predict([[6]])[0, 0]?.isFinite == true)
        #expect(try fit(model, x, y).epochs == [0])
    }

    @Test func theModelIsAtRestInsideACallback() throws {
        let model = article(seed: 1)
        var seen: [Float] = []
        _ = try fit(model, x, y) {
            $0.epochs = 3
            $0.progress = { event in
                if event.kind == .epochEnd {
                    if let value = try? model.predict([[6]])[0, 0] { seen.append(value) }
                    try? model.setLearningRate(0)
                }
                return true
            }
        }
        #expect(seen.count == 3)
        #expect(seen[0] == seen[2])
        #expect(try model.learningRate() == 0)
    }

    @Test func aSecondFitMeanwhileIsRefused() throws {
        let model = article(seed: 1)
        var refusals: [LeptonError] = []
        _ = try fit(model, x, y) {
            $0.progress = { event in
                guard event.kind == .batchEnd else { return true }
                for attempt in [
                    { _ = try fit(model, x, y) }, { try model.add(Dense(units: 1)) },
                    {
                        try model.compile(optimizer: "adam", loss: "mse", metrics: [], weightedMetrics: [])
                    },
                ] as [() throws -> Void] {
                    do { try attempt() } catch let error as LeptonError { refusals.append(error) } catch {}
                }
                return true
            }
        }
        #expect(refusals.map(\.code) == [.invalidState, .invalidState, .invalidState])
    }

    @Test func frozenLayersKeepTheirWeights() throws {
        var hidden = Dense(units: 4, activation: .relu, inputShape: [1])
        hidden.options.isTrainable = false
        let model = Sequential(seed: 1) {
            hidden
            Dense(units: 1)
        }
        model.compile(optimizer: .adam(), loss: .meanSquaredError)
        let before = try model.weights().map(\.floats)
        _ = try fit(model, x, y) { $0.epochs = 5 }
        let after = try model.weights().map(\.floats)
        #expect(before[0] == after[0])
        #expect(before[1] == after[1])
        #expect(before[2] != after[2])
    }

    @Test func buildsLateFromTheFirstData() throws {
        let model = Sequential(seed: 1) { Dense(units: 1) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        #expect(throws: LeptonError.self) { try model.weights() }
        _ = try fit(model, x, y)
        #expect(try model.weights().map(\.shape.extents) == [[1, 1], [1]])
    }
}
