import LeptonFormats
import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

@Suite struct ModelFileTests {
    private func encoded(_ model: Model) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try ModelFile.encode(model.snapshot()) { bytes.append(contentsOf: $0) }
        return bytes
    }

    private func decoded(_ bytes: [UInt8]) throws -> Model {
        try bytes.withUnsafeBytes { try Model(restoring: ModelFile.decode($0)) }
    }

    private func train(_ model: Model, epochs: Int) throws {
        let x = try Tensor([[0.1, 0.9], [0.4, 0.2], [0.7, 0.5]] as [[Float]])
        let y = try Tensor([[1], [0], [1]])
        var options = TrainingOptions()
        options.epochs = epochs
        options.batchSize = 2
        _ = try x.withView { xView in
            try y.withView { yView in
                try model.fit(x: [xView], y: [yView], options: options, pool: { WorkerPool(workers: 1) })
            }
        }
    }

    private func sample(optimizer: Optimizer = .adam(amsgrad: true)) -> Model {
        let model = Sequential(name: "sample", seed: 4) {
            Dense(units: 3, activation: .relu, inputShape: [2])
            Dropout(rate: 0.2)
            Dense(units: 1, activation: .sigmoid, kernelInitializer: .heNormal(seed: 7))
        }
        model.compile(
            optimizer: optimizer, loss: .binaryCrossentropy(), metrics: [.accuracy, .binaryAccuracy(threshold: 0.4)])
        return model
    }

    private func bits(_ model: Model) throws -> [UInt32] {
        try model.weights().flatMap { $0.floats.map(\.bitPattern) }
    }

    @Test(arguments: [
        Optimizer.adam(amsgrad: true), .adam(), .sgd(), .sgd(learningRate: 0.1, momentum: 0.9, nesterov: true),
        .adamW(), .rmsprop(momentum: 0.5, centered: true), .rmsprop(centered: true), .adagrad(), .adadelta(),
        .adamax(), .nadam(), .lion(weightDecay: 0.1), .ftrl(learningRate: 0.1, l1: 0.01), .adafactor(), .lamb(),
        .muon(weightDecay: 0.1), .scheduleFreeAdamW(warmupSteps: 3),
        .nadam().clipping(norm: 0.1).following(.cosineDecay(initial: 0.01, decaySteps: 40)),
        .adam(weightDecay: 0.1).accumulatingGradients(steps: 7).excludingFromDecay(["bias"]),
        .sgd(momentum: 0.9).scalingLoss(growthSteps: 3),
    ])
    func trainingGoesOnToTheSameBits(_ optimizer: Optimizer) throws {
        let straight = sample(optimizer: optimizer)
        try train(straight, epochs: 5)
        let stopped = sample(optimizer: optimizer)
        try train(stopped, epochs: 2)
        let resumed = try decoded(encoded(stopped))
        try train(resumed, epochs: 3)
        #expect(try bits(resumed) == bits(straight))
    }

    /// A fit ends with the averages as weights, so that it is compared with one that was stopped at the same place.
    @Test func averagesGoOnToTheSameBits() throws {
        let optimizer = Optimizer.adam().averagingWeights(momentum: 0.8, overwritingEvery: 5)
            .accumulatingGradients(steps: 3)
        let straight = sample(optimizer: optimizer)
        try train(straight, epochs: 2)
        let resumed = try decoded(encoded(straight))
        try train(straight, epochs: 3)
        try train(resumed, epochs: 3)
        #expect(try bits(resumed) == bits(straight))
    }

    @Test func configAndSettingsSurvive() throws {
        let model = sample()
        let copy = try decoded(encoded(model))
        #expect(copy.config == model.config)
        #expect(try copy.snapshot().compileConfig == model.snapshot().compileConfig)
        #expect(try copy.weightInfos() == model.weightInfos())
    }

    @Test func uncompiledModelsStayUncompiled() throws {
        let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [2]) }
        let copy = try decoded(encoded(model))
        #expect(try bits(copy) == bits(model))
        #expect(throws: LeptonError.self) { try copy.learningRate() }
    }

    @Test func everyTruncationIsRefused() throws {
        let model = sample()
        try train(model, epochs: 1)
        let bytes = try encoded(model)
        for length in 0..<bytes.count {
            let error = #expect(throws: LeptonError.self) { try decoded(Array(bytes[..<length])) }
            #expect(error?.code == .corruptData)
        }
    }

    @Test func noChangeOfOneHeaderByteTraps() throws {
        let bytes = try encoded(sample())
        let header = 8 + Int(bytes[0]) + Int(bytes[1]) << 8
        for position in 0..<header {
            for value: UInt8 in [0, UInt8(ascii: "9"), UInt8(ascii: "}"), 0xFF] {
                var changed = bytes
                changed[position] = value
                // Some changes are harmless (a name, a digit of a rate); none may do worse than throw.
                do { _ = try decoded(changed) } catch let error as LeptonError { #expect(!error.message.isEmpty) }
            }
        }
    }

    private static func container(_ header: String, _ data: [UInt8] = []) -> [UInt8] {
        let text = Array(header.utf8)
        return (0..<8).map { UInt8(truncatingIfNeeded: text.count >> ($0 * 8)) } + text + data
    }

    @Test(arguments: [
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#,
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,9223372036854775807]}}"#,
        #"{"a":{"dtype":"F32"}}"#, #"{"a":3}"#, "[]", "3",
    ])
    func headersThatLieAreRefused(_ header: String) {
        let bytes = ModelFileTests.container(header, [0, 0, 128, 63])
        let error = #expect(throws: LeptonError.self) {
            try bytes.withUnsafeBytes { try Safetensors.Contents($0) }
        }
        #expect(error?.code == .corruptData)
    }

    @Test func otherNumberTypesAreNotSupported() {
        let bytes = ModelFileTests.container(
            #"{"a":{"dtype":"F16","shape":[2],"data_offsets":[0,4]}}"#, [0, 0, 0, 0])
        let error = #expect(throws: LeptonError.self) {
            try bytes.withUnsafeBytes { try Safetensors.Contents($0) }
        }
        #expect(error?.code == .notSupported)
    }

    @Test func headerLengthsBeyondTheFileAreRefused() {
        let bytes: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F, 0x7B, 0x7D]
        #expect(
            #expect(throws: LeptonError.self) { try bytes.withUnsafeBytes { try Safetensors.Contents($0) } }?.code
                == .corruptData)
    }

    @Test func kerassEndingsAreNotSupportedYet() throws {
        let error = #expect(throws: LeptonError.self) { try sample().save(to: "/tmp/model.keras") }
        #expect(error?.code == .notSupported)
        #expect(#expect(throws: LeptonError.self) { try Model.load(from: "/tmp/model.h5") }?.code == .notSupported)
    }
}
