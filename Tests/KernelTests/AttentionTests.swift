import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct AttentionKernels {
        @Test(arguments: [1, 7, 16, 33, 64])
        func softmaxUnderMasks(n: Int) {
            let rows = 5
            let x = random(rows * n, -20, 20, seed: n), dy = random(rows * n, seed: n + 1)
            // Rows hidden in part, and one hidden altogether.
            let mask = (0..<(rows * n)).map { Float($0 / n == 3 ? 0 : ($0 * 7) % 3 == 0 ? 0 : 1) }
            for causal in [Int32(0), 1] {
                for (name, rowStep, columnStep) in [("none", 0, 0), ("whole", n, 1), ("keys", 0, 1), ("rows", n, 0)] {
                    expectLikeScalar(within: 1e-5, "mask \(name), \(n), causal \(causal)") {
                        let source = Guarded(x), hidden = Guarded(mask), y = Guarded(count: x.count)
                        let gradient = Guarded(dy)
                        lepton_k_attention_softmax_f32(
                            y.pointer, source.pointer, rows, n, 0.5, name == "none" ? nil : hidden.pointer, rowStep,
                            columnStep, causal)
                        lepton_k_attention_softmax_grad_f32(
                            gradient.pointer, gradient.pointer, y.pointer, rows, n, 0.5)
                        return y.values() + gradient.values()
                    }
                }
            }
        }
    }
}
