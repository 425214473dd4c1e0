import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A loss of (pred, target) rows: its kernel, and its formula in double precision.
private struct Loss: CustomStringConvertible, Sendable {
    typealias Kernel =
        @Sendable (
            _ grad: UnsafeMutablePointer<Float>?, _ pred: UnsafePointer<Float>, _ target: UnsafePointer<Float>,
            _ weight: UnsafePointer<Float>?, _ rowsPerWeight: Int, _ rows: Int, _ cols: Int, _ scale: Float
        ) -> Double

    var description: String
    var kernel: Kernel
    var formula: @Sendable (_ pred: [Double], _ target: [Double]) -> Double
    var predRange: (Float, Float) = (-3, 3)
    /// Whether the target is one class number per row.
    var isSparse = false

    static let all: [Loss] =
        [squared] + [(0, 0), (1, 0), (0, 0.2), (1, 0.2)].flatMap { [binary($0, $1), categorical($0, $1)] }
        + [sparse(0), sparse(1)]

    static let squared = Loss(
        description: "mse", kernel: { lepton_k_loss_mse_f32($0, $1, $2, $3, $4, $5, $6, $7) },
        formula: { p, t in zip(p, t).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) } / Double(p.count) })

    static func binary(_ logits: Int32, _ smoothing: Float) -> Loss {
        Loss(
            description: "binary cross-entropy, logits \(logits), smoothing \(smoothing)",
            kernel: { lepton_k_loss_binary_crossentropy_f32($0, $1, $2, $3, $4, $5, $6, $7, logits, smoothing) },
            formula: { pred, target in
                zip(pred, target).reduce(0) { sum, element in
                    let t = element.1 * (1 - Double(smoothing)) + Double(smoothing) / 2
                    let p = logits == 1 ? 1 / (1 + exp(-element.0)) : min(max(element.0, 1e-7), 1 - 1e-7)
                    return sum - (t * log(p) + (1 - t) * log(1 - p))
                } / Double(pred.count)
            },
            predRange: logits == 1 ? (-6, 6) : (0.01, 0.99))
    }

    private static func probabilities(_ pred: [Double], _ logits: Int32) -> [Double] {
        let values = logits == 1 ? pred.map { exp($0) } : pred, sum = values.reduce(0, +)
        return values.map { logits == 1 ? $0 / sum : min(max($0 / sum, 1e-7), 1 - 1e-7) }
    }

    static func categorical(_ logits: Int32, _ smoothing: Float) -> Loss {
        Loss(
            description: "categorical cross-entropy, logits \(logits), smoothing \(smoothing)",
            kernel: { lepton_k_loss_categorical_crossentropy_f32($0, $1, $2, $3, $4, $5, $6, $7, logits, smoothing) },
            formula: { pred, target in
                zip(probabilities(pred, logits), target).reduce(0) {
                    let t = $1.1 * (1 - Double(smoothing)) + Double(smoothing) / Double(pred.count)
                    return $0 - t * log($1.0)
                }
            },
            predRange: logits == 1 ? (-6, 6) : (0.01, 0.99))
    }

    static func sparse(_ logits: Int32) -> Loss {
        Loss(
            description: "sparse categorical cross-entropy, logits \(logits)",
            kernel: { lepton_k_loss_sparse_categorical_crossentropy_f32($0, $1, $2, $3, $4, $5, $6, $7, logits) },
            formula: { pred, target in -log(probabilities(pred, logits)[Int(target[0])]) },
            predRange: logits == 1 ? (-6, 6) : (0.01, 0.99), isSparse: true)
    }

    func targets(rows: Int, cols: Int, seed: Int) -> [Float] {
        if isSparse { return random(rows, 0, Float(cols), seed: seed).map { min($0.rounded(.down), Float(cols - 1)) } }
        return random(rows * cols, 0, 1, seed: seed)
    }

    /// The loss and, when asked for, the gradient.
    func run(
        _ pred: [Float], _ target: [Float], rows: Int, cols: Int, weight: [Float]? = nil, rowsPerWeight: Int = 1,
        scale: Float = 1, withGradient: Bool = true
    ) -> (loss: Double, grad: [Float]) {
        let p = Guarded(pred), t = Guarded(target), w = Guarded(weight ?? []), grad = Guarded(count: pred.count)
        let loss = kernel(
            withGradient ? grad.pointer : nil, p.pointer, t.pointer, weight == nil ? nil : w.pointer, rowsPerWeight,
            rows, cols, scale)
        return (loss, withGradient ? grad.values() : [])
    }

    /// The formula over rows [r * cols, (r + 1) * cols), weighted.
    func exact(_ pred: [Double], _ target: [Float], rows: Int, cols: Int, weight: [Float]?, rowsPerWeight: Int)
        -> Double
    {
        (0..<rows).reduce(0) { sum, r in
            let t = isSparse ? [Double(target[r])] : target[r * cols..<(r + 1) * cols].map(Double.init)
            let w = weight.map { Double($0[r / rowsPerWeight]) } ?? 1
            return sum + w * formula(Array(pred[r * cols..<(r + 1) * cols]), t)
        }
    }
}

extension KernelTests {
    @Suite struct Losses {
        private static let shapes = [
            (0, 3), (1, 1), (32, 1), (3, 3), (7, 7), (4, 10), (8, 8), (5, 15), (5, 16), (6, 17), (4, 33), (2, 100),
            (1, 1000),
        ]

        @Test(arguments: Loss.all) private func valuesAndGradients(loss: Loss) {
            for (rows, cols) in Self.shapes {
                let pred = random(rows * cols, loss.predRange.0, loss.predRange.1, seed: rows + 1)
                let target = loss.targets(rows: rows, cols: cols, seed: cols)
                for rowsPerWeight in [0, 1, 3] {
                    // 0 stands for no weights at all.
                    let count = rowsPerWeight == 0 ? 0 : (rows + rowsPerWeight - 1) / rowsPerWeight
                    let weight = rowsPerWeight == 0 ? nil : random(count, 0, 2, seed: 9)
                    func run(_ withGradient: Bool = true) -> (loss: Double, grad: [Float]) {
                        loss.run(
                            pred, target, rows: rows, cols: cols, weight: weight, rowsPerWeight: max(rowsPerWeight, 1),
                            scale: 0.5, withGradient: withGradient)
                    }
                    let wide = pred.map(Double.init)
                    func exact(_ pred: [Double]) -> Double {
                        loss.exact(
                            pred, target, rows: rows, cols: cols, weight: weight, rowsPerWeight: max(rowsPerWeight, 1))
                    }
                    let wanted = exact(wide)
                    onEveryISA { name in
                        let (value, _) = run()
                        #expect(abs(value - wanted) <= 3e-6 * max(1, abs(wanted)), "\(name) \(loss) \(rows)x\(cols)")
                        #expect(run(false).loss == value, "\(name) \(loss): without gradient")
                    }
                    expectLikeScalar(within: 5e-6, "\(loss) \(rows)x\(cols)") { run().grad }

                    let grad = run().grad
                    for i in stride(from: 0, to: pred.count, by: max(pred.count / 7, 1)) {
                        var up = wide, down = wide
                        up[i] += 1e-6
                        down[i] -= 1e-6
                        let numeric = 0.5 * (exact(up) - exact(down)) / 2e-6
                        #expect(
                            abs(Double(grad[i]) - numeric) <= 2e-5 * max(1, abs(numeric)),
                            "\(loss) \(rows)x\(cols) at \(i)")
                    }
                }
            }
        }

        @Test(arguments: Loss.all) private func notANumberShowsInTheLoss(loss: Loss) {
            for (position, count) in [(0, 9), (8, 9), (5, 40), (39, 40)] {
                var pred = random(count, loss.predRange.0, loss.predRange.1, seed: 1)
                pred[position] = .nan
                onEveryISA { name in
                    let target = loss.targets(rows: 1, cols: count, seed: 2)
                    let (value, grad) = loss.run(pred, target, rows: 1, cols: count)
                    #expect(value.isNaN, "\(name) \(loss)")
                    #expect(grad.contains { $0.isNaN }, "\(name) \(loss)")
                }
            }
        }

        /// Predictions of exactly 0 and 1: clipped to [1e-7, 1 - 1e-7] as in Keras, with gradient 0.
        @Test func clippedProbabilities() {
            let high = Double(Float(1 - 1e-7)), low = Double(Float(1e-7))
            onEveryISA { name in
                let (value, grad) = Loss.binary(0, 0).run([0, 1, 0, 1], [0, 0, 1, 1], rows: 4, cols: 1)
                let wanted = -2 * log(1 - low) - log(1 - high) - log(low)
                #expect(abs(value - (wanted - log(high) + log(1 - low))) < 1e-5, "\(name): \(value)")
                #expect(grad == [0, 0, 0, 0], "\(name)")

                let (sure, slopes) = Loss.categorical(0, 0).run([0, 2, 0], [1, 0, 0], rows: 1, cols: 3)
                #expect(abs(sure + log(low)) < 1e-5 && slopes == [0, 0, 0], "\(name): \(sure)")
                let (sparse, sparseSlopes) = Loss.sparse(0).run([0, 2, 0], [0], rows: 1, cols: 3)
                #expect(abs(sparse + log(low)) < 1e-5 && sparseSlopes == [0, 0, 0], "\(name): \(sparse)")
            }
        }

        /// Logits far out neither overflow nor lose the small losses.
        @Test func extremeLogits() {
            onEveryISA { name in
                let (value, grad) = Loss.binary(1, 0).run([200, -200, 200, -200], [1, 0, 0, 1], rows: 4, cols: 1)
                #expect(value == 400 && grad == [0, 0, 1, -1], "\(name): \(value) \(grad)")
                let small = Loss.binary(1, 0).run([-20], [0], rows: 1, cols: 1).loss
                #expect(abs(small / log1p(exp(-20)) - 1) < 1e-6, "\(name): \(small)")
                let (row, slopes) = Loss.categorical(1, 0).run([1e4, -1e4, 0], [0, 1, 0], rows: 1, cols: 3)
                #expect(row == 2e4 && slopes == [1, -1, 0], "\(name): \(row) \(slopes)")
            }
        }

        @Test(arguments: lengths) func absoluteErrors(rows: Int) {
            for cols in [1, 5, 16] {
                let pred = random(rows * cols, seed: rows), target = random(rows * cols, seed: cols)
                let weight = random(rows, 0, 1, seed: 4)
                let rowValues = (0..<rows).map { r in
                    (0..<cols).reduce(0.0) { $0 + abs(Double(target[r * cols + $1]) - Double(pred[r * cols + $1])) }
                        / Double(cols)
                }
                let plain = rowValues.reduce(0, +),
                    weighted = zip(rowValues, weight).reduce(0) { $0 + $1.0 * Double($1.1) }
                onEveryISA { name in
                    let p = Guarded(pred), t = Guarded(target), w = Guarded(weight)
                    let options: [Float] = [0, 0, 0, 0]
                    let absolute = Int32(LEPTON_K_LOSS_ABSOLUTE)
                    let first = lepton_k_loss_elementwise_f32(
                        nil, p.pointer, t.pointer, nil, 1, rows, cols, 0, absolute, options)
                    #expect(abs(first - plain) <= 1e-6 * max(1, plain), "\(name)")
                    let second = lepton_k_loss_elementwise_f32(
                        nil, p.pointer, t.pointer, w.pointer, 1, rows, cols, 0, absolute, options)
                    #expect(abs(second - weighted) <= 1e-6 * max(1, weighted), "\(name)")
                }
            }
        }
    }
}
