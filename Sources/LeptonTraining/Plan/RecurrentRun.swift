import CLeptonKernels
import LeptonNN
import LeptonTensor

/// A recurrent step at work: its sizes, the rows of the shard and its memory.
struct RecurrentRun {
    let details: RecurrentDetails
    let rows: Int
    let memory: UnsafeMutablePointer<Float>
    let mask: UnsafeMutablePointer<Float>?

    init?(_ call: StepArguments, memory: UnsafeMutablePointer<Float>?, mask: UnsafeMutablePointer<Float>? = nil) {
        guard let details = call.details(as: RecurrentDetails.self), let memory else { return nil }
        self.details = details
        rows = call.frame.rows
        self.memory = memory
        self.mask = mask
    }

    func part(_ part: RecurrentDetails.Part) -> UnsafeMutablePointer<Float> {
        memory + details.offset(of: part, rows: rows)
    }

    /// Floats of the state of all rows.
    var stateFloats: Int { rows * details.units }

    /// The time step of the data that a step of the computation takes.
    func dataTime(_ step: Int) -> Int { details.isReversed ? details.time - 1 - step : step }

    /// The place of a step's output among all outputs.
    func outputPlace(_ step: Int) -> Int {
        guard details.returnsSequence else { return 0 }
        return details.reversesOutput ? details.time - 1 - step : step
    }

    /// The mask of a step; its rows are `time` floats apart.
    func mask(_ step: Int) -> UnsafeMutablePointer<Float>? { mask.map { $0 + dataTime(step) } }

    /// State `step` of a part that keeps `steps` states, those before the first step being number 0.
    func state(_ part: RecurrentDetails.Part, _ step: Int) -> UnsafeMutablePointer<Float> {
        let kept = details.size(of: part).perRow / details.units
        return self.part(part) + (kept > details.time ? step : step & 1) * stateFloats
    }

    /// The gates of a step; when predicting, of a block of steps that begins at `blockStart`.
    func gates(_ step: Int, blockStart: Int = 0) -> UnsafeMutablePointer<Float> {
        let place = details.isTraining ? step : step - blockStart
        return part(.gates) + place * rows * details.columns
    }

    /// The sequence with time first and the dropout pattern of a group, from a step on.
    func sequence(_ step: Int, group: Int) -> UnsafeMutablePointer<Float> {
        let copy = details.inputRate > 0 ? group : 0
        let place = details.isTraining ? (copy * details.time + step) * rows : 0
        return part(.sequence) + place * details.inputs
    }

    /// out(count, rows, width) = in * the pattern of a group, the same at all of `count` steps.
    func applyPattern(
        _ out: UnsafeMutablePointer<Float>, _ input: UnsafeMutablePointer<Float>, _ part: RecurrentDetails.Part,
        group: Int, count: Int
    ) {
        let width = part == .inputPattern ? details.inputs : details.units
        let pattern = self.part(part)
        for place in 0..<count * rows {
            lepton_k_multiply_f32(
                out + place * width, input + place * width,
                pattern + (place % rows * details.groups + group) * width, width)
        }
    }

    /// Draws the patterns of all groups of a shard: they depend on the place in the batch alone.
    func drawPattern(_ part: RecurrentDetails.Part, _ frame: Frame) {
        let isInput = part == .inputPattern
        let rate = isInput ? details.inputRate : details.recurrentRate
        guard rate > 0 else { return }
        let perRow = details.groups * (isInput ? details.inputs : details.units)
        let pattern = self.part(part)
        guard rate < 1 else { return pattern.update(repeating: 0, count: rows * perRow) }
        let ordinal = isInput ? details.inputOrdinal : details.recurrentOrdinal
        let applied = pattern + rows * perRow
        lepton_k_dropout_f32(
            applied, pattern, applied, rows * perRow, rate, details.hasSeed ? details.seed : frame.seed,
            RandomStream.dropout(ordinal: ordinal, iteration: frame.iteration), UInt64(frame.firstRow * perRow))
    }

    /// The state before a step as a block of the recurrent kernel takes it, with dropout if any.
    func droppedState(_ step: Int, group: Int) -> UnsafeMutablePointer<Float> {
        let state = state(.hidden, step)
        guard details.recurrentRate > 0 else { return state }
        let dropped = part(.dropped)
        applyPattern(dropped, state, .recurrentPattern, group: group, count: 1)
        return dropped
    }

    /// What a block of the recurrent kernel is multiplied with at a step, and its row stride.
    func recurrentOperand(_ step: Int, block: Int, gates: UnsafeMutablePointer<Float>) -> (
        pointer: UnsafeMutablePointer<Float>, stride: Int
    ) {
        if details.cell == .gruResetBefore, details.isCandidate(block) {
            return (gates + 3 * details.units, details.columns)
        }
        return (droppedState(step, group: details.recurrentColumns(block).group), details.units)
    }
}
