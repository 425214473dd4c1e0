import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Axes whose length only data tells, and states that go from batch to batch.
@Suite struct LengthTests {
    private func model() throws -> Model {
        let model = try Model(name: "m")
        try model.setSeed(3)
        try model.add(InputLayer(shape: [-1, 3]))
        try model.add(Conv1D(filters: 4, kernelSize: 3, activation: .relu))
        try model.add(GlobalAveragePooling1D())
        try model.add(Dense(units: 2))
        return model
    }

    @Test func plansForManyLengthsShareTheWeights() throws {
        let model = try model()
        model.compile(optimizer: .sgd(learningRate: 0.1), loss: .meanSquaredError)
        // More lengths than plans are kept for.
        for length in [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 5, 6] {
            let x = try numbers([6, length, 3], seed: UInt64(length))
            let y = try numbers([6, 2], seed: 2)
            let before = try evaluate(model, x, y)["loss"][0]
            _ = try fit(model, x, y) { $0.epochs = 2 }
            #expect(try evaluate(model, x, y)["loss"][0] < before)
            #expect(try model.predict(x).shape.extents == [6, 2])
        }
    }

    @Test func aModelReadFromItsConfigTakesAnyLength() throws {
        let model = try model()
        let again = try Model(config: model.config)
        #expect(again.config == model.config)
        try again.setWeights(model.weights())
        for length in [4, 9] {
            let x = try numbers([3, length, 3], seed: 1)
            #expect(try again.predict(x).floats == model.predict(x).floats)
        }
    }

    @Test func aChainIsBuiltWithALengthThatIsNotKnown() throws {
        let model = try Model()
        try model.add(GlobalAveragePooling1D())
        try model.build(inputShape: [-1, 3])
        #expect(try model.outputShapes() == [[-1, 3]])
        #expect(try model.predict(numbers([2, 5, 3], seed: 1)).shape.extents == [2, 3])
        let again = try Model(config: model.config)
        #expect(try again.predict(numbers([2, 4, 3], seed: 1)).shape.extents == [2, 3])
    }

    @Test func refusesWeightsThatDependOnALength() throws {
        for layer: any Layer in [Dense(units: 2), BatchNormalization()] {
            let model = try Model()
            try model.add(InputLayer(shape: [4, -1]))
            #expect(throws: LeptonError.self) { try model.add(layer) }
        }
    }

    @Test func extentsThatNoLengthFitsBesideAreRefused() throws {
        for shape in [[-1, 1 << 59], [-1, -1, -1, -1, 1 << 40]] {
            let model = try Model()
            #expect(throws: LeptonError.self, "\(shape)") {
                try model.add(InputLayer(shape: shape))
                try model.add(Flatten())
            }
        }
        let model = try Model()
        try model.add(InputLayer(shape: [-1, -1, -1, -1, 3]))
        try model.add(Dense(units: 2))
        #expect(try model.outputShapes() == [[-1, -1, -1, -1, -1, 2]])
    }

    @Test func shapesThatDoNotFitLeaveTheModelAsItWas() throws {
        let model = try model()
        let x = try numbers([2, 5, 3], seed: 4)
        let expected = try model.predict(x).floats
        for shape in [[2, 5, 4], [2, 2, 3], [2, 0, 3], [2]] {
            #expect(throws: LeptonError.self, "\(shape)") { try model.predict(numbers(shape, seed: 1)) }
        }
        #expect(try model.predict(x).floats == expected)
    }

    @Test func statesGoOnUntilTheyAreReset() throws {
        let model = try Model()
        try model.add(InputLayer(shape: [-1, 3], batchSize: 2))
        try model.add(
            LayerRegistry.make(className: "GRU", config: ["units": 4, "stateful": true, "name": "memory"]))
        let (first, second) = (try numbers([2, 4, 3], seed: 1), try numbers([2, 6, 3], seed: 2))
        let start = try model.predict(first).floats
        let after = try model.predict(second).floats
        try model.resetStates()
        #expect(try model.predict(first).floats == start)
        #expect(try model.predict(second).floats == after)
        // Several batches in one call.
        try model.resetStates()
        let twice = try Tensor(floats: Shape([4, 4, 3])) { output in
            for index in 0..<24 { (output[index], output[24 + index]) = (first.floats[index], first.floats[index]) }
        }
        let both = try model.predict(twice).floats
        try model.resetStates()
        #expect(try both == model.predict(first).floats + model.predict(first).floats)
        try model.resetStates(layer: "memory")
        #expect(try model.predict(second).floats != after)
        #expect(throws: LeptonError.self) { try model.resetStates(layer: "other") }
        #expect(throws: LeptonError.self) { try model.predict(numbers([3, 4, 3], seed: 1)) }
    }
}
