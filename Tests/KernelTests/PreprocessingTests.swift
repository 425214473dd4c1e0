import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Preprocessing {
        @Test(arguments: lengths) func normalizingLikeTheReference(columns: Int) {
            let rows = 3
            let x = random(rows * columns, seed: columns), mean = random(columns, seed: columns + 1)
            let deviation = random(columns, 0.25, 3, seed: columns + 2)
            for invert in [Int32(0), 1] {
                expectLikeScalar(within: 1e-6) {
                    let input = Guarded(x), means = Guarded(mean), deviations = Guarded(deviation)
                    let output = Guarded(count: x.count), gradient = Guarded(count: x.count)
                    lepton_k_normalize_rows_f32(
                        output.pointer, input.pointer, means.pointer, deviations.pointer, rows, columns, invert)
                    lepton_k_normalize_rows_grad_f32(
                        gradient.pointer, input.pointer, deviations.pointer, rows, columns, invert)
                    lepton_k_normalize_rows_f32(
                        input.pointer, input.pointer, means.pointer, deviations.pointer, rows, columns, invert)
                    return output.values() + gradient.values() + input.values()
                }
            }
        }

        @Test func digits() {
            let boundaries: [Float] = [-1, 0, 0, 2.5]
            let x: [Float] = [-2, -1, -0.5, 0, 1, 2.5, 3, .infinity, -.infinity, .nan]
            let input = Guarded(x), output = Guarded(count: x.count)
            lepton_k_digitize_f32(output.pointer, input.pointer, x.count, boundaries, boundaries.count)
            #expect(output.values() == [0, 1, 1, 3, 3, 4, 4, 4, 0, 4])
            lepton_k_digitize_f32(output.pointer, input.pointer, x.count, boundaries, 0)
            #expect(output.values().allSatisfy { $0 == 0 })
        }

        private func encode(
            _ x: [Float], weights: [Float]? = nil, scale: [Float]? = nil, samples: Int, length: Int, inner: Int,
            depth: Int, mode: Int
        ) -> [Float] {
            let input = Guarded(x), output = Guarded(count: samples * inner * depth)
            lepton_k_encode_f32(
                output.pointer, input.pointer, weights, scale, samples, length, inner, depth, Int32(mode))
            return output.values()
        }

        @Test func encodings() {
            let x: [Float] = [0, 2, 2, -1, 3, 1.5]
            #expect(
                encode(x, samples: 2, length: 1, inner: 3, depth: 3, mode: LEPTON_K_ONE_HOT)
                    == [1, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0])
            #expect(
                encode(x, samples: 2, length: 3, inner: 1, depth: 3, mode: LEPTON_K_MULTI_HOT) == [1, 0, 1, 0, 1, 0])
            #expect(encode(x, samples: 2, length: 3, inner: 1, depth: 3, mode: LEPTON_K_COUNT) == [1, 0, 2, 0, 0, 0])
            // Added up over the middle axis of (1, 3, 2).
            #expect(
                encode(x, samples: 1, length: 3, inner: 2, depth: 4, mode: LEPTON_K_COUNT)
                    == [1, 0, 1, 1, 0, 0, 1, 0])
            #expect(
                encode(
                    x, weights: [0.5, 1, 2, 4, 8, 16], scale: [2, 1, 10], samples: 2, length: 3, inner: 1, depth: 3,
                    mode: LEPTON_K_COUNT) == [1, 0, 30, 0, 0, 0])
            #expect(
                encode([.nan, .infinity, 1e30], samples: 1, length: 3, inner: 1, depth: 2, mode: LEPTON_K_MULTI_HOT)
                    == [0, 0])
        }

        @Test func slopesOfWeights() {
            let x: [Float] = [0, 2, 2, -1, 3, 1.5], dy: [Float] = [1, 2, 3, 4, 5, 6]
            let input = Guarded(x), up = Guarded(dy), down = Guarded(count: x.count)
            lepton_k_encode_weights_grad_f32(down.pointer, up.pointer, input.pointer, [1, 1, 10], 2, 3, 1, 3)
            #expect(down.values() == [1, 30, 30, 0, 0, 0])
        }

        /// Values of TensorFlow 2.21: `tf.strings.to_hash_bucket_fast` and `_strong` with 2^62 + 12345 buckets.
        @Test func hashes() {
            let buckets: UInt64 = 1 << 62 + 12345
            let words = (0...130).map { String(repeating: "ab cd", count: $0) }
            #expect(Set(words.map { lepton_k_farmhash64($0, $0.utf8.count) }).count == words.count)
            #expect(Set(words.map { lepton_k_siphash64($0, $0.utf8.count, 1, 2) }).count == words.count)
            for (word, fast, strong) in hashesOfTensorFlow {
                #expect(lepton_k_farmhash64(word, word.utf8.count) % buckets == fast)
                #expect(lepton_k_siphash64(word, word.utf8.count, 133, 137) % buckets == strong)
            }
        }
    }
}

private let hashesOfTensorFlow: [(String, UInt64, UInt64)] = [
    (
        "",
        1936946117179596765, 316627932347050651
    ),
    (
        "a",
        3694432073954563441, 2466253977694441105
    ),
    (
        "abcd",
        1897425971756105985, 3196519216900815132
    ),
    (
        "abcdefgh",
        4533385575889606750, 210173030064324697
    ),
    (
        "0123456789abcdef",
        1493332391325012014, 4045071960732574964
    ),
    (
        "0123456789abcdef0123456789abcdef",
        1958373538681310840, 930485184644464587
    ),
    (
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        3046993373088298437, 3347663563349140528
    ),
    (
        "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
        4471793200125962424, 1805651083953432970
    ),
    (
        "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
        3688229565335318268, 1285846017453278549
    ),
    (
        String(repeating: "0123456789", count: 13),
        1497403020669680786, 145561070717970773
    ),
    (
        "Größe 日本",
        1434307939743339080, 2637395305154435169
    ),
]
