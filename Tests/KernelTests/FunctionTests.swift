import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KernelTests {
    @Suite struct Functions {
        /// A function with parameters, and its formula in double precision.
        struct Function: Sendable {
            let kind: Int
            var a: Float = 0
            var b: Float = 0
            var c: Float = 0
            let exact: @Sendable (Double) -> Double
        }

        static let functions: [Function] = [
            Function(kind: LEPTON_K_FN_LINEAR, exact: { $0 }),
            Function(kind: LEPTON_K_FN_RELU, b: .infinity, exact: { max($0, 0) }),
            Function(
                kind: LEPTON_K_FN_RELU, a: 0.25, b: 1.5, c: 0.5,
                exact: { min($0 > 0.5 ? $0 : 0, 1.5) - 0.25 * max(0.5 - $0, 0) }),
            Function(kind: LEPTON_K_FN_LEAKY_RELU, a: 0.2, exact: { $0 < 0 ? Double(Float(0.2)) * $0 : $0 }),
            Function(kind: LEPTON_K_FN_RELU6, exact: { min(max($0, 0), 6) }),
            Function(kind: LEPTON_K_FN_CELU, a: 0.5, exact: { $0 > 0 ? $0 : 0.5 * expm1($0 / 0.5) }),
            Function(kind: LEPTON_K_FN_ELU, a: 1.5, b: 1.25, exact: { 1.25 * ($0 > 0 ? $0 : 1.5 * expm1($0)) }),
            Function(kind: LEPTON_K_FN_SOFTPLUS, exact: { log1p(exp($0)) }),
            Function(kind: LEPTON_K_FN_SOFTSIGN, exact: { $0 / (1 + abs($0)) }),
            Function(kind: LEPTON_K_FN_SQUAREPLUS, a: 4, exact: { ($0 + ($0 * $0 + 4).squareRoot()) / 2 }),
            Function(
                kind: LEPTON_K_FN_SOFT_SHRINK, a: 0.5, exact: { $0 > 0.5 ? $0 - 0.5 : $0 < -0.5 ? $0 + 0.5 : 0 }),
            Function(
                kind: LEPTON_K_FN_SPARSE_PLUS, exact: { $0 <= -1 ? 0 : $0 >= 1 ? $0 : ($0 + 1) * ($0 + 1) / 4 }),
            Function(kind: LEPTON_K_FN_SILU, exact: { $0 / (1 + exp(-$0)) }),
            Function(kind: LEPTON_K_FN_GELU, exact: { 0.5 * $0 * erfc(-$0 / 2.0.squareRoot()) }),
            Function(
                kind: LEPTON_K_FN_GELU_TANH,
                exact: { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }),
            Function(kind: LEPTON_K_FN_SIGMOID, exact: { 1 / (1 + exp(-$0)) }),
            Function(kind: LEPTON_K_FN_TANH, exact: { tanh($0) }),
            Function(kind: LEPTON_K_FN_TANH_SHRINK, exact: { $0 - tanh($0) }),
            Function(kind: LEPTON_K_FN_EXP, exact: { exp($0) }),
            Function(kind: LEPTON_K_FN_HARD_SIGMOID, exact: { min(max($0 + 3, 0), 6) / 6 }),
            Function(kind: LEPTON_K_FN_HARD_SILU, exact: { $0 * min(max($0 + 3, 0), 6) / 6 }),
            Function(kind: LEPTON_K_FN_HARD_TANH, exact: { min(max($0, -1), 1) }),
            Function(kind: LEPTON_K_FN_HARD_SHRINK, a: 0.5, exact: { abs($0) > 0.5 ? $0 : 0 }),
            Function(kind: LEPTON_K_FN_THRESHOLD, a: 0.5, b: -2, exact: { $0 > 0.5 ? $0 : -2 }),
            Function(kind: LEPTON_K_FN_MISH, exact: { $0 * tanh(log1p(exp($0))) }),
            Function(kind: LEPTON_K_FN_LOG_SIGMOID, exact: { -log1p(exp(-$0)) }),
            Function(kind: LEPTON_K_FN_SPARSE_SIGMOID, exact: { min(max(($0 + 1) / 2, 0), 1) }),
        ]

        func value(_ x: [Float], _ f: Function, inPlace: Bool = false) -> [Float] {
            let input = Guarded(x), output = inPlace ? input : Guarded(count: x.count)
            lepton_k_function_f32(output.pointer, input.pointer, x.count, Int32(f.kind), f.a, f.b, f.c)
            return output.values()
        }

        func gradient(_ dy: [Float], _ x: [Float], _ f: Function, inPlace: Bool = false) -> [Float] {
            let up = Guarded(dy), input = Guarded(x), down = inPlace ? up : Guarded(count: x.count)
            lepton_k_function_grad_f32(
                down.pointer, up.pointer, input.pointer, x.count, Int32(f.kind), f.a, f.b, f.c)
            return down.values()
        }

        @Test(arguments: lengths) func likeTheReference(n: Int) {
            let x = random(n, -7, 7, seed: n), dy = random(n, seed: n + 1)
            for f in Self.functions {
                expectLikeScalar(within: 1e-6, "\(f.kind)") { value(x, f) + value(x, f, inPlace: true) }
                expectLikeScalar(within: 2e-6, "\(f.kind)") {
                    gradient(dy, x, f) + gradient(dy, x, f, inPlace: true)
                }
            }
        }

        @Test func formulasAndSlopes() {
            // Off the corners, which lie at multiples of 1/2.
            let x = random(4000, -7, 7, seed: 2).filter { abs(2 * $0 - (2 * $0).rounded()) > 1e-4 }
            for f in Self.functions {
                let y = value(x, f), slopes = gradient([Float](repeating: 1, count: x.count), x, f)
                for (i, at) in x.map(Double.init).enumerated() {
                    #expect(abs(Double(y[i]) - f.exact(at)) <= 5e-7 * max(1, abs(f.exact(at))), "\(f.kind) at \(at)")
                    let numeric = (f.exact(at + 1e-5) - f.exact(at - 1e-5)) / 2e-5
                    #expect(abs(Double(slopes[i]) - numeric) <= 2e-6 * max(1, abs(numeric)), "\(f.kind) at \(at)")
                }
            }
        }

        /// What Keras on JAX gives where a function has a corner.
        @Test func slopesAtCorners() {
            let corners: [(Function, [Float], [Float])] = [
                (Function(kind: LEPTON_K_FN_RELU, b: .infinity, exact: { $0 }), [0], [0]),
                (Function(kind: LEPTON_K_FN_RELU, a: 0.5, b: 2, c: 1, exact: { $0 }), [1, 2, 3, 0], [0, 0.5, 0, 0.5]),
                (Function(kind: LEPTON_K_FN_LEAKY_RELU, a: 0.5, exact: { $0 }), [0], [1]),
                (Function(kind: LEPTON_K_FN_RELU6, exact: { $0 }), [0, 6], [0, 0]),
                (Function(kind: LEPTON_K_FN_ELU, a: 2, b: 1, exact: { $0 }), [0], [2]),
                (Function(kind: LEPTON_K_FN_SOFT_SHRINK, a: 1, exact: { $0 }), [-1, 1], [0, 0]),
                (Function(kind: LEPTON_K_FN_HARD_SHRINK, a: 1, exact: { $0 }), [-1, 1], [0, 0]),
                (Function(kind: LEPTON_K_FN_HARD_SIGMOID, exact: { $0 }), [-3, 3], [0, 0]),
                (Function(kind: LEPTON_K_FN_HARD_SILU, exact: { $0 }), [-3, 3], [0, 1]),
                (Function(kind: LEPTON_K_FN_HARD_TANH, exact: { $0 }), [-1, 1], [1, 1]),
                (Function(kind: LEPTON_K_FN_SPARSE_SIGMOID, exact: { $0 }), [-1, 1], [0.25, 0.25]),
                (Function(kind: LEPTON_K_FN_SPARSE_PLUS, exact: { $0 }), [-1, 1], [0, 1]),
            ]
            onEveryISA { name in
                for (f, x, slopes) in corners {
                    #expect(gradient(x.map { _ in 1 }, x, f) == slopes, "\(name) \(f.kind)")
                }
            }
        }

        @Test func endsAndNotANumber() {
            onEveryISA { name in
                for f in Self.functions {
                    let y = value([.nan, 1e4, -1e4, 0], f)
                    #expect(y[0].isNaN || f.kind == LEPTON_K_FN_THRESHOLD, "\(name) \(f.kind)")
                    #expect(y[1].isFinite || f.kind == LEPTON_K_FN_EXP, "\(name) \(f.kind)")
                    #expect(y[2].isFinite && y[3].isFinite, "\(name) \(f.kind)")
                    let slopes = gradient([1, 1, 1], [1e4, -1e4, 0], f)
                    #expect(slopes[0].isFinite || f.kind == LEPTON_K_FN_EXP, "\(name) \(f.kind)")
                    #expect(slopes[1].isFinite && slopes[2].isFinite, "\(name) \(f.kind)")
                }
                let relu = Function(kind: LEPTON_K_FN_RELU, b: .infinity, exact: { $0 })
                #expect(value([-.infinity, .infinity], relu) == [0, .infinity], "\(name)")
            }
        }
    }

    @Suite struct RowFunctions {
        typealias Forward = (UnsafeMutablePointer<Float>, UnsafePointer<Float>, Int, Int) -> Void
        typealias Backward = (
            UnsafeMutablePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, Int, Int
        ) -> Void

        func forward(_ kernel: Forward, _ x: [Float], rows: Int, cols: Int) -> [Float] {
            let input = Guarded(x), output = Guarded(count: rows * cols)
            kernel(output.pointer, input.pointer, rows, cols)
            return output.values()
        }

        func backward(_ kernel: Backward, _ dy: [Float], _ kept: [Float], count: Int, rows: Int, cols: Int) -> [Float] {
            let up = Guarded(dy), other = Guarded(kept), down = Guarded(count: count)
            kernel(down.pointer, up.pointer, other.pointer, rows, cols)
            return down.values()
        }

        @Test(arguments: lengths) func logSoftmax(cols: Int) {
            let x = random(3 * cols, -9, 9, seed: cols), dy = random(3 * cols, seed: cols + 1)
            expectLikeScalar(within: 2e-6) { forward(lepton_k_log_softmax_f32, x, rows: 3, cols: cols) }
            let y = forward(lepton_k_log_softmax_f32, x, rows: 3, cols: cols)
            for r in 0..<3 where cols > 0 {
                let sum = y[r * cols..<(r + 1) * cols].reduce(0.0) { $0 + exp(Double($1)) }
                #expect(abs(sum - 1) < 1e-5)
            }
            expectLikeScalar(within: 1e-5) {
                backward(lepton_k_log_softmax_grad_f32, dy, y, count: 3 * cols, rows: 3, cols: cols)
            }
        }

        @Test(arguments: lengths) func sparsemax(cols: Int) {
            let x = random(3 * cols, -1, 1, seed: cols), dy = random(3 * cols, seed: cols + 1)
            expectLikeScalar(within: 2e-6) { forward(lepton_k_sparsemax_f32, x, rows: 3, cols: cols) }
            let y = forward(lepton_k_sparsemax_f32, x, rows: 3, cols: cols)
            for r in 0..<3 where cols > 0 {
                let row = y[r * cols..<(r + 1) * cols],
                    offsets = zip(x[r * cols..<(r + 1) * cols], row).compactMap {
                        $1 > 0 ? $0 - $1 : nil
                    }
                #expect(abs(row.reduce(0, +) - 1) < 1e-5)
                #expect((offsets.max() ?? 0) - (offsets.min() ?? 0) < 1e-6)
                for (value, out) in zip(x[r * cols..<(r + 1) * cols], row) where out == 0 {
                    #expect(value <= (offsets.max() ?? 0) + 1e-6)
                }
            }
            expectLikeScalar(within: 1e-5) {
                backward(lepton_k_sparsemax_grad_f32, dy, y, count: 3 * cols, rows: 3, cols: cols)
            }
        }

        @Test func sparsemaxOfExtremes() {
            onEveryISA { name in
                #expect(
                    forward(lepton_k_sparsemax_f32, [0, 100, -100, 3, 3, 3], rows: 2, cols: 3)[0..<3] == [0, 1, 0])
                let bad = forward(lepton_k_sparsemax_f32, [0, .nan, 1, 5, 5, 0], rows: 2, cols: 3)
                #expect(bad[0..<3].allSatisfy(\.isNaN) && bad[3...] == [0.5, 0.5, 0], "\(name)")
            }
        }

        @Test(arguments: lengths) func gatedLinear(cols: Int) {
            let x = random(6 * cols, -3, 3, seed: cols), dy = random(3 * cols, seed: cols + 1)
            expectLikeScalar(within: 1e-6) { forward(lepton_k_glu_f32, x, rows: 3, cols: cols) }
            expectLikeScalar(within: 1e-6) {
                backward(lepton_k_glu_grad_f32, dy, x, count: 6 * cols, rows: 3, cols: cols)
            }
        }

        @Test(arguments: lengths) func prelu(period: Int) {
            let n = 4 * period, alpha = random(period, -1, 1, seed: 3), dy = random(n, seed: period + 1)
            var x = random(n, seed: period)
            if n > 0 { x[0] = 0 }
            for accumulate in [false, true] {
                expectLikeScalar(within: 1e-6) {
                    let input = Guarded(x), slopes = Guarded(alpha), y = Guarded(count: n), up = Guarded(dy)
                    let down = Guarded(count: n), change = Guarded(alpha)
                    lepton_k_prelu_f32(y.pointer, input.pointer, slopes.pointer, n, period)
                    lepton_k_prelu_grad_f32(
                        down.pointer, change.pointer, up.pointer, input.pointer, slopes.pointer, n, period,
                        accumulate ? 1 : 0)
                    return y.values() + down.values() + change.values()
                }
            }
        }
    }
}
