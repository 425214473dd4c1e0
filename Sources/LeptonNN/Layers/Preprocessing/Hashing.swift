import LeptonTensor

/// Words or whole numbers as the numbers of hash bins; see `HashBins`. With a `mask_value`, bin 0 is for that alone.
///
/// Output shape: as the input, or encoded as `outputMode` says.
public struct Hashing: Layer {
    public static let className = "Hashing"
    public static let acceptedDTypes = ["float32", "int32", "int64"]
    public var options = LayerOptions()
    public let numBins: Int
    public let outputMode: CategoryOutput
    private let maskValue: JSONValue
    private let salt: [Int64]?

    /// - Parameters:
    ///   - maskValue: what bin 0 is for, if there is such a word.
    ///   - salt: with it the hash is SipHash64.
    /// - Throws: `invalidArgument`.
    public init(
        numBins: Int, maskValue: String? = nil, salt: Int64? = nil, outputMode: CategoryOutput = .integer,
        name: String? = nil
    ) throws(LeptonError) {
        self = try LayerRegistry.typed(
            [
                "num_bins": .integer(Int64(numBins)), "mask_value": maskValue.map { .string($0) } ?? .null,
                "salt": salt.map { .integer($0) } ?? .null, "output_mode": .string(outputMode.rawValue),
            ], name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let bins = try arguments.depth("num_bins", minimum: 1) else {
            throw LeptonError(
                .invalidArgument, argument: "Hashing.num_bins", expected: "a whole number of at least 1",
                received: "nothing")
        }
        numBins = bins
        salt = try HashBins.salt(&arguments)
        outputMode = try CategoryOutput(
            &arguments, default: .integer, among: [.integer, .oneHot, .multiHot, .count])
        let mask = arguments.value("mask_value") ?? .null
        guard mask.isNull || mask.stringValue != nil || mask.intValue != nil else {
            throw arguments.wrong("mask_value", "text or a whole number", mask)
        }
        maskValue = mask
    }

    public var arguments: JSONObject {
        [
            "dtype": outputMode == .integer ? "int64" : "float32", "num_bins": .integer(Int64(numBins)),
            "salt": HashBins.config(salt), "mask_value": maskValue, "output_mode": .string(outputMode.rawValue),
            "sparse": false,
        ]
    }

    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        try outputMode.outputShape(inputShapes[0], depth: numBins, owner: "Hashing")
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let encoder = HashEncoder(numBins: numBins, mask: maskValue, salt: salt)
        let shape = graph.operations.sampleShapes[inputs[0]]
        let bins =
            graph.operations.isModelInput(inputs[0])
            ? try graph.operations.addEncoded(inputs[0], encoder, outputShape: shape)
            : try graph.operations.add(IntegerMapOperation(map: encoder), inputs: inputs, outputShape: shape)
        return try outputMode.append(to: &graph, bins, depth: numBins, owner: "Hashing")
    }
}

private final class HashEncoder: InputEncoder, IntegerMap {
    private let bins: HashBins
    private let maskText: String?
    private let maskNumber: Int64?
    private let shift: Int

    init(numBins: Int, mask: JSONValue, salt: [Int64]?) {
        let isMasked = !mask.isNull && numBins > 1
        bins = HashBins(bins: isMasked ? numBins - 1 : numBins, salt: salt)
        shift = isMasked ? 1 : 0
        maskText = isMasked ? mask.stringValue : nil
        maskNumber = isMasked ? mask.intValue.map { Int64($0) } : nil
    }

    func value(of number: Int64) -> Float {
        number == maskNumber ? 0 : Float(bins.bin(of: number) + shift)
    }

    func encode(
        _ view: TensorView, argument: String, into output: UnsafeMutablePointer<Float>
    ) throws(LeptonError) {
        guard view.dtype == .string else {
            try checkMask(maskText != nil, "whole numbers", argument)
            return try EncoderRows.withIntegers(view, argument) { (numbers) in
                for (index, number) in numbers.enumerated() { output[index] = value(of: number) }
            }
        }
        try checkMask(maskNumber != nil, "text", argument)
        let mask = Array((maskText ?? "").utf8)
        try EncoderRows.withTexts(view, argument) { (words) in
            for (index, word) in words.enumerated() {
                let isMasked =
                    maskText != nil && word.count == mask.count
                    && UnsafeBufferPointer(start: word.start, count: word.count).elementsEqual(mask)
                output[index] = isMasked ? 0 : Float(bins.bin(of: word) + shift)
            }
        }
    }

    private func checkMask(_ isOther: Bool, _ received: String, _ argument: String) throws(LeptonError) {
        guard isOther else { return }
        throw LeptonError(
            .typeMismatch, argument: argument,
            expected: "\(maskText == nil ? "whole numbers" : "text"), as the mask_value of Hashing", received: received)
    }
}
