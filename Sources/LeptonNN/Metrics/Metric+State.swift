import LeptonTensor

extension Metric {
    /// How many sums the state has for predictions of `columns` columns.
    package func sumCount(columns: Int) -> Int {
        switch kind {
        case .r2Score: 4 * columns + 1
        case .fScore: 4 * columns
        case .bins(let metric): metric.sumCount(columns: columns)
        case .overlap(let metric): metric.classes * metric.classes
        default: 2
        }
    }

    /// The value that the sums stand for. A mean over nothing is 0, as in Keras.
    package func value(_ sums: UnsafePointer<Double>, columns: Int) -> Double {
        switch kind {
        case .r2Score(let metric): metric.value(sums, columns: columns)
        case .fScore(let metric): metric.value(sums, columns: columns)
        case .bins(let metric): metric.value(sums, columns: columns)
        case .overlap(let metric): metric.value(sums)
        case .rootMeanSquaredError: quotient(sums[0], sums[1]).squareRoot()
        default: quotient(sums[0], sums[1])
        }
    }

    /// Checks that the metric can be taken of predictions of this shape.
    ///
    /// - Throws: `shapeMismatch`, `invalidArgument`.
    package func check(sampleShape: [Int]) throws(LeptonError) {
        let columns = sampleShape.last ?? 1
        switch kind {
        case .r2Score, .fScore:
            guard sampleShape.count == 1 else {
                throw LeptonError(
                    .shapeMismatch, argument: "metric '\(name)'",
                    expected: "predictions of shape (batch_size, output_dim)",
                    received: "shape \(Shape.batchText(sampleShape))")
            }
        case .bins(let metric): try metric.check(sampleShape: sampleShape, name: name)
        case .overlap(let metric): try metric.check(columns: columns, name: name)
        default: break
        }
    }
}

/// a / b, or 0 where b is 0, as Keras's `divide_no_nan`.
func quotient(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
