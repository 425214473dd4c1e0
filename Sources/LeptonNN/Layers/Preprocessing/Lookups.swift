import LeptonTensor

/// Words as indices of a vocabulary, or encoded as `outputMode` says. The input must be one of the model's.
public struct StringLookup: Layer {
    public static let className = "StringLookup"
    public static let acceptedDTypes = ["float32", "int64", "string"]
    public var options = LayerOptions()
    private let encoding: String
    private let lookup: IndexLookup

    /// - Parameters:
    ///   - vocabulary: nil until `adapted` finds it.
    ///   - maskToken: the word of index 0, if there is such a word.
    /// - Throws: `invalidArgument`.
    public init(
        vocabulary: [String]? = nil, maxTokens: Int? = nil, numOOVIndices: Int = 1, maskToken: String? = nil,
        outputMode: CategoryOutput = .integer, name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "vocabulary": vocabulary.map { .array($0.map { .string($0) }) } ?? .null,
                "max_tokens": maxTokens.map { .integer(Int64($0)) } ?? .null,
                "num_oov_indices": .integer(Int64(numOOVIndices)),
                "mask_token": maskToken.map { .string($0) } ?? .null, "output_mode": .string(outputMode.rawValue),
            ], name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        lookup = try IndexLookup(owner: "StringLookup", isText: true, oovToken: "[UNK]", &arguments)
        encoding = try TextEncoding.read(&arguments)
    }

    private init(_ other: StringLookup, lookup: IndexLookup) {
        options = other.options
        encoding = other.encoding
        self.lookup = lookup
    }

    public var arguments: JSONObject {
        var fields = lookup.fields
        fields["encoding"] = .string(encoding)
        return fields
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try lookup.outputShape(inputShapes[0])
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        guard !lookup.isInverse else {
            throw LeptonError(
                .notSupported,
                "invert=True gives text, which a model cannot compute with; call the layer on arrays instead")
        }
        return try lookup.lower(into: &graph, inputs[0])
    }
}

extension StringLookup: AdaptableLayer {
    package func makeAdapter() -> any LayerAdapter {
        LookupAdapter(lookup) { [self] (adapted) in StringLookup(self, lookup: adapted) }
    }
}

/// Whole numbers as indices of a vocabulary, or encoded as `outputMode` says; the way back with `invert`.
///
/// On an input of the model numbers are taken as they come, up to 64 bits; elsewhere in a model they are float32, which
/// is exact up to 2^24.
public struct IntegerLookup: Layer {
    public static let className = "IntegerLookup"
    public static let acceptedDTypes = ["float32", "int64"]
    public var options = LayerOptions()
    private let lookup: IndexLookup

    /// - Parameters:
    ///   - vocabulary: nil until `adapted` finds it.
    ///   - maskToken: the number of index 0, if there is such a number.
    /// - Throws: `invalidArgument`.
    public init(
        vocabulary: [Int]? = nil, maxTokens: Int? = nil, numOOVIndices: Int = 1, maskToken: Int? = nil,
        outputMode: CategoryOutput = .integer, name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "vocabulary": vocabulary.map { .array($0.map { .integer(Int64($0)) }) } ?? .null,
                "max_tokens": maxTokens.map { .integer(Int64($0)) } ?? .null,
                "num_oov_indices": .integer(Int64(numOOVIndices)),
                "mask_token": maskToken.map { .integer(Int64($0)) } ?? .null,
                "output_mode": .string(outputMode.rawValue),
            ], name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        lookup = try IndexLookup(owner: "IntegerLookup", isText: false, oovToken: -1, &arguments)
        let dtype = try arguments.string("vocabulary_dtype") ?? "int64"
        guard dtype == "int64" else { throw arguments.wrong("vocabulary_dtype", "'int64'", .string(dtype)) }
    }

    private init(_ other: IntegerLookup, lookup: IndexLookup) {
        options = other.options
        self.lookup = lookup
    }

    public var arguments: JSONObject {
        var fields = lookup.fields
        fields["vocabulary_dtype"] = "int64"
        return fields
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try lookup.outputShape(inputShapes[0])
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        if lookup.isInverse, let vocabulary = lookup.vocabulary {
            for number in vocabulary.numbers where Int64(exactly: Float(number)) != number {
                throw LeptonError(
                    .notSupported,
                    "with invert=True \(number) cannot come out, because results are float32, "
                        + "which is exact up to 2^24")
            }
        }
        return try lookup.lower(into: &graph, inputs[0])
    }
}

extension IntegerLookup: AdaptableLayer {
    package func makeAdapter() -> any LayerAdapter {
        LookupAdapter(lookup) { [self] (adapted) in IntegerLookup(self, lookup: adapted) }
    }
}

extension IndexLookup {
    func outputShape(_ sample: [Int]) throws(LeptonError) -> [Int] {
        try outputMode.outputShape(sample, depth: depth(), owner: owner)
    }

    func lower(into graph: inout LoweredGraph, _ input: Int) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[input]
        let encoder = LookupEncoder(self)
        let indices: Int
        if graph.operations.isModelInput(input) {
            indices = try graph.operations.addEncoded(input, encoder, outputShape: shape)
        } else {
            guard !isText else {
                throw LeptonError(
                    .typeMismatch, argument: "inputs", expected: "text, right from an input of the model",
                    received: "numbers that another layer computed")
            }
            indices = try graph.operations.add(IntegerMapOperation(map: encoder), inputs: [input], outputShape: shape)
        }
        return try outputMode.append(to: &graph, indices, depth: depth(), scale: scale(), owner: owner)
    }
}

/// The "encoding" of layers that take text.
enum TextEncoding {
    static func read(_ reader: inout ConfigReader) throws(LeptonError) -> String {
        let encoding = try reader.string("encoding") ?? "utf-8"
        guard ["utf-8", "utf8"].contains(encoding.lowercased()) else {
            throw LeptonError(.notSupported, "encoding '\(encoding.prefix(40))' is not supported; text is UTF-8")
        }
        return encoding
    }
}
