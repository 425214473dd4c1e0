import LeptonTensor

/// A lookup as it runs: terms to indices, -1 for what is to count nowhere.
final class LookupEncoder: InputEncoder, IntegerMap {
    private let lookup: IndexLookup
    private let vocabulary: Vocabulary
    private let maskWord: [UInt8]?
    private let maskNumber: Int64?
    private let bins: HashBins

    init(_ lookup: IndexLookup) {
        self.lookup = lookup
        vocabulary = lookup.vocabulary ?? (lookup.isText ? Vocabulary(words: TokenTable()) : Vocabulary(numbers: []))
        maskWord = lookup.maskToken.stringValue.map { Array($0.utf8) }
        maskNumber = lookup.maskToken.intValue.map { Int64($0) }
        bins = HashBins(bins: lookup.oovIndices, salt: lookup.salt)
    }

    /// Nil for a term that is unknown where no place is for such.
    func index(of word: TextBytes) -> Int? {
        if let maskWord, word.count == maskWord.count,
            UnsafeBufferPointer(start: word.start, count: word.count).elementsEqual(maskWord)
        {
            return lookup.outputMode == .integer ? 0 : -1
        }
        if let found = vocabulary.words.index(of: word) { return lookup.tokenStart + found }
        switch lookup.oovIndices {
        case 0: return nil
        case 1: return lookup.oovStart
        default: return lookup.oovStart + bins.bin(of: word)
        }
    }

    func index(of number: Int64) -> Int? {
        if let maskNumber, number == maskNumber { return lookup.outputMode == .integer ? 0 : -1 }
        if let found = vocabulary.index(of: number) { return lookup.tokenStart + found }
        switch lookup.oovIndices {
        case 0: return nil
        case 1: return lookup.oovStart
        case let count where lookup.oovMethod == "floormod":
            let rest = Int(number % Int64(count))
            return lookup.oovStart + (rest < 0 ? rest + count : rest)
        default: return lookup.oovStart + bins.bin(of: number)
        }
    }

    func value(of number: Int64) -> Float {
        guard lookup.isInverse else { return index(of: number).map { Float($0) } ?? .nan }
        return Float(term(at: number))
    }

    /// The number that an index stands for.
    private func term(at index: Int64) -> Int64 {
        if let maskNumber, index == 0 { return maskNumber }
        let place = index - Int64(lookup.tokenStart)
        if place >= 0, place < Int64(vocabulary.count) { return vocabulary.numbers[Int(place)] }
        return Int64(lookup.oovToken.intValue ?? -1)
    }

    func encode(
        _ view: TensorView, argument: String, into output: UnsafeMutablePointer<Float>
    ) throws(LeptonError) {
        if lookup.isText {
            try EncoderRows.withTexts(view, argument) { (words) throws(LeptonError) in
                for (place, word) in words.enumerated() {
                    guard let index = index(of: word) else { throw unknown("'\(word.string.prefix(64))'", argument) }
                    output[place] = Float(index)
                }
            }
        } else {
            try EncoderRows.withIntegers(view, argument) { (numbers) throws(LeptonError) in
                for (place, number) in numbers.enumerated() {
                    if lookup.isInverse {
                        output[place] = Float(term(at: number))
                    } else {
                        guard let index = index(of: number) else { throw unknown("\(number)", argument) }
                        output[place] = Float(index)
                    }
                }
            }
        }
    }

    func unknown(_ term: String, _ argument: String) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: argument,
            expected: "terms of the vocabulary of \(lookup.owner), because num_oov_indices is 0 (1 takes others too)",
            received: term)
    }
}
