// An elastic fit: nodes join and leave while it runs, and the whole process is killed and goes on. The weights are those
// of a fit that nothing disturbed, byte for byte.
//
//     swift run elastic [FOLDER]       the folder keeps the checkpoints

import Foundation
import Lepton
import Synchronization

let (rows, columns, epochs, lastEpoch) = (256, 8, 10, 4)

func makeModel() -> Model {
    let model = Sequential(seed: 1) {
        Dense(units: 32, activation: .relu, inputShape: [columns])
        Dropout(rate: 0.1)
        Dense(units: 1)
    }
    model.compile(optimizer: .adam(), loss: .meanSquaredError)
    return model
}

func data() throws -> (x: Tensor, y: Tensor) {
    var (x, y): ([Float], [Float]) = ([], [])
    for row in 0..<rows {
        let features = (0..<columns).map { Float(row * ($0 + 3) % 23) / 23 }
        x += features
        y.append(features[0] * features[1] - features[2])
    }
    return (try Tensor(x, shape: [rows, columns]), try Tensor(y, shape: [rows, 1]))
}

/// Counts the epochs of a fit, on the thread that trains.
final class Counter: Sendable {
    private let value = Mutex(0)
    var count: Int { value.withLock { $0 } }
    func next() -> Int {
        value.withLock {
            $0 += 1
            return $0
        }
    }
}

func compare(_ what: String, _ model: Model, _ expected: [[Float]]) throws {
    let isSame = try model.weights().map(\.floats) == expected
    print("\(what): the same bits: \(isSame ? "yes" : "no")")
}

func trainWithCheckpoints(
    _ client: LeptonClient, afterEpoch: @escaping @Sendable () -> Void
) async throws -> Model {
    let model = makeModel()
    let (x, y) = try data()
    _ = try await client.fit(
        model, x, y, epochs: epochs, checkpoint: CheckpointOptions(name: "elastic", everySteps: 5),
        afterEpoch: { _ in
            afterEpoch()
            return true
        })
    return model
}

let arguments = CommandLine.arguments
if arguments.count == 3, arguments[1] == "--die" {
    let counter = Counter()
    _ = try await trainWithCheckpoints(LeptonClient(nodes: 2, store: arguments[2])) {
        if counter.next() == lastEpoch { kill(getpid(), SIGKILL) }
    }
    exit(EXIT_FAILURE)
}

let folder =
    arguments.count > 1
    ? arguments[1] : FileManager.default.temporaryDirectory.appendingPathComponent("lepton-elastic-\(getpid())").path
let client = try LeptonClient(nodes: 5, store: folder)
let (x, y) = try data()

// Nothing happens to this one.
let undisturbed = makeModel()
let loss = try await client.fit(undisturbed, x, y, epochs: epochs)["loss"]
print(String(format: "loss: %.4f in the first epoch, %.4f in the last", loss[0], loss[epochs - 1]))
let expected = try undisturbed.weights().map(\.floats)

// Another number of nodes after each epoch.
let allocation = try await client.allocate(nodes: 2, minimumNodes: 1, maximumNodes: 5)
let elastic = makeModel()
let counter = Counter()
_ = try await client.fit(elastic, x, y, epochs: epochs, allocation: allocation) { _ in
    let sizes = [5, 2, 1, 4, 3]
    do { try allocation.resize(nodes: sizes[counter.next() % 5]) } catch { return false }
    return true
}
try compare("1 to 5 nodes", elastic, expected)
try allocation.close()

// A process that is killed in the middle, and this one, which goes on from its last checkpoint.
let child = Process()
child.executableURL = URL(fileURLWithPath: arguments[0])
child.arguments = ["--die", folder]
try child.run()
child.waitUntilExit()
guard child.terminationReason == .uncaughtSignal else { fatalError("the child process was to be killed") }
let more = Counter()
let resumed = try await trainWithCheckpoints(client) { _ = more.next() }
print("killed after \(lastEpoch) of \(epochs) epochs, it went on and ended \(more.count) more")
try compare("killed and gone on", resumed, expected)

print("bill:")
print(try client.usageText())
