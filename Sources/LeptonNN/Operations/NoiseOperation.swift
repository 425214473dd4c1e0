import LeptonTensor

/// Random numbers on the values while training, nothing otherwise.
package struct NoiseOperation: Operation {
    package enum Kind: Sendable {
        /// mask · (x - shift) + base, the mask 0 with probability `rate` and `kept` otherwise.
        case masked(rate: Float, kept: Float, shift: Float, base: Float)
        /// x + deviation · z with z standard normal.
        case added(deviation: Float)
        /// x · (1 + deviation · z)
        case multiplied(deviation: Float)
    }

    package let kind: Kind
    /// Extents of what is drawn for a sample: those of the value, or 1 along axes that share a number.
    package let noiseShape: [Int]
    /// All rows share their numbers.
    package let isSharedByRows: Bool
    /// Which random operation of the model this is: each draws from a stream of its own.
    package let ordinal: Int
    /// A layer's own seed; nil uses the model's.
    package let seed: UInt64?
    /// Whether it works in prediction as well.
    package let isAlways: Bool
}

extension OperationGraph {
    /// Noise, as far as the mode has any.
    package mutating func addNoise(
        _ kind: NoiseOperation.Kind, _ value: Int, seed: UInt64?, noise: NoiseShape = .full
    ) throws(LeptonError) -> Int {
        guard fixedMode != .inference else { return value }
        let shape = sampleShapes[value]
        let operation = NoiseOperation(
            kind: kind, noiseShape: noise.extents ?? shape, isSharedByRows: noise.isSharedByRows,
            ordinal: nextDropoutOrdinal(), seed: seed, isAlways: fixedMode == .training)
        if operation.isAlways { drawsInPrediction = true }
        return try add(operation, inputs: [value], outputShape: shape)
    }
}

/// Along which axes random numbers are shared.
package struct NoiseShape: Sendable, Equatable {
    /// Extents of a sample, each that of the value or 1; nil for those of the value.
    package var extents: [Int]?
    package var isSharedByRows = false

    package static let full = NoiseShape()

    /// Keras's `noise_shape`, which counts the batch and in which nil stands for the input's extent, for an input.
    ///
    /// - Throws: `invalidArgument`, `shapeMismatch`; `notSupported` for a fixed number of rows.
    package init(_ given: [Int?]?, input shape: [Int], argument: String) throws(LeptonError) {
        guard let given else { return }
        guard given.count == shape.count + 1 else {
            throw LeptonError(
                .shapeMismatch, argument: argument, expected: "\(shape.count + 1) extents, batch included",
                received: "\(given.count)")
        }
        guard given[0] == nil || given[0] == 1 else {
            throw LeptonError(
                .notSupported, "\(argument): a fixed number of rows is not supported; use null, or 1 to share numbers")
        }
        isSharedByRows = given[0] == 1
        var extents: [Int] = []
        for (wanted, extent) in zip(given.dropFirst(), shape) {
            guard wanted == nil || wanted == extent || wanted == 1 else {
                throw LeptonError(
                    .shapeMismatch, argument: argument, expected: "1 or \(extent) to fit \(Shape.batchText(shape))",
                    received: "\(wanted ?? 0)")
            }
            extents.append(wanted ?? extent)
        }
        self.extents = extents
    }

    private init() {}
}
