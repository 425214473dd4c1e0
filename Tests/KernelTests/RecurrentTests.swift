import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KernelTests {
    /// Packed products and the steps of recurrent cells against the plain loops.
    @Suite struct Recurrent {
        static let sizes = [(1, 1), (3, 5), (2, 8), (4, 15), (7, 16), (5, 33), (3, 64)]
        static let activations = [
            (LEPTON_K_TANH, LEPTON_K_SIGMOID), (LEPTON_K_RELU, LEPTON_K_SIGMOID), (LEPTON_K_TANH, LEPTON_K_LINEAR),
        ]

        /// Every combination of size, activations, mask and bias.
        func forEachCase(
            _ body: (_ rows: Int, _ units: Int, _ act: Int32, _ gateAct: Int32, _ masked: Bool, _ biased: Bool) -> Void
        ) {
            for (rows, units) in Self.sizes {
                for (act, gateAct) in Self.activations {
                    for flags in 0..<4 {
                        body(rows, units, Int32(act), Int32(gateAct), flags & 1 == 1, flags & 2 == 2)
                    }
                }
            }
        }

        /// A mask whose numbers stand two floats apart, every third row masked.
        func mask(_ rows: Int) -> Guarded { Guarded((0..<rows * 2).map { $0 / 2 % 3 == 1 ? 0 : 1 }) }

        @Test func packedProductsMultiply() {
            for (m, n, k) in [(1, 1, 1), (4, 3, 7), (6, 16, 5), (7, 17, 33), (13, 40, 64), (32, 256, 300), (5, 9, 0)] {
                for transposed in [false, true] {
                    for beta: Float in [0, 1] {
                        expectLikeScalar(within: 3e-4, "\(m)x\(n)x\(k)") {
                            let a = Guarded(random(m * k, seed: 1)), b = Guarded(random(k * n, seed: 2))
                            let packed = Guarded(count: lepton_k_packed_floats(k, n))
                            let c = Guarded(random(m * (n + 3), seed: 3))
                            lepton_k_pack_f32(packed.pointer, transposed ? 1 : 0, k, n, b.pointer, transposed ? k : n)
                            lepton_k_gemm_packed_f32(m, n, k, a.pointer, k, packed.pointer, beta, c.pointer, n + 3)
                            _ = packed.values()
                            return c.values()
                        }
                    }
                }
            }
        }

        @Test func aPackedProductGivesTheSameBitsForAnyNumberOfRows() {
            let (n, k) = (40, 70)
            let a = Guarded(random(32 * k, seed: 1)), b = Guarded(random(k * n, seed: 2))
            let packed = Guarded(count: lepton_k_packed_floats(k, n))
            lepton_k_pack_f32(packed.pointer, 0, k, n, b.pointer, n)
            let whole = Guarded(count: 32 * n)
            lepton_k_gemm_packed_f32(32, n, k, a.pointer, k, packed.pointer, 0, whole.pointer, n)
            for rows in [1, 5, 16, 31] {
                let part = Guarded(count: rows * n)
                lepton_k_gemm_packed_f32(rows, n, k, a.pointer, k, packed.pointer, 0, part.pointer, n)
                #expect(part.values() == Array(whole.values().prefix(rows * n)))
            }
        }

        @Test func simpleCell() {
            forEachCase { rows, units, act, _, masked, biased in
                expectLikeScalar(within: 1e-5, "\(rows)x\(units)") {
                    let gates = Guarded(random(rows * units, seed: 1)), bias = Guarded(random(units, seed: 2))
                    let before = Guarded(random(rows * units, seed: 3)), h = Guarded(count: rows * units)
                    let dh = Guarded(random(rows * units, seed: 4)), dout = Guarded(random(rows * (units + 1), seed: 5))
                    let dbias = Guarded(random(units, seed: 6)), mask = mask(rows)
                    let maskPointer = masked ? mask.pointer : nil
                    lepton_k_rnn_f32(
                        h.pointer, gates.pointer, biased ? bias.pointer : nil, before.pointer, maskPointer, 2, rows,
                        units, act)
                    lepton_k_rnn_grad_f32(
                        dh.pointer, dbias.pointer, gates.pointer, h.pointer, biased ? dout.pointer : nil, units + 1,
                        maskPointer, 2, rows, units, act)
                    return h.values() + gates.values() + dh.values() + dbias.values()
                }
            }
        }

        /// What a cell makes of each number, with a kernel of one unit and no bias.
        func cell(_ inputs: [Float], _ activation: Int) -> [Float] {
            let gates = Guarded(inputs), before = Guarded(count: inputs.count), h = Guarded(count: inputs.count)
            lepton_k_rnn_f32(
                h.pointer, gates.pointer, nil, before.pointer, nil, 0, inputs.count, 1, Int32(activation))
            return h.values()
        }

        @Test func activationsOfCellsAreAccurate() {
            let sizes = random(20000, -40, 5, seed: 1).map { exp2f($0) } + [0, 9.02, 20, 1e30, .infinity]
            let inputs = sizes + sizes.map { -$0 } + [.nan]
            onEveryISA { name in
                for (x, y) in zip(inputs, cell(inputs, LEPTON_K_TANH)) {
                    #expect(ulps(y, tanh(Double(x))) <= 7 && !(abs(y) > 1), "\(name): tanh \(x)")
                }
                for (x, y) in zip(inputs, cell(inputs, LEPTON_K_SIGMOID)) {
                    let exact = 1 / (1 + exp(-Double(x)))
                    #expect(x.isNaN ? y.isNaN : abs(Double(y) - exact) <= 3e-7 && y >= 0 && y <= 1, "\(name): \(x)")
                }
            }
        }

        @Test func longShortTermMemory() {
            forEachCase { rows, units, act, gateAct, masked, biased in
                expectLikeScalar(within: 3e-5, "\(rows)x\(units)") {
                    let gates = Guarded(random(rows * units * 4, -1, 1, seed: 1))
                    let bias = Guarded(random(4 * units, -1, 1, seed: 2))
                    let hBefore = Guarded(random(rows * units, seed: 3)),
                        cBefore = Guarded(random(rows * units, seed: 4))
                    let h = Guarded(count: rows * units), c = Guarded(count: rows * units)
                    let activated = Guarded([Float](repeating: 0.5, count: rows * units))
                    let dh = Guarded(random(rows * units, seed: 5)), dc = Guarded(random(rows * units, seed: 6))
                    let dout = Guarded(random(rows * (units + 1), seed: 7))
                    let dbias = Guarded(random(4 * units, seed: 8)), mask = mask(rows)
                    let maskPointer = masked ? mask.pointer : nil
                    lepton_k_lstm_f32(
                        h.pointer, c.pointer, biased ? activated.pointer : nil, gates.pointer,
                        biased ? bias.pointer : nil, hBefore.pointer, cBefore.pointer, maskPointer, 2, rows, units, act,
                        gateAct)
                    lepton_k_lstm_grad_f32(
                        dh.pointer, dc.pointer, dbias.pointer, gates.pointer, activated.pointer, cBefore.pointer,
                        biased ? dout.pointer : nil, units + 1, maskPointer, 2, rows, units, act, gateAct)
                    return h.values() + c.values() + gates.values() + dh.values() + dc.values() + dbias.values()
                        + activated.values()
                }
            }
        }

        @Test func gatedRecurrentUnit() {
            forEachCase { rows, units, act, gateAct, masked, biased in
                expectLikeScalar(within: 3e-5, "\(rows)x\(units)") {
                    let gates = Guarded(random(rows * units * 4, -1, 1, seed: 1))
                    let bias = Guarded(random(3 * units, -1, 1, seed: 2))
                    let recurrentBias = Guarded(random(3 * units, -1, 1, seed: 3))
                    let before = Guarded(random(rows * units, seed: 4)), h = Guarded(count: rows * units)
                    let dh = Guarded(random(rows * units, seed: 5)), dout = Guarded(random(rows * (units + 1), seed: 6))
                    let dbias = Guarded(random(4 * units, seed: 7)), mask = mask(rows)
                    let maskPointer = masked ? mask.pointer : nil
                    lepton_k_gru_f32(
                        h.pointer, gates.pointer, biased ? bias.pointer : nil, biased ? recurrentBias.pointer : nil,
                        before.pointer, maskPointer, 2, rows, units, act, gateAct)
                    lepton_k_gru_grad_f32(
                        dh.pointer, dbias.pointer, gates.pointer, before.pointer, biased ? dout.pointer : nil,
                        units + 1,
                        maskPointer, 2, rows, units, act, gateAct)
                    return h.values() + gates.values() + dh.values() + dbias.values()
                }
            }
        }

        @Test func gatedRecurrentUnitWithTheResetGateBefore() {
            forEachCase { rows, units, act, gateAct, masked, biased in
                expectLikeScalar(within: 3e-5, "\(rows)x\(units)") {
                    let gates = Guarded(random(rows * units * 4, -1, 1, seed: 1))
                    let bias = Guarded(random(3 * units, -1, 1, seed: 2))
                    let before = Guarded(random(rows * units, seed: 3)), h = Guarded(count: rows * units)
                    let dh = Guarded(random(rows * units, seed: 4)), dq = Guarded(random(rows * units, seed: 5))
                    let dout = Guarded(random(rows * (units + 1), seed: 6))
                    let dbias = Guarded(random(3 * units, seed: 7)), mask = mask(rows)
                    let maskPointer = masked ? mask.pointer : nil
                    let biasPointer = biased ? bias.pointer : nil
                    lepton_k_gru_reset_f32(gates.pointer, biasPointer, before.pointer, rows, units, gateAct)
                    lepton_k_gru_update_f32(
                        h.pointer, gates.pointer, biasPointer, before.pointer, maskPointer, 2, rows, units, act)
                    lepton_k_gru_update_grad_f32(
                        dh.pointer, dbias.pointer, gates.pointer, before.pointer, biased ? dout.pointer : nil,
                        units + 1,
                        maskPointer, 2, rows, units, act, gateAct)
                    lepton_k_gru_reset_grad_f32(
                        dq.pointer, dbias.pointer, gates.pointer, before.pointer, rows, units, gateAct)
                    return h.values() + gates.values() + dh.values() + dq.values() + dbias.values()
                }
            }
        }

        @Test func timeAndBatchChangePlaces() {
            let (rows, time, width) = (3, 4, 2)
            let input = (0..<rows * time * width).map(Float.init)
            for reverse: Int32 in [0, 1] {
                let major = Guarded(count: input.count), back = Guarded(count: input.count)
                lepton_k_time_major_f32(major.pointer, input, time * width, rows, time, width, reverse)
                lepton_k_batch_major_f32(back.pointer, time * width, major.pointer, rows, time, width, reverse)
                #expect(back.values() == input)
                let first = reverse == 0 ? 0 : time - 1
                #expect(major.values()[0...1] == input[(first * width)...(first * width + 1)])
                #expect(major.values()[2] == input[(time + first) * width])
            }
        }
    }
}
