import CLeptonKernels
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

extension KernelTests {
    @Suite struct Normalization {
        static let kinds = [LEPTON_K_ROW_CENTRED, LEPTON_K_ROW_RMS, LEPTON_K_ROW_SCALED, LEPTON_K_ROW_UNIT]

        struct Row {
            var y: [Float]
            var stats: [Float]
        }

        func normalized(_ x: [Float], _ gamma: [Float]?, _ beta: [Float]?, rows: Int, kind: Int) -> Row {
            let cols = x.count / rows
            let input = Guarded(x), y = Guarded(count: x.count), stats = Guarded(count: 2 * rows)
            let scale = Guarded(gamma ?? []), shift = Guarded(beta ?? [])
            lepton_k_row_norm_f32(
                y.pointer, stats.pointer, input.pointer, gamma == nil ? nil : scale.pointer,
                beta == nil ? nil : shift.pointer, rows, cols, Int32(kind), 1e-3)
            return Row(y: y.values(), stats: stats.values())
        }

        /// The formulas of the header in double precision, for one row.
        func exact(_ x: [Double], kind: Int) -> [Double] {
            let n = Double(x.count), mean = x.reduce(0, +) / n
            let centre = kind == LEPTON_K_ROW_CENTRED || kind == LEPTON_K_ROW_SCALED ? mean : 0
            let squares = x.reduce(0) { $0 + ($1 - centre) * ($1 - centre) }
            let size =
                kind == LEPTON_K_ROW_UNIT
                ? max(squares.squareRoot(), Double(Float(1e-3))) : (squares / n + Double(Float(1e-3))).squareRoot()
            return x.map { ($0 - (kind == LEPTON_K_ROW_CENTRED ? mean : 0)) / size }
        }

        @Test(arguments: lengths.dropFirst()) func rows(cols: Int) {
            let x = random(3 * cols, -2, 5, seed: cols)
            let gamma = random(cols, 0.5, 2, seed: 1), beta = random(cols, seed: 2)
            for kind in Self.kinds {
                expectLikeScalar(within: 1e-5, "\(kind)") {
                    let plain = normalized(x, nil, nil, rows: 3, kind: kind)
                    let scaled = normalized(x, gamma, beta, rows: 3, kind: kind)
                    return plain.y + plain.stats + scaled.y
                }
                let y = normalized(x, gamma, beta, rows: 3, kind: kind).y
                for r in 0..<3 {
                    let wanted = exact(x[r * cols..<(r + 1) * cols].map(Double.init), kind: kind)
                    for j in 0..<cols {
                        let value = wanted[j] * Double(gamma[j]) + Double(beta[j])
                        #expect(abs(Double(y[r * cols + j]) - value) < 3e-6 * max(1, abs(value)), "\(kind)")
                    }
                }
            }
        }

        @Test(arguments: [1, 3, 8, 17, 64]) func rowGradients(cols: Int) {
            let rows = 3
            let x = random(rows * cols, -2, 3, seed: cols), dy = random(rows * cols, seed: cols + 1)
            let gamma = random(cols, 0.5, 2, seed: 1), before = random(cols, seed: 2)
            for kind in Self.kinds {
                let stats = normalized(x, gamma, nil, rows: rows, kind: kind).stats
                func gradients(accumulate: Int32) -> [Float] {
                    let up = Guarded(dy), input = Guarded(x), scale = Guarded(gamma), kept = Guarded(stats)
                    let dx = Guarded(count: x.count), dgamma = Guarded(before), dbeta = Guarded(before)
                    lepton_k_row_norm_grad_f32(
                        dx.pointer, dgamma.pointer, dbeta.pointer, up.pointer, input.pointer, scale.pointer,
                        kept.pointer, rows, cols, Int32(kind), 1e-3, accumulate, accumulate)
                    return dx.values() + dgamma.values() + dbeta.values()
                }
                expectLikeScalar(within: 1e-5, "\(kind)") { gradients(accumulate: 0) + gradients(accumulate: 1) }

                // Against differences of sum(dy * gamma * y) in double precision.
                let dx = gradients(accumulate: 0)
                func value(_ row: [Double], _ r: Int) -> Double {
                    zip(exact(row, kind: kind), zip(dy[r * cols..<(r + 1) * cols], gamma)).reduce(0) {
                        $0 + $1.0 * Double($1.1.0) * Double($1.1.1)
                    }
                }
                for r in 0..<rows {
                    let row = x[r * cols..<(r + 1) * cols].map(Double.init)
                    for j in stride(from: 0, to: cols, by: max(1, cols / 5)) {
                        var up = row, down = row
                        up[j] += 1e-5
                        down[j] -= 1e-5
                        let numeric = (value(up, r) - value(down, r)) / 2e-5
                        #expect(
                            abs(Double(dx[r * cols + j]) - numeric) < 2e-4 * max(1, abs(numeric)),
                            "\(kind) \(r) \(j)")
                    }
                }
            }
        }

        @Test(arguments: [(1, 5), (3, 1), (64, 7), (65, 8), (130, 16), (200, 33)])
        func channels(rows: Int, cols: Int) {
            let x = random(rows * cols, 9, 12, seed: rows), dy = random(rows * cols, seed: cols)
            let gamma = random(cols, 0.5, 2, seed: 1), beta = random(cols, seed: 2)
            expectLikeScalar(within: 1e-4) {
                let input = Guarded(x), up = Guarded(dy), scale = Guarded(gamma), shift = Guarded(beta)
                let mean = Guarded(count: cols), squares = Guarded(count: cols)
                lepton_k_channel_moments_f32(mean.pointer, squares.pointer, input.pointer, rows, cols)
                let factor = Guarded(squares.values())
                lepton_k_channel_factor_f32(factor.pointer, factor.pointer, cols, 1 / Float(rows), 1e-3)
                let y = Guarded(count: x.count), dx = Guarded(count: x.count)
                lepton_k_channel_apply_f32(
                    y.pointer, input.pointer, mean.pointer, factor.pointer, scale.pointer, shift.pointer, rows, cols)
                let dgamma = Guarded(count: cols), dbeta = Guarded(count: cols)
                lepton_k_channel_sums_f32(
                    dgamma.pointer, dbeta.pointer, up.pointer, input.pointer, mean.pointer, factor.pointer, rows, cols)
                lepton_k_channel_grad_f32(
                    dx.pointer, up.pointer, input.pointer, mean.pointer, factor.pointer, scale.pointer,
                    dgamma.pointer, dbeta.pointer, Float(rows), rows, cols)
                return mean.values() + squares.values().map { $0 / Float(rows) } + y.values() + dx.values()
                    + dgamma.values() + dbeta.values()
            }
        }

        /// Parts combined in order give the moments of the whole, also beside a large mean.
        @Test func momentsOfParts() {
            let rows = 150, cols = 9
            let x = random(rows * cols, 999, 1001, seed: 4)
            onEveryISA { name in
                let mean = Guarded(count: cols), squares = Guarded(count: cols)
                var count = 0
                for part in [70, 1, 79] {
                    let input = Guarded(Array(x[count * cols..<(count + part) * cols]))
                    let other = Guarded(count: cols), others = Guarded(count: cols)
                    lepton_k_channel_moments_f32(other.pointer, others.pointer, input.pointer, part, cols)
                    if count == 0 {
                        for j in 0..<cols {
                            mean.pointer[j] = other.pointer[j]
                            squares.pointer[j] = others.pointer[j]
                        }
                    } else {
                        lepton_k_channel_combine_f32(
                            mean.pointer, squares.pointer, Float(count), other.pointer, others.pointer, Float(part),
                            cols)
                    }
                    count += part
                }
                for j in 0..<cols {
                    let column = (0..<rows).map { Double(x[$0 * cols + j]) }, exact = column.reduce(0, +) / Double(rows)
                    let deviations = column.reduce(0) { $0 + ($1 - exact) * ($1 - exact) }
                    #expect(abs(Double(mean.values()[j]) - exact) < 2e-3, "\(name)")
                    #expect(abs(Double(squares.values()[j]) / deviations - 1) < 1e-4, "\(name)")
                }
            }
        }

        @Test(arguments: lengths) func movingAverages(n: Int) {
            let before = random(n, seed: n), value = random(n, seed: n + 1)
            expectLikeScalar(within: 1e-6) {
                let average = Guarded(before), input = Guarded(value)
                lepton_k_moving_average_f32(average.pointer, input.pointer, n, 0.5, 0.99)
                return average.values()
            }
        }
    }

    @Suite struct Tables {
        @Test(arguments: [1, 3, 8, 17, 40]) func rowsByNumber(cols: Int) {
            let count = 6, index: [Float] = [0, 5, 2, 2, -1, 6, 1.5, .nan, .infinity, 1e30, 5]
            let table = random(count * cols, seed: cols), dy = random(index.count * cols, seed: 3)
            onEveryISA { name in
                let rows = Guarded(table), numbers = Guarded(index), y = Guarded(count: index.count * cols)
                lepton_k_table_rows_f32(y.pointer, rows.pointer, numbers.pointer, index.count, count, cols)
                let up = Guarded(dy), change = Guarded([Float](repeating: 0, count: count * cols))
                lepton_k_table_rows_grad_f32(change.pointer, up.pointer, numbers.pointer, index.count, count, cols)
                let found = y.values(), sums = change.values()
                for (place, number) in [(0, 0), (1, 5), (2, 2), (3, 2), (10, 5)] {
                    #expect(
                        found[place * cols..<(place + 1) * cols] == table[number * cols..<(number + 1) * cols],
                        "\(name)")
                }
                #expect(found[4 * cols..<10 * cols].allSatisfy { $0.isNaN }, "\(name)")
                for j in 0..<cols {
                    #expect(sums[5 * cols + j] == dy[cols + j] + dy[10 * cols + j], "\(name)")
                    #expect(sums[2 * cols + j] == dy[2 * cols + j] + dy[3 * cols + j], "\(name)")
                    #expect(sums[cols + j] == 0 && sums[3 * cols + j] == 0, "\(name)")
                }
            }
        }

        @Test(arguments: [1, 3, 8, 17, 40]) func masks(cols: Int) {
            var x = [Float](repeating: 2, count: 4 * cols)
            x[0] = 3
            x[4 * cols - 1] = .nan
            onEveryISA { name in
                let input = Guarded(x), mask = Guarded(count: 4), y = Guarded(count: x.count)
                lepton_k_rows_differ_f32(mask.pointer, input.pointer, 4, cols, 2)
                #expect(mask.values() == [1, 0, 0, 1], "\(name)")
                lepton_k_keep_rows_f32(y.pointer, input.pointer, mask.pointer, 4, cols)
                #expect(y.values()[cols..<3 * cols].allSatisfy { $0 == 0 }, "\(name)")
                #expect(y.values()[0] == 3 && y.values()[4 * cols - 1].isNaN, "\(name)")
            }
        }
    }
}
