import LeptonTensor

/// F-beta scores. Sums, for each column: true positives, false positives, false negatives, positives, all weighted.
package struct FScore: Sendable, Equatable {
    package enum Average: String, Sendable {
        case micro
        case macro
        case weighted
    }

    /// Nil: a value for each column.
    let average: Average?
    let beta: Double
    /// Nil: a row's maximum is its positive.
    package let threshold: Double?

    init(
        _ className: Metric.ClassName, _ reader: inout ConfigReader, _ fields: inout JSONObject
    ) throws(LeptonError) {
        let owner = className.rawValue
        if let text = try reader.string("average") {
            guard let average = Average(rawValue: text) else {
                throw LeptonError(
                    .invalidArgument, argument: "\(owner).average", expected: "null, 'micro', 'macro' or 'weighted'",
                    received: "'\(text)'")
            }
            self.average = average
            fields["average"] = .string(text)
        } else {
            average = nil
            fields["average"] = .null
        }
        if className == .fBetaScore {
            beta = try reader.number("beta", default: 1, "a finite number above 0") { $0 > 0 && $0.isFinite }
            fields["beta"] = .number(beta)
        } else {
            beta = 1
        }
        let given = try reader.number("threshold", default: -1, "null or a number with 0 < threshold <= 1") {
            $0 > 0 && $0 <= 1
        }
        threshold = given < 0 ? nil : given
        fields["threshold"] = threshold.map { .number($0) } ?? .null
    }

    func valueCount(columns: Int) -> Int? { average == nil ? columns : nil }

    func write(_ sums: UnsafePointer<Double>, columns: Int, to values: UnsafeMutablePointer<Double>) {
        guard average == nil else {
            values[0] = averaged(sums, columns: columns)
            return
        }
        for column in 0..<columns {
            let own = sums + 4 * column
            values[column] = score(own[0], own[1], own[2])
        }
    }

    private func averaged(_ sums: UnsafePointer<Double>, columns: Int) -> Double {
        if average == .micro {
            var (hits, wrong, missed) = (0.0, 0.0, 0.0)
            for column in 0..<columns {
                hits += sums[4 * column]
                wrong += sums[4 * column + 1]
                missed += sums[4 * column + 2]
            }
            return score(hits, wrong, missed)
        }
        var all = 0.0
        for column in 0..<columns { all += sums[4 * column + 3] }
        var result = 0.0
        for column in 0..<columns {
            let own = sums + 4 * column
            let weight = average == .weighted ? own[3] / (all + epsilon) : 1 / Double(columns)
            result += weight * score(own[0], own[1], own[2])
        }
        return result
    }

    private func score(_ hits: Double, _ wrong: Double, _ missed: Double) -> Double {
        let precision = hits / (hits + wrong + epsilon)
        let recall = hits / (hits + missed + epsilon)
        return precision * recall / (beta * beta * precision + recall + epsilon) * (1 + beta * beta)
    }
}

/// Keras's `backend.epsilon()`.
let epsilon = 1e-7
