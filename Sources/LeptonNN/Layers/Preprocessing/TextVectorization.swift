import LeptonTensor

/// Text as the indices of its words, or as one vector over the vocabulary. The input must be one of the model's.
///
/// Input (batch) or (batch, 1), one text a row; without `split` (batch, n), terms as they are. Output (batch, length) of
/// indices, padded with 0, or (batch, vocabulary). Without `outputSequenceLength` the length is that of the longest row
/// of the data of a call.
public struct TextVectorization: Layer {
    public static let className = "TextVectorization"
    public static let acceptedDTypes = ["float32", "int64", "string"]
    public var options = LayerOptions()
    private let splitting: TextSplitting
    private let lookup: IndexLookup
    private let length: Int?
    private let encoding: String

    /// - Parameters:
    ///   - vocabulary: nil until `adapted` finds it.
    ///   - outputMode: `.integer`, `.multiHot`, `.count` or `.tfIdf`.
    ///   - outputSequenceLength: to which rows of indices are cut or filled up; nil for the longest row.
    ///   - ngrams: runs of up to so many words are terms too.
    /// - Throws: `invalidArgument`.
    public init(
        vocabulary: [String]? = nil, maxTokens: Int? = nil, ngrams: Int? = nil,
        outputMode: CategoryOutput = .integer, outputSequenceLength: Int? = nil, name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "vocabulary": vocabulary.map { .array($0.map { .string($0) }) } ?? .null,
                "max_tokens": maxTokens.map { .integer(Int64($0)) } ?? .null,
                "ngrams": ngrams.map { .integer(Int64($0)) } ?? .null, "output_mode": .string(outputMode.rawValue),
                "output_sequence_length": outputSequenceLength.map { .integer(Int64($0)) } ?? .null,
            ], name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        splitting = try TextSplitting(&arguments)
        lookup = try IndexLookup(
            owner: "TextVectorization", isText: true, oovToken: "[UNK]", fixedMask: "",
            modes: [.integer, .multiHot, .count, .tfIdf], &arguments)
        length = try arguments.depth("output_sequence_length", minimum: 1)
        guard length == nil || lookup.outputMode == .integer else {
            throw LeptonError(
                .invalidArgument, argument: "TextVectorization.output_sequence_length",
                expected: "nothing unless output_mode is 'int'", received: "\(length ?? 0)")
        }
        try arguments.neutral("ragged", [.bool(false)], instead: "results are dense arrays")
        encoding = try TextEncoding.read(&arguments)
    }

    private init(_ other: TextVectorization, lookup: IndexLookup) {
        options = other.options
        splitting = other.splitting
        length = other.length
        encoding = other.encoding
        self.lookup = lookup
    }

    public var arguments: JSONObject {
        var fields = splitting.fields
        fields["max_tokens"] = lookup.maxTokens.map { .integer(Int64($0)) } ?? .null
        fields["output_mode"] = .string(lookup.outputMode.rawValue)
        fields["output_sequence_length"] = length.map { .integer(Int64($0)) } ?? .null
        fields["pad_to_max_tokens"] = .bool(lookup.padsToMaximum)
        fields["sparse"] = false
        fields["ragged"] = false
        let own = lookup.vocabularyFields
        for key in own.keys { fields[key] = own[key] }
        fields["encoding"] = .string(encoding)
        return fields
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let sample = inputShapes[0]
        guard sample.count <= 1, splitting.split == nil || sample.first ?? 1 == 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "inputs",
                expected: splitting.split == nil ? "(rows, terms)" : "one text a row: (rows,) or (rows, 1)",
                received: Shape.batchText(sample))
        }
        guard lookup.outputMode == .integer else { return [try lookup.depth()] }
        if let length { return [length] }
        return [splitting.split == nil ? splitting.termCount(words: sample.first ?? 1) : Shape.unknown]
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        guard let input = graph.operations.modelInput(inputs[0]) else {
            throw LeptonError(
                .typeMismatch, argument: "inputs", expected: "text, right from an input of the model",
                received: "what another layer computed")
        }
        var width = try outputShape(for: [graph.operations.sampleShapes[inputs[0]]])[0]
        let scale = try lookup.scale()
        if width == Shape.unknown {
            let encoder = TextEncoder(lookup, splitting, width: 0, scale: scale)
            guard let lengths = graph.encodedLengths else {
                throw LeptonError(.internalError, "a text's length was asked for before there was data")
            }
            width = try lengths.longestRow(of: encoder, input: input)
        }
        let encoder = TextEncoder(lookup, splitting, width: width, scale: scale)
        return try graph.operations.addEncoded(inputs[0], encoder, outputShape: [width])
    }
}

extension TextVectorization: AdaptableLayer {
    package func makeAdapter() -> any LayerAdapter {
        LookupAdapter(lookup, splitting) { [self] (adapted) in TextVectorization(self, lookup: adapted) }
    }
}

private final class TextEncoder: StretchingEncoder {
    private let splitting: TextSplitting
    private let terms: LookupEncoder
    private let mode: CategoryOutput
    private let width: Int
    private let scale: [Float]?

    init(_ lookup: IndexLookup, _ splitting: TextSplitting, width: Int, scale: [Float]?) {
        self.splitting = splitting
        terms = LookupEncoder(lookup)
        mode = lookup.outputMode
        self.width = width
        self.scale = scale
    }

    /// At least 1: there are no sequences of no steps.
    func longestRow(of view: TensorView, argument: String) throws(LeptonError) -> Int {
        let perRow = view.shape.count / max(view.rows, 1)
        var longest = 1
        try EncoderRows.withTexts(view, argument) { (texts) throws(LeptonError) in
            let scanner = TermScanner(splitting)
            for row in 0..<view.rows {
                let own = UnsafeBufferPointer(rebasing: texts[row * perRow..<(row + 1) * perRow])
                var terms = 0
                try scanner.scan(own) { (_) throws(LeptonError) in terms += 1 }
                longest = max(longest, terms)
            }
        }
        return longest
    }

    func encode(
        _ view: TensorView, argument: String, into output: UnsafeMutablePointer<Float>
    ) throws(LeptonError) {
        let rows = view.rows
        output.update(repeating: 0, count: rows * width)
        guard rows > 0 else { return }
        let perRow = view.shape.count / rows
        try EncoderRows.withTexts(view, argument) { (texts) throws(LeptonError) in
            let scanner = TermScanner(splitting)
            for row in 0..<rows {
                let own = UnsafeBufferPointer(rebasing: texts[row * perRow..<(row + 1) * perRow])
                try encode(own, scanner, argument, into: output + row * width)
            }
        }
    }

    private func encode(
        _ texts: UnsafeBufferPointer<TextBytes>, _ scanner: TermScanner, _ argument: String,
        into row: UnsafeMutablePointer<Float>
    ) throws(LeptonError) {
        var place = 0
        try scanner.scan(texts) { (term) throws(LeptonError) in
            guard let index = terms.index(of: term) else {
                throw terms.unknown("'\(term.string.prefix(64))'", argument)
            }
            switch mode {
            case .integer:
                if place < width { row[place] = Float(index) }
                place += 1
            case .multiHot, .oneHot:
                if index >= 0, index < width { row[index] = 1 }
            case .count, .tfIdf:
                if index >= 0, index < width { row[index] += 1 }
            }
        }
        guard let scale else { return }
        for index in 0..<width { row[index] *= scale[index] }
    }
}
