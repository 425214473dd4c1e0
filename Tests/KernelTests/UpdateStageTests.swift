import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct UpdateStages {
        private typealias Floats = UnsafeMutablePointer<Float>

        /// Four arrays go in; what they hold afterwards comes out the same on every instruction set.
        private func check(
            _ name: String, _ n: Int, within tolerance: Float = 2e-6,
            _ body: (_ w: Floats, _ a: Floats, _ b: Floats, _ g: Floats) -> Void
        ) {
            let w = random(n, seed: n), a = random(n, 0.1, 1, seed: n + 1), b = random(n, seed: n + 2)
            let g = random(n, seed: n + 3)
            expectLikeScalar(within: tolerance, name) {
                let weights = Guarded(w), first = Guarded(a), second = Guarded(b), gradient = Guarded(g)
                body(weights.pointer, first.pointer, second.pointer, gradient.pointer)
                return weights.values() + first.values() + second.values() + gradient.values()
            }
        }

        @Test(arguments: lengths) func elementByElement(n: Int) {
            check("average", n) { w, a, _, _ in lepton_k_average_f32(a, w, n, 0.9) }
            check("scale", n) { w, _, _, _ in lepton_k_scale_f32(w, n, 1.7) }
            check("clip", n) { w, _, _, _ in lepton_k_clip_f32(w, n, 0.3) }
            check("non-negative", n) { w, _, _, _ in lepton_k_nonnegative_f32(w, n) }
            check("combine", n) { w, a, b, _ in lepton_k_combine_f32(w, a, b, n, 0.3, -2) }
            check("penalty", n) { w, _, _, g in lepton_k_penalty_grad_f32(g, w, n, 0.2, 0.1) }
            check("muon", n) { _, a, _, g in lepton_k_muon_momentum_f32(g, a, n, 0.9, 0) }
            check("muon, Nesterov's", n) { _, a, _, g in lepton_k_muon_momentum_f32(g, a, n, 0.9, 1) }
            check("sums", n) { w, a, _, g in
                guard n >= 2 else { return }
                (a[0], a[1]) = (Float(lepton_k_sum_squares_f32(w, n)), Float(lepton_k_sum_absolute_f32(g, n)))
            }
        }

        @Test(arguments: lengths) func updates(n: Int) {
            for power: Float in [0, 0.5, 0.75] {
                // a'^p - a^p is a difference of near numbers, divided by the rate.
                check("ftrl \(power)", n, within: 2e-5) { w, a, b, g in
                    lepton_k_ftrl_f32(w, a, b, g, n, 0.1, power, 0.2, 0.1, 0.05)
                }
            }
            check("lamb", n) { _, a, b, g in lepton_k_lamb_f32(g, b, a, g, n, 0.1, 0.01, 0.5, 0.25, 1e-6) }
            check("schedule-free", n, within: 5e-6) { w, a, b, g in
                lepton_k_schedule_free_f32(w, b, a, g, n, 0.1, 0.9, 0.99, 0.5, 0.25, 1e-6)
            }
            check("adafactor", n, within: 1e-5) { _, a, _, g in lepton_k_adafactor_f32(g, a, g, n, 0.7, 1e-3) }
        }

        @Test(arguments: [(1, 1), (3, 5), (8, 16), (7, 33), (40, 9)]) func factors(rows: Int, cols: Int) {
            let n = rows * cols
            let g = random(n, seed: n), r = random(rows, 0.1, 1, seed: n + 1), c = random(cols, 0.1, 1, seed: n + 2)
            expectLikeScalar(within: 1e-5) {
                let gradient = Guarded(g), velocity = Guarded(count: n), first = Guarded(r), second = Guarded(c)
                lepton_k_adafactor_matrix_f32(
                    gradient.pointer, velocity.pointer, first.pointer, second.pointer, gradient.pointer, rows, cols,
                    0.7, 1e-3)
                return gradient.values() + velocity.values() + first.values() + second.values()
            }
        }

        @Test(arguments: [(1, 5, 7), (3, 4, 1), (2, 3, 20), (1, 40, 33), (5, 1, 1)])
        func norms(outer: Int, reduced: Int, inner: Int) {
            let w = random(outer * reduced * inner, seed: reduced)
            for (minimum, maximum, rate) in [(Float(0), Float(1), Float(1)), (1, 1, 1), (2, 4, 0.3)] {
                expectLikeScalar(within: 2e-6) {
                    let weights = Guarded(w), scratch = Guarded(count: inner)
                    lepton_k_limit_norms_f32(
                        weights.pointer, scratch.pointer, outer, reduced, inner, minimum, maximum, rate)
                    return weights.values()
                }
            }
        }

        /// By hand.
        @Test func formulas() {
            onEveryISA { name in
                var values: [Float] = [-3, -0.5, 0.5, 3, .nan]
                lepton_k_clip_f32(&values, 5, 1)
                #expect(Array(values[..<4]) == [-1, -0.5, 0.5, 1] && values[4].isNaN, "\(name)")
                lepton_k_nonnegative_f32(&values, 5)
                #expect(Array(values[..<4]) == [0, 0, 0.5, 1] && values[4].isNaN, "\(name)")
                var gradient: [Float] = [1, 1, 1]
                lepton_k_penalty_grad_f32(&gradient, [2, -2, 0], 3, 0.5, 0.25)
                #expect(gradient == [2.5, -0.5, 1.5], "\(name)")
                // Columns of norm 5 and 1, of which the first is brought to 2.
                var matrix: [Float] = [3, 0, 4, 1], scratch: [Float] = [0, 0]
                lepton_k_limit_norms_f32(&matrix, &scratch, 1, 2, 2, 0, 2, 1)
                #expect(agree(matrix[0], 1.2, 1e-6) && agree(matrix[2], 1.6, 1e-6), "\(name)")
                #expect(agree(matrix[3], 1, 1e-6), "\(name)")
                // FTRL with p = 1/2: the accumulator goes from 5 to 9.
                var w: Float = 1, a: Float = 5, z: Float = 0.5
                lepton_k_ftrl_f32(&w, &a, &z, [2], 1, 0.5, 0.5, 0.1, 0.25, 0)
                let linear: Float = 0.5 + 2 - (3 - Float(5).squareRoot()) / 0.5
                #expect(a == 9 && agree(z, linear, 1e-6) && agree(w, (0.1 - linear) / 6.5, 1e-5), "\(name)")
                #expect(lepton_k_sum_squares_f32([1, 2, 3], 3) == 14, "\(name)")
                #expect(lepton_k_sum_absolute_f32([1, -2, 3], 3) == 6, "\(name)")
            }
        }
    }
}
