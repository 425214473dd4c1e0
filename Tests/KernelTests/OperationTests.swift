import CLeptonKernels
import Testing

/// A loop with the steps of an outer and an inner axis for a, b and the result.
private func loop(_ extents: [Int], _ a: [Int], _ b: [Int], _ out: [Int]) -> lepton_k_loop {
    var loop = lepton_k_loop()
    loop.axes = extents.count
    for (tuple, values) in zip([\lepton_k_loop.a, \lepton_k_loop.b, \lepton_k_loop.out], [a, b, out]) {
        withUnsafeMutableBytes(of: &loop[keyPath: tuple]) { bytes in
            for (index, value) in values.enumerated() {
                bytes.storeBytes(of: value, toByteOffset: 8 * index, as: Int.self)
            }
        }
    }
    withUnsafeMutableBytes(of: &loop.extents) { bytes in
        for (index, value) in extents.enumerated() {
            bytes.storeBytes(of: value, toByteOffset: 8 * index, as: Int.self)
        }
    }
    return loop
}

extension KernelTests {
    @Suite struct Operations {
        @Test(arguments: Int32(LEPTON_K_ABS)...Int32(LEPTON_K_NOT))
        func functionsOfOneNumber(function: Int32) {
            for n in [1, 7, 16, 33, 100] {
                for (low, high) in [(Float(-3), Float(3)), (0.05, 0.95), (1.05, 40), (-200, 200)] {
                    var x = random(n, low, high, seed: n + Int(function))
                    x[n / 2] = 0
                    expectLikeScalar(within: 2e-6, "function \(function) of \(n) in \(low)...\(high)") {
                        let buffer = Guarded(x), result = Guarded(count: n)
                        lepton_k_unary_f32(result.pointer, buffer.pointer, n, function)
                        return result.values()
                    }
                    let dy = random(n, seed: n)
                    expectLikeScalar(within: 4e-6, "slope of \(function), \(n) in \(low)...\(high)") {
                        let buffer = Guarded(x), gradient = Guarded(dy)
                        lepton_k_unary_grad_f32(gradient.pointer, gradient.pointer, buffer.pointer, n, function)
                        return gradient.values()
                    }
                }
            }
        }

        /// Numbers at the ends of the range, and those that are none.
        @Test(arguments: Int32(LEPTON_K_ABS)...Int32(LEPTON_K_NOT))
        func functionsOfOddNumbers(function: Int32) {
            let x: [Float] = [
                0, -0.0, .infinity, -.infinity, .nan, 1e-30, -1e-30, 88, -88, 120, -120, 0.5, 1.5, 2.5, -0.5, -1.5, 1,
                -1, 8193, -20000,
            ]
            expectLikeScalar(within: 2e-6, "function \(function)") {
                let buffer = Guarded(x), result = Guarded(count: x.count)
                lepton_k_unary_f32(result.pointer, buffer.pointer, x.count, function)
                return result.values()
            }
        }

        @Test(arguments: Int32(LEPTON_K_B_ADD)...Int32(LEPTON_K_B_XOR))
        func functionsOfTwoNumbers(function: Int32) {
            for (rows, n) in [(1, 1), (3, 7), (2, 16), (3, 33)] {
                let loops: [(String, lepton_k_loop, Int, Int)] = [
                    ("whole", loop([rows, n], [n, 1], [n, 1], [n, 1]), rows * n, rows * n),
                    ("row b", loop([rows, n], [n, 1], [0, 1], [0, 1]), rows * n, n),
                    ("column b", loop([rows, n], [n, 1], [1, 0], [1, 0]), rows * n, rows),
                    ("single b", loop([rows, n], [n, 1], [0, 0], [0, 0]), rows * n, 1),
                ]
                for (name, steps, countA, countB) in loops {
                    var a = random(countA, 0.1, 3, seed: n), b = random(countB, 0.1, 3, seed: n + 1)
                    if [LEPTON_K_B_POWER, LEPTON_K_B_DIVIDE].allSatisfy({ Int32($0) != function }) {
                        a = a.map { $0 - 1.5 }
                        b = b.map { $0 - 1.5 }
                        a[0] = b[0]
                        b[countB - 1] = 0.25
                    }
                    let dy = random(rows * n, seed: n + 2)
                    // A sum may come in another order.
                    expectLikeScalar(within: 2e-5, "function \(function), \(name), \(rows) by \(n)") {
                        let x = Guarded(a), y = Guarded(b), out = Guarded(count: rows * n), given = Guarded(dy)
                        let left = Guarded(count: countA), right = Guarded([Float](repeating: 0.5, count: countB))
                        var (forA, forB) = (steps, steps)
                        forA.out = steps.a
                        lepton_k_binary_f32(out.pointer, x.pointer, y.pointer, &forB, function)
                        guard function < Int32(LEPTON_K_B_FLOOR_DIVIDE) else { return out.values() }
                        lepton_k_binary_grad_f32(
                            left.pointer, given.pointer, x.pointer, y.pointer, &forA, function, 0, 1)
                        lepton_k_binary_grad_f32(
                            right.pointer, given.pointer, x.pointer, y.pointer, &forB, function, 1, 0)
                        return out.values() + left.values() + right.values()
                    }
                }
            }
        }

        @Test(arguments: Int32(LEPTON_K_REDUCE_SUM)...Int32(LEPTON_K_REDUCE_ARGMIN))
        func reductions(reduction: Int32) {
            for (outer, n, inner) in [(1, 1, 1), (3, 7, 1), (2, 33, 1), (2, 5, 3), (1, 4, 17), (3, 2, 16)] {
                for kind in 0..<4 {
                    var x = random(outer * n * inner, 0.5, 1.5, seed: n + inner)
                    // Ties, a zero, NaN.
                    if kind == 1 { x = x.map { ($0 * 4).rounded() } }
                    if kind == 2 { x[n / 2 * inner] = 0 }
                    if kind == 3 { x[n / 2 * inner] = .nan }
                    let dy = random(outer * inner, seed: n)
                    expectLikeScalar(within: 1e-5, "reduction \(reduction) of \(outer), \(n), \(inner), \(kind)") {
                        let source = Guarded(x), out = Guarded(count: outer * inner), given = Guarded(dy)
                        let gradient = Guarded(count: x.count)
                        lepton_k_reduce_f32(out.pointer, source.pointer, outer, n, inner, reduction)
                        guard kind != 3, reduction < Int32(LEPTON_K_REDUCE_ANY) else { return out.values() }
                        lepton_k_reduce_grad_f32(
                            gradient.pointer, given.pointer, source.pointer, out.pointer, outer, n, inner, reduction)
                        return out.values() + gradient.values()
                    }
                }
            }
        }

        /// Every order of three axes, of extents around the squares that are moved at once.
        @Test func transposes() {
            for extents in [[2, 3, 5], [4, 8, 12], [5, 1, 7], [9, 4, 6]] {
                let x = random(extents.reduce(1, *), seed: 1)
                let steps = [extents[1] * extents[2], extents[2], 1]
                for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
                    let shape = order.map { extents[$0] }, moves = order.map { steps[$0] }
                    let source = Guarded(x), out = Guarded(count: x.count)
                    var plan = loop(shape, moves, [], [])
                    lepton_k_permute_f32(out.pointer, source.pointer, &plan)
                    var expected: [Float] = []
                    for i in 0..<shape[0] {
                        for j in 0..<shape[1] {
                            for k in 0..<shape[2] { expected.append(x[i * moves[0] + j * moves[1] + k * moves[2]]) }
                        }
                    }
                    #expect(out.values() == expected, "\(extents) \(order)")
                }
            }
        }

        /// Nothing outside the axis is read; what is asked for there is NaN.
        @Test func indicesOutside() {
            let x = Guarded([1, 2, 3]), out = Guarded(count: 6)
            let places = Guarded([0, 2, -1, 3, -4, .nan])
            lepton_k_take_along_f32(out.pointer, x.pointer, places.pointer, 1, 3, 6, 1)
            #expect(firstDifference(out.values(), [1, 3, 3, .nan, .nan, .nan], 0) == nil)
            lepton_k_take_at_f32(out.pointer, x.pointer, places.pointer, 1, 3, 6, 1)
            #expect(firstDifference(out.values(), [1, 3, 3, .nan, .nan, .nan], 0) == nil)
            let gradient = Guarded([0, 0, 0])
            let ones = Guarded([1, 1, 1, 1, 1, 1])
            lepton_k_take_along_grad_f32(gradient.pointer, ones.pointer, places.pointer, 1, 3, 6, 1)
            #expect(gradient.values() == [1, 0, 2])
            let hot = Guarded(count: 12)
            lepton_k_one_hot_f32(hot.pointer, places.pointer, 6, 2)
            #expect(hot.values() == [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        }

        @Test func sorting() {
            let x: [Float] = [3, .nan, -1, 3, 0, 7, -1]
            let source = Guarded(x), places = Guarded(count: 7), work = Guarded(count: 14)
            lepton_k_argsort_f32(places.pointer, source.pointer, work.pointer, 1, 7, 1, 0)
            #expect(places.values() == [2, 6, 4, 0, 3, 5, 1])
            lepton_k_argsort_f32(places.pointer, source.pointer, work.pointer, 1, 7, 1, 1)
            #expect(places.values() == [5, 0, 3, 4, 2, 6, 1])
        }
    }
}
