import CLeptonKernels
import Testing

extension KernelTests {
    @Suite struct Dropout {
        func philox(_ counter: [UInt32], _ key: [UInt32]) -> [UInt32] {
            var out = [UInt32](repeating: 0, count: 4)
            lepton_k_philox(&out, counter, key)
            return out
        }

        /// The known answers published with Random123 (kat_vectors, philox4x32 10).
        @Test func knownAnswers() {
            #expect(
                philox([0, 0, 0, 0], [0, 0]) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
            let ones = UInt32.max
            #expect(
                philox([ones, ones, ones, ones], [ones, ones])
                    == [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd])
            #expect(
                philox([0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344], [0xa409_3822, 0x299f_31d0])
                    == [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1])
        }

        func mask(_ n: Int, rate: Float, seed: UInt64, stream: UInt64, offset: UInt64) -> [Float] {
            let x = Guarded(random(n, seed: n)), y = Guarded(count: n), mask = Guarded(count: n)
            lepton_k_dropout_f32(y.pointer, mask.pointer, x.pointer, n, rate, seed, stream, offset)
            let result = mask.values()
            #expect(y.values() == zip(x.values(), result).map(*))
            return result
        }

        /// The pattern that the header promises, computed here from single blocks.
        func documented(_ n: Int, rate: Float, seed: UInt64, stream: UInt64, offset: UInt64) -> [Float] {
            (0..<UInt64(n)).map { i in
                let position = offset &+ i, block = position / 4
                let counter = [block, block >> 32, stream, stream >> 32].map { UInt32(truncatingIfNeeded: $0) }
                let key = [seed, seed >> 32].map { UInt32(truncatingIfNeeded: $0) }
                let word = philox(counter, key)[Int(position % 4)]
                return Double(word) * 0x1p-32 < Double(rate) ? 0 : 1 / (1 - rate)
            }
        }

        @Test(arguments: lengths) func isTheDocumentedPattern(n: Int) {
            // Among the offsets are ones inside a block and one where the block number leaves 32 bits.
            for offset: UInt64 in [0, 1, 2, 3, 4, 4001, (1 << 34) - 18, 1 << 40] {
                for rate in [Float(0.1), 0.5, 0.999] {
                    let seed: UInt64 = 0x0123_4567_89ab_cdef, stream: UInt64 = 0xfedc_ba98_7654_3210
                    let expected = documented(n, rate: rate, seed: seed, stream: stream, offset: offset)
                    onEveryISA { name in
                        let found = mask(n, rate: rate, seed: seed, stream: stream, offset: offset)
                        #expect(found == expected, "\(name) offset \(offset) rate \(rate)")
                    }
                }
            }
        }

        /// A batch cut into shards at any place draws the same pattern as the whole.
        @Test func dependsOnThePositionAlone() {
            onEveryISA { name in
                let whole = mask(1000, rate: 0.3, seed: 7, stream: 9, offset: 5)
                for cut in [1, 6, 32, 333, 998] {
                    let first = mask(cut, rate: 0.3, seed: 7, stream: 9, offset: 5)
                    let second = mask(1000 - cut, rate: 0.3, seed: 7, stream: 9, offset: 5 + UInt64(cut))
                    #expect(first + second == whole, "\(name) cut at \(cut)")
                }
            }
        }

        @Test func dropsAtTheGivenRate() {
            let n = 40000
            for rate in [Float(0.05), 0.25, 0.5, 0.9] {
                let dropped = mask(n, rate: rate, seed: 11, stream: 1, offset: 0).count { $0 == 0 }
                // Five standard deviations of the binomial distribution.
                let spread = 5 * (Double(n) * Double(rate) * Double(1 - rate)).squareRoot()
                #expect(abs(Double(dropped) - Double(n) * Double(rate)) < spread, "rate \(rate): \(dropped)")
            }
        }

        @Test func rateZeroKeepsEverythingAndInPlaceIsAllowed() {
            onEveryISA { name in
                #expect(mask(100, rate: 0, seed: 1, stream: 2, offset: 3) == .init(repeating: 1, count: 100), "\(name)")
                let values = random(101, seed: 4), x = Guarded(values), mask = Guarded(count: 101)
                lepton_k_dropout_f32(x.pointer, mask.pointer, x.pointer, 101, 0.5, 1, 2, 3)
                #expect(x.values() == zip(values, mask.values()).map(*), "\(name)")
            }
        }
    }
}
