import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension Initializer {
    /// Writes a weight's first values.
    ///
    /// - Parameters:
    ///   - values: as many as `shape` has elements, row-major.
    ///   - modelSeed, index: the model's seed and the weight's place in it, used unless the initializer has a seed
    ///     of its own.
    /// - Throws: `shapeMismatch` where the initializer asks for a matrix and the shape is none.
    package func fill(
        _ values: UnsafeMutableBufferPointer<Float>, shape: [Int], modelSeed: UInt64, index: Int
    ) throws(LeptonError) {
        var random = RandomStream(
            seed: seed ?? modelSeed, purpose: .initialWeights, index: seed == nil ? UInt64(index) : 0)
        switch kind {
        case .constant(let value):
            values.update(repeating: Float(value))
        case .uniform(let minimum, let maximum):
            Initializer.fillUniform(values, minimum, maximum, &random)
        case .normal(let mean, let deviation):
            for i in values.indices { values[i] = Float(mean) + Float(deviation) * random.normal() }
        case .truncatedNormal(let mean, let deviation):
            for i in values.indices { values[i] = Float(mean) + Float(deviation) * random.truncatedNormal() }
        case .varianceScaling(let scale, let mode, let distribution):
            let variance = scale / max(1, try fan(shape, mode))
            switch distribution {
            case .uniform:
                let limit = (3 * variance).squareRoot()
                Initializer.fillUniform(values, -limit, limit, &random)
            case .untruncatedNormal:
                for i in values.indices { values[i] = Float(variance.squareRoot()) * random.normal() }
            case .truncatedNormal:
                // The deviation of a standard normal cut at two deviations, so that the variance comes out right.
                let deviation = Float(variance.squareRoot() / 0.87962566103423978)
                for i in values.indices { values[i] = deviation * random.truncatedNormal() }
            }
        case .orthogonal(let gain):
            let (rows, columns) = try Initializer.matrixExtents(shape, className)
            Initializer.fillOrthogonal(values, rows, columns, Float(gain), &random)
        case .forgetGateOnes(let others):
            let part = values.count / 4
            for (begin, count) in [(0, part), (2 * part, values.count - 2 * part)] {
                try others.fill(
                    UnsafeMutableBufferPointer(rebasing: values[begin..<begin + count]), shape: [count],
                    modelSeed: modelSeed, index: index)
            }
            for i in part..<2 * part { values[i] = 1 }
        case .identity(let gain):
            guard shape.count == 2 else {
                throw LeptonError(
                    .shapeMismatch, argument: className, expected: "a weight of 2 axes", received: Shape.text(shape))
            }
            let (rows, columns) = (shape[0], shape[1])
            for i in values.indices { values[i] = 0 }
            for i in 0..<min(rows, columns) { values[i * columns + i] = Float(gain) }
        }
    }

    private static func fillUniform(
        _ values: UnsafeMutableBufferPointer<Float>, _ minimum: Double, _ maximum: Double, _ random: inout RandomStream
    ) {
        for i in values.indices { values[i] = Float(minimum + (maximum - minimum) * Double(random.uniform())) }
    }

    private func extent(_ axes: [Int], of shape: [Int]) throws(LeptonError) -> Double {
        var product = 1.0
        for axis in axes {
            let place = axis < 0 && axis >= -shape.count ? axis + shape.count : axis
            guard shape.indices.contains(place) else {
                throw LeptonError(
                    .invalidArgument, argument: "\(className).input_axes, output_axes",
                    expected: "axes of a weight of shape \(Shape.text(shape))", received: "\(axis)")
            }
            product *= Double(shape[place])
        }
        return product
    }

    /// Keras's `compute_fans`: the last axis is the output, the one before it the input, the others the
    /// receptive field of a convolution, which counts towards both.
    private func fan(_ shape: [Int], _ mode: FanMode) throws(LeptonError) -> Double {
        let fanIn: Double
        let fanOut: Double
        if let inputAxes, let outputAxes {
            fanIn = try extent(inputAxes, of: shape)
            fanOut = try extent(outputAxes, of: shape)
        } else if shape.count < 2 {
            fanIn = Double(shape.first ?? 1)
            fanOut = fanIn
        } else {
            let field = shape.dropLast(2).reduce(1.0) { $0 * Double($1) }
            fanIn = Double(shape[shape.count - 2]) * field
            fanOut = Double(shape[shape.count - 1]) * field
        }
        switch mode {
        case .fanIn: return fanIn
        case .fanOut: return fanOut
        case .fanAverage: return (fanIn + fanOut) / 2
        }
    }

    private static func matrixExtents(
        _ shape: [Int], _ className: String
    ) throws(LeptonError) -> (rows: Int, columns: Int) {
        guard shape.count >= 2, let columns = shape.last, columns > 0 else {
            throw LeptonError(
                .shapeMismatch, argument: className, expected: "a weight of at least 2 axes",
                received: Shape.text(shape))
        }
        return (shape.dropLast().reduce(1, *), columns)
    }

    /// An orthonormal basis of a random space (Saxe et al., 2014): Gram-Schmidt on normal numbers, done twice
    /// because once is not exact in float32. The longer side holds the vectors' elements.
    private static func fillOrthogonal(
        _ values: UnsafeMutableBufferPointer<Float>, _ rows: Int, _ columns: Int, _ gain: Float,
        _ random: inout RandomStream
    ) {
        let count = min(rows, columns)
        let length = max(rows, columns)
        var basis = (0..<count).map { _ in (0..<length).map { _ in Double(random.normal()) } }
        for i in 0..<count {
            for _ in 0..<2 {
                for j in 0..<i {
                    let product = zip(basis[i], basis[j]).reduce(0.0) { $0 + $1.0 * $1.1 }
                    for k in 0..<length { basis[i][k] -= product * basis[j][k] }
                }
            }
            let norm = basis[i].reduce(0.0) { $0 + $1 * $1 }.squareRoot()
            for k in 0..<length { basis[i][k] /= norm }
        }
        for row in 0..<rows {
            for column in 0..<columns {
                let element = rows >= columns ? basis[column][row] : basis[row][column]
                values[row * columns + column] = gain * Float(element)
            }
        }
    }
}
