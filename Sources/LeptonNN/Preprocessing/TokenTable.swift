import CLeptonKernels
import LeptonTensor

/// Words, numbered in the order in which they came, and the way from a word to its number. Words are bytes: two that
/// look alike but are written with other code points are two words, as in TensorFlow's tables.
///
/// Open addressing with linear probing; all words stand end to end in one array.
struct TokenTable: Sendable {
    private var bytes: [UInt8] = []
    /// Where each word ends in `bytes`.
    private var ends: [Int] = []
    /// Number of the word + 1; 0 for a free slot.
    private var slots: [Int32]

    /// - Parameter capacity: words to make room for.
    init(capacity: Int = 0) {
        var size = 16
        while size < 2 * min(capacity, TokenTable.maximumCount) { size *= 2 }
        slots = Array(repeating: 0, count: size)
    }

    /// More words than an index in float32 can tell apart.
    static let maximumCount = 1 << 24

    var count: Int { ends.count }

    /// The word of a number.
    func word(_ index: Int) -> String { String(decoding: utf8(index), as: UTF8.self) }

    func utf8(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }

    private func slot(of word: TextBytes) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: lepton_k_farmhash64(word.start, word.count)) & mask
        while slots[slot] != 0, !isWord(Int(slots[slot]) - 1, word) { slot = (slot + 1) & mask }
        return slot
    }

    private func isWord(_ index: Int, _ word: TextBytes) -> Bool {
        let start = index == 0 ? 0 : ends[index - 1]
        guard ends[index] - start == word.count else { return false }
        return bytes.withUnsafeBufferPointer { all in
            for i in 0..<word.count where all[start + i] != word.start[i] { return false }
            return true
        }
    }

    /// The number of a word, or nil for one that is not there.
    func index(of word: TextBytes) -> Int? {
        let found = Int(slots[slot(of: word)])
        return found == 0 ? nil : found - 1
    }

    /// The number of a word, which is new where the word was not there.
    ///
    /// - Throws: `outOfMemory` for more words than numbers.
    mutating func insert(_ word: TextBytes) throws(LeptonError) -> (index: Int, isNew: Bool) {
        let place = slot(of: word)
        if slots[place] != 0 { return (Int(slots[place]) - 1, false) }
        guard ends.count < TokenTable.maximumCount else {
            throw LeptonError(
                .outOfMemory, argument: "vocabulary", expected: "at most \(TokenTable.maximumCount) different words",
                received: "more")
        }
        bytes.append(contentsOf: UnsafeBufferPointer(start: word.start, count: word.count))
        ends.append(bytes.count)
        slots[place] = Int32(ends.count)
        if 2 * ends.count > slots.count { grow() }
        return (ends.count - 1, true)
    }

    mutating func insert(_ word: String) throws(LeptonError) -> (index: Int, isNew: Bool) {
        try TokenTable.withBytes(word) { (bytes) throws(LeptonError) in try insert(bytes) }
    }

    func index(of word: String) -> Int? { TokenTable.withBytes(word) { index(of: $0) } }

    static func withBytes<Result, Failure: Error>(
        _ word: String, _ body: (TextBytes) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        // One byte more, so that there is an address for the empty word too.
        let bytes = Array(word.utf8) + [0]
        return try bytes.withUnsafeBufferPointer { (buffer) throws(Failure) in
            guard let start = buffer.baseAddress else { preconditionFailure("an array of one element has an address") }
            return try body(TextBytes(start: start, count: buffer.count - 1))
        }
    }

    private mutating func grow() {
        slots = Array(repeating: 0, count: 2 * slots.count)
        for index in ends.indices {
            let start = index == 0 ? 0 : ends[index - 1]
            let place = bytes.withUnsafeBufferPointer { all in
                all.baseAddress.map { slot(of: TextBytes(start: $0 + start, count: ends[index] - start)) }
            }
            if let place { slots[place] = Int32(index + 1) }
        }
    }
}
