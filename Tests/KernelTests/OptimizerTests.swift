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

        /// Every adaptive update, its state included, on every instruction set.
        @Test(arguments: lengths) func adaptive(n: Int) {
            let w = random(n, seed: n), g = random(n, seed: n + 1), m = random(n, seed: n + 2)
            let v = random(n, 0.1, 1, seed: n + 3), d = random(n, 0.1, 1, seed: n + 4)
            func check(
                _ name: String,
                _ update: (
                    _ w: UnsafeMutablePointer<Float>, _ a: UnsafeMutablePointer<Float>,
                    _ b: UnsafeMutablePointer<Float>, _ c: UnsafeMutablePointer<Float>, _ g: UnsafePointer<Float>
                ) -> Void
            ) {
                expectLikeScalar(within: 2e-6, name) {
                    let weights = Guarded(w), first = Guarded(v), second = Guarded(d), third = Guarded(m)
                    let gradient = Guarded(g)
                    update(weights.pointer, first.pointer, second.pointer, third.pointer, gradient.pointer)
                    return weights.values() + first.values() + second.values() + third.values()
                }
            }
            check("rmsprop") { w, a, _, _, g in lepton_k_rmsprop_f32(w, a, nil, nil, g, n, 0.1, 0.9, 0, 1e-3) }
            check("rmsprop, momentum and average") { w, a, b, c, g in
                lepton_k_rmsprop_f32(w, a, b, c, g, n, 0.1, 0.9, 0.5, 20)
            }
            check("adagrad") { w, a, _, _, g in lepton_k_adagrad_f32(w, a, g, n, 0.1, 1e-3) }
            check("adadelta") { w, a, b, _, g in lepton_k_adadelta_f32(w, a, b, g, n, 0.5, 0.9, 1e-3) }
            check("adamax") { w, a, b, _, g in lepton_k_adamax_f32(w, b, a, g, n, 0.1, 0.2, 0.9, 0.99, 1e-3) }
            check("nadam") { w, a, b, _, g in
                lepton_k_nadam_f32(w, b, a, g, n, 0.1, 0.7, 0.4, 0.5, 0.1, 0.01, 1e-3)
            }
            check("lion") { w, _, _, c, g in lepton_k_lion_f32(w, c, g, n, 0.1, 0.9, 0.99) }
            check("decay") { w, _, _, _, _ in lepton_k_decay_f32(w, n, 0.03) }
        }

        /// By hand, with a gradient of 2.
        @Test func adaptiveFormulas() {
            onEveryISA { name in
                var w: Float = 1, a: Float = 0.5, b: Float = 0.25
                lepton_k_rmsprop_f32(&w, &a, nil, nil, [2], 1, 0.1, 0.9, 0, 0)
                #expect(agree(a, 0.85, 1e-6) && agree(w, 1 - 0.2 / Float(0.85).squareRoot(), 1e-6), "\(name)")
                (w, a) = (1, 0.5)
                lepton_k_adagrad_f32(&w, &a, [2], 1, 0.1, 0)
                #expect(agree(a, 4.5, 1e-6) && agree(w, 1 - 0.2 / Float(4.5).squareRoot(), 1e-6), "\(name)")
                (w, a) = (1, 0.5)
                lepton_k_adadelta_f32(&w, &a, &b, [2], 1, 1, 0.5, 0)
                let change = -0.5 * 2 / Float(2.25).squareRoot()
                #expect(agree(a, 2.25, 1e-6) && agree(w, 1 + change, 1e-6), "\(name)")
                #expect(agree(b, 0.125 + 0.5 * change * change, 1e-6), "\(name)")
                (w, a, b) = (1, 0, 1)
                lepton_k_adamax_f32(&w, &a, &b, [2], 1, 0.1, 0.1, 0.9, 0.999, 0)
                #expect(agree(a, 0.2, 1e-6) && agree(b, 2, 1e-6) && agree(w, 0.9, 1e-6), "\(name)")
                (w, a) = (1, 1)
                lepton_k_lion_f32(&w, &a, [-20], 1, 0.1, 0.9, 0.5)
                #expect(agree(w, 1.1, 1e-6) && agree(a, -9.5, 1e-6), "\(name)")
                var nothing: Float = 0
                w = 1
                lepton_k_lion_f32(&w, &nothing, [0], 1, 0.1, 0.9, 0.5)
                #expect(w == 1, "\(name)")
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
