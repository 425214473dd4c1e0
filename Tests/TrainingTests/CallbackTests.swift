import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

@Suite struct CallbackTests {
    private func model() throws -> Model {
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [3]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        return model
    }

    @Test func validationIsReportedBatchByBatchBeforeItsEpochEnds() throws {
        var events: [String] = []
        _ = try fit(model(), numbers([10, 3], seed: 1), numbers([10, 1], seed: 2)) {
            $0.batchSize = 3
            $0.validationSplit = 0.4
            $0.validationBatchSize = 2
            $0.progress = { event in
                events.append("\(event.kind) \(event.step)/\(event.steps) \(event.values.count)")
                return true
            }
        }
        #expect(
            events == [
                "trainBegin 0/2 0", "epochBegin 0/2 0", "batchEnd 1/2 1", "batchEnd 2/2 1", "validationBegin 0/2 0",
                "validationBatchEnd 1/2 1", "validationBatchEnd 2/2 1", "validationEnd 2/2 1", "epochEnd 2/2 2",
                "trainEnd 0/2 0",
            ])
    }

    @Test func aLongValidationCanBeStopped() throws {
        let history = try fit(model(), numbers([1000, 3], seed: 1), numbers([1000, 1], seed: 2)) {
            $0.validationSplit = 0.9
            $0.validationBatchSize = 1
            $0.progress = { event in !(event.kind == .validationBatchEnd && event.step == 3) }
        }
        #expect(history.stoppedEarly)
        #expect(history.epochs.isEmpty)
    }

    @Test func predictingReportsProgressAndLetsCallbacksUseTheModel() throws {
        let model = try model()
        let x = try numbers([5000, 3], seed: 1)
        let expected = try model.predict(x).floats
        var output = [Float](repeating: 0, count: 5000)
        var done: [Int] = []
        try output.withUnsafeMutableBytes { bytes in
            let view = MutableTensorView(base: bytes.baseAddress!, shape: try Shape([5000, 1]))
            try x.withView {
                try model.predict(
                    [$0], into: [view], pool: { WorkerPool(workers: 2) }, allowNonFinite: false,
                    interruption: { nil },
                    didFinish: { rows in
                        done.append(rows)
                        #expect((try? model.weights().count) == 2)
                    })
            }
        }
        #expect(output == expected)
        #expect(done.last == 5000)
        #expect(done.count > 1)
    }

    @Test func aCancelledPredictionLeavesTheOutputUntouched() throws {
        let model = try model()
        var output = [Float](repeating: 7, count: 2)
        let error = #expect(throws: LeptonError.self) {
            try output.withUnsafeMutableBytes { bytes in
                let view = MutableTensorView(base: bytes.baseAddress!, shape: try Shape([2, 1]))
                try numbers([2, 3], seed: 1).withView {
                    try model.predict(
                        [$0], into: [view], pool: { WorkerPool(workers: 1) }, allowNonFinite: false,
                        interruption: { LeptonError(.cancelled, "stopped") }, didFinish: { _ in })
                }
            }
        }
        #expect(error?.code == .cancelled)
        #expect(output == [7, 7])
    }

    @Test func aSeedMayComeAfterBuildingButNotAfterTraining() throws {
        let early = try Model()
        try early.setSeed(5)
        try early.add(Dense(units: 2, inputShape: [3]))
        let late = try Model(config: early.config)
        try late.setSeed(5)
        #expect(try weightBits(early) == weightBits(late))
        try late.setWeights(late.weights())
        #expect(#expect(throws: LeptonError.self) { try late.setSeed(6) }?.code == .invalidState)
    }
}
