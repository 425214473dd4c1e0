// Linear regression on five nodes: request compute and storage, train one Dense unit on the squares of 1 to 5,
// predict 6, and report utilisation and cost.

import Foundation
import Lepton

func percent(_ ratio: Double) -> String { String(format: "%.1f %%", ratio * 100) }

func printUtilization(_ when: String, _ client: LeptonClient) {
    let use = client.utilization()
    print(
        "utilisation \(when): cores \(percent(use.cores)), memory \(percent(use.memory)), "
            + "storage \(percent(use.storage))")
    print("  dominant share \(percent(use.dominantShare)), mean of compute and storage \(percent(use.mean))")
}

let client = try LeptonClient(nodes: 5)
let allocation = try await client.allocate(nodes: 5, storageBytes: 1 << 20)

let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
model.compile(optimizer: .sgd(), loss: .meanSquaredError)

let x: [[Float]] = [[1], [2], [3], [4], [5]]
let y: [[Float]] = [[1], [4], [9], [16], [25]]
let history = try await client.fit(model, x, y, epochs: 100, allocation: allocation)
let loss = history["loss"]
print(String(format: "loss: %.4f in the first epoch, %.4f in the last", loss[0], loss[99]))

let prediction = try await client.predict(model, [[6]], allocation: allocation)
print(String(format: "prediction for 6: %.4f", prediction.floats[0]))

printUtilization("while allocated", client)
try allocation.close()
printUtilization("after release", client)
print("bill:")
print(try client.usageText())
