import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension BinnedMetric {
    func sumCount(columns: Int) -> Int { 2 * (thresholds.count + 1) * (keepsLabelsApart ? columns : 1) }

    func check(sampleShape: [Int], name: String) throws(LeptonError) {
        let columns = sampleShape.last ?? 1
        if let onlyColumn, onlyColumn < 0 || onlyColumn >= columns {
            throw LeptonError(
                .invalidArgument, argument: "metric '\(name)': class_id", expected: "a class from 0 to \(columns - 1)",
                received: "\(onlyColumn)")
        }
        if let topK, topK > columns {
            throw LeptonError(
                .invalidArgument, argument: "metric '\(name)': top_k",
                expected: "at most \(columns), the number of classes",
                received: "\(topK)")
        }
        if keepsLabelsApart, sampleShape.count != 1 || columns != labels ?? columns {
            throw LeptonError(
                .shapeMismatch, argument: "metric '\(name)'",
                expected: "predictions of shape (batch_size, \(labels.map(String.init) ?? "num_labels"))",
                received: "shape \(Shape.batchText(sampleShape))")
        }
        if let labelWeights, labelWeights.count != columns {
            throw LeptonError(
                .shapeMismatch, argument: "metric '\(name)': label_weights",
                expected: "\(columns) weights, one a label",
                received: "\(labelWeights.count)")
        }
    }

    /// What is counted at one threshold.
    private struct Counts {
        var (truePositives, falsePositives, falseNegatives, trueNegatives) = (0.0, 0.0, 0.0, 0.0)

        func rate(_ rate: Rate) -> Double {
            switch rate {
            case .precision: quotient(truePositives, truePositives + falsePositives)
            case .recall: quotient(truePositives, truePositives + falseNegatives)
            case .specificity: quotient(trueNegatives, trueNegatives + falsePositives)
            }
        }

        var falseRate: Double { quotient(falsePositives, falsePositives + trueNegatives) }
    }

    /// Calls `body` with the counts at each threshold, from the last to the first.
    private func forEachThreshold(_ bins: UnsafePointer<Double>, _ body: (Int, Counts) -> Void) {
        let size = thresholds.count + 1
        var (positives, negatives) = (0.0, 0.0)
        for bin in 0..<size {
            positives += bins[bin]
            negatives += bins[size + bin]
        }
        var (hits, alarms) = (0.0, 0.0)
        for threshold in thresholds.indices.reversed() {
            hits += bins[threshold + 1]
            alarms += bins[size + threshold + 1]
            var counts = Counts()
            counts.truePositives = hits
            counts.falsePositives = alarms
            // Rounding may leave less than nothing.
            counts.falseNegatives = max(positives - hits, 0)
            counts.trueNegatives = max(negatives - alarms, 0)
            body(threshold, counts)
        }
    }

    var valueCount: Int? { order?.count }

    func write(_ sums: UnsafePointer<Double>, columns: Int, to values: UnsafeMutablePointer<Double>) {
        guard let order else {
            values[0] = value(sums, columns: columns)
            return
        }
        forEachThreshold(sums) { threshold, counts in
            for (place, other) in order.enumerated() where other == threshold { values[place] = value(of: counts) }
        }
    }

    /// Of a metric that is a function of the counts at one threshold.
    private func value(of counts: Counts) -> Double {
        switch result {
        case .truePositives: counts.truePositives
        case .falsePositives: counts.falsePositives
        case .trueNegatives: counts.trueNegatives
        case .falseNegatives: counts.falseNegatives
        case .precision: counts.rate(.precision)
        case .recall: counts.rate(.recall)
        case .best, .area: 0
        }
    }

    private func value(_ sums: UnsafePointer<Double>, columns: Int) -> Double {
        guard case .area(let curve, let summation) = result else { return valueAtThresholds(sums) }
        guard keepsLabelsApart else { return area(sums, curve, summation) }
        var (total, weights) = (0.0, 0.0)
        for label in 0..<columns {
            let weight = labelWeights.map { Double($0[label]) } ?? 1
            total += weight * area(sums + label * 2 * (thresholds.count + 1), curve, summation)
            weights += weight
        }
        return quotient(total, weights)
    }

    private func valueAtThresholds(_ sums: UnsafePointer<Double>) -> Double {
        var value = 0.0
        forEachThreshold(sums) { _, counts in
            if case .best(let rate, let least, let constrained) = result {
                // In single precision, as Keras compares them: 2/3 is at least 0.6666667.
                if Float(counts.rate(constrained)) >= least { value = max(value, counts.rate(rate)) }
            } else {
                value = self.value(of: counts)
            }
        }
        return value
    }

    private func area(_ bins: UnsafePointer<Double>, _ curve: Curve, _ summation: Summation) -> Double {
        var area = 0.0
        var (x, y) = (0.0, 0.0)
        var next = Counts()
        forEachThreshold(bins) { threshold, counts in
            let point = Self.point(counts, curve)
            if threshold < thresholds.count - 1 {
                if curve == .pr, summation == .interpolation {
                    area += Self.interpolatedPrecision(counts, next)
                } else {
                    let height =
                        switch summation {
                        case .interpolation: (y + point.y) / 2
                        case .majoring: max(y, point.y)
                        case .minoring: min(y, point.y)
                        }
                    area += (point.x - x) * height
                }
            }
            (x, y) = point
            next = counts
        }
        return area
    }

    private static func point(_ counts: Counts, _ curve: Curve) -> (x: Double, y: Double) {
        switch curve {
        case .roc: return (counts.falseRate, counts.rate(.recall))
        case .pr: return (counts.rate(.recall), counts.rate(.precision))
        case .prGain:
            // Flach & Kull, 2015.
            guard counts.truePositives > 0 else { return (0, 1) }
            let scale = quotient(
                counts.truePositives + counts.falseNegatives, counts.trueNegatives + counts.falsePositives)
            return (
                max(1 - scale * counts.falseNegatives / counts.truePositives, 0),
                1 - scale * counts.falsePositives / counts.truePositives
            )
        }
    }

    /// The area under precision and recall between two thresholds, true and false positives interpolated linearly
    /// (Davis & Goadrich, 2006).
    private static func interpolatedPrecision(_ counts: Counts, _ next: Counts) -> Double {
        let hits = counts.truePositives - next.truePositives
        let positives = counts.truePositives + counts.falsePositives
        let nextPositives = next.truePositives + next.falsePositives
        let slope = quotient(hits, max(positives - nextPositives, 0))
        let intercept = next.truePositives - slope * nextPositives
        let ratio = positives > 0 && nextPositives > 0 ? positives / nextPositives : 1
        return quotient(slope * (hits + intercept * log(ratio)), max(next.truePositives + next.falseNegatives, 0))
    }
}
