// Diagnosis: is a breast mass malignant? 569 patients, 30 measurements each (see samples/data/README.md).
//
// Every fifth row of the file is kept for the test. Both parts are scaled by the training rows' means and standard
// deviations. With --store FOLDER the data set and the parameters are kept in that folder and trained from there.

import Foundation
import Lepton

func createModel() -> Sequential {
    let model = Sequential(name: "diagnosis", seed: 1) {
        Dense(units: 64, activation: .relu, inputShape: [30])
        Dense(units: 32, activation: .relu)
        Dense(units: 1, activation: .sigmoid)
    }
    model.compile(optimizer: .adam(), loss: .binaryCrossentropy(), metrics: [.accuracy])
    return model
}

func padded(_ number: Int, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: " ", count: max(0, width - digits.count)) + digits
}

func printConfusion(_ predicted: [Float], _ actual: [[Float]]) {
    var counts = [[0, 0], [0, 0]]
    for (guess, truth) in zip(predicted, actual) {
        counts[truth[0] > 0.5 ? 1 : 0][guess > 0.5 ? 1 : 0] += 1
    }
    let accuracy = Double(counts[0][0] + counts[1][1]) / Double(actual.count)
    print(String(format: "test accuracy: %.2f %% of %d", accuracy * 100, actual.count))
    print("                 predicted benign  predicted malignant")
    print("actually benign     \(padded(counts[0][0], 13)) \(padded(counts[0][1], 20))")
    print("actually malignant  \(padded(counts[1][0], 13)) \(padded(counts[1][1], 20))")
}

let arguments = CommandLine.arguments
guard arguments.count == 2 || (arguments.count == 4 && arguments[2] == "--store") else {
    print("usage: diagnosis breast_cancer_wisconsin.csv [--store FOLDER]")
    exit(2)
}
let store = arguments.count == 4 ? arguments[3] : nil

let table = try Table(path: arguments[1])
let (training, test) = table.split()
print("rows: \(training.x.count) for training, \(test.x.count) for the test")

let client = try LeptonClient(nodes: 2, store: store)
let model = createModel()
let history = try await client.fit(
    model, training.x, training.y, epochs: 20, store: store == nil ? nil : "diagnosis")
let loss = history["loss"]
print(String(format: "loss: %.4f in the first epoch, %.4f in the last", loss[0], loss[loss.count - 1]))

let predicted = try await client.predict(model, test.x).floats
print("first test rows:", predicted.prefix(4).map { String(format: "%.4f", $0) }.joined(separator: " "))
printConfusion(predicted, test.y)
print("bill:")
print(try client.usageText())
