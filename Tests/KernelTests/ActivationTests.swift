import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KernelTests {
    @Suite struct Activations {
        static let kinds = [LEPTON_K_LINEAR, LEPTON_K_RELU, LEPTON_K_SIGMOID, LEPTON_K_TANH]
        static let shapes = [
            (0, 5), (1, 1), (32, 1), (5, 3), (3, 7), (4, 8), (6, 15), (7, 16), (9, 17), (5, 31), (4, 33), (2, 64),
            (10, 100), (1, 1000),
        ]

        func exact(_ x: Double, _ kind: Int) -> Double {
            switch kind {
            case LEPTON_K_RELU: max(x, 0)
            case LEPTON_K_SIGMOID: 1 / (1 + exp(-x))
            case LEPTON_K_TANH: tanh(x)
            default: x
            }
        }

        func activate(
            _ x: [Float], _ bias: [Float]?, rows: Int, cols: Int, kind: Int, inPlace: Bool = false
        ) -> [Float] {
            let input = Guarded(x), output = inPlace ? input : Guarded(count: x.count), biases = Guarded(bias ?? [])
            lepton_k_bias_activation_f32(
                output.pointer, input.pointer, bias == nil ? nil : biases.pointer, rows, cols, Int32(kind))
            return output.values()
        }

        @Test(arguments: shapes) func forward(rows: Int, cols: Int) {
            let x = random(rows * cols, seed: rows), bias = random(cols, seed: cols)
            for kind in Self.kinds {
                for b in [nil, bias] {
                    for inPlace in [false, true] {
                        expectLikeScalar(within: 3e-7, "\(kind)") {
                            activate(x, b, rows: rows, cols: cols, kind: kind, inPlace: inPlace)
                        }
                    }
                    onEveryISA { name in
                        let wanted = x.indices.map { Float(exact(Double(x[$0] + (b?[$0 % cols] ?? 0)), kind)) }
                        let found = activate(x, b, rows: rows, cols: cols, kind: kind)
                        #expect(firstDifference(found, wanted, 3e-7) == nil, "\(name) \(kind)")
                    }
                }
            }
        }

        @Test func endsAndNotANumber() {
            let x: [Float] = [.nan, .infinity, -.infinity, 0, -0.0, 1e30, -1e30, .leastNonzeroMagnitude, .nan]
            onEveryISA { name in
                for kind in Self.kinds {
                    let y = activate(x, nil, rows: 1, cols: x.count, kind: kind)
                    let wanted = x.map { $0.isNaN ? .nan : Float(exact(Double($0), kind)) }
                    #expect(firstDifference(y, wanted, 0) == nil, "\(name) \(kind): \(y)")
                }
            }
        }

        func gradient(_ dy: [Float], _ y: [Float], kind: Int, inPlace: Bool) -> [Float] {
            let up = Guarded(dy), output = Guarded(y), down = inPlace ? up : Guarded(count: dy.count)
            lepton_k_activation_grad_f32(down.pointer, up.pointer, output.pointer, dy.count, Int32(kind))
            return down.values()
        }

        @Test(arguments: lengths) func gradients(n: Int) {
            let x = random(n, seed: n), dy = random(n, seed: n + 1)
            for kind in Self.kinds {
                let y = activate(x, nil, rows: 1, cols: n, kind: kind)
                expectLikeScalar(within: 3e-7, "\(kind)") {
                    gradient(dy, y, kind: kind, inPlace: false) + gradient(dy, y, kind: kind, inPlace: true)
                }
                let slopes = gradient([Float](repeating: 1, count: n), y, kind: kind, inPlace: false)
                for (value, slope) in zip(x, slopes) {
                    let h = 1e-6, at = Double(value)
                    let numeric = (exact(at + h, kind) - exact(at - h, kind)) / (2 * h)
                    #expect(abs(Double(slope) - numeric) < 1e-5, "\(kind) at \(value)")
                }
            }
        }

        @Test(arguments: shapes) func biasGradients(rows: Int, cols: Int) {
            let dy = random(rows * cols, seed: rows), x = random(rows * cols, seed: cols)
            let before = random(cols, seed: 3)
            for kind in Self.kinds {
                let y = activate(x, nil, rows: rows, cols: cols, kind: kind)
                for accumulate in [false, true] {
                    for inPlace in [false, true] {
                        expectLikeScalar(within: 2e-6, "\(kind)") {
                            let up = Guarded(dy), output = Guarded(y), down = inPlace ? up : Guarded(count: dy.count)
                            let bias = Guarded(before)
                            lepton_k_activation_bias_grad_f32(
                                down.pointer, bias.pointer, up.pointer, output.pointer, rows, cols, Int32(kind),
                                accumulate ? 1 : 0)
                            // The sums, from the elements and in row order.
                            let dx = down.values(), sums = bias.values()
                            for j in 0..<cols {
                                let sum = (0..<rows).reduce(accumulate ? before[j] : 0) { $0 + dx[$1 * cols + j] }
                                #expect(agree(sums[j], sum, 2e-6))
                            }
                            return dx + sums
                        }
                    }
                }
            }
        }
    }

    @Suite struct Softmax {
        func softmax(_ x: [Float], rows: Int, inPlace: Bool = false) -> [Float] {
            let input = Guarded(x), output = inPlace ? input : Guarded(count: x.count)
            lepton_k_softmax_f32(output.pointer, input.pointer, rows, x.count / rows)
            return output.values()
        }

        @Test(arguments: lengths) func forward(cols: Int) {
            let x = random(3 * cols, -20, 20, seed: cols)
            expectLikeScalar(within: 1e-6) { softmax(x, rows: 3) + softmax(x, rows: 3, inPlace: true) }
            onEveryISA { name in
                let y = softmax(x, rows: 3)
                for r in 0..<3 where cols > 0 {
                    let row = x[r * cols..<(r + 1) * cols].map { exp(Double($0)) }, sum = row.reduce(0, +)
                    for j in 0..<cols {
                        #expect(abs(Double(y[r * cols + j]) / (row[j] / sum) - 1) < 3e-6, "\(name) \(r) \(j)")
                    }
                }
            }
        }

        @Test func extremes() {
            onEveryISA { name in
                #expect(softmax([1e30, -1e30, 1e30], rows: 1) == [0.5, 0, 0.5], "\(name)")
                #expect(softmax([-.infinity, 0, -.infinity], rows: 1) == [0, 1, 0], "\(name)")
                // One NaN makes its row NaN and no other; infinity and nothing but -infinity do as in JAX.
                for bad in [[Float.nan, 1, 2], [1, .infinity, 2], .init(repeating: -.infinity, count: 3)] {
                    let y = softmax(bad + [1, 1, 1], rows: 2)
                    #expect(y[0..<3].allSatisfy { $0.isNaN }, "\(name) \(bad)")
                    #expect(firstDifference(Array(y[3...]), [1 / 3, 1 / 3, 1 / 3], 1e-7) == nil, "\(name)")
                }
                var long = random(37, seed: 1)
                long[36] = .nan
                #expect(softmax(long, rows: 1).allSatisfy { $0.isNaN }, "\(name)")
            }
        }

        @Test(arguments: lengths) func gradients(cols: Int) {
            let x = random(2 * cols, -2, 2, seed: cols), dy = random(2 * cols, seed: cols + 1)
            let y = softmax(x, rows: 2)
            func gradient(inPlace: Bool) -> [Float] {
                let up = Guarded(dy), output = Guarded(y), down = inPlace ? up : Guarded(count: dy.count)
                lepton_k_softmax_grad_f32(down.pointer, up.pointer, output.pointer, 2, cols)
                return down.values()
            }
            expectLikeScalar(within: 1e-6) { gradient(inPlace: false) + gradient(inPlace: true) }

            // Against differences of sum(dy * softmax(x)) in double precision, for some elements of the first row.
            let dx = gradient(inPlace: false), row = x.prefix(cols).map(Double.init)
            func value(_ row: [Double]) -> Double {
                let e = row.map { exp($0) }, sum = e.reduce(0, +)
                return zip(e, dy).reduce(0) { $0 + $1.0 / sum * Double($1.1) }
            }
            for j in stride(from: 0, to: cols, by: max(cols / 9, 1)) {
                var up = row, down = row
                up[j] += 1e-6
                down[j] -= 1e-6
                #expect(abs(Double(dx[j]) - (value(up) - value(down)) / 2e-6) < 1e-5, "element \(j)")
            }
        }
    }
}
