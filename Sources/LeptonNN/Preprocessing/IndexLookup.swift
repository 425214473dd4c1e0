import LeptonTensor

/// What StringLookup, IntegerLookup and TextVectorization have in common: a vocabulary, and what becomes of terms that
/// are not in it. Semantics: keras/src/layers/preprocessing/index_lookup.py of Keras 3.15.
///
/// Indices begin with the mask (for output mode "int" alone), then come the places for unknown terms, then the terms.
struct IndexLookup: Sendable {
    let owner: String
    let isText: Bool
    let maxTokens: Int?
    let oovIndices: Int
    let maskToken: JSONValue
    let oovToken: JSONValue
    let isInverse: Bool
    let outputMode: CategoryOutput
    let padsToMaximum: Bool
    let oovMethod: String
    let salt: [Int64]?
    private(set) var vocabulary: Vocabulary?
    /// As given: for the terms, and for the special ones before them where the vocabulary came with these.
    private(set) var idfWeights: [Double]?
    private(set) var hasSpecialTokens = false

    init(
        owner: String, isText: Bool, oovToken standardOOV: JSONValue, fixedMask: JSONValue? = nil,
        modes: [CategoryOutput] = CategoryOutput.allCases, _ reader: inout ConfigReader
    ) throws(LeptonError) {
        self.owner = owner
        self.isText = isText
        maxTokens = try reader.depth("max_tokens", minimum: 2)
        padsToMaximum = try reader.bool("pad_to_max_tokens", default: false)
        guard !padsToMaximum || maxTokens != nil else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).max_tokens", expected: "a number when pad_to_max_tokens is true",
                received: "nothing")
        }
        outputMode = try CategoryOutput(&reader, default: .integer, among: modes)
        if let fixedMask {
            maskToken = fixedMask
            oovToken = standardOOV
            (oovIndices, isInverse, oovMethod, salt) = (1, false, "floormod", nil)
        } else {
            maskToken = try IndexLookup.token("mask_token", isText, &reader) ?? .null
            oovToken =
                try IndexLookup.token("oov_token", isText, &reader)
                ?? (reader.isNull("oov_token") ? .null : standardOOV)
            oovIndices = try reader.depth("num_oov_indices", minimum: 0) ?? 1
            isInverse = try reader.bool("invert", default: false)
            guard !isInverse || outputMode == .integer else {
                throw reader.wrong("output_mode", "'int' when invert is true", .string(outputMode.rawValue))
            }
            oovMethod = try reader.string("oov_method") ?? "floormod"
            guard ["floormod", "farmhash"].contains(oovMethod) else {
                throw reader.wrong("oov_method", "'floormod' or 'farmhash'", .string(oovMethod))
            }
            salt = try HashBins.salt(&reader)
            guard salt == nil || isText || oovMethod == "farmhash" else {
                throw reader.wrong("salt", "nothing unless oov_method is 'farmhash'", .string("a salt"))
            }
        }
        reader.ignore("vocabulary_size", "has_input_vocabulary")
        let weights = reader.value("idf_weights")
        if let given = reader.value("vocabulary") {
            guard given.stringValue == nil else {
                throw LeptonError(
                    .notSupported, "\(owner).vocabulary: files are not read from a config; give the terms as a list")
            }
            guard let terms = given.arrayValue else { throw reader.wrong("vocabulary", "a list of terms", given) }
            try set(terms, weights: weights)
        } else if weights != nil {
            throw reader.wrong("idf_weights", "nothing without a vocabulary", weights)
        }
    }

    private static func token(
        _ name: String, _ isText: Bool, _ reader: inout ConfigReader
    ) throws(LeptonError) -> JSONValue? {
        guard let value = reader.value(name) else { return nil }
        if isText, value.stringValue != nil { return value }
        if !isText, let number = value.intValue { return .integer(Int64(number)) }
        throw reader.wrong(name, isText ? "text" : "a whole number", value)
    }

    var oovStart: Int { !maskToken.isNull && outputMode == .integer ? 1 : 0 }
    var tokenStart: Int { oovStart + oovIndices }
    var vocabularySize: Int { tokenStart + (vocabulary?.count ?? 0) }

    private var specialTokens: [JSONValue] {
        Array(repeating: maskToken, count: oovStart) + Array(repeating: oovToken, count: oovIndices)
    }

    /// Takes over a vocabulary, with or without the special terms at its beginning.
    mutating func set(_ terms: [JSONValue], weights: JSONValue? = nil) throws(LeptonError) {
        guard !terms.isEmpty else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).vocabulary", expected: "at least 1 term", received: "none")
        }
        let special = specialTokens
        hasSpecialTokens = !special.isEmpty && Array(terms.prefix(tokenStart)) == special
        let vocabulary = try Vocabulary(
            terms.dropFirst(hasSpecialTokens ? tokenStart : 0), isText: isText, owner: owner)
        for (token, name) in [(maskToken, "mask_token"), (isInverse ? oovToken : .null, "oov_token")]
        where !token.isNull && vocabulary.contains(token) {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).vocabulary",
                expected: "the \(name) nowhere, or all special terms at the beginning: "
                    + special.map(\.kindName).joined(separator: ", "), received: token.kindName)
        }
        try adopt(vocabulary)
        idfWeights = try read(weights, count: terms.count)
    }

    private mutating func adopt(_ vocabulary: Vocabulary) throws(LeptonError) {
        let size = tokenStart + vocabulary.count
        guard size <= maxTokens ?? CategoryOutput.maximumDepth else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).vocabulary",
                expected: "at most \(maxTokens ?? CategoryOutput.maximumDepth) terms (max_tokens), special ones "
                    + "included", received: "\(size)")
        }
        self.vocabulary = vocabulary
    }

    private func read(_ weights: JSONValue?, count: Int) throws(LeptonError) -> [Double]? {
        guard outputMode == .tfIdf else {
            guard weights == nil else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).idf_weights",
                    expected: "nothing unless output_mode is 'tf_idf'", received: "weights")
            }
            return nil
        }
        guard let weights, let tensor = ConstantTensor(weights), tensor.shape == [count],
            tensor.values.allSatisfy({ Float($0).isFinite })
        else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).idf_weights",
                expected: "\(count) finite numbers, as many as terms in the vocabulary",
                received: weights?.kindName ?? "nothing")
        }
        return tensor.values
    }

    /// The same lookup with what `adapt` found.
    func adapted(_ vocabulary: Vocabulary, idf: [Double]?) throws(LeptonError) -> IndexLookup {
        var lookup = self
        lookup.hasSpecialTokens = false
        try lookup.adopt(vocabulary)
        lookup.idfWeights = idf
        return lookup
    }

    /// Places in the encoded output.
    ///
    /// - Throws: `invalidState` before there is a vocabulary.
    func depth() throws(LeptonError) -> Int {
        if padsToMaximum, let maxTokens { return maxTokens }
        guard outputMode == .integer || vocabulary != nil else {
            throw LeptonError(
                .invalidState,
                "with output_mode '\(outputMode.rawValue)' and pad_to_max_tokens false it needs a vocabulary "
                    + "before it is used; give one or call adapt")
        }
        return vocabularySize
    }

    /// What each place of the encoded output is multiplied with: nil unless in mode "tf_idf". Special terms that no
    /// weights were given for have the mean of the others.
    func scale() throws(LeptonError) -> [Float]? {
        guard outputMode == .tfIdf else { return nil }
        guard let idfWeights else {
            throw LeptonError(.invalidState, "it has no idf_weights yet; give a vocabulary with them or call adapt")
        }
        let mean = idfWeights.isEmpty ? 0 : idfWeights.reduce(0, +) / Double(idfWeights.count)
        var scale = hasSpecialTokens ? [] : [Float](repeating: Float(mean), count: tokenStart)
        scale += idfWeights.map { Float($0) }
        return scale + [Float](repeating: 0, count: max(try depth() - scale.count, 0))
    }

    /// The fields of a config that are the lookup's, with the terms as they were given.
    var vocabularyFields: JSONObject {
        var terms = hasSpecialTokens ? specialTokens : []
        if let vocabulary { terms += (0..<vocabulary.count).map { vocabulary.json($0) } }
        return [
            "idf_weights": idfWeights.map { .array($0.map { .number($0) }) } ?? .null,
            "vocabulary": vocabulary == nil ? .null : .array(terms),
            "vocabulary_size": outputMode == .integer && vocabulary == nil ? .null : .integer(Int64(vocabularySize)),
        ]
    }

    var fields: JSONObject {
        var fields: JSONObject = [
            "invert": .bool(isInverse), "max_tokens": maxTokens.map { .integer(Int64($0)) } ?? .null,
            "num_oov_indices": .integer(Int64(oovIndices)), "oov_token": oovToken, "mask_token": maskToken,
            "output_mode": .string(outputMode.rawValue), "sparse": false, "pad_to_max_tokens": .bool(padsToMaximum),
            "oov_method": .string(oovMethod), "salt": HashBins.config(salt),
        ]
        let own = vocabularyFields
        for key in own.keys { fields[key] = own[key] }
        return fields
    }
}
