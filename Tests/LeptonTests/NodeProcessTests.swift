import Lepton
import Testing

/// Nodes that are worker processes: the same bits, whatever becomes of them.
@Suite struct NodeProcessTests {
    private let x: [[Float]] = (0..<600).map { row in (0..<64).map { NodeProcessTests.number(row, $0) } }
    private let y: [[Float]] = (0..<600).map { [Float($0 % 7)] }

    private static func number(_ row: Int, _ column: Int) -> Float {
        let step = (row * 31 + column * 17) % 97
        return Float(step) / 97 - 0.5
    }

    private func model(_ kind: String) -> Model {
        let model: Model
        switch kind {
        case "phases":
            model = Sequential(seed: 2) {
                Dense(units: 256, activation: .relu, inputShape: [64])
                BatchNormalization()
                Dense(units: 1)
            }
        default:
            model = Sequential(seed: 2) {
                Dense(units: 256, activation: .relu, inputShape: [64])
                Dropout(rate: 0.2)
                Dense(units: 1)
            }
        }
        model.compile(optimizer: .adam(), loss: .meanSquaredError)
        return model
    }

    private func train(_ kind: String, _ nodes: NodeOptions) async throws -> (weights: [[Float]], report: NodeReport) {
        let client = try LeptonClient(nodes: 2)
        client.setNodes(nodes)
        let model = model(kind)
        _ = try await client.fit(model, x, y, batchSize: 256, epochs: 2)
        return (try model.weights().map(\.floats), client.nodeReport())
    }

    @Test(arguments: ["dense", "phases"])
    func workersComeToTheSameBits(_ kind: String) async throws {
        let reference = try await train(kind, NodeOptions())
        let (weights, report) = try await train(kind, NodeOptions(kind: .processes))
        #expect(weights == reference.weights)
        #expect(report.started == 2)
        #expect(report.died + report.redone + report.local == 0)
    }

    @Test(arguments: [
        FaultPlan.Fault.kill(node: 1, step: 2), .stall(node: 0, step: 1), .slow(node: 1, step: 1, seconds: 2),
        .corrupt(.request, node: 0, step: 3), .corrupt(.answer, node: 0, step: 3), .corrupt(.results, node: 0, step: 3),
        .kill(node: 1, step: 2, phase: 1),
    ])
    func faultsDoNotChangeTheWeights(_ fault: FaultPlan.Fault) async throws {
        let reference = try await train("phases", NodeOptions())
        var nodes = NodeOptions(kind: .processes)
        nodes.faults = FaultPlan([fault])
        nodes.clock = .virtual()
        let (weights, report) = try await train("phases", nodes)
        #expect(weights == reference.weights)
        #expect(report.redone >= 1)
        #expect(report.died + report.late + report.corrupt >= 1)
    }

    @Test(arguments: [("/no/such/lepton", LeptonError.Code.notFound), ("/bin/true", .io), ("/bin/cat", .io)])
    func aCommandThatIsNoneIsAnErrorBeforeTheFirstStep(_ command: String, _ code: LeptonError.Code) async throws {
        let client = try LeptonClient(nodes: 2)
        client.setNodes(NodeOptions(kind: .processes, command: command))
        let model = model("dense")
        let before = try model.weights().map(\.floats)
        let error = await #expect(throws: LeptonError.self) { try await client.fit(model, x, y) }
        #expect(error?.code == code)
        let after = try model.weights().map(\.floats)
        #expect(after == before)
        #expect(client.utilization().cores == 0)
    }
}
