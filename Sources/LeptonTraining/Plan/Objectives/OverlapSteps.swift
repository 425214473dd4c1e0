import CLeptonKernels
import LeptonNN

/// What the steps of Dice and Tversky know: in which group each element of a sample is.
private struct OverlapDetails: BitwiseCopyable {
    let group: UnsafePointer<Int32>
    let groups: Int
    let isTversky: Int32
    let alpha: Float
    let beta: Float
    let isSum: Bool
    let isWeightedMean: Bool
    /// Batch totals: of the groups, where the batch is summed over too, and of the sample weights.
    var sums = Operand.none
    var weightTotal = Operand.none
    /// Likewise, of the positions that a mask leaves; none without a mask.
    var left = Operand.none
}

extension PlanBuilder {
    /// Emits Dice or Tversky. Where the batch axis is summed over, the sums of the whole batch come first.
    ///
    /// A mask weighs the one loss that there then is of the batch, as Keras does it, and not the elements.
    mutating func emitOverlapLoss(_ loss: Loss, of value: Int, mask: OutputMask?, gradient: Operand, base: Step) {
        var base = base
        var left = Operand.none
        if let mask {
            var positions = base
            positions.rowsPerSample = max(mask.positions, base.rowsPerWeight)
            positions.rowsPerWeight = positions.rowsPerSample / max(base.rowsPerWeight, 1)
            left = newPartial(floats: 1)
            emitLeavingOut(
                ignoring: nil, mask, total: left, countsWeights: false, counts: false, &positions)
            base.source3 = positions.source3
            base.rowsPerWeight = positions.rowsPerSample
        }
        let shape = graph.sampleShapes[value]
        let rank = shape.count + 1
        let summed = Set((loss.parameters.axes ?? Array(0..<rank)).map { $0 < 0 ? $0 + rank : $0 })
        let (numbers, groups) = OverlapGroups.numbers(shape, summed: summed)
        var details = OverlapDetails(
            group: self.details.keep(numbers), groups: groups, isTversky: loss.kind == .tversky ? 1 : 0,
            alpha: Float(loss.parameters.alpha), beta: Float(loss.parameters.beta),
            isSum: loss.reduction == .sum, isWeightedMean: loss.reduction == .meanWithSampleWeight)
        var step = base
        step.rowsPerSample = 1
        step.columns = shape.reduce(1, *)
        step.rowsPerWeight = 1
        step.innerColumns = base.rowsPerWeight
        step.destination2 = newBuffer(floatsPerRow: 0, fixedFloats: 6 * groups)
        details.left = left
        if summed.contains(0) { details.sums = newPartial(floats: 3 * groups) }
        if step.source3 != .none, summed.contains(0) || details.isWeightedMean {
            details.weightTotal = newPartial(floats: 1)
        }
        if details.sums != .none || details.weightTotal != .none {
            var count = step
            count.run = overlapTotals
            count.details = keep(details)
            emit(count)
            endPhase()
        }
        step.run = details.sums == .none ? overlapOfSamples : overlapOfBatch
        step.destination = gradient
        step.details = keep(details)
        emit(step)
    }
}

/// The groups of a sample's elements: those that differ only along axes that are summed over are one.
private enum OverlapGroups {
    static func numbers(_ shape: [Int], summed: Set<Int>) -> (numbers: [Int32], count: Int) {
        var strides = [Int](repeating: 0, count: shape.count)
        var count = 1
        for axis in shape.indices.reversed() where !summed.contains(axis + 1) {
            strides[axis] = count
            count *= shape[axis]
        }
        let numbers = (0..<shape.reduce(1, *)).map { element -> Int32 in
            var (rest, number) = (element, 0)
            for axis in shape.indices.reversed() {
                number += rest % shape[axis] * strides[axis]
                rest /= shape[axis]
            }
            return Int32(truncatingIfNeeded: number)
        }
        return (numbers, count)
    }
}

extension StepArguments {
    /// The weight of a sample.
    fileprivate func sampleWeight(_ row: Int) -> Double {
        guard let weights else { return 1 }
        let count = max(step.innerColumns, 1)
        var sum = 0.0
        for index in 0..<count { sum += Double(weights[row * count + index]) }
        return sum / Double(count)
    }

    /// Three sums for each group, in memory of the step's own.
    fileprivate func groupSums(_ details: OverlapDetails) -> UnsafeMutablePointer<Double>? {
        guard let memory = destination2 else { return nil }
        let sums = UnsafeMutableRawPointer(memory).bindMemory(to: Double.self, capacity: 3 * details.groups)
        sums.update(repeating: 0, count: 3 * details.groups)
        return sums
    }

    /// The sum of the losses of all groups; slopes go to `gradient`.
    fileprivate func overlapLoss(
        _ details: OverlapDetails, _ sums: UnsafePointer<Double>, row: Int, rows: Int, scale: Double
    ) -> Double {
        let start = row * step.columns
        return lepton_k_loss_overlap_f32(
            destination.map { $0 + start }, source2.map { UnsafePointer($0 + start) }, rows, step.columns,
            details.group,
            details.groups, sums, Float(scale), details.isTversky, details.alpha, details.beta)
    }
}

/// Writes the shard's part of the batch totals.
private func overlapTotals(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: OverlapDetails.self), let sums = call.groupSums(details) else { return }
    if let totals = call.frame.pointer(details.sums) {
        lepton_k_overlap_sums_f32(sums, call.source, call.source2, call.rows, call.step.columns, details.group)
        for index in 0..<3 * details.groups { totals[index] = Float(sums[index]) }
    }
    guard let total = call.frame.pointer(details.weightTotal) else { return }
    var sum = 0.0
    for row in 0..<call.rows { sum += call.sampleWeight(row) }
    total.pointee = Float(sum)
}

/// One loss of the whole batch for each group.
private func overlapOfBatch(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: OverlapDetails.self), let sums = call.groupSums(details) else { return }
    call.forEachPart(details.sums) { part, _ in
        for index in 0..<3 * details.groups { sums[index] += Double(part[index]) }
    }
    // Keras multiplies the batch's loss with each sample's weight, and reduces that.
    var share = details.isSum ? 1 : 1 / Double(details.groups)
    if details.weightTotal != .none, !details.isWeightedMean {
        let weights = call.total(details.weightTotal)
        let positions = Double(max(call.step.innerColumns, 1))
        if details.left != .none {
            let left = call.total(details.left)
            share *= details.isSum ? weights * positions : left == 0 ? 0 : weights * positions / left
        } else {
            share *= details.isSum ? weights : weights / Double(call.frame.batchRows)
        }
    }
    let total = call.overlapLoss(
        details, sums, row: 0, rows: call.rows, scale: Double(call.step.factor) * share)
    guard call.frame.shard == 0 else { return }
    call.frame.sums[call.step.sumIndex] += share * total
    call.frame.sums[call.step.sumIndex + 1] += 1
}

/// A loss of each sample for each group.
private func overlapOfSamples(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: OverlapDetails.self) else { return }
    var divisor = details.isSum ? 1 : Double(call.frame.batchRows * details.groups)
    if details.weightTotal != .none { divisor = call.total(details.weightTotal) * Double(details.groups) }
    let scale = divisor == 0 ? 0 : Double(call.step.factor) / divisor
    var (total, weights) = (0.0, 0.0)
    for row in 0..<call.rows {
        guard let sums = call.groupSums(details), let pred = call.source, let target = call.source2 else { return }
        let start = row * call.step.columns
        lepton_k_overlap_sums_f32(sums, pred + start, target + start, 1, call.step.columns, details.group)
        let weight = call.sampleWeight(row)
        total += weight * call.overlapLoss(details, sums, row: row, rows: 1, scale: scale * weight)
        weights += weight
    }
    call.frame.sums[call.step.sumIndex] += total
    var count = (details.weightTotal != .none ? weights : Double(call.rows)) * Double(details.groups)
    if details.isSum { count = call.frame.shard == 0 ? 1 : 0 }
    call.frame.sums[call.step.sumIndex + 1] += count
}
