import CLeptonKernels

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Random numbers from a counter (Philox4x32-10; Salmon et al., SC 2011): a pure function of seed, stream and
/// position, so that a result never depends on which thread drew it or how often it was interrupted.
package struct RandomStream {
    private let seed: UInt64
    private let stream: UInt64
    private var block: UInt64 = 0
    private var words: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
    private var used = 4

    /// What a stream is for. Two purposes never share numbers, whatever their indices.
    package enum Purpose: UInt64 {
        case initialWeights = 1
        case shuffle = 2
        case dropout = 3
    }

    package init(seed: UInt64, purpose: Purpose, index: UInt64) {
        self.seed = seed
        self.stream = RandomStream.identifier(purpose, index)
    }

    /// The stream number of (purpose, index): the purpose in the top byte.
    package static func identifier(_ purpose: Purpose, _ index: UInt64) -> UInt64 {
        purpose.rawValue << 56 | (index & (1 << 56 - 1))
    }

    /// 32 uniform bits.
    package mutating func nextWord() -> UInt32 {
        if used == 4 {
            words = RandomStream.philox(block: block, stream: stream, seed: seed)
            block &+= 1
            used = 0
        }
        used += 1
        switch used {
        case 1: return words.0
        case 2: return words.1
        case 3: return words.2
        default: return words.3
        }
    }

    private static func philox(
        block: UInt64, stream: UInt64, seed: UInt64
    ) -> (UInt32, UInt32, UInt32, UInt32) {
        var output: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 10) { words in
            for (index, word) in [block, stream, seed].enumerated() {
                words[index * 2] = UInt32(truncatingIfNeeded: word)
                words[index * 2 + 1] = UInt32(truncatingIfNeeded: word >> 32)
            }
            guard let base = words.baseAddress else { return }
            lepton_k_philox(base + 6, base, base + 4)
            output = (words[6], words[7], words[8], words[9])
        }
        return output
    }

    /// Uniform in [0, 1), with 24 random bits.
    package mutating func uniform() -> Float {
        Float(nextWord() >> 8) * 0x1p-24
    }

    /// A whole number in 0..<bound, without bias (Lemire, 2019). `bound` is at least 1.
    package mutating func below(_ bound: UInt64) -> UInt64 {
        let threshold = (0 &- bound) % bound
        while true {
            let word = UInt64(nextWord()) << 32 | UInt64(nextWord())
            let (high, low) = bound.multipliedFullWidth(by: word)
            if low >= threshold { return high }
        }
    }

    /// Standard normal, by the Box-Muller transform.
    package mutating func normal() -> Float {
        let radius = (-2 * log(1 - Double(uniform()))).squareRoot()
        return Float(radius * cos(2 * Double.pi * Double(uniform())))
    }

    /// Standard normal, drawn again until it lies within two standard deviations.
    package mutating func truncatedNormal() -> Float {
        while true {
            let value = normal()
            if abs(value) <= 2 { return value }
        }
    }
}
