import Lepton
import LeptonTensor
import Testing

/// Functional models declared in Swift.
@Suite struct FunctionalModelTests {
    private func numbers(_ rows: Int, _ columns: Int, _ seed: Int) throws -> Tensor {
        try Tensor((0..<rows).map { row in (0..<columns).map { Float((row * 7 + $0 * 5 + seed) % 11) / 11 } })
    }

    @Test func severalInputsAndNamedOutputsTrain() async throws {
        let left = Input(shape: [4], name: "left"), right = Input(shape: [3])
        let hidden = Dense(units: 8, activation: .tanh)(Concatenate()([left, right]))
        let model = try Model(
            inputs: [left, right], outputs: ["size": Dense(units: 1)(hidden), "kind": Dense(units: 2)(hidden)], seed: 3)
        try model.compile(
            optimizer: .adam(learningRate: 0.01), losses: ["size": .meanSquaredError, "kind": .meanSquaredError],
            lossWeights: ["kind": 0.5], metrics: ["size": [.meanAbsoluteError]])
        let client = try LeptonClient(nodes: 2)
        let inputs = [try numbers(40, 4, 1), try numbers(40, 3, 2)]
        // Outputs are in the order of their names: kind, size.
        let targets = [try numbers(40, 2, 3), try numbers(40, 1, 4)]
        let history = try await client.fit(model, inputs: inputs, targets: targets, epochs: 20)
        #expect(history.names == ["kind_loss", "loss", "size_loss", "size_mean_absolute_error"])
        #expect(history["loss"][19] < history["loss"][0])
        let total = zip(history["kind_loss"], history["size_loss"]).map { 0.5 * $0 + $1 }
        for (sum, loss) in zip(total, history["loss"]) { #expect(abs(sum - loss) < 1e-5) }
        let predictions = try await client.predict(model, inputs: inputs)
        #expect(predictions.map(\.shape.extents) == [[40, 2], [40, 1]])
        #expect(try model.predict(inputs: inputs).map(\.floats) == predictions.map(\.floats))
        let measured = try await client.evaluate(model, inputs: inputs, targets: targets)
        #expect(measured.keys.sorted() == history.names.sorted())
    }

    @Test func aSharedLayerHasItsWeightsOnce() throws {
        let left = Input(shape: [4]), right = Input(shape: [4])
        let encoder = SharedLayer(Dense(units: 5, name: "encoder"))
        let model = try Model(inputs: [left, right], outputs: [Subtract()([encoder(left), encoder(right)])])
        #expect(try model.weights().map(\.shape.extents) == [[4, 5], [5]])
        let x = try numbers(6, 4, 1)
        #expect(try model.predict(inputs: [x, x])[0].floats.allSatisfy { $0 == 0 })
        // Apart, they would not cancel.
        let apart = try Model(
            inputs: [left, right], outputs: [Subtract()([Dense(units: 5)(left), Dense(units: 5)(right)])], seed: 1)
        #expect(try apart.predict(inputs: [x, x])[0].floats.contains { abs($0) > 1e-3 })
    }

    @Test func layersOfSeveralOutputsAndKeywords() throws {
        let sequence = Input(shape: [6, 3])
        let states = SharedLayer(LSTM(units: 4, returnState: true)).outputs(3, of: sequence)
        let attended = SharedLayer(MultiHeadAttention(numHeads: 2, keyDim: 3))(
            sequence, sequence, arguments: ["use_causal_mask": true])
        let model = try Model(
            inputs: [sequence], outputs: [states[0], states[2], GlobalAveragePooling1D()(attended)], seed: 2)
        let results = try model.predict(inputs: [
            try Tensor([[[Float]]](repeating: .init(repeating: [1, 2, 3], count: 6), count: 2))
        ])
        #expect(results.map(\.shape.extents) == [[2, 4], [2, 4], [2, 3]])
        // The config is Keras's, so the model can be made again from it.
        let again = try Model(config: model.config)
        try again.setWeights(model.weights())
        #expect(again.config == model.config)
    }

    @Test func mistakesAreRefusedWhenTheModelIsMade() throws {
        let x = Input(shape: [4]), other = Input(shape: [4])
        #expect(throws: LeptonError.self) { try Model(inputs: [x], outputs: [Add()([x, other])]) }
        #expect(throws: LeptonError.self) { try Model(inputs: [x, x], outputs: [Dense(units: 1)(x)]) }
        #expect(throws: LeptonError.self) { try Model(inputs: [], outputs: [Dense(units: 1)(x)]) }
        #expect(throws: LeptonError.self) { try Model(inputs: [x], outputs: [SymbolicTensor]()) }
        #expect(throws: LeptonError.self) { try Model(inputs: [Dense(units: 1)(x)], outputs: [Dense(units: 1)(x)]) }
        #expect(throws: LeptonError.self) {
            try Model(inputs: [x], outputs: [Add()([Dense(units: 2)(x), Dense(units: 3)(x)])])
        }
        #expect(throws: LeptonError.self) {
            try Model(inputs: [x], outputs: [Dense(units: 2, name: "a")(Dense(units: 2, name: "a")(x))])
        }
        #expect(throws: LeptonError.self) { try Model(inputs: [x], outputs: [Add()([SymbolicTensor]())]) }
        #expect(throws: LeptonError.self) {
            try Model(inputs: [x], outputs: SharedLayer(Dense(units: 1)).outputs(2, of: x))
        }
    }
}
