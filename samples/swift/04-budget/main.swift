// Budget: what a fit will take is estimated before it starts, a budget stops one that would cost too much, and the bill
// says what was spent.

import Foundation
import Lepton

// A second of a core costs a cent, so that the sample is over soon.
let prices = try PriceList(currency: "EUR", coreHour: "36", memoryGiBHour: "0", storageGiBMonth: "0")
let x = (0..<256).map { [Float($0) / 256] }
let y = x.map { [$0[0] * $0[0]] }

let client = try LeptonClient(nodes: 2, prices: prices)
let model = Sequential(name: "parabola", seed: 1) {
    Dense(units: 32, activation: .tanh, inputShape: [1])
    Dense(units: 1)
}
model.compile(optimizer: .adam(), loss: .meanSquaredError)

let estimate = try client.estimate(model, x, y, epochs: 10)
print(
    "estimated: \(estimate.steps) steps on \(estimate.shape.cores) cores for \(estimate.cost.text(decimals: 9)) "
        + estimate.currency)
let loss = try await client.fit(model, x, y, epochs: 10)["loss"]
print(String(format: "loss: %.4f in the first epoch, %.4f in the last", loss[0], loss[loss.count - 1]))

try client.setBudget(Budget(limit: "0.06", warnAt: 0.5)) { _ in print("warning: half of the budget is spent") }
do {
    _ = try await client.fit(model, x, y, epochs: 100_000_000)
} catch {
    print(error.code == .resourceExhausted ? "the fit was stopped by its budget" : error.message)
}
let predicted = try model.predict([[Float(0.5)]]).floats[0]
print("its weights are usable:", abs(predicted - 0.25) < 0.1 ? "yes" : "no")
do {
    _ = try await client.allocate()
} catch {
    print(error.code == .resourceExhausted ? "a further request is refused" : error.message)
}

var query = UsageQuery()
query.format = .text
print("bill:")
print(try client.usageReport(query), terminator: "")
