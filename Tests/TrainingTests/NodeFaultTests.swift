import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Nodes that fail: whatever happens to them, a fit comes to the same bits as one that nothing happened to.
@Suite struct NodeFaultTests {
    /// A model of each kind that a fault treats differently, with data for it.
    enum Case: String, CaseIterable {
        case dense, dropout, batchNormalization, lstm

        var model: Model {
            switch self {
            case .dense:
                return Sequential(seed: 3) {
                    Dense(units: 256, activation: .relu, inputShape: [64])
                    Dense(units: 3, activation: .softmax)
                }
            case .dropout:
                return Sequential(seed: 4) {
                    Dense(units: 256, activation: .relu, inputShape: [64])
                    Dropout(rate: 0.4)
                    Dense(units: 3, activation: .softmax)
                }
            case .batchNormalization:
                return Sequential(seed: 5) {
                    Dense(units: 256, activation: .relu, inputShape: [64])
                    BatchNormalization()
                    Dense(units: 64, activation: .tanh)
                    BatchNormalization()
                    Dense(units: 3, activation: .softmax)
                }
            case .lstm:
                return Sequential(seed: 6) {
                    LSTM(units: 24, inputShape: [8, 8])
                    Dense(units: 3, activation: .softmax)
                }
            }
        }

        var phases: Int { self == .batchNormalization ? 4 : 1 }
    }

    struct Outcome: Equatable {
        var bits: [UInt32]
        var losses: [Double]
    }

    /// Two epochs of three steps, the last of each smaller.
    private func train(_ kind: Case, workers: Int, _ nodes: NodeOptions = NodeOptions()) throws -> Outcome {
        let model = kind.model
        model.compile(optimizer: .adam(), loss: .categoricalCrossentropy(), metrics: [.accuracy])
        let history = try fit(
            model, numbers(kind == .lstm ? [600, 8, 8] : [600, 64], seed: 1),
            labels(rows: 600, classes: 3, oneHot: true, seed: 2), workers: workers
        ) {
            $0.epochs = 2
            $0.batchSize = 256
            $0.nodes = nodes
        }
        return Outcome(bits: try weightBits(model), losses: history["loss"] + history["accuracy"])
    }

    private func options(_ faults: [FaultPlan.Fault]) -> NodeOptions {
        var options = NodeOptions()
        options.faults = FaultPlan(faults)
        options.clock = .virtual()
        return options
    }

    /// A fault that never comes: the resilient way without any.
    private static let never = FaultPlan.Fault.kill(node: 0, step: 1_000_000)

    @Test(arguments: Case.allCases, [1, 2, 3])
    func nodesWithoutFaultsComeToTheSameBits(_ kind: Case, _ workers: Int) throws {
        let options = options([Self.never])
        #expect(try train(kind, workers: workers, options) == train(kind, workers: 2))
        #expect(options.report.started == workers)
        #expect(options.report.redone == 0)
        #expect(options.report.local == 0)
    }

    @Test(arguments: Case.allCases)
    func aKilledNodesShardsAreDoneByAnother(_ kind: Case) throws {
        let reference = try train(kind, workers: 2)
        for phase in 0..<kind.phases {
            let options = options([.kill(node: 1, step: 1, phase: phase), .kill(node: 0, step: 4, phase: phase)])
            #expect(try train(kind, workers: 2, options) == reference)
            let report = options.report
            #expect(report.died == 2)
            #expect(report.replaced == 2)
            #expect(report.redone >= 2)
            #expect(report.lastFailure?.hasPrefix("node 0") == true)
        }
    }

    @Test(arguments: Case.allCases)
    func aStalledNodeIsGivenUp(_ kind: Case) throws {
        let reference = try train(kind, workers: 2)
        for phase in 0..<kind.phases {
            let options = options([.stall(node: 0, step: 2, phase: phase)])
            #expect(try train(kind, workers: 2, options) == reference)
            #expect(options.report.late == 1)
            #expect(options.report.redone >= 1)
        }
    }

    @Test func nodesThatAllStallAreReplaced() throws {
        let options = options([
            .stall(node: 0, step: 1), .stall(node: 1, step: 1), .slow(node: 2, step: 1, seconds: 1e6),
        ])
        #expect(try train(.dense, workers: 3, options) == train(.dense, workers: 1))
        #expect(options.report.late == 3)
        #expect(options.report.local >= 1)
    }

    @Test(arguments: Case.allCases)
    func aStragglersShardIsGivenToAnother(_ kind: Case) throws {
        let reference = try train(kind, workers: 2)
        for phase in 0..<kind.phases {
            // Longer than what is late, shorter than what is given up.
            let late = options([.slow(node: 1, step: 2, phase: phase, seconds: 2), .slow(node: 0, step: 3, seconds: 2)])
            #expect(try train(kind, workers: 2, late) == reference)
            #expect(late.report.late >= 1)
            #expect(late.report.died == 0)
            let patient = options([.slow(node: 1, step: 2, phase: phase, seconds: 0.1)])
            #expect(try train(kind, workers: 2, patient) == reference)
            #expect(patient.report.late == 0)
            #expect(patient.report.redone == 0)
        }
    }

    @Test(arguments: Case.allCases, FaultPlan.Fault.Message.allCases)
    func aDamagedMessageIsFound(_ kind: Case, _ message: FaultPlan.Fault.Message) throws {
        let reference = try train(kind, workers: 2)
        for phase in 0..<kind.phases {
            let options = options([.corrupt(message, node: 1, step: 0, phase: phase)])
            #expect(try train(kind, workers: 2, options) == reference)
            #expect(options.report.corrupt + options.report.died == 1)
            #expect(options.report.redone >= 1)
            // Damaged results leave the line in order.
            #expect(options.report.replaced == (message == .results ? 0 : 1))
        }
    }

    @Test func whenNoNodeIsLeftTheCallingThreadGoesOn() throws {
        for kind in Case.allCases {
            var options = options((0..<3).map { .kill(node: $0, step: 1, phase: $0 % kind.phases) })
            options.maximumReplacements = 0
            #expect(try train(kind, workers: 3, options) == train(kind, workers: 1))
            #expect(options.report.died == 3)
            #expect(options.report.replaced == 0)
            #expect(options.report.local > 0)
        }
    }

    @Test(arguments: UInt64(0)..<12)
    func anyMixOfFaultsComesToTheSameBits(_ seed: UInt64) throws {
        var random = RandomStream(seed: seed, purpose: .shuffle, index: 7)
        let kind = Case.allCases[Int(seed) % Case.allCases.count]
        let faults = (0..<10).map { _ in
            let kinds: [FaultPlan.Fault.Kind] = [
                .kill, .stall, .slow(seconds: Double(1 + random.below(40)) / 4), .corrupt(.request),
                .corrupt(.answer), .corrupt(.results),
            ]
            return FaultPlan.Fault(
                kinds[Int(random.below(UInt64(kinds.count)))], node: Int(random.below(3)), step: Int(random.below(6)),
                phase: Int(random.below(UInt64(kind.phases))))
        }
        #expect(try train(kind, workers: 3, options(faults)) == train(kind, workers: 1))
    }

    @Test func statefulLayersAreRefused() throws {
        let model = try Model(
            config: JSONValue(
                parsing: """
                    {"class_name": "Sequential", "config": {"name": "s", "layers": [
                    {"class_name": "InputLayer", "config": {"batch_shape": [4, 3, 2], "name": "i"}},
                    {"class_name": "LSTM", "config": {"units": 2, "stateful": true}}]}}
                    """))
        model.compile(optimizer: .sgd(), loss: .meanSquaredError)
        let error = #expect(throws: LeptonError.self) {
            try fit(model, numbers([8, 3, 2], seed: 1), numbers([8, 2], seed: 2)) {
                $0.batchSize = 4
                $0.nodes = options([Self.never])
            }
        }
        #expect(error?.code == .notSupported)
        #expect(error?.message.contains("stateful=False") == true)
    }

    @Test(arguments: [
        ("{}", "faults"), ("[1]", "faults[0]"), (#"[{"node": 0, "step": 1}]"#, "kind"),
        (#"[{"kind": "kil", "node": 0, "step": 1}]"#, "did you mean 'kill'"),
        (#"[{"kind": "kill", "step": 1}]"#, "node"), (#"[{"kind": "kill", "node": -1, "step": 1}]"#, "node"),
        (#"[{"kind": "slow", "node": 0, "step": 1}]"#, "seconds"),
        (#"[{"kind": "corrupt", "node": 0, "step": 1, "message": "all"}]"#, "message"),
        (#"[{"kind": "kill", "node": 0, "step": 1, "when": 2}]"#, "field"),
    ])
    func badPlansAreRefused(_ text: String, _ part: String) throws {
        let json = try JSONValue(parsing: text)
        let error = #expect(throws: LeptonError.self) { try FaultPlan(json: json) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains(part) == true)
    }

    @Test func plansAreReadFromJSON() throws {
        let options = try NodeOptions(
            json: JSONValue(
                parsing: """
                    {"kind": "processes", "command": "/bin/lepton", "maximum_replacements": 3, "clock": "virtual",
                    "faults": [{"kind": "kill", "node": 1, "step": 7}, {"kind": "stall", "node": 0, "step": 2, "phase": 1},
                    {"kind": "slow", "node": 0, "step": 9, "seconds": 30},
                    {"kind": "corrupt", "node": 2, "step": 0, "message": "results"}]}
                    """))
        #expect(options.kind == .processes)
        #expect(options.command == "/bin/lepton")
        #expect(options.maximumReplacements == 3)
        #expect(
            options.faults.faults == [
                .kill(node: 1, step: 7), .stall(node: 0, step: 2, phase: 1), .slow(node: 0, step: 9, seconds: 30),
                .corrupt(.results, node: 2, step: 0),
            ])
    }
}
