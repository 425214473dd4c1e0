import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

@Suite struct RecurrentTests {
    private static func item(
        _ description: String, input: [Int] = [4, 3], target: [Int] = [2],
        _ layers: @escaping @Sendable () -> [any Layer]
    ) -> GradientTests.Case {
        GradientTests.Case(
            testDescription: description, layers: layers, loss: .meanSquaredError, input: input,
            target: { try numbers([$0] + target, seed: 8) })
    }

    private static func made(_ className: String, _ config: JSONObject) throws -> any Layer {
        try LayerRegistry.make(className: className, config: config)
    }

    static let cases: [GradientTests.Case] = [
        item("long short-term memories on each other") {
            [
                Dense(units: 3, activation: .tanh, inputShape: [4, 3]), LSTM(units: 5, returnSequences: true),
                LSTM(units: 2, goBackwards: true),
            ]
        },
        item("gated recurrent units on each other", target: [4, 2]) {
            [
                Dense(units: 3, activation: .tanh, inputShape: [4, 3]),
                GRU(units: 5, returnSequences: true, goBackwards: true), GRU(units: 2, returnSequences: true),
            ]
        },
        item("simple cells, other activations") {
            [
                SimpleRNN(units: 4, activation: .sigmoid, returnSequences: true, inputShape: [4, 3]),
                LSTM(units: 3, activation: .sigmoid, recurrentActivation: .tanh, useBias: false, returnSequences: true),
                SimpleRNN(units: 2, useBias: false),
            ]
        },
    ]

    @Test(arguments: cases)
    func agreesWithFiniteDifferences(_ item: GradientTests.Case) throws {
        try GradientTests().agreesWithFiniteDifferences(item)
    }

    @Test func theResetGateBeforeTheProductAgreesWithFiniteDifferences() throws {
        let cell = try Self.made("GRU", ["units": 3, "reset_after": false, "return_sequences": true])
        let stack = try Self.made(
            "RNN",
            [
                "go_backwards": true,
                "cell": [
                    "class_name": "StackedRNNCells",
                    "config": [
                        "cells": [
                            ["class_name": "GRUCell", "config": ["units": 4]],
                            ["class_name": "SimpleRNNCell", "config": ["units": 2]],
                        ]
                    ],
                ],
            ])
        try GradientTests().agreesWithFiniteDifferences(
            Self.item("reset before") { [Dense(units: 3, activation: .tanh, inputShape: [4, 3]), cell, stack] })
    }

    @Test func trainsToTheSameBitsOnAnyNumberOfNodes() throws {
        let (x, y) = (try numbers([128, 12, 20], seed: 1), try numbers([128, 3], seed: 2))
        var bits: [[UInt32]] = []
        for workers in [1, 2, 5] {
            let model = try Model()
            try model.setSeed(3)
            let dropped = try Self.made(
                "GRU",
                ["units": 24, "dropout": 0.2, "recurrent_dropout": 0.3, "return_sequences": true])
            for layer: any Layer in [
                LSTM(units: 32, returnSequences: true, dropout: 0.25, inputShape: [12, 20]), dropped,
                SimpleRNN(units: 16, recurrentDropout: 0.1), Dense(units: 3),
            ] { try model.add(layer) }
            model.compile(optimizer: .adam(), loss: .meanSquaredError)
            _ = try fit(model, x, y, workers: workers) {
                $0.batchSize = 64
                $0.epochs = 2
            }
            bits.append(try weightBits(model))
        }
        #expect(bits[0] == bits[1] && bits[0] == bits[2])
    }

    @Test func refusesWhatItCannotDo() throws {
        func message(_ body: () throws -> Void) -> String {
            do { try body() } catch { return "\(error)" }
            return ""
        }
        for (config, word): (JSONObject, String) in [
            (["units": 0], "units"), (["units": 3, "activation": "tahn"], "tanh"),
            (["units": 3, "activation": "glu"], "glu"),
            (["units": 3, "return_sequence": true], "return_sequences"), (["units": 3, "seed": "x"], "seed"),
            (["units": 3, "use_cudnn": true], "use_cudnn"),
        ] {
            #expect(message { _ = try Self.made("LSTM", config) }.contains(word), "\(word)")
        }
        #expect(
            message {
                let model = try Model()
                try model.add(InputLayer(shape: [3, 2]))
                try model.add(try Self.made("LSTM", ["units": 3, "stateful": true]))
            }.contains("static"))
        #expect(
            message { _ = try Self.made("RNN", ["cell": ["class_name": "Dense", "config": ["units": 2]]]) }.contains(
                "LSTMCell"))
        #expect(
            message {
                let model = try Model()
                try model.add(Dense(units: 2, inputShape: [3]))
                try model.add(LSTM(units: 2))
            }.contains("3 axes"))
        #expect(
            message {
                let model = try Model()
                try model.add(LSTM(units: 2, returnState: true, inputShape: [3, 2]))
            }.contains("one output"))
        #expect(
            message {
                let model = try Model()
                try model.add(Dense(units: 2, inputShape: [3]))
                try model.add(try Self.made("LSTMCell", ["units": 2]))
            }.contains("RNN"))
    }

    @Test func readsTheConfigsThatItWrites() throws {
        for (name, config): (String, JSONObject) in [
            ("LSTM", ["units": 3, "unit_forget_bias": false, "dropout": 0.5, "seed": 4, "return_sequences": true]),
            ("GRU", ["units": 3, "reset_after": false, "recurrent_dropout": 1.5]),
            ("SimpleRNN", ["units": 3, "activation": .null, "go_backwards": true]),
            (
                "RNN",
                ["cell": ["class_name": "GRUCell", "config": ["units": 2, "name": "inner"]], "return_state": true]
            ),
        ] {
            let written = LayerRegistry.config(of: try Self.made(name, config))
            let again = try Self.made(name, written.objectValue?["config"]?.objectValue ?? JSONObject())
            #expect(LayerRegistry.config(of: again) == written)
        }
    }
}
