import Lepton

let client = try LeptonClient(nodes: 5)
let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
model.compile(optimizer: .sgd(), loss: .meanSquaredError)

let x: [[Float]] = [[1], [2], [3], [4], [5]]
let y: [[Float]] = [[1], [4], [9], [16], [25]]
_ = try await client.fit(model, x, y, epochs: 100)

let prediction = try await client.predict(model, [[6]])
print("prediction for 6:", prediction.floats[0])
