import CLeptonKernels
import LeptonNN

/// destination = the outputs, destination2 and 3 the last states, destination4 the memory; from source, source2 and 3
/// the kernels, source4 the bias, source5 the mask, source6 and 7 the initial states; source8 is for the packed kernels.
func recurrentForward(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard let run = RecurrentRun(call, memory: call.destination4, mask: call.source5), let data = call.source,
        let packed = call.source8, let kernel = call.source2, let recurrent = call.source3
    else { return }
    let details = run.details
    run.begin(.hidden, call.source6)
    if details.cell == .lstm { run.begin(.cell, call.source7) }
    run.drawPattern(.inputPattern, call.frame)
    run.drawPattern(.recurrentPattern, call.frame)
    run.pack(packed, kernel, recurrent)

    let block = details.block(rows: run.rows)
    var start = 0
    while start < details.time {
        let count = min(block, details.time - start)
        run.multiplyInputs(start, count, data: data, packed: packed, kernel: kernel)
        for step in start..<start + count {
            run.advance(
                step, gates: run.gates(step, blockStart: start), packed: packed + details.packedFloats.kernel,
                recurrent: recurrent, bias: call.source4)
        }
        start += count
    }

    run.writeOutputs(call.destination)
    call.destination2?.update(from: run.state(.hidden, details.time), count: run.stateFloats)
    if details.cell == .lstm { call.destination3?.update(from: run.state(.cell, details.time), count: run.stateFloats) }
}

extension RecurrentRun {
    /// The state before the first step.
    fileprivate func begin(_ part: RecurrentDetails.Part, _ initial: UnsafeMutablePointer<Float>?) {
        let first = state(part, 0)
        if let initial {
            first.update(from: initial, count: stateFloats)
        } else {
            first.update(repeating: 0, count: stateFloats)
        }
    }

    /// One row reads a kernel once a step, in place: packing it would cost as much as it gains.
    fileprivate var isPacked: Bool { rows > 1 }

    fileprivate func pack(
        _ packed: UnsafeMutablePointer<Float>, _ kernel: UnsafeMutablePointer<Float>,
        _ recurrent: UnsafeMutablePointer<Float>
    ) {
        guard isPacked else { return }
        var place = packed
        for block in 0..<details.inputBlocks {
            let columns = details.inputColumns(block)
            lepton_k_pack_f32(
                place, 0, details.inputs, columns.count, kernel + columns.start, details.kernelColumns)
            place += lepton_k_packed_floats(details.inputs, columns.count)
        }
        place = packed + details.packedFloats.kernel
        for block in 0..<details.recurrentBlocks {
            let columns = details.recurrentColumns(block)
            lepton_k_pack_f32(
                place, 0, details.units, columns.count, recurrent + columns.start, details.kernelColumns)
            place += lepton_k_packed_floats(details.units, columns.count)
        }
    }

    /// The input's products of `count` steps from `start` on.
    fileprivate func multiplyInputs(
        _ start: Int, _ count: Int, data: UnsafeMutablePointer<Float>, packed: UnsafeMutablePointer<Float>,
        kernel: UnsafeMutablePointer<Float>
    ) {
        let (inputs, time) = (details.inputs, details.time)
        let first = details.isReversed ? time - start - count : start
        let plain = sequence(start, group: 0)
        lepton_k_time_major_f32(
            plain, data + first * inputs, time * inputs, rows, count, inputs, details.isReversed ? 1 : 0)
        if details.inputRate > 0 {
            // The first copy is the source of the others, and so takes its own pattern last.
            for group in (0..<details.groups).reversed() {
                applyPattern(sequence(start, group: group), plain, .inputPattern, group: group, count: count)
            }
        }
        let products = gates(start, blockStart: start)
        var place = packed
        for block in 0..<details.inputBlocks {
            let columns = details.inputColumns(block)
            let source = sequence(start, group: columns.group)
            if isPacked {
                lepton_k_gemm_packed_f32(
                    count * rows, columns.count, inputs, source, inputs, place, 0, products + columns.gate,
                    details.columns)
                place += lepton_k_packed_floats(inputs, columns.count)
            } else {
                lepton_k_gemm_f32(
                    0, 0, count, columns.count, inputs, source, inputs, kernel + columns.start, details.kernelColumns,
                    0, products + columns.gate, details.columns)
            }
        }
    }

    /// One time step: the products of the state, then the gates.
    fileprivate func advance(
        _ step: Int, gates: UnsafeMutablePointer<Float>, packed: UnsafeMutablePointer<Float>,
        recurrent: UnsafeMutablePointer<Float>, bias: UnsafeMutablePointer<Float>?
    ) {
        let units = details.units
        let (before, after) = (state(.hidden, step), state(.hidden, step + 1))
        var place = packed
        for block in 0..<details.recurrentBlocks {
            let columns = details.recurrentColumns(block)
            if details.cell == .gruResetBefore, details.isCandidate(block) {
                lepton_k_gru_reset_f32(
                    gates, bias, droppedState(step, group: columns.group), rows, units, details.recurrentActivation)
            }
            let operand = recurrentOperand(step, block: block, gates: gates)
            // The candidate's product of the state stands alone; all others are added to the input's.
            let beta: Float = details.cell == .gru && details.isCandidate(block) ? 0 : 1
            if isPacked {
                lepton_k_gemm_packed_f32(
                    rows, columns.count, units, operand.pointer, operand.stride, place, beta, gates + columns.gate,
                    details.columns)
                place += lepton_k_packed_floats(units, columns.count)
            } else {
                lepton_k_gemm_f32(
                    0, 0, rows, columns.count, units, operand.pointer, operand.stride, recurrent + columns.start,
                    details.kernelColumns, beta, gates + columns.gate, details.columns)
            }
        }
        let (mask, stride) = (mask(step), details.time)
        switch details.cell {
        case .simple:
            lepton_k_rnn_f32(after, gates, bias, before, mask, stride, rows, units, details.activation)
        case .lstm:
            lepton_k_lstm_f32(
                after, state(.cell, step + 1), details.isTraining ? part(.activated) + step * stateFloats : nil, gates,
                bias, before, state(.cell, step), mask, stride, rows, units, details.activation,
                details.recurrentActivation)
        case .gru:
            lepton_k_gru_f32(
                after, gates, bias, bias.map { $0 + details.kernelColumns }, before, mask, stride, rows, units,
                details.activation, details.recurrentActivation)
        case .gruResetBefore:
            lepton_k_gru_update_f32(after, gates, bias, before, mask, stride, rows, units, details.activation)
        }
    }

    /// All states, or the last one; 0 where a masked step's output is to be.
    fileprivate func writeOutputs(_ output: UnsafeMutablePointer<Float>?) {
        guard let output else { return }
        let (units, time) = (details.units, details.time)
        let steps = details.returnsSequence ? time : 1
        if details.returnsSequence {
            lepton_k_batch_major_f32(
                output, time * units, state(.hidden, 1), rows, time, units, details.reversesOutput ? 1 : 0)
        } else {
            output.update(from: state(.hidden, time), count: stateFloats)
        }
        guard details.zeroesMasked, mask != nil else { return }
        for step in time - steps..<time {
            guard let mask = mask(step) else { continue }
            for row in 0..<rows where mask[row * time] == 0 {
                (output + (row * steps + outputPlace(step)) * units).update(repeating: 0, count: units)
            }
        }
    }
}
