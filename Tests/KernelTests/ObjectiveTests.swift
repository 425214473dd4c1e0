import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A loss of elements: its number, its options, and its formula in double precision.
private struct ElementLoss: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let kind: Int32
    var options: [Float] = [0, 0, 0, 0]
    var predRange: (Float, Float) = (-3, 3)
    var targetRange: (Float, Float) = (-3, 3)
    var isSum = false
    let formula: @Sendable (_ p: Double, _ t: Double) -> Double

    static let all: [ElementLoss] =
        [
            ElementLoss(testDescription: "absolute", kind: Int32(LEPTON_K_LOSS_ABSOLUTE)) { abs($0 - $1) },
            ElementLoss(
                testDescription: "percentage", kind: Int32(LEPTON_K_LOSS_PERCENTAGE), targetRange: (0.5, 3)
            ) { 100 * abs(($0 - $1) / $1) },
            ElementLoss(testDescription: "logarithmic", kind: Int32(LEPTON_K_LOSS_LOGARITHMIC)) {
                let difference = log(max($0, 1e-7) + 1) - log(max($1, 1e-7) + 1)
                return difference * difference
            },
            ElementLoss(testDescription: "huber", kind: Int32(LEPTON_K_LOSS_HUBER), options: [0.7, 0, 0, 0]) {
                let e = abs($0 - $1), delta = Double(Float(0.7))
                return e <= delta ? e * e / 2 : delta * e - delta * delta / 2
            },
            ElementLoss(testDescription: "log-cosh", kind: Int32(LEPTON_K_LOSS_LOG_COSH)) { log(cosh($0 - $1)) },
            ElementLoss(testDescription: "hinge", kind: Int32(LEPTON_K_LOSS_HINGE), options: [2, -1, 0, 0]) {
                max(1 - (2 * $1 - 1) * $0, 0)
            },
            ElementLoss(
                testDescription: "squared hinge", kind: Int32(LEPTON_K_LOSS_SQUARED_HINGE), options: [1, 0, 0, 0]
            ) { max(1 - $1 * $0, 0) * max(1 - $1 * $0, 0) },
            ElementLoss(
                testDescription: "poisson", kind: Int32(LEPTON_K_LOSS_POISSON), predRange: (0.1, 4),
                targetRange: (0, 5)
            ) { $0 - $1 * log($0 + 1e-7) },
            ElementLoss(
                testDescription: "kl divergence", kind: Int32(LEPTON_K_LOSS_KL_DIVERGENCE), predRange: (0.05, 0.95),
                targetRange: (0, 1), isSum: true
            ) { max($1, 1e-7) * log(max($1, 1e-7) / $0) },
        ] + [(0, 2, 0, 0), (0.2, 2, 0, 1), (0, 1.5, 1, 0), (0.1, 0, 1, 1), (0, 1, 0, 1)].map(focal)

    /// Smoothing, gamma, whether predictions are logits, whether classes are balanced.
    private static func focal(_ smoothing: Float, _ gamma: Float, _ logits: Int, _ balanced: Float) -> ElementLoss {
        ElementLoss(
            testDescription: "focal, smoothing \(smoothing), gamma \(gamma), logits \(logits), balanced \(balanced)",
            kind: Int32(logits == 1 ? LEPTON_K_LOSS_BINARY_FOCAL_LOGITS : LEPTON_K_LOSS_BINARY_FOCAL),
            options: [smoothing, 0.3, gamma, balanced], predRange: logits == 1 ? (-5, 5) : (0.02, 0.98),
            targetRange: (0, 1)
        ) { pred, target in
            let p = logits == 1 ? 1 / (1 + exp(-pred)) : pred
            let t = target * (1 - Double(smoothing)) + Double(smoothing) / 2
            let crossentropy = -(t * log(p) + (1 - t) * log(1 - p))
            let weight = balanced == 1 ? t * Double(Float(0.3)) + (1 - t) * (1 - Double(Float(0.3))) : 1
            return weight * pow(1 - (t * p + (1 - t) * (1 - p)), Double(gamma)) * crossentropy
        }
    }
}

extension KernelTests {
    @Suite struct ObjectiveLosses {
        @Test(arguments: ElementLoss.all) private func valuesAndGradients(loss: ElementLoss) {
            for (rows, cols) in [(0, 3), (1, 1), (7, 7), (4, 8), (5, 15), (3, 17), (2, 100)] {
                let pred = random(rows * cols, loss.predRange.0, loss.predRange.1, seed: rows + 1)
                let target = random(rows * cols, loss.targetRange.0, loss.targetRange.1, seed: cols)
                for rowsPerWeight in [0, 1, 2] {
                    let weight = random((rows + 1) / max(rowsPerWeight, 1) + 1, 0.1, 2, seed: 9)
                    let w = Guarded(weight)
                    func weightOf(_ i: Int) -> Double {
                        rowsPerWeight == 0 ? 1 : Double(weight[i / cols / rowsPerWeight])
                    }
                    func run() -> (Double, [Float]) {
                        let p = Guarded(pred), t = Guarded(target), grad = Guarded(count: pred.count)
                        let value = lepton_k_loss_elementwise_f32(
                            grad.pointer, p.pointer, t.pointer, rowsPerWeight == 0 ? nil : w.pointer,
                            max(rowsPerWeight, 1), rows, cols, 0.5, loss.kind, loss.options)
                        let alone = lepton_k_loss_elementwise_f32(
                            nil, p.pointer, t.pointer, rowsPerWeight == 0 ? nil : w.pointer, max(rowsPerWeight, 1),
                            rows, cols, 0.5, loss.kind, loss.options)
                        #expect(value == alone)
                        return (value, grad.values())
                    }
                    let divisor = loss.isSum ? 1 : Double(cols)
                    let wanted = pred.indices.reduce(0.0) {
                        $0 + weightOf($1) * loss.formula(Double(pred[$1]), Double(target[$1])) / divisor
                    }
                    onEveryISA { name in
                        let value = run().0
                        #expect(abs(value - wanted) <= 5e-6 * max(1, abs(wanted)), "\(name) \(rows)x\(cols)")
                    }
                    expectLikeScalar(within: 1e-5, "\(rows)x\(cols)") { run().1 }
                    let grad = run().1
                    for i in pred.indices {
                        let p = Double(pred[i]), t = Double(target[i])
                        let numeric = (loss.formula(p + 1e-6, t) - loss.formula(p - 1e-6, t)) / 2e-6
                        let slope = 0.5 * weightOf(i) * numeric / divisor
                        #expect(abs(Double(grad[i]) - slope) <= 3e-5 * max(1, abs(slope)), "\(rows)x\(cols) at \(i)")
                    }
                }
            }
        }

        @Test(arguments: ElementLoss.all) private func notANumberShowsInTheLoss(loss: ElementLoss) {
            for position in [0, 8, 20] {
                var pred = random(21, loss.predRange.0, loss.predRange.1, seed: 1)
                let target = random(21, loss.targetRange.0, loss.targetRange.1, seed: 2)
                pred[position] = .nan
                onEveryISA { name in
                    let grad = Guarded(count: 21)
                    let value = lepton_k_loss_elementwise_f32(
                        grad.pointer, pred, target, nil, 1, 1, 21, 1, loss.kind, loss.options)
                    #expect(value.isNaN, "\(name)")
                    #expect(grad.values()[position].isNaN, "\(name)")
                }
            }
        }

        /// At the very bound of a maximum half of the slope counts, as in JAX.
        @Test func boundsHaveHalfASlope() {
            onEveryISA { name in
                let grad = Guarded(count: 2)
                _ = lepton_k_loss_elementwise_f32(
                    grad.pointer, [1, 2], [1, 1], nil, 1, 2, 1, 1, Int32(LEPTON_K_LOSS_HINGE), [1, 0, 0, 0])
                #expect(grad.values() == [-0.5, 0], "\(name)")
                _ = lepton_k_loss_elementwise_f32(
                    grad.pointer, [1, 1.5], [0.5, 0.5], nil, 1, 2, 1, 1, Int32(LEPTON_K_LOSS_KL_DIVERGENCE),
                    [0, 0, 0, 0])
                #expect(grad.values() == [-0.25, 0], "\(name)")
            }
        }
    }

    @Suite struct ObjectiveMetrics {
        private func bins(
            _ pred: [Float], _ target: [Float], cols: Int = 1, _ configure: (inout lepton_k_bins) -> Void
        ) -> [Double] {
            var form = lepton_k_bins()
            form.labels = 1
            form.only_column = cols
            configure(&form)
            var sums = [Double](repeating: 0, count: form.labels * 2 * (form.count + 1))
            lepton_k_metric_bins_f32(&sums, pred, target, nil, 1, pred.count / cols, cols, &form)
            return sums
        }

        @Test func evenBinsAreThoseOfTheirThresholds() {
            let pred: [Float] = [0, 0.2, 0.25, 0.26, 0.5, 0.9, 1, 2, -1], target = [Float](repeating: 1, count: 9)
            let thresholds: [Float] = [0, 0.25, 0.5, 0.75, 1]
            thresholds.withUnsafeBufferPointer { list in
                let even = bins(pred, target) { ($0.count, $0.even, $0.thresholds) = (5, 1, list.baseAddress) }
                let sought = bins(pred.map { min(max($0, 0), 1) }, target) {
                    ($0.count, $0.thresholds) = (5, list.baseAddress)
                }
                #expect(even == sought)
                #expect(Array(even[0..<6]) == [2, 2, 2, 0, 3, 0])
                let fromOne = bins(pred, target) { ($0.count, $0.even, $0.from_one) = (5, 1, 1) }
                #expect(Array(fromOne[0..<6]) == [0, 4, 2, 0, 3, 0])
            }
        }

        @Test func onlyTheFirstOfEqualsAreAmongTheTop() {
            let half: [Float] = [-1e10]
            half.withUnsafeBufferPointer { list in
                let sums = bins([3, 3, 3, 1, 2, 4], [1, 0, 0, 0, 0, 1], cols: 3) {
                    ($0.count, $0.thresholds, $0.top_k) = (1, list.baseAddress, 1)
                }
                #expect(sums == [0, 2, 4, 0])
            }
        }

        @Test func confusionLeavesOutWhatIsNoClass() {
            var form = lepton_k_confusion()
            (form.classes, form.sparse_target, form.sparse_pred) = (2, 1, 1)
            var sums = [Double](repeating: 0, count: 4)
            lepton_k_metric_confusion_f32(
                &sums, [0, 1, 1, 5, .nan, -0.5], [0, 0, 1, 1, 0, 0], [1, 2, 1.5, 1, 1, 4], 1, 6, 1, &form)
            #expect(sums == [5, 2, 0, 1.5])
            (form.whole_weights, form.ignores, form.ignored_class) = (1, 1, 0)
            sums = [0, 0, 0, 0]
            lepton_k_metric_confusion_f32(&sums, [0, 1, 1], [0, 0, 1], [1, 2, 1.5], 1, 3, 1, &form)
            #expect(sums == [0, 0, 0, 1])
        }

        @Test func topKCountsTheGreater() {
            let pred: [Float] = [0.1, 0.9, 0.5, 0.3, 0.3, 0.4]
            #expect(lepton_k_metric_top_k_f32(pred, [2, 0], nil, 1, 2, 3, 2, 1) == 2)
            #expect(lepton_k_metric_top_k_f32(pred, [2, 0], nil, 1, 2, 3, 1, 1) == 0)
            #expect(lepton_k_metric_top_k_f32(pred, [9, -1], nil, 1, 2, 3, 3, 1) == 0)
            #expect(lepton_k_metric_top_k_f32(pred, [0, 0, 1, 0, 0, 1], [2, 3], 1, 2, 3, 1, 0) == 3)
            #expect(lepton_k_metric_sorted_top_k_f32([4, 2, 7, 1, 0, 9], [2, 9], nil, 1, 2, 3, 2) == 1)
        }
    }
}
