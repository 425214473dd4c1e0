import CLeptonKernels
import LeptonNN

/// Turns the gates in the memory, destination4, into the gradients of their products, from the last step to the first.
/// destination = the gradients of the initial states, destination3 the sums for the bias; from source, the outputs'
/// gradient, and source6 and 7, those of the last states; source8 is for the transposed kernel and rows of states.
func recurrentBackward(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let run = RecurrentRun(call, memory: call.destination4, mask: call.source5), let packed = call.source8,
        let recurrent = call.source3, let dh = call.destination, let dbias = call.destination3
    else { return }
    let details = run.details
    let dc = dh + run.stateFloats
    for (gradient, given) in [(dh, call.source6), (dc, call.source7)] {
        if let given {
            gradient.update(from: given, count: run.stateFloats)
        } else {
            gradient.update(repeating: 0, count: run.stateFloats)
        }
    }
    dbias.update(repeating: 0, count: details.columns)
    run.packTransposed(packed, recurrent)
    let scratch = packed + details.packedFloats.transposed
    for step in (0..<details.time).reversed() {
        let output = run.outputGradient(step, call.source, scratch: scratch + run.stateFloats)
        run.goBack(step, dh: dh, dc: dc, dbias: dbias, output: output, packed: packed, scratch: scratch)
    }
}

extension RecurrentRun {
    private var transposedFloats: Int { lepton_k_packed_floats(1, details.units) }

    fileprivate func packTransposed(_ packed: UnsafeMutablePointer<Float>, _ recurrent: UnsafeMutablePointer<Float>) {
        for block in 0..<details.recurrentBlocks {
            let columns = details.recurrentColumns(block)
            lepton_k_pack_f32(
                packed + columns.start * transposedFloats, 1, columns.count, details.units, recurrent + columns.start,
                details.kernelColumns)
        }
    }

    /// The gradient that a step's output was given, and its row stride.
    fileprivate func outputGradient(
        _ step: Int, _ gradient: UnsafeMutablePointer<Float>?, scratch: UnsafeMutablePointer<Float>
    ) -> (pointer: UnsafeMutablePointer<Float>?, stride: Int) {
        let (units, time) = (details.units, details.time)
        guard let gradient, details.returnsSequence || step == time - 1 else { return (nil, 0) }
        let pointer = gradient + outputPlace(step) * units
        let stride = details.returnsSequence ? time * units : units
        guard details.zeroesMasked, let mask = mask(step) else { return (pointer, stride) }
        for row in 0..<rows {
            let place = scratch + row * units
            if mask[row * time] == 0 {
                place.update(repeating: 0, count: units)
            } else {
                place.update(from: pointer + row * stride, count: units)
            }
        }
        return (scratch, units)
    }

    fileprivate func goBack(
        _ step: Int, dh: UnsafeMutablePointer<Float>, dc: UnsafeMutablePointer<Float>,
        dbias: UnsafeMutablePointer<Float>, output: (pointer: UnsafeMutablePointer<Float>?, stride: Int),
        packed: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let (units, stride, gates) = (details.units, details.time, gates(step))
        let (mask, before) = (mask(step), state(.hidden, step))
        switch details.cell {
        case .simple:
            lepton_k_rnn_grad_f32(
                dh, dbias, gates, state(.hidden, step + 1), output.pointer, output.stride, mask, stride, rows, units,
                details.activation)
        case .lstm:
            lepton_k_lstm_grad_f32(
                dh, dc, dbias, gates, part(.activated) + step * stateFloats, state(.cell, step), output.pointer,
                output.stride, mask, stride, rows, units, details.activation, details.recurrentActivation)
        case .gru:
            lepton_k_gru_grad_f32(
                dh, dbias, gates, before, output.pointer, output.stride, mask, stride, rows, units, details.activation,
                details.recurrentActivation)
        case .gruResetBefore:
            lepton_k_gru_update_grad_f32(
                dh, dbias, gates, before, output.pointer, output.stride, mask, stride, rows, units, details.activation,
                details.recurrentActivation)
            goBackThroughReset(step, gates: gates, dh: dh, dbias: dbias, packed: packed, scratch: scratch)
        }
        // Nobody asks for the gradient of a state before the first step that is always 0.
        guard step > 0 || details.hasInitialState else { return }
        for block in 0..<details.recurrentBlocks {
            if details.cell == .gruResetBefore, details.isCandidate(block) { continue }
            let columns = details.recurrentColumns(block)
            if details.recurrentRate > 0 {
                multiplyTransposed(columns, gates: gates, packed: packed, beta: 0, into: scratch)
                applyPattern(scratch, scratch, .recurrentPattern, group: columns.group, count: 1)
                lepton_k_add_f32(dh, dh, scratch, stateFloats)
            } else {
                multiplyTransposed(columns, gates: gates, packed: packed, beta: 1, into: dh)
            }
        }
    }

    /// Through the candidate's product to the reset gate and the state.
    private func goBackThroughReset(
        _ step: Int, gates: UnsafeMutablePointer<Float>, dh: UnsafeMutablePointer<Float>,
        dbias: UnsafeMutablePointer<Float>, packed: UnsafeMutablePointer<Float>, scratch: UnsafeMutablePointer<Float>
    ) {
        let columns = details.recurrentColumns(details.recurrentBlocks - 1)
        multiplyTransposed(columns, gates: gates, packed: packed, beta: 0, into: scratch)
        lepton_k_gru_reset_grad_f32(
            scratch, dbias, gates, droppedState(step, group: columns.group), rows, details.units,
            details.recurrentActivation)
        if details.recurrentRate > 0 {
            applyPattern(scratch, scratch, .recurrentPattern, group: columns.group, count: 1)
        }
        lepton_k_add_f32(dh, dh, scratch, stateFloats)
    }

    /// out(rows, units) = or += a block of the gates' gradients times the transposed kernel.
    private func multiplyTransposed(
        _ columns: RecurrentDetails.Columns, gates: UnsafeMutablePointer<Float>, packed: UnsafeMutablePointer<Float>,
        beta: Float, into out: UnsafeMutablePointer<Float>
    ) {
        lepton_k_gemm_packed_f32(
            rows, details.units, columns.count, gates + columns.gate, details.columns,
            packed + columns.start * transposedFloats, beta, out, details.units)
    }
}

/// destination = or += the kernel's gradient, from the memory.
func recurrentInputKernelGradient(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let run = RecurrentRun(call, memory: call.source), let destination = call.destination else { return }
    let details = run.details
    for block in 0..<details.inputBlocks {
        let columns = details.inputColumns(block)
        lepton_k_gemm_f32(
            1, 0, details.inputs, columns.count, details.time * run.rows, run.sequence(0, group: columns.group),
            details.inputs, run.gates(0) + columns.gate, details.columns, call.step.accumulates ? 1 : 0,
            destination + columns.start, details.kernelColumns)
    }
}

/// destination = or += the recurrent kernel's gradient, from the memory; source8 is for the states with dropout.
func recurrentKernelGradient(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let run = RecurrentRun(call, memory: call.source), let destination = call.destination else { return }
    let details = run.details
    for block in 0..<details.recurrentBlocks {
        let columns = details.recurrentColumns(block)
        var (states, stride) = (run.state(.hidden, 0), details.units)
        if details.cell == .gruResetBefore, details.isCandidate(block) {
            (states, stride) = (run.gates(0) + 3 * details.units, details.columns)
        } else if details.recurrentRate > 0, let dropped = call.source8 {
            run.applyPattern(dropped, states, .recurrentPattern, group: columns.group, count: details.time)
            states = dropped
        }
        lepton_k_gemm_f32(
            1, 0, details.units, columns.count, details.time * run.rows, states, stride,
            run.gates(0) + columns.gate, details.columns, call.step.accumulates ? 1 : 0, destination + columns.start,
            details.kernelColumns)
    }
}

/// destination = or += the bias's gradient, from the sums over rows and time. The gated recurrent unit has two biases,
/// which differ in the candidate's part alone.
func recurrentBiasGradient(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let details = call.details(as: RecurrentDetails.self), let destination = call.destination,
        let sums = call.source
    else { return }
    let columns = details.kernelColumns
    for index in 0..<(details.cell == .gru ? 2 : 1) * columns {
        let column = index < columns ? index : index - columns
        let sum = sums[index < columns || column < 2 * details.units ? column : column + details.units]
        destination[index] = call.step.accumulates ? destination[index] + sum : sum
    }
}

/// destination = the sequence's gradient, from the memory and source2, the kernel; source8 is for it with time first.
func recurrentInputGradient(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let run = RecurrentRun(call, memory: call.source), let destination = call.destination,
        let kernel = call.source2, let sum = call.source8
    else { return }
    let details = run.details
    let (inputs, positions) = (details.inputs, details.time * run.rows)
    let part = sum + positions * inputs
    for block in 0..<details.inputBlocks {
        let columns = details.inputColumns(block)
        let product = block == 0 ? sum : part
        lepton_k_gemm_f32(
            0, 1, positions, inputs, columns.count, run.gates(0) + columns.gate, details.columns,
            kernel + columns.start, details.kernelColumns, 0, product, inputs)
        if details.inputRate > 0 {
            run.applyPattern(product, product, .inputPattern, group: columns.group, count: details.time)
        }
        if block > 0 { lepton_k_add_f32(sum, sum, part, positions * inputs) }
    }
    lepton_k_batch_major_f32(
        destination, details.time * inputs, sum, run.rows, details.time, inputs, details.isReversed ? 1 : 0)
}
