import LeptonFormats
import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Files that are well-formed and yet ask for what must not be done.
@Suite struct HostileModelFileTests {
    private func container(
        _ tensors: [(name: String, shape: [Int])], _ metadata: [(String, String)]
    ) throws -> [UInt8] {
        let entries = try tensors.map { (name: $0.name, shape: try Shape($0.shape)) }
        let data = entries.reduce(0) { $0 + $1.shape.count * 4 }
        return try Safetensors.prefix(entries, metadata: metadata) + [UInt8](repeating: 0, count: data)
    }

    private func metadata(config: String, iterations: String = "0", epochs: String = "0") -> [(String, String)] {
        [
            ("format", "lepton"), ("lepton.version", "1"), ("lepton.config", config),
            ("lepton.compile_config", #"{"optimizer": "adam", "loss": "mse"}"#), ("lepton.seed", "1"),
            ("lepton.epochs", epochs), ("lepton.iterations", iterations),
        ]
    }

    private func load(_ bytes: [UInt8]) throws -> Model {
        try bytes.withUnsafeBytes { try Model(restoring: ModelFile.decode($0)) }
    }

    private static func dense(units: Int, inputs: Int, initializer: String = "Zeros") -> String {
        """
        {"class_name": "Sequential", "config": {"name": "m", "layers": [{"class_name": "Dense", "config": \
        {"name": "d", "units": \(units), "kernel_initializer": "\(initializer)", "batch_shape": [null, \(inputs)]}}]}}
        """
    }

    private let parts = ["", "optimizer/momentum/", "optimizer/velocity/"].flatMap {
        [(name: $0 + "d/kernel", shape: [1, 1]), (name: $0 + "d/bias", shape: [1])]
    }

    @Test(arguments: [
        ("18446744073709551615", "0"), ("0", "18446744073709551615"), ("9223372036854775808", "0"),
    ])
    func countersAtTheirEndAreRefused(_ iterations: String, _ epochs: String) throws {
        let bytes = try container(
            parts,
            metadata(config: HostileModelFileTests.dense(units: 1, inputs: 1), iterations: iterations, epochs: epochs))
        #expect(#expect(throws: LeptonError.self) { try load(bytes) }?.code == .corruptData)
    }

    @Test func aLargeCounterDoesNotTrapInTraining() throws {
        let bytes = try container(
            parts,
            metadata(config: HostileModelFileTests.dense(units: 1, inputs: 1), iterations: "9223372036854775807"))
        let model = try load(bytes)
        let x = try Tensor([[1], [2]])
        let history = try x.withView { view in
            try model.fit(
                x: [view], y: [view], options: TrainingOptions(), pool: { WorkerPool(workers: 1) })
        }
        #expect(history.epochs == [0])
    }

    @Test func weightsThatTheFileDoesNotHaveAreNotAllocated() throws {
        // 4 TiB of weights in a file of some hundred bytes; an orthogonal start would take years besides.
        for initializer in ["Zeros", "Orthogonal"] {
            let config = HostileModelFileTests.dense(units: 1 << 20, inputs: 1 << 20, initializer: initializer)
            let error = #expect(throws: LeptonError.self) { try load(container(parts, metadata(config: config))) }
            #expect(error?.code == .corruptData)
        }
    }

    @Test func loadingDrawsNoWeights() throws {
        // An identity is no start for a bias, which drawing it would find out.
        let config = HostileModelFileTests.dense(units: 1, inputs: 1)
            .replacing(#""units""#, with: #""bias_initializer": "Identity", "units""#)
        #expect(try load(container(parts, metadata(config: config))).weights().count == 2)
    }

    @Test func metricsThatAreNoListAreRefused() throws {
        var fields = metadata(config: HostileModelFileTests.dense(units: 1, inputs: 1))
        fields[3].1 = #"{"optimizer": "adam", "loss": "mse", "metrics": "accuracy"}"#
        let error = #expect(throws: LeptonError.self) { try load(container(parts, fields)) }
        #expect(error?.argument == "metrics")
    }

    @Test(arguments: ["a/b", "", String(repeating: "n", count: 201)])
    func namesThatAFileCannotHoldAreRefusedAtOnce(_ name: String) throws {
        let model = try Model()
        let error = #expect(throws: LeptonError.self) { try model.add(Dense(units: 1, inputShape: [1], name: name)) }
        #expect(error?.argument == "name")
    }

    @Test func anInputWithoutAShapeIsRefused() throws {
        let config = try JSONValue(
            parsing: #"""
                {"class_name": "Sequential", "config": {"layers": [{"class_name": "InputLayer", "config": {}}]}}
                """#)
        let error = #expect(throws: LeptonError.self) { try Model(config: config) }
        #expect(error?.argument == "InputLayer.batch_shape")
    }

    @Test func longConfigsAreReadInLinearTime() throws {
        let layer = #"{"class_name": "Activation", "config": {"activation": "relu"}}"#
        func config(_ count: Int) throws -> JSONValue {
            try JSONValue(
                parsing: #"{"class_name": "Sequential", "config": {"layers": ["#
                    + #"{"class_name": "InputLayer", "config": {"batch_shape": [null, 1]}}, "#
                    + Array(repeating: layer, count: count).joined(separator: ",") + "]}}")
        }
        let long = try config(4000)
        let taken = try ContinuousClock().measure { _ = try ModelGraph(config: long) }
        #expect(taken < .seconds(2))
    }
}
