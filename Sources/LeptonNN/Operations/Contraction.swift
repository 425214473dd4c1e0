import LeptonTensor

extension OperationGraph {
    /// The product of two values summed over the labels that the output does not have, as transposes and one matrix
    /// product. Labels name axes of samples, each once in a value.
    ///
    /// - Throws: `shapeMismatch` when a label has two extents; `invalidArgument` for labels out of place.
    package mutating func addContraction(
        _ a: Int, _ aLabels: [Character], _ b: Int, _ bLabels: [Character], output: [Character]
    ) throws(LeptonError) -> Int {
        let extents = try labelExtents([(a, aLabels), (b, bLabels)], output: output)
        var (a, aLabels) = try addSumOfLabels(a, aLabels, keeping: bLabels + output)
        var (b, bLabels) = try addSumOfLabels(b, bLabels, keeping: aLabels + output)
        if isShared(a), !isShared(b) {
            // A shared operand on the right is one matrix for all rows.
            swap(&a, &b)
            swap(&aLabels, &bLabels)
        }
        let batch = output.filter { aLabels.contains($0) && bLabels.contains($0) }
        let summed = aLabels.filter { bLabels.contains($0) && !output.contains($0) }
        // In the order of the operands, so that as little as possible has to be transposed.
        let left = aLabels.filter { !bLabels.contains($0) }
        let right = bLabels.filter { !aLabels.contains($0) }
        func size(_ labels: [Character]) -> Int { labels.reduce(1) { $0 * (extents[$1] ?? 1) } }

        let transposesA = aLabels == batch + summed + left && !left.isEmpty && !summed.isEmpty
        let transposesB = bLabels == batch + right + summed && !right.isEmpty && !summed.isEmpty
        let aOrder = transposesA ? aLabels : batch + left + summed
        let bOrder = transposesB ? bLabels : batch + summed + right
        let outer = batch.map { extents[$0] ?? 1 }
        let (m, k, n) = (size(left), size(summed), size(right))
        a = try addReshape(try addTranspose(a, order(aLabels, aOrder)), to: outer + (transposesA ? [k, m] : [m, k]))
        b = try addReshape(try addTranspose(b, order(bLabels, bOrder)), to: outer + (transposesB ? [n, k] : [k, n]))
        let product = try addProduct(a, b, transposesA: transposesA, transposesB: transposesB)
        let labels = batch + left + right
        let shaped = try addReshape(product, to: labels.map { extents[$0] ?? 1 })
        return try addTranspose(shaped, order(labels, output))
    }

    /// For each label of `target` its place among `labels`.
    private func order(_ labels: [Character], _ target: [Character]) -> [Int] {
        target.compactMap { labels.firstIndex(of: $0) }
    }

    private func labelExtents(
        _ operands: [(value: Int, labels: [Character])], output: [Character]
    ) throws(LeptonError) -> [Character: Int] {
        var extents: [Character: Int] = [:]
        for (value, labels) in operands {
            guard labels.count == sampleShapes[value].count, Set(labels).count == labels.count else {
                throw LeptonError(
                    .invalidArgument, argument: "einsum", expected: "one label of its own for each axis of a tensor",
                    received: "'\(String(labels))' for shape \(text(of: value))")
            }
            for (label, extent) in zip(labels, sampleShapes[value]) {
                guard extents[label, default: extent] == extent else {
                    throw LeptonError(
                        .shapeMismatch, argument: "einsum", expected: "one extent for label '\(label)'",
                        received: "\(extents[label] ?? 0) and \(extent)")
                }
                extents[label] = extent
            }
        }
        guard Set(output).count == output.count, output.allSatisfy({ extents[$0] != nil }) else {
            throw LeptonError(
                .invalidArgument, argument: "einsum", expected: "output labels of the inputs, each once",
                received: "'\(String(output))'")
        }
        return extents
    }

    /// Sums over the labels that nobody else wants.
    private mutating func addSumOfLabels(
        _ value: Int, _ labels: [Character], keeping: [Character]
    ) throws(LeptonError) -> (Int, [Character]) {
        let axes = labels.indices.filter { !keeping.contains(labels[$0]) }
        guard !axes.isEmpty else { return (value, labels) }
        return (try addReduction(.sum, value, axes: axes), labels.filter(keeping.contains))
    }

    /// `numpy.einsum` of one or two values: the equation has the batch axis of values that have one, first in each of
    /// them and in the output. "..." stands for axes before the named ones, or after them.
    ///
    /// - Throws: `invalidArgument` for an equation that is none; `notSupported` for more than two values, and for a
    ///   batch axis that is summed over or moved; `shapeMismatch`.
    package mutating func addEinsum(_ equation: String, _ operands: [Int]) throws(LeptonError) -> Int {
        var values = operands
        let parsed = try EinsumEquation(equation, ranks: values.map { sampleShapes[$0].count + (isShared($0) ? 0 : 1) })
        var batch: Character?
        var inputs = parsed.inputs
        for (index, value) in values.enumerated() where !isShared(value) {
            guard let first = inputs[index].first, batch == nil || batch == first else {
                throw EinsumEquation.batchMoved(equation)
            }
            batch = first
            inputs[index].removeFirst()
        }
        var output = parsed.output
        if let batch {
            // What is the same for every row may have an axis of one element in the batch's place.
            for (index, value) in values.enumerated() where isShared(value) {
                guard let place = inputs[index].firstIndex(of: batch), sampleShapes[value][place] == 1 else { continue }
                inputs[index].remove(at: place)
                var shape = sampleShapes[value]
                shape.remove(at: place)
                values[index] = try addReshape(value, to: shape)
            }
            guard output.first == batch, !inputs.contains(where: { $0.contains(batch) }) else {
                throw EinsumEquation.batchMoved(equation)
            }
            output.removeFirst()
        }
        switch values.count {
        case 1:
            _ = try labelExtents([(values[0], inputs[0])], output: output)
            let (sum, labels) = try addSumOfLabels(values[0], inputs[0], keeping: output)
            return try addTranspose(sum, order(labels, output))
        case 2:
            return try addContraction(values[0], inputs[0], values[1], inputs[1], output: output)
        default:
            throw LeptonError(
                .notSupported, "einsum of \(values.count) tensors is not supported; contract two at a time")
        }
    }
}

/// An einsum equation with a label for each axis.
package struct EinsumEquation {
    package let inputs: [[Character]]
    package let output: [Character]

    /// Labels for the axes that "..." stands for.
    private static let elided: [Character] = Array("0123456789")

    package static func batchMoved(_ equation: String) -> LeptonError {
        LeptonError(
            .notSupported,
            "einsum '\(equation.prefix(80))': the batch axis must come first in the tensors that have one and in the "
                + "output")
    }

    /// - Parameter ranks: of the inputs, batch included.
    package init(_ equation: String, ranks: [Int]) throws(LeptonError) {
        let text = equation.filter { $0 != " " }
        func invalid(_ expected: String) -> LeptonError {
            LeptonError(
                .invalidArgument, argument: "einsum equation", expected: expected,
                received: "'\(equation.prefix(80))'")
        }
        let halves = text.split(separator: ">", omittingEmptySubsequences: false)
        guard halves.count <= 2, halves.count == 1 || halves[0].hasSuffix("-") else {
            throw invalid("one '->' at most")
        }
        let left = halves.count == 2 ? halves[0].dropLast() : halves[0]
        let terms = left.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard terms.count == ranks.count else { throw invalid("\(ranks.count) inputs") }
        var labels: [[Character]] = []
        var dots: [Character] = []
        for (term, rank) in zip(terms, ranks) {
            let named = term.filter(\.isLetter).count
            guard named <= rank, rank - named <= EinsumEquation.elided.count, term.contains("...") || named == rank
            else { throw invalid("as many labels as an input has axes (\(rank))") }
            let here = Array(EinsumEquation.elided.prefix(rank - named))
            if here.count > dots.count { dots = here }
            guard let expanded = EinsumEquation.expand(term, here) else { throw invalid("letters and '...'") }
            labels.append(expanded)
        }
        inputs = labels
        guard halves.count == 1 else {
            guard let expanded = EinsumEquation.expand(String(halves[1]), dots) else {
                throw invalid("letters and '...'")
            }
            output = expanded
            return
        }
        // Without an output: the labels that occur once, in alphabetical order.
        let all = labels.flatMap { $0 }
        output = dots + Set(all).filter { label in label.isLetter && all.filter { $0 == label }.count == 1 }.sorted()
    }

    /// The labels of a term, or nil when it has other characters than letters and one "...".
    private static func expand(_ term: String, _ dots: [Character]) -> [Character]? {
        var result: [Character] = []
        var rest = Substring(term)
        var hasDots = false
        while let next = rest.first {
            if next.isASCII, next.isLetter {
                result.append(next)
                rest.removeFirst()
            } else if rest.hasPrefix("..."), !hasDots {
                result += dots
                rest.removeFirst(3)
                hasDots = true
            } else {
                return nil
            }
        }
        return result
    }
}
