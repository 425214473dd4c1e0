import CLeptonKernels
import Dispatch
import Testing

extension KernelTests {
    @Suite struct Gemm {
        struct Case: CustomStringConvertible {
            var m, n, k: Int
            var transA = false, transB = false, beta: Float = 0, padding = 0

            var lda: Int { (transA ? m : k) + padding }
            var ldb: Int { (transB ? k : n) + padding }
            var ldc: Int { n + padding }
            var description: String { "\(m)x\(n)x\(k) \(transA ? "T" : "N")\(transB ? "T" : "N") beta \(beta)" }

            /// Every transpose and beta, with rows that are and are not adjacent.
            static func variants(_ m: Int, _ n: Int, _ k: Int) -> [Case] {
                [false, true].flatMap { a in
                    [false, true].flatMap { b in
                        [
                            Case(m: m, n: n, k: k, transA: a, transB: b),
                            Case(m: m, n: n, k: k, transA: a, transB: b, beta: 1, padding: 3),
                        ]
                    }
                }
            }
        }

        func operands(_ test: Case) -> (a: [Float], b: [Float], c: [Float]) {
            let a = random((test.transA ? test.k : test.m) * test.lda, -1, 1, seed: 1)
            let b = random((test.transB ? test.n : test.k) * test.ldb, -1, 1, seed: 2)
            // With beta 0, c is not read: NaN must not come through.
            let c =
                test.beta == 0
                ? [Float](repeating: .nan, count: test.m * test.ldc) : random(test.m * test.ldc, -1, 1, seed: 3)
            return (a, b, c)
        }

        func product(_ test: Case) -> [Float] {
            let (a, b, c) = operands(test)
            let left = Guarded(a), right = Guarded(b), out = Guarded(c)
            lepton_k_gemm_f32(
                test.transA ? 1 : 0, test.transB ? 1 : 0, test.m, test.n, test.k, left.pointer, test.lda,
                right.pointer, test.ldb, test.beta, out.pointer, test.ldc)
            return out.values()
        }

        func reference(_ test: Case) -> [Float] {
            let (a, b, c) = operands(test)
            var out = c
            for i in 0..<test.m {
                for j in 0..<test.n {
                    var sum = test.beta == 0 ? 0 : Double(c[i * test.ldc + j])
                    for p in 0..<test.k {
                        let x = test.transA ? a[p * test.lda + i] : a[i * test.lda + p]
                        sum += Double(x) * Double(test.transB ? b[j * test.ldb + p] : b[p * test.ldb + j])
                    }
                    out[i * test.ldc + j] = Float(sum)
                }
            }
            return out
        }

        func expectCorrect(_ test: Case) {
            let expected = reference(test)
            // Rounding errors of k terms add up like a random walk; a wrong element would be off by about 1.
            let tolerance = 1e-6 * Float(max(test.k, 4)).squareRoot()
            onEveryISA { name in
                if let i = firstDifference(product(test), expected, tolerance) {
                    Issue.record("\(name) \(test): element \(i)")
                }
            }
        }

        /// Around the edges of the tiles of every instruction set.
        @Test(arguments: [1, 2, 5, 6, 7, 13]) func smallProducts(m: Int) {
            for n in [1, 2, 7, 8, 9, 16, 17, 31, 33] {
                for k in [1, 4, 5, 33] {
                    for test in Case.variants(m, n, k) { expectCorrect(test) }
                }
            }
        }

        /// Several blocks of rows and of depth, packed panels, and the one-row paths at length.
        @Test(arguments: [(25, 40, 300), (250, 18, 20), (30, 33, 520), (1, 70, 600), (70, 1, 600), (1, 1, 1000)])
        func blockedProducts(m: Int, n: Int, k: Int) {
            for test in Case.variants(m, n, k) { expectCorrect(test) }
        }

        /// Beyond the limit of the own product, in the BLAS. Checked against the scalar sum of a few elements, because
        /// the whole reference would take seconds.
        @Test func largeProducts() {
            for test in Case.variants(330, 330, 330) {
                let (a, b, c) = operands(test), result = product(test)
                for (i, j) in [(0, 0), (0, 329), (329, 0), (329, 329), (100, 200), (17, 5)] {
                    var sum = test.beta == 0 ? 0 : Double(c[i * test.ldc + j])
                    for p in 0..<test.k {
                        let x = test.transA ? a[p * test.lda + i] : a[i * test.lda + p]
                        sum += Double(x) * Double(test.transB ? b[j * test.ldb + p] : b[p * test.ldb + j])
                    }
                    #expect(agree(result[i * test.ldc + j], Float(sum), 1e-5), "\(test) at \(i), \(j)")
                }
                // What lies between the rows of c is left alone.
                for i in 0..<test.m {
                    for j in test.n..<test.ldc { #expect(result[i * test.ldc + j] == c[i * test.ldc + j]) }
                }
            }
        }

        @Test func emptyProducts() {
            onEveryISA { name in
                #expect(product(Case(m: 3, n: 4, k: 0)) == .init(repeating: 0, count: 12), "\(name)")
                let kept = Case(m: 3, n: 4, k: 0, beta: 1)
                #expect(product(kept) == operands(kept).c, "\(name)")
                #expect(product(Case(m: 0, n: 4, k: 3)) == [], "\(name)")
                #expect(product(Case(m: 4, n: 0, k: 3)) == [], "\(name)")
            }
        }

        @Test func notANumberSpreadsOverItsRow() {
            onEveryISA { name in
                let a: [Float] = [1, .nan, 1, 1], b: [Float] = [1, 2, 3, 4]
                var c = [Float](repeating: 0, count: 4)
                lepton_k_gemm_f32(0, 0, 2, 2, 2, a, 2, b, 2, 0, &c, 2)
                #expect(c[0].isNaN && c[1].isNaN && c[2] == 4 && c[3] == 6, "\(name)")
            }
        }

        /// Four threads at once get the bits that one alone gets, in both paths.
        @Test(arguments: [(32, 64, 30), (64, 100, 300), (330, 330, 330)]) func threads(m: Int, n: Int, k: Int) {
            let test = Case(m: m, n: n, k: k, transB: true)
            let (a, b, _) = operands(test), alone = product(test), count = m * n
            let results = UnsafeMutablePointer<Float>.allocate(capacity: 4 * count)
            defer { results.deallocate() }
            nonisolated(unsafe) let shared = results
            DispatchQueue.concurrentPerform(iterations: 4) { thread in
                for _ in 0..<3 {
                    lepton_k_gemm_f32(
                        0, 1, m, n, k, a, test.lda, b, test.ldb, 0, shared + thread * count, n)
                }
            }
            for thread in 0..<4 {
                let same = (0..<count).allSatisfy {
                    results[thread * count + $0].bitPattern == alone[$0].bitPattern
                }
                #expect(same, "\(test) thread \(thread)")
            }
        }
    }
}
