import LeptonTensor

/// The words, or the whole numbers, that a lookup layer knows, in order; without masks and places for unknown ones.
///
/// A class, so that layers and models share it rather than copy it; nothing in it changes.
final class Vocabulary: Sendable {
    let words: TokenTable
    let numbers: [Int64]
    let placeOfNumber: [Int64: Int32]
    let isText: Bool

    init(words: TokenTable) {
        self.words = words
        numbers = []
        placeOfNumber = [:]
        isText = true
    }

    init(numbers: [Int64]) {
        words = TokenTable()
        self.numbers = numbers
        var places: [Int64: Int32] = [:]
        places.reserveCapacity(numbers.count)
        for (index, number) in numbers.enumerated() { places[number] = Int32(truncatingIfNeeded: index) }
        placeOfNumber = places
        isText = false
    }

    var count: Int { isText ? words.count : numbers.count }

    func json(_ index: Int) -> JSONValue { isText ? .string(words.word(index)) : .integer(numbers[index]) }

    func index(of number: Int64) -> Int? { placeOfNumber[number].map { Int($0) } }

    func contains(_ token: JSONValue) -> Bool {
        if isText { return token.stringValue.flatMap { words.index(of: $0) } != nil }
        return token.intValue.flatMap { index(of: Int64($0)) } != nil
    }

    /// - Throws: `invalidArgument` for a token of another kind, and for one that is there twice.
    init(_ tokens: ArraySlice<JSONValue>, isText: Bool, owner: String) throws(LeptonError) {
        func repeated(_ token: JSONValue) -> LeptonError {
            LeptonError(
                .invalidArgument, argument: "\(owner).vocabulary", expected: "each term once",
                received: "\(token.kindName) twice")
        }
        var words = TokenTable(capacity: isText ? tokens.count : 0)
        var numbers: [Int64] = []
        var places: [Int64: Int32] = [:]
        for token in tokens {
            if isText, let word = token.stringValue {
                guard try words.insert(word).isNew else { throw repeated(token) }
            } else if !isText, let number = token.intValue {
                guard places.updateValue(Int32(truncatingIfNeeded: numbers.count), forKey: Int64(number)) == nil else {
                    throw repeated(token)
                }
                numbers.append(Int64(number))
            } else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).vocabulary", expected: isText ? "text" : "whole numbers",
                    received: token.kindName)
            }
        }
        self.words = words
        self.numbers = numbers
        placeOfNumber = places
        self.isText = isText
    }
}
