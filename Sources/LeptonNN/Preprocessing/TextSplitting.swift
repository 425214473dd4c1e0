import LeptonTensor

/// What TextVectorization does to text before it looks words up. Bytes are handled as TensorFlow's string operations do
/// with their defaults: only ASCII letters are lowered, and only ASCII white space separates words.
struct TextSplitting: Sendable, Equatable {
    enum Standardization: String, Sendable, CaseIterable {
        case lowerAndStripPunctuation = "lower_and_strip_punctuation"
        case lower
        case stripPunctuation = "strip_punctuation"
    }

    enum Split: String, Sendable, CaseIterable {
        case whitespace, character
    }

    /// What "ngrams" says: runs of these numbers of words, joined by blanks.
    enum Runs: Sendable, Equatable {
        case upTo(Int)
        case of([Int])

        var widths: [Int] {
            switch self {
            case .upTo(let most): Array(1...max(most, 1))
            case .of(let widths): widths
            }
        }
    }

    let standardization: Standardization?
    let split: Split?
    let runs: Runs?

    init(_ reader: inout ConfigReader) throws(LeptonError) {
        standardization = try TextSplitting.choice(
            "standardize", default: .lowerAndStripPunctuation, Standardization.allCases, &reader)
        split = try TextSplitting.choice("split", default: .whitespace, Split.allCases, &reader)
        switch reader.value("ngrams") {
        case nil: runs = nil
        case let value?:
            if let most = value.intValue, most >= 1, most <= TextSplitting.longestRun {
                runs = .upTo(most)
            } else {
                guard
                    let widths = try value.arrayValue.map({ _ throws(LeptonError) in
                        try reader.integers("ngrams") { $0 >= 1 && $0 <= TextSplitting.longestRun } ?? []
                    }), !widths.isEmpty
                else {
                    throw reader.wrong("ngrams", "a number from 1 to \(TextSplitting.longestRun), or a list", value)
                }
                runs = .of(widths)
            }
        }
    }

    /// Longer runs of words than any vocabulary has.
    private static let longestRun = 1000

    /// One of a few names, or nothing where null stands.
    private static func choice<Choice: RawRepresentable<String>>(
        _ name: String, default standard: Choice, _ all: [Choice], _ reader: inout ConfigReader
    ) throws(LeptonError) -> Choice? {
        guard let value = reader.value(name) else { return reader.isNull(name) ? nil : standard }
        guard let text = value.stringValue else {
            throw LeptonError(
                .notSupported,
                "TextVectorization.\(name): functions are not supported; prepare the text before it is given, or use "
                    + all.map { "'\($0.rawValue)'" }.joined(separator: ", ") + " or null")
        }
        guard let choice = Choice(rawValue: text) else {
            throw reader.wrong(name, "one of " + all.map { "'\($0.rawValue)'" }.joined(separator: ", "), value)
        }
        return choice
    }

    var fields: JSONObject {
        let ngrams: JSONValue =
            switch runs {
            case nil: .null
            case .upTo(let most)?: .integer(Int64(most))
            case .of(let widths)?: .array(widths.map { .integer(Int64($0)) })
            }
        return [
            "standardize": standardization.map { .string($0.rawValue) } ?? .null,
            "split": split.map { .string($0.rawValue) } ?? .null, "ngrams": ngrams,
        ]
    }

    /// Terms that so many words give.
    func termCount(words: Int) -> Int {
        guard let runs else { return words }
        return runs.widths.reduce(0) { $0 + max(words - $1 + 1, 0) }
    }
}

/// Cuts one row after the other into terms; its memory is used again for each.
///
/// Not `Sendable`: it belongs to the call that made it.
final class TermScanner {
    private let splitting: TextSplitting
    private var bytes: [UInt8] = []
    private var words: [Range<Int>] = []
    private var terms: [Range<Int>] = []

    init(_ splitting: TextSplitting) { self.splitting = splitting }

    /// Lends the terms of a row's texts to `body`, in order.
    func scan(
        _ texts: UnsafeBufferPointer<TextBytes>, _ body: (TextBytes) throws(LeptonError) -> Void
    ) throws(LeptonError) {
        bytes.removeAll(keepingCapacity: true)
        words.removeAll(keepingCapacity: true)
        for text in texts {
            let start = bytes.count
            append(text)
            switch splitting.split {
            case .whitespace: splitAtWhitespace(from: start)
            case .character: splitIntoCharacters(from: start)
            case nil: words.append(start..<bytes.count)
            }
        }
        if let runs = splitting.runs { join(runs.widths) } else { terms = words }
        // So that there is an address for an empty term too.
        bytes.append(0)
        try bytes.withUnsafeBufferPointer { (buffer) throws(LeptonError) in
            guard let base = buffer.baseAddress else { return }
            for term in terms { try body(TextBytes(start: base + term.lowerBound, count: term.count)) }
        }
    }

    private func append(_ text: TextBytes) {
        let standardization = splitting.standardization
        let lowers = standardization == .lower || standardization == .lowerAndStripPunctuation
        let strips = standardization == .stripPunctuation || standardization == .lowerAndStripPunctuation
        for i in 0..<text.count {
            let byte = text.start[i]
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z") where lowers: bytes.append(byte | 0x20)
            case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E:
                if !strips { bytes.append(byte) }
            default: bytes.append(byte)
            }
        }
    }

    private func splitAtWhitespace(from start: Int) {
        var first: Int?
        for i in start..<bytes.count {
            let isSpace = bytes[i] == 0x20 || (0x09...0x0D).contains(bytes[i])
            if isSpace, let begin = first {
                words.append(begin..<i)
                first = nil
            } else if !isSpace, first == nil {
                first = i
            }
        }
        if let first { words.append(first..<bytes.count) }
    }

    private func splitIntoCharacters(from start: Int) {
        var first = start
        while first < bytes.count {
            var end = first + 1
            while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
            words.append(first..<end)
            first = end
        }
    }

    private func join(_ widths: [Int]) {
        terms.removeAll(keepingCapacity: true)
        for width in widths {
            if width == 1 {
                terms += words
                continue
            }
            guard words.count >= width else { continue }
            for first in 0...words.count - width {
                let start = bytes.count
                for (place, word) in words[first..<first + width].enumerated() {
                    if place > 0 { bytes.append(UInt8(ascii: " ")) }
                    bytes.append(contentsOf: Array(bytes[word]))
                }
                terms.append(start..<bytes.count)
            }
        }
    }
}
