import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Elementwise {
        @Test(arguments: lengths) func sumsAndProducts(n: Int) {
            let a = random(n, seed: n), b = random(n, seed: n + 1)
            onEveryISA { name in
                let x = Guarded(a), y = Guarded(b), out = Guarded(count: n)
                lepton_k_add_f32(out.pointer, x.pointer, y.pointer, n)
                #expect(out.values() == zip(a, b).map(+), "\(name)")
                lepton_k_multiply_f32(out.pointer, x.pointer, y.pointer, n)
                #expect(out.values() == zip(a, b).map(*), "\(name)")
                // In place, over either operand.
                lepton_k_add_f32(x.pointer, x.pointer, y.pointer, n)
                #expect(x.values() == zip(a, b).map(+), "\(name)")
                let again = Guarded(a)
                lepton_k_multiply_f32(y.pointer, again.pointer, y.pointer, n)
                #expect(y.values() == zip(a, b).map(*), "\(name)")
            }
        }

        /// Shards are added in order: the very bits of ((a + b) + c) + ..., whatever the instruction set.
        @Test(arguments: lengths) func sumOfShards(n: Int) {
            for count in [1, 2, 3, 8] {
                let shards = (0..<count).map { random(n, -1e3, 1e3, seed: 10 * n + $0) }
                let expected = shards.dropFirst().reduce(shards[0]) { zip($0, $1).map(+) }
                onEveryISA { name in
                    let buffers = shards.map { Guarded($0) }, out = Guarded(count: n)
                    let pointers = buffers.map { Optional(UnsafePointer($0.pointer)) }
                    lepton_k_sum_f32(out.pointer, pointers, count, n)
                    #expect(out.values() == expected, "\(name)")
                }
            }
        }

        @Test(arguments: lengths) func exponentialsAndLogarithms(n: Int) {
            let x = random(n, 0.1, 20, seed: n)
            expectLikeScalar(within: 3e-7) {
                let buffer = Guarded(x)
                lepton_k_exp_f32(buffer.pointer, buffer.pointer, n)
                let result = buffer.values(), logs = Guarded(x)
                lepton_k_log_f32(logs.pointer, logs.pointer, n)
                return result + logs.values()
            }
        }

        @Test(arguments: lengths) func finiteness(n: Int) {
            let x = random(n, seed: n)
            onEveryISA { name in
                let buffer = Guarded(x)
                #expect(lepton_k_all_finite_f32(buffer.pointer, n) == 1, "\(name)")
                for position in Set([0, n / 2, n - 1]) where n > 0 {
                    for bad in [Float.nan, .infinity, -.infinity, -.signalingNaN] {
                        buffer.pointer[position] = bad
                        #expect(lepton_k_all_finite_f32(buffer.pointer, n) == 0, "\(name) \(position) \(bad)")
                    }
                    buffer.pointer[position] = -.greatestFiniteMagnitude
                }
                #expect(lepton_k_all_finite_f32(buffer.pointer, n) == 1, "\(name)")
            }
        }
    }
}
