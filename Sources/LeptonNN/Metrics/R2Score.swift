import LeptonTensor

/// The coefficient of determination. Sums: for each column weight t, weight t², weight (t - p)² and weight, and then the
/// number of elements.
package struct R2Score: Sendable, Equatable {
    package enum Aggregation: String, Sendable {
        case uniformAverage = "uniform_average"
        case varianceWeightedAverage = "variance_weighted_average"
    }

    /// Nil: a value for each column.
    let aggregation: Aggregation?
    let regressors: Int

    init(_ reader: inout ConfigReader, _ fields: inout JSONObject) throws(LeptonError) {
        let isAbsent = !reader.contains("class_aggregation")
        let text = try reader.string("class_aggregation") ?? (isAbsent ? "uniform_average" : nil)
        if let text {
            guard let aggregation = Aggregation(rawValue: text) else {
                throw LeptonError(
                    .invalidArgument, argument: "R2Score.class_aggregation",
                    expected: "null, 'uniform_average' or 'variance_weighted_average'", received: "'\(text)'")
            }
            self.aggregation = aggregation
        } else {
            aggregation = nil
        }
        regressors = try reader.value("num_regressors") == nil ? 0 : reader.integer("num_regressors", minimum: 0)
        fields["class_aggregation"] = text.map { .string($0) } ?? .null
        fields["num_regressors"] = .integer(Int64(regressors))
    }

    func valueCount(columns: Int) -> Int? { aggregation == nil ? columns : nil }

    func write(_ sums: UnsafePointer<Double>, columns: Int, to values: UnsafeMutablePointer<Double>) {
        let elements = sums[4 * columns]
        var score = 0.0
        var totals = 0.0
        for column in 0..<columns {
            let own = sums + 4 * column
            let total = own[1] - own[0] * (own[0] / own[3])
            var raw = 1 - own[2] / total
            if raw.isInfinite { raw = 0 }
            guard aggregation != nil else {
                values[column] = adjusted(raw, elements: elements)
                continue
            }
            let weight = aggregation == .uniformAverage ? 1 : total
            score += weight * raw
            totals += weight
        }
        if aggregation != nil { values[0] = adjusted(score / totals, elements: elements) }
    }

    private func adjusted(_ score: Double, elements: Double) -> Double {
        guard regressors > 0, Double(regressors) < elements - 1 else { return score }
        return 1 - (1 - score) * (elements - 1) / (elements - Double(regressors) - 1)
    }
}
