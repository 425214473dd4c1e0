import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Masks at a model's outputs weigh its losses and metrics.
@Suite struct MaskTests {
    /// Sequences whose last steps are 0, differently many.
    private static func sequences(_ rows: Int, _ steps: Int, _ width: Int) throws -> Tensor {
        let random = try numbers([rows, steps, width], seed: 21).floats
        return try Tensor(floats: Shape([rows, steps, width])) { output in
            for (index, value) in random.enumerated() {
                let (row, step) = (index / (steps * width), index / width % steps)
                output[index] = step <= (row * 7) % (steps + 1) ? value : 0
            }
        }
    }

    /// Loss and gradient of a linear unit under a mask and sample weights, by plain loops.
    private static func reference(
        _ reduction: Loss.Reduction, kernel: [Float], x: [Float], y: [Float], weights: [Float], width: Int, units: Int
    ) -> (loss: Double, gradient: [Double]) {
        var (loss, left, total) = (0.0, 0.0, 0.0)
        var gradient = [Double](repeating: 0, count: width * units)
        for step in 0..<weights.count {
            let inputs = x[step * width..<(step + 1) * width].map(Double.init)
            guard inputs.contains(where: { $0 != 0 }) else { continue }
            let weight = Double(weights[step])
            left += 1
            total += weight
            for unit in 0..<units {
                var error = -Double(y[step * units + unit])
                for (place, input) in inputs.enumerated() { error += input * Double(kernel[place * units + unit]) }
                loss += weight * error * error / Double(units)
                for (place, input) in inputs.enumerated() {
                    gradient[place * units + unit] += weight * 2 * error * input / Double(units)
                }
            }
        }
        let divisor = reduction == .sum ? 1 : reduction == .meanWithSampleWeight ? total : left
        return (loss / divisor, gradient.map { $0 / divisor })
    }

    @Test(arguments: [Loss.Reduction.sumOverBatchSize, .sum, .meanWithSampleWeight])
    func lossAndGradientAreThoseOfPlainLoops(_ reduction: Loss.Reduction) throws {
        let (rows, steps, width, units) = (9, 4, 3, 2)
        let (x, y) = (try Self.sequences(rows, steps, width), try numbers([rows, steps, units], seed: 22))
        let weights = try Tensor(floats: Shape([rows, steps])) { output in
            for index in 0..<rows * steps { output[index] = Float(index % 5) / 2 }
        }
        let model = try Model()
        try model.add(Masking(inputShape: [steps, width]))
        try model.add(Dense(units: units, useBias: false))
        model.compile(optimizer: .sgd(learningRate: 1), loss: .meanSquaredError.reduced(by: reduction))
        let before = try model.weights()[0].floats
        let history = try weights.withView { view in
            try fit(model, x, y) {
                $0.batchSize = rows
                $0.sampleWeights = [view]
            }
        }
        let expected = Self.reference(
            reduction, kernel: before, x: x.floats, y: y.floats, weights: weights.floats, width: width, units: units)
        #expect(abs(history["loss"][0] - expected.loss) < 1e-5 * max(1, expected.loss))
        for (index, (old, new)) in zip(before, try model.weights()[0].floats).enumerated() {
            #expect(abs(Double(old - new) - expected.gradient[index]) < 1e-5 * max(1, abs(expected.gradient[index])))
        }
    }

    @Test func gradientsAreThoseOfFiniteDifferences() throws {
        let (rows, steps, width) = (6, 4, 3)
        for loss: Loss in [.meanSquaredError, .logCosh] {
            try expectFiniteDifferences(
                layers: [
                    Masking(inputShape: [steps, width]), LSTM(units: 4, returnSequences: true), Dense(units: 2),
                ], loss: loss, x: try Self.sequences(rows, steps, width),
                y: try numbers([rows, steps, 2], seed: 23), seed: 24)
        }
    }

    /// What a mask leaves of a batch is counted over all shards.
    @Test func trainsToTheSameBitsOnAnyNumberOfNodes() throws {
        let (x, y) = (try Self.sequences(150, 12, 20), try numbers([150, 12, 3], seed: 26))
        var bits: [[UInt32]] = []
        var losses: [[Double]] = []
        for workers in [1, 2, 5] {
            let model = try Model()
            try model.setSeed(27)
            let layers: [any Layer] = [
                Masking(inputShape: [12, 20]), LSTM(units: 40, returnSequences: true), BatchNormalization(),
                Dense(units: 40, activation: .tanh), BatchNormalization(), Dense(units: 3),
            ]
            for layer in layers { try model.add(layer) }
            model.compile(optimizer: .adam(), loss: .meanSquaredError)
            let history = try fit(model, x, y, workers: workers) {
                $0.batchSize = 70
                $0.epochs = 2
            }
            losses.append(history["loss"])
            bits.append(try weightBits(model))
        }
        #expect(bits[0] == bits[1] && bits[0] == bits[2])
        #expect(losses[0] == losses[1] && losses[0] == losses[2])
    }
}
