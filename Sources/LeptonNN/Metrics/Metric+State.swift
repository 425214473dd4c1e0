import LeptonTensor

extension Metric {
    /// How many sums the state has for predictions of `columns` columns.
    package func sumCount(columns: Int) -> Int {
        switch kind {
        case .r2Score: 4 * columns + 1
        case .fScore: 4 * columns
        case .bins(let metric): metric.sumCount(columns: columns)
        case .overlap(let metric): metric.classes * metric.classes
        case .traced(let metric): metric.sumCount
        default: 2
        }
    }

    /// How many values a metric has that gives a list of them; nil for one that gives a number.
    package func valueCount(columns: Int) -> Int? {
        switch kind {
        case .r2Score(let metric): metric.valueCount(columns: columns)
        case .fScore(let metric): metric.valueCount(columns: columns)
        case .bins(let metric): metric.valueCount
        case .traced(let metric): metric.valueCount
        default: nil
        }
    }

    /// Writes the value, or the values, that the sums stand for. A mean over nothing is 0, as in Keras. Those of a traced
    /// metric are its result's to compute.
    package func write(
        _ sums: UnsafePointer<Double>, columns: Int, to values: UnsafeMutablePointer<Double>
    ) {
        switch kind {
        case .r2Score(let metric): metric.write(sums, columns: columns, to: values)
        case .fScore(let metric): metric.write(sums, columns: columns, to: values)
        case .bins(let metric): metric.write(sums, columns: columns, to: values)
        case .overlap(let metric): values[0] = metric.value(sums)
        case .rootMeanSquaredError: values[0] = quotient(sums[0], sums[1]).squareRoot()
        default: values[0] = quotient(sums[0], sums[1])
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
