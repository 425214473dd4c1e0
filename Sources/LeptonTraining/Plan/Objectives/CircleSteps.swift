import LeptonNN
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

private struct CircleDetails: BitwiseCopyable {
    let loss: LossDetails
    /// Extent of an embedding.
    let width: Int
    let gamma: Float
    let margin: Float
    let removesDiagonal: Bool
    /// A batch total: each row's embedding, label and weight.
    let rows: Operand

    /// Floats of a row there.
    var stride: Int { width + 2 }
}

extension PlanBuilder {
    /// A loss that compares all rows of a batch: each shard lays out its own, then every shard looks at all.
    mutating func emitCircleLoss(_ loss: Loss, of value: Int, gradient: Operand, base: Step) {
        let width = graph.floatsPerRow(value)
        // What overflows is refused with the size of the memory.
        let rows = newPartial(floats: Shape.checkedProduct([capacityRows, width + 2]) ?? Int.max / 64)
        let given = loss.parameters
        let details = CircleDetails(
            loss: LossDetails(loss), width: width, gamma: Float(given.gamma), margin: Float(given.margin),
            removesDiagonal: given.removeDiagonal, rows: rows)
        var lay = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let details = call.details(as: CircleDetails.self), let destination = call.destination,
                let embeddings = call.source, let labels = call.source2
            else { return }
            for row in 0..<call.rows {
                let place = destination + row * details.stride
                place.update(from: embeddings + row * details.width, count: details.width)
                place[details.width] = labels[row].rounded(.towardZero)
                place[details.width + 1] = call.weights.map { $0[row] } ?? 1
            }
        }
        lay.takeOperands(of: base)
        (lay.rowsPerSample, lay.rowsPerWeight) = (1, 1)
        lay.destination = rows
        lay.details = keep(details)
        emit(lay)
        endPhase()

        var compare = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let comparison = CircleComparison(call) else { return }
            comparison.run(call)
        }
        compare.takeOperands(of: lay)
        compare.destination = gradient
        compare.destination2 = newBuffer(floatsPerRow: 3 * ShardPolicy.maximumShards)
        compare.details = lay.details
        emit(compare)
    }
}

/// The rows of a batch compared with each other, as Keras's `circle` does it.
private struct CircleComparison {
    private let details: CircleDetails
    private let frame: Frame
    private let partials: UnsafeMutablePointer<Float>
    /// For each row of the batch, the logarithms of the sums over its own label and over others, and its value.
    private let own: UnsafeMutablePointer<Float>
    private let others: UnsafeMutablePointer<Float>
    private let values: UnsafeMutablePointer<Float>

    init?(_ call: StepArguments) {
        guard let details = call.details(as: CircleDetails.self), let partials = call.frame.partials,
            let memory = call.destination2
        else { return nil }
        self.details = details
        self.partials = partials
        frame = call.frame
        own = memory
        others = own + frame.batchRows
        values = others + frame.batchRows
    }

    private func row(_ index: Int) -> UnsafeMutablePointer<Float> {
        let shard = index / frame.rowsPerShard
        return partials + shard * frame.partialFloats + details.rows.offset
            + (index - shard * frame.rowsPerShard) * details.stride
    }

    private func label(_ index: Int) -> Float { row(index)[details.width] }
    private func weight(_ index: Int) -> Float { row(index)[details.width + 1] }

    private func product(_ first: UnsafeMutablePointer<Float>, _ second: UnsafeMutablePointer<Float>) -> Float {
        var sum: Float = 0
        for index in 0..<details.width { sum += first[index] * second[index] }
        return sum
    }

    /// Exponent of a pair at a cosine distance, and its slope by the distance.
    private func exponent(_ distance: Float, isOwn: Bool) -> (value: Float, slope: Float) {
        let (gamma, margin) = (details.gamma, details.margin)
        if isOwn {
            let weight = max(margin + distance, 0)
            let difference = margin - distance
            return (-gamma * weight * difference, -gamma * ((weight > 0 ? difference : 0) - weight))
        }
        let weight = max(1 + margin - distance, 0)
        let difference = 1 - margin - distance
        return (gamma * weight * difference, gamma * ((weight > 0 ? -difference : 0) - weight))
    }

    /// 1 for a pair of one label, 0 for one of two, nil for a row and itself where that is left out.
    private func isOwn(_ first: Int, _ second: Int) -> Bool? {
        let isSame = label(first) == label(second)
        return isSame && details.removesDiagonal && first == second ? nil : isSame
    }

    private func distance(_ first: Int, _ second: Int) -> (value: Float, isBent: Bool) {
        let plain = 1 - product(row(first), row(second))
        return (max(plain, 0), plain <= 0)
    }

    /// The logarithms of the sums of a row.
    private func sums(_ index: Int) -> (own: Float, others: Float) {
        var largest = (own: -Float.infinity, others: -Float.infinity)
        var total = (own: Float(0), others: Float(0))
        for other in 0..<frame.batchRows {
            guard let isOwn = isOwn(index, other) else { continue }
            let value = exponent(distance(index, other).value, isOwn: isOwn).value
            if isOwn {
                add(value, &largest.own, &total.own)
            } else {
                add(value, &largest.others, &total.others)
            }
        }
        return (
            total.own > 0 ? largest.own + logf(total.own) : -.infinity,
            total.others > 0 ? largest.others + logf(total.others) : -.infinity
        )
    }

    private func add(_ value: Float, _ largest: inout Float, _ total: inout Float) {
        if value > largest {
            total = total * expf(largest - value) + 1
            largest = value
        } else {
            total += expf(value - largest)
        }
    }

    func run(_ call: StepArguments) {
        var counted = 0.0
        let isWeighted = call.step.source3 != .none && details.loss.isWeightedMean
        for index in 0..<frame.batchRows {
            let (first, second) = sums(index)
            (own[index], others[index]) = (first, second)
            let sum = first + second
            values[index] = sum == -.infinity ? 0 : max(sum, 0) + log1pf(expf(-abs(sum)))
            // Rows without a loss do not count, as those that Keras masks.
            if values[index] > 0 { counted += isWeighted ? Double(weight(index)) : 1 }
        }
        var total = 0.0
        var ownCounted = 0.0
        for index in frame.firstRow..<frame.firstRow + frame.rows where values[index] > 0 {
            total += Double(weight(index)) * Double(values[index])
            ownCounted += isWeighted ? Double(weight(index)) : 1
        }
        frame.sums[call.step.sumIndex] += total
        let isFirst = frame.shard == 0 ? 1.0 : 0
        frame.sums[call.step.sumIndex + 1] += details.loss.isSum ? isFirst : ownCounted
        guard let gradient = call.destination else { return }
        let divisor = details.loss.isSum ? 1 : counted
        let scale = divisor == 0 ? 0 : Float(Double(call.step.factor) / divisor)
        for row in 0..<frame.rows {
            slope(of: frame.firstRow + row, into: gradient + row * details.width, scale: scale)
        }
    }

    /// What a row's value gives to the slope by its distance to another.
    private func share(_ index: Int, isOwn: Bool, _ exponent: (value: Float, slope: Float)) -> Float {
        guard values[index] > 0 else { return 0 }
        let sum = own[index] + others[index]
        let outer = 1 / (1 + expf(-sum))
        return weight(index) * outer * expf(exponent.value - (isOwn ? own[index] : others[index])) * exponent.slope
    }

    private func slope(of index: Int, into gradient: UnsafeMutablePointer<Float>, scale: Float) {
        gradient.update(repeating: 0, count: details.width)
        for other in 0..<frame.batchRows {
            guard let isOwn = isOwn(index, other) else { continue }
            let (distance, isBent) = distance(index, other)
            if isBent { continue }
            let exponent = exponent(distance, isOwn: isOwn)
            let factor =
                -scale * (share(index, isOwn: isOwn, exponent) + share(other, isOwn: isOwn, exponent))
            let embedding = row(other)
            for column in 0..<details.width { gradient[column] += factor * embedding[column] }
        }
    }
}
