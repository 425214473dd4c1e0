import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KernelTests {
    @Suite struct Noise {
        func normal(_ n: Int, offset: UInt64 = 0) -> [Float] {
            let out = Guarded(count: n)
            lepton_k_normal_f32(out.pointer, n, 0, 1, 5, 6, offset)
            return out.values()
        }

        @Test(arguments: lengths) func likeTheReference(n: Int) {
            for offset: UInt64 in [0, 1, 7, 1 << 34] {
                expectLikeScalar(within: 2e-6) { normal(n, offset: offset) }
                expectLikeScalar(within: 0) {
                    let mask = Guarded(count: n), x = Guarded(random(n, seed: n)), y = Guarded(count: n)
                    lepton_k_mask_f32(mask.pointer, n, 0.3, 1.5, 5, 6, offset)
                    lepton_k_masked_f32(y.pointer, x.pointer, mask.pointer, n, 0, 0)
                    return mask.values()
                }
            }
        }

        @Test func dependsOnThePositionAlone() {
            onEveryISA { name in
                let whole = normal(1000)
                for cut in [1, 6, 333] {
                    #expect(normal(cut) + normal(1000 - cut, offset: UInt64(cut)) == whole, "\(name) \(cut)")
                }
            }
        }

        /// The distribution function of each number is the uniform number that it was made of.
        @Test func isTheInverseOfTheDistributionFunction() {
            let n = 4000
            let z = normal(n)
            for i in 0..<n {
                var words = [UInt32](repeating: 0, count: 4)
                lepton_k_philox(&words, [UInt32(i / 4), 0, 6, 0], [5, 0])
                let u = (Double(words[i % 4]) + 0.5) * 0x1p-32
                let found = 0.5 * erfc(-Double(z[i]) / 2.0.squareRoot())
                #expect(abs(found - u) < 2e-6 * min(u, 1 - u) + 3e-7, "\(i): \(z[i])")
            }
        }

        @Test func hasTheRightMoments() {
            let n = 40000
            let z = normal(n).map(Double.init)
            let mean = z.reduce(0, +) / Double(n), variance = z.reduce(0) { $0 + $1 * $1 } / Double(n)
            let fourth = z.reduce(0) { $0 + $1 * $1 * $1 * $1 } / Double(n)
            #expect(abs(mean) < 5 / Double(n).squareRoot())
            #expect(abs(variance - 1) < 5 * (2 / Double(n)).squareRoot())
            #expect(abs(fourth - 3) < 5 * (96 / Double(n)).squareRoot())
        }

        @Test(arguments: lengths) func maskedValues(n: Int) {
            let x = random(n, seed: n)
            expectLikeScalar(within: 1e-6) {
                let input = Guarded(x), mask = Guarded(random(n, seed: 9)), y = Guarded(count: n)
                lepton_k_masked_f32(y.pointer, input.pointer, mask.pointer, n, -1.75, 0.5)
                return y.values()
            }
        }

        @Test func spreading() {
            let cases: [([Int], [Int], Int)] = [
                ([2, 3, 4], [0, 0, 1], 4), ([2, 3, 4], [12, 4, 1], 24), ([2, 3, 17], [3, 1, 0], 6), ([5], [0], 1),
                ([2, 1, 3, 2], [6, 0, 2, 1], 12), ([], [], 1), ([0, 3], [3, 1], 3),
            ]
            for (extents, strides, count) in cases {
                let total = extents.reduce(1, *)
                expectLikeScalar(within: 0, "\(extents)") {
                    let input = Guarded(random(count, seed: 1)), out = Guarded(count: total)
                    lepton_k_spread_f32(out.pointer, input.pointer, extents.count, extents, strides)
                    return out.values()
                }
            }
        }
    }
}
