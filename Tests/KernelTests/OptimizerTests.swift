import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Optimizers {
        @Test(arguments: lengths) func gradientDescent(n: Int) {
            let w = random(n, seed: n), g = random(n, seed: n + 1), m = random(n, seed: n + 2)
            expectLikeScalar(within: 5e-7) {
                let weights = Guarded(w), gradient = Guarded(g)
                lepton_k_sgd_f32(weights.pointer, gradient.pointer, n, 0.1)
                return weights.values()
            }
            for nesterov in [Int32(0), 1] {
                expectLikeScalar(within: 5e-7, "nesterov \(nesterov)") {
                    let weights = Guarded(w), momentum = Guarded(m), gradient = Guarded(g)
                    lepton_k_sgd_momentum_f32(
                        weights.pointer, momentum.pointer, gradient.pointer, n, 0.1, 0.9, nesterov)
                    return weights.values() + momentum.values()
                }
            }
        }

        @Test(arguments: lengths) func adam(n: Int) {
            let w = random(n, seed: n), g = random(n, seed: n + 1), m = random(n, seed: n + 2)
            let v = random(n, 0, 1, seed: n + 3), maximum = random(n, 0, 1, seed: n + 4)
            for amsgrad in [false, true] {
                expectLikeScalar(within: 1e-6, "amsgrad \(amsgrad)") {
                    let weights = Guarded(w), first = Guarded(m), second = Guarded(v), top = Guarded(maximum)
                    let gradient = Guarded(g)
                    lepton_k_adam_f32(
                        weights.pointer, first.pointer, second.pointer, amsgrad ? top.pointer : nil,
                        gradient.pointer, n, 0.01, 0.9, 0.999, 1e-7)
                    return weights.values() + first.values() + second.values() + top.values()
                }
            }
        }

        /// The formulas by hand, for one parameter.
        @Test func formulas() {
            onEveryISA { name in
                var w: Float = 1, m: Float = 0.5
                lepton_k_sgd_momentum_f32(&w, &m, [2], 1, 0.1, 0.9, 0)
                #expect(agree(m, 0.25, 1e-6) && agree(w, 1.25, 1e-6), "\(name)")
                w = 1
                m = 0.5
                lepton_k_sgd_momentum_f32(&w, &m, [2], 1, 0.1, 0.9, 1)
                #expect(agree(m, 0.25, 1e-6) && agree(w, 1 + 0.9 * 0.25 - 0.2, 1e-6), "\(name)")

                w = 1
                m = 0
                var v: Float = 0
                // With a gradient of 2 at t = 1, m = 0.2 and v = 0.004.
                lepton_k_adam_f32(&w, &m, &v, nil, [2], 1, 0.01, 0.9, 0.999, 1e-7)
                #expect(agree(m, 0.2, 1e-6) && agree(v, 0.004, 1e-6), "\(name)")
                #expect(agree(w, 1 - 0.2 * 0.01 / (Float(0.004).squareRoot() + 1e-7), 1e-6), "\(name)")

                // AMSGrad divides by the larger second moment that was seen before.
                w = 1
                m = 0
                v = 0
                var top: Float = 1
                lepton_k_adam_f32(&w, &m, &v, &top, [2], 1, 0.01, 0.9, 0.999, 1e-7)
                #expect(top == 1 && agree(w, 1 - 0.2 * 0.01, 1e-6), "\(name)")
            }
        }
    }
}
