import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

@Suite struct PreprocessingTests {
    private func model(_ layers: [any Layer]) throws -> Model {
        let model = try Model()
        try model.setSeed(4)
        for layer in layers { try model.add(layer) }
        return model
    }

    @Test func gradientsThroughNormalization() throws {
        let x = try numbers([6, 4], seed: 1), y = try numbers([6, 2], seed: 2)
        try expectGradients(
            {
                [
                    try Normalization(mean: [0.1, 0.2, 0, -0.5], variance: [1, 2, 3, 0.5]),
                    Dense(units: 3, activation: .tanh),
                    try Normalization(mean: [0.5], variance: [0.3], invert: true), Rescaling(scale: 0.5, offset: 1),
                    try Normalization(mean: [0, 0.1, 0.2], variance: [0.2, 0.3, 0.4]), Dense(units: 2),
                ]
            }, x, y)
    }

    private func expectGradients(_ layers: () throws -> [any Layer], _ x: Tensor, _ y: Tensor) throws {
        let model = try model([InputLayer(shape: [4])] + layers())
        model.compile(optimizer: .sgd(learningRate: 1), loss: .meanSquaredError)
        let before = try model.weights()
        _ = try fit(model, x, y) { $0.batchSize = 6 }
        let after = try model.weights()
        for index in before.indices {
            for element in before[index].floats.indices {
                func loss(_ change: Float) throws -> Double {
                    var changed = before
                    changed[index] = try Tensor(floats: before[index].shape) { output in
                        for (i, value) in before[index].floats.enumerated() {
                            output[i] = value + (i == element ? change : 0)
                        }
                    }
                    try model.setWeights(changed)
                    return try evaluate(model, x, y)["loss"][0]
                }
                let numeric = (try loss(1e-2) - loss(-1e-2)) / 2e-2
                let gradient = Double(before[index].floats[element] - after[index].floats[element])
                #expect(abs(numeric - gradient) < 1e-3 * max(1, abs(gradient)))
            }
        }
    }

    @Test func textToIndices() throws {
        let texts = try Tensor(["The cat, the DOG!", "a bird", ""])
        let layer = try TextVectorization(outputSequenceLength: 4).adapted(to: texts)
        let model = try model([InputLayer(shape: [], dtype: "string"), layer])
        // Most frequent first, then from high to low.
        #expect(try model.predict(texts).floats == [2, 4, 2, 3, 6, 5, 0, 0, 0, 0, 0, 0])
        let restored = try Model(restoring: model.snapshot())
        #expect(try restored.predict(texts).floats == [2, 4, 2, 3, 6, 5, 0, 0, 0, 0, 0, 0])
    }

    @Test func oneInputForLayersAndForTheModel() throws {
        let call = #"{"class_name": "__keras_tensor__", "config": {"keras_history": ["id", 0, 0]}}"#
        let config = """
            {"class_name": "Functional", "config": {"name": "m", "layers": [
            {"class_name": "InputLayer", "name": "id", "config":
             {"name": "id", "batch_shape": [null, 1], "dtype": "int64"}, "inbound_nodes": []},
            {"class_name": "IntegerLookup", "name": "look", "config": {"name": "look", "vocabulary": [16777217, 5]},
             "inbound_nodes": [{"args": [\(call)], "kwargs": {}}]},
            {"class_name": "Rescaling", "name": "scaled", "config": {"name": "scaled", "scale": 2},
             "inbound_nodes": [{"args": [\(call)], "kwargs": {}}]}],
            "input_layers": [["id", 0, 0]], "output_layers": [["look", 0, 0], ["scaled", 0, 0]]}}
            """
        let model = try Model(config: JSONValue(parsing: config))
        let outputs = try model.predict(inputs: [try Tensor([[16_777_217], [16_777_216], [5]])])
        #expect(outputs[0].floats == [1, 0, 2])
        #expect(outputs[1].floats == [33_554_432, 33_554_432, 10])
    }

    @Test func lookupsOfComputedNumbers() throws {
        let model = try model([
            InputLayer(shape: [3]), Rescaling(scale: 10), try IntegerLookup(vocabulary: [10, 20], numOOVIndices: 3),
        ])
        #expect(try model.predict([[1, 2, 3], [-1, 0, 5] as [Float]]).floats == [3, 4, 0, 2, 0, 2])
    }

    @Test func textAloneIsNoOutput() throws {
        let model = try model([InputLayer(shape: [], dtype: "string")])
        #expect(throws: LeptonError.self) { try model.predict(Tensor(["a"])) }
        #expect(throws: LeptonError.self) { try model.add(Dense(units: 1)) }
    }
}
