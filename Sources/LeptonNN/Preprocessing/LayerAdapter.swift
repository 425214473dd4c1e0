import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A layer that finds out what it needs to know from data: Keras's `adapt`.
package protocol AdaptableLayer: Layer {
    /// - Throws: `invalidArgument` when there is nothing to find out.
    func makeAdapter() throws(LeptonError) -> any LayerAdapter
}

extension Layer {
    /// The layer once it has found out what it needs to know from data, as Keras's `adapt`.
    ///
    /// - Throws: `notSupported` for a layer that has nothing to find out; `nonFinite`, `typeMismatch`, `shapeMismatch`.
    public func adapted(to data: Tensor) throws(LeptonError) -> Self {
        guard let adaptable = self as? any AdaptableLayer else {
            throw LeptonError(.notSupported, "\(Self.className) has nothing to adapt")
        }
        let adapter = try adaptable.makeAdapter()
        try data.withView { (view) throws(LeptonError) in try adapter.update(view, argument: "data") }
        guard let layer = try adapter.finish() as? Self else {
            throw LeptonError(.internalError, "\(Self.className) became another layer when it was adapted")
        }
        return layer
    }
}

/// Takes in data, part after part. Not `Sendable`: one caller at a time.
package protocol LayerAdapter: AnyObject {
    /// Takes in more rows.
    ///
    /// - Throws: `nonFinite` for NaN or infinity; `typeMismatch`, `shapeMismatch`. What came before stays.
    func update(_ view: TensorView, argument: String) throws(LeptonError)

    /// The layer with what all rows said; more may follow.
    ///
    /// - Throws: `invalidState` when there were none.
    func finish() throws(LeptonError) -> any Layer
}

func noRows(_ owner: String) -> LeptonError {
    LeptonError(.invalidState, "\(owner) has not been given any data to adapt to")
}

/// Mean and variance of all rows, in double precision; parts are merged as in Chan, Golub & LeVeque (1983).
final class NormalizationAdapter: LayerAdapter {
    private let layer: Normalization
    private var sample: [Int]?
    private var kept: [Int] = []
    private var count = 0.0
    private var mean: [Double] = []
    private var squares: [Double] = []

    init(_ layer: Normalization) { self.layer = layer }

    func update(_ view: TensorView, argument: String) throws(LeptonError) {
        guard view.shape.rank > 0 else {
            throw LeptonError(
                .shapeMismatch, argument: argument, expected: "at least 1 axis, the rows", received: "a single number")
        }
        let kept = try layer.keptAxes(view.sampleExtents)
        let shape = kept.map { view.sampleExtents[$0] }
        if let sample {
            guard sample.count == view.sampleExtents.count, self.kept.map({ sample[$0] }) == shape else {
                throw LeptonError(
                    .shapeMismatch, argument: argument, expected: "rows like those before, \(Shape.batchText(sample))",
                    received: Shape.batchText(view.sampleExtents))
            }
        }
        let values = try AlignedBuffer<Double>(zeros: view.shape.count, purpose: argument)
        try view.copyFiniteDoubles(to: values.pointer, argument: argument)
        guard view.shape.count > 0 else { return }
        let size = shape.reduce(1, *)
        let places = try ConstantTensor(shape: shape, values: []).places(
            in: view.sampleExtents, axes: kept, argument)
        let own = Double(view.shape.count / size)
        var sums = [Double](repeating: 0, count: size)
        for i in 0..<view.shape.count { sums[Int(places[i % places.count])] += values.pointer[i] }
        let means = sums.map { $0 / own }
        var ownSquares = [Double](repeating: 0, count: size)
        for i in 0..<view.shape.count {
            let place = Int(places[i % places.count])
            let distance = values.pointer[i] - means[place]
            ownSquares[place] += distance * distance
        }
        if sample == nil {
            sample = view.sampleExtents
            self.kept = kept
            mean = [Double](repeating: 0, count: size)
            squares = mean
        }
        let total = count + own
        for place in 0..<size {
            let distance = means[place] - mean[place]
            mean[place] += distance * (own / total)
            squares[place] += ownSquares[place] + distance * distance * (count * own / total)
        }
        count = total
    }

    func finish() throws(LeptonError) -> any Layer {
        guard let sample, count > 0 else { throw noRows("Normalization") }
        let variance = squares.map { $0 / count }
        guard (mean + variance).allSatisfy({ Float($0).isFinite }) else {
            throw LeptonError(
                .nonFinite, argument: "data", expected: "numbers whose mean and variance float32 can hold",
                received: "larger ones")
        }
        // As float32, which is what the layer computes with.
        return layer.adapted(
            shape: kept.map { sample[$0] }, mean: mean.map { Double(Float($0)) },
            variance: variance.map { Double(Float($0)) })
    }
}

/// Boundaries between bins of about equally many numbers, from a summary that is kept small: the algorithm of Keras
/// 3.15's Discretization, in its precision.
final class DiscretizationAdapter: LayerAdapter {
    private let layer: Discretization
    private let bins: Int
    private let epsilon: Double
    private var summary = Summary(values: [], weights: [])

    struct Summary {
        var values: [Float]
        var weights: [Float]
    }

    init(_ layer: Discretization, bins: Int, epsilon: Double) {
        self.layer = layer
        self.bins = bins
        self.epsilon = epsilon
    }

    func update(_ view: TensorView, argument: String) throws(LeptonError) {
        let numbers = try AlignedBuffer<Double>(zeros: view.shape.count, purpose: argument)
        try view.copyFiniteDoubles(to: numbers.pointer, argument: argument)
        guard view.shape.count > 0 else { return }
        var sorted = (0..<view.shape.count).map { Float(numbers.pointer[$0]) }
        sorted.sort()
        let step = max(Double(sorted.count) / (1 / epsilon), 1)
        let chosen = stride(from: Int(step - 1), to: sorted.count, by: Int(step)).map { sorted[$0] }
        let merged = zip(
            chosen + summary.values, [Float](repeating: Float(step), count: chosen.count) + summary.weights
        ).enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map(\.element)
        summary = DiscretizationAdapter.compressed(
            Summary(values: merged.map(\.0), weights: merged.map(\.1)), epsilon)
    }

    func finish() throws(LeptonError) -> any Layer {
        guard !summary.values.isEmpty else { throw noRows("Discretization") }
        guard bins > 0 else {
            throw LeptonError(
                .invalidArgument, argument: "Discretization.num_bins", expected: "at least 1 to adapt", received: "0")
        }
        return layer.adapted(Array(DiscretizationAdapter.compressed(summary, 1 / Double(bins)).values.dropLast()))
    }

    static func compressed(_ summary: Summary, _ epsilon: Double) -> Summary {
        guard Double(summary.values.count) * epsilon >= 1 else { return summary }
        var sums: [Float] = []
        var sum: Float = 0
        for weight in summary.weights {
            sum += weight
            sums.append(sum)
        }
        let shares = sums.map { Double($0 / sum) }
        var result = Summary(values: [], weights: [])
        var before = 0.0
        for index in 0..<Int((1 / epsilon).rounded(.up)) {
            let share = epsilon + Double(index) * epsilon
            result.values.append(Float(interpolated(share, shares, summary.values)))
            let reached = interpolated(share, shares, sums)
            result.weights.append(Float(reached - before))
            before = reached
        }
        return result
    }

    /// As `numpy.interp`.
    private static func interpolated(_ x: Double, _ places: [Double], _ values: [Float]) -> Double {
        guard x < places[places.count - 1] else { return Double(values[values.count - 1]) }
        guard x >= places[0] else { return Double(values[0]) }
        var low = 0
        var high = places.count - 1
        while high - low > 1 {
            let middle = (low + high) / 2
            if places[middle] <= x { low = middle } else { high = middle }
        }
        let (left, right) = (Double(values[low]), Double(values[low + 1]))
        guard x != places[low], places[low + 1] > places[low] else { return left }
        return (right - left) / (places[low + 1] - places[low]) * (x - places[low]) + left
    }
}

/// Counts terms, and the rows that each is in.
final class LookupAdapter: LayerAdapter {
    private let lookup: IndexLookup
    private let splitting: TextSplitting?
    private let make: (IndexLookup) -> any Layer
    private var words = TokenTable()
    private var numbers: [Int64] = []
    private var placeOfNumber: [Int64: Int] = [:]
    private var counts: [Int] = []
    private var rowCounts: [Int] = []
    /// The latest row in which each term was.
    private var latestRow: [Int] = []
    private var rows = 0

    init(_ lookup: IndexLookup, _ splitting: TextSplitting? = nil, _ make: @escaping (IndexLookup) -> any Layer) {
        self.lookup = lookup
        self.splitting = splitting
        self.make = make
    }

    func update(_ view: TensorView, argument: String) throws(LeptonError) {
        if splitting?.split != nil, view.sampleExtents.count > 1 || view.sampleExtents.first ?? 1 != 1 {
            throw LeptonError(
                .shapeMismatch, argument: argument, expected: "one text a row: (rows,) or (rows, 1)",
                received: "shape \(view.shape)")
        }
        guard view.shape.count > 0 else { return }
        let perRow = view.shape.count / view.rows
        if lookup.isText {
            try EncoderRows.withTexts(view, argument) { (texts) throws(LeptonError) in
                let scanner = splitting.map { TermScanner($0) }
                for row in 0..<view.rows {
                    rows += 1
                    let own = UnsafeBufferPointer(rebasing: texts[row * perRow..<(row + 1) * perRow])
                    if let scanner {
                        try scanner.scan(own) { (term) throws(LeptonError) in note(try words.insert(term).index) }
                    } else {
                        for word in own { note(try words.insert(word).index) }
                    }
                }
            }
        } else {
            try EncoderRows.withIntegers(view, argument) { (given) in
                for (place, number) in given.enumerated() {
                    if place % perRow == 0 { rows += 1 }
                    let index = placeOfNumber[number] ?? numbers.count
                    if index == numbers.count {
                        numbers.append(number)
                        placeOfNumber[number] = index
                    }
                    note(index)
                }
            }
        }
    }

    private func note(_ index: Int) {
        if index == counts.count {
            counts.append(0)
            rowCounts.append(0)
            latestRow.append(0)
        }
        counts[index] += 1
        if latestRow[index] != rows {
            latestRow[index] = rows
            rowCounts[index] += 1
        }
    }

    func finish() throws(LeptonError) -> any Layer {
        guard rows > 0 else { throw noRows(lookup.owner) }
        var order = counts.indices.filter { !isSpecial($0) }
        // By count and then by the term, both from high to low, as Keras does.
        order.sort { counts[$0] == counts[$1] ? precedes($1, $0) : counts[$0] > counts[$1] }
        let room = (lookup.maxTokens ?? CategoryOutput.maximumDepth) - lookup.tokenStart
        order = Array(order.prefix(max(room, 0)))
        let vocabulary: Vocabulary
        if lookup.isText {
            var kept = TokenTable(capacity: order.count)
            for index in order { _ = try kept.insert(words.word(index)) }
            vocabulary = Vocabulary(words: kept)
        } else {
            vocabulary = Vocabulary(numbers: order.map { numbers[$0] })
        }
        guard vocabulary.count > 0 else {
            throw LeptonError(
                .invalidArgument, argument: "data", expected: "at least 1 term beside mask and unknown ones",
                received: "none")
        }
        let idf =
            lookup.outputMode == .tfIdf
            ? order.map { Double(Float(log(1 + Double(rows) / Double(1 + rowCounts[$0])))) } : nil
        return make(try lookup.adapted(vocabulary, idf: idf))
    }

    private func isSpecial(_ index: Int) -> Bool {
        for token in [lookup.maskToken, lookup.oovToken] {
            if lookup.isText {
                if let word = token.stringValue, words.utf8(index).elementsEqual(word.utf8) { return true }
            } else if let number = token.intValue, numbers[index] == Int64(number) {
                return true
            }
        }
        return false
    }

    private func precedes(_ first: Int, _ second: Int) -> Bool {
        lookup.isText
            ? words.utf8(first).lexicographicallyPrecedes(words.utf8(second)) : numbers[first] < numbers[second]
    }
}
