import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// A layer of operations that a test writes down, with one weight that it may use as a value.
struct Probe: Layer {
    static let className = "Probe"
    typealias Body = @Sendable (inout OperationGraph, _ input: Int, _ weight: Int) throws(LeptonError) -> Int

    var options = LayerOptions()
    var weightShape: [Int] = []
    let body: Body

    init(weight: [Int], _ body: @escaping Body) {
        weightShape = weight
        self.body = body
    }

    init(arguments: inout ConfigReader) throws(LeptonError) {
        throw LeptonError(.notSupported, "a probe is not read from a config")
    }

    var arguments: JSONObject { [:] }

    func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        let uniform: JSONValue = [
            "class_name": "RandomUniform", "config": ["minval": 0.5, "maxval": 1.5, "seed": 3],
        ]
        return [
            Weight(
                name: "value", shape: weightShape,
                initializer: try Initializer(uniform, argument: "probe", default: .ones))
        ]
    }

    func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        var graph = LoweredGraph()
        let inputs = inputShapes.map { graph.operations.addInput($0) }
        let weight = try graph.operations.addWeight(
            try weights(for: inputShapes)[0].spec, layerName: "probe", layer: 0, isTrainable: true)
        let output = try lower(into: &graph, inputs: inputs, weights: [weight])
        return graph.operations.sampleShapes[output]
    }

    func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let weight = try graph.operations.addWeightValue(weights[0])
        let result = try body(&graph.operations, inputs[0], weight)
        return try graph.operations.perRow(result)
    }
}

/// Every operation's gradient, by its input and by a weight, against finite differences.
@Suite struct OperationGradientTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let input: [Int]
        let weight: [Int]
        let body: Probe.Body

        init(_ name: String, input: [Int] = [2, 3], weight: [Int] = [3], _ body: @escaping Probe.Body) {
            testDescription = name
            self.input = input
            self.weight = weight
            self.body = body
        }
    }

    /// The input, which is in -1 ... 1 and distinct, moved to where a function is smooth.
    static func unary(_ function: UnaryFunction) -> Case {
        Case("\(function)") { graph, x, w throws(LeptonError) in
            var value = try graph.addBinary(.multiply, x, w)
            switch function {
            case .squareRoot, .reciprocalSquareRoot, .reciprocal, .logarithm, .logarithmBase2, .logarithmBase10,
                .inverseHyperbolicCosine:
                value = try graph.addBinary(.add, value, scalar: 3)
            case .arcSine, .arcCosine, .inverseHyperbolicTangent, .logarithmOnePlus, .tangent:
                value = try graph.addBinary(.multiply, value, scalar: 0.4)
            case .absolute, .relu:
                let apart = try graph.addConstant([4, -4, 4, -4, 4, -4], shape: [2, 3])
                value = try graph.addBinary(.add, value, apart)
            default: break
            }
            return try graph.addUnary(function, value)
        }
    }

    static func binary(_ function: BinaryFunction, _ input: [Int], _ weight: [Int], swapped: Bool) -> Case {
        Case("\(function) of \(input) and \(weight)\(swapped ? " swapped" : "")", input: input, weight: weight) {
            graph, x, w throws(LeptonError) in
            var a = x
            if [.divide, .power, .arcTangent2].contains(function) { a = try graph.addBinary(.add, x, scalar: 3) }
            var b = w
            if function == .remainder {
                // Quotients between 2 and 3 throughout.
                let small = try graph.addBinary(.multiply, x, scalar: 0.02)
                a = try graph.addBinary(.add, small, scalar: swapped ? 0.45 : 2.5)
                b = try graph.addBinary(.add, try graph.addBinary(.multiply, w, scalar: 0.1), scalar: 1)
            }
            if function == .keepWhere || function == .keepUnless {
                let pattern = (0..<weight.reduce(1, *)).map { Float($0 % 2) }
                b = try graph.addConstant(pattern, shape: weight)
                a = try graph.addBinary(.multiply, a, w)
            }
            return try graph.addBinary(function, swapped ? b : a, swapped ? a : b)
        }
    }

    /// A value moved apart so far that a small change alters no order.
    static func apart(_ graph: inout OperationGraph, _ value: Int) throws(LeptonError) -> Int {
        let shape = graph.sampleShapes[value]
        let places = (0..<shape.reduce(1, *)).map { Float(($0 * 7) % 23) * 0.1 }
        let small = try graph.addBinary(.multiply, value, scalar: 0.02)
        return try graph.addBinary(.add, small, try graph.addConstant(places, shape: shape))
    }

    static let unaryCases = UnaryFunction.allCases.filter(\.hasGradient).map(unary)

    static let binaryCases: [Case] = BinaryFunction.allCases.filter(\.hasGradient).flatMap { function in
        [
            binary(function, [2, 3], [2, 3], swapped: false), binary(function, [2, 3], [3], swapped: true),
            binary(function, [2, 3], [2, 1], swapped: false), binary(function, [2, 1, 3], [4, 1], swapped: true),
            binary(function, [3], [], swapped: false), binary(function, [1], [5], swapped: false),
        ]
    }

    static let reductionCases: [Case] = Reduction.allCases.filter(\.hasGradient).flatMap { reduction in
        [[0], [1], [2], [0, 1], [1, 2], [0, 2], [0, 1, 2], []].map { axes in
            Case("\(reduction) over \(axes)", input: [2, 3, 4], weight: [4]) { graph, x, w throws(LeptonError) in
                var value = try graph.addBinary(.multiply, x, w)
                if reduction == .maximum || reduction == .minimum { value = try apart(&graph, value) }
                return try graph.addReduction(reduction, value, axes: axes, keepsAxes: axes.count == 1)
            }
        }
    }

    static let matmulCases: [Case] = [
        Case("shared matrix on the right", input: [2, 3], weight: [3, 4]) { graph, x, w throws(LeptonError) in
            try graph.addMatmul(x, w)
        },
        Case("shared matrix on the right, transposed", input: [2, 3], weight: [4, 3]) {
            graph, x, w throws(LeptonError) in
            try graph.addProduct(x, w, transposesB: true)
        },
        Case("shared matrix on the left", input: [3, 2], weight: [4, 3]) { graph, x, w throws(LeptonError) in
            try graph.addMatmul(w, x)
        },
        Case("shared matrix on the left, both transposed", input: [2, 3], weight: [3, 4]) {
            graph, x, w throws(LeptonError) in
            try graph.addProduct(w, x, transposesA: true, transposesB: true)
        },
        Case("a row and a shared matrix", input: [3], weight: [3, 4]) { graph, x, w throws(LeptonError) in
            try graph.addMatmul(x, w)
        },
        Case("a matrix and a shared column", input: [2, 3], weight: [3]) { graph, x, w throws(LeptonError) in
            try graph.addMatmul(x, w)
        },
        Case("two rows of each sample", input: [3], weight: [3]) { graph, x, w throws(LeptonError) in
            try graph.addMatmul(try graph.addBinary(.multiply, x, w), x)
        },
        Case("batched, broadcast on the right", input: [2, 2, 3], weight: [3, 2]) { graph, x, w throws(LeptonError) in
            let other = try graph.addBinary(.add, try graph.addTranspose(x, [0, 2, 1]), w)
            let one = try graph.addSlice(other, axis: 0, start: 1, count: 1)
            return try graph.addMatmul(x, one)
        },
        Case("batched, broadcast on the left", input: [2, 2, 3], weight: [3]) { graph, x, w throws(LeptonError) in
            let one = try graph.addSlice(try graph.addBinary(.multiply, x, w), axis: 0, start: 0, count: 1)
            return try graph.addProduct(one, x, transposesB: true)
        },
        Case("transposed on the left, several blocks", input: [2, 3, 2], weight: [2, 3, 4]) {
            graph, x, w throws(LeptonError) in
            try graph.addProduct(x, w, transposesA: true)
        },
        Case("weights with each other", input: [4], weight: [2, 2]) { graph, x, w throws(LeptonError) in
            let square = try graph.addMatmul(w, w)
            return try graph.addMatmul(try graph.addReshape(x, to: [2, 2]), square)
        },
    ]

    static let movementCases: [Case] = [
        Case("transpose", input: [2, 3, 4], weight: [4, 2]) { graph, x, w throws(LeptonError) in
            try graph.addBinary(.multiply, try graph.addTranspose(x, [1, 2, 0]), w)
        },
        Case("transposed weight", input: [3, 2], weight: [2, 3]) { graph, x, w throws(LeptonError) in
            try graph.addBinary(.multiply, x, try graph.addTranspose(w, [1, 0]))
        },
        Case("broadcast", input: [2, 1, 3], weight: [3]) { graph, x, w throws(LeptonError) in
            let wide = try graph.addBroadcast(x, to: [2, 2, 4, 3])
            return try graph.addBinary(.multiply, wide, try graph.addBroadcast(w, to: [4, 3]))
        },
        Case("concatenation with a weight", input: [2, 3], weight: [1, 3]) { graph, x, w throws(LeptonError) in
            try graph.addConcatenation([w, x, w, x], axis: 0)
        },
        Case("concatenation of the last axis", input: [2, 3], weight: [2, 2]) { graph, x, w throws(LeptonError) in
            try graph.addConcatenation([x, w], axis: 1)
        },
        Case("stack", input: [2, 3], weight: [2, 3]) { graph, x, w throws(LeptonError) in
            try graph.addStack([x, w], axis: 1)
        },
        Case("split, one part unused", input: [2, 6], weight: [2]) { graph, x, w throws(LeptonError) in
            let parts = try graph.addSplit(x, axis: 1, extents: [2, 1, 2, 1])
            return try graph.addBinary(
                .add, try graph.addBinary(.multiply, parts[0], w), try graph.addBinary(.multiply, parts[2], parts[3]))
        },
        Case("slice, flip, roll", input: [3, 5], weight: [3]) { graph, x, w throws(LeptonError) in
            let part = try graph.addSlice(x, axis: 1, start: 4, count: 3, step: -2)
            let turned = try graph.addFlip(try graph.addRoll(part, axis: 0, shift: -4), axis: 0)
            return try graph.addBinary(.multiply, turned, w)
        },
        Case("padding", input: [3, 4], weight: [4]) { graph, x, w throws(LeptonError) in
            var value = try graph.addPad(x, axis: 0, before: 1, after: 2, mode: .constant(0.5))
            value = try graph.addBinary(.multiply, value, w)
            value = try graph.addPad(value, axis: 1, before: 3, after: 2, mode: .reflect)
            return try graph.addPad(value, axis: 0, before: 2, after: 1, mode: .symmetric)
        },
        Case("repeat and tile", input: [2, 2], weight: [2]) { graph, x, w throws(LeptonError) in
            let repeated = try graph.addRepeat(try graph.addBinary(.multiply, x, w), axis: 0, count: 2)
            return try graph.addRepeat(repeated, axis: 1, count: 3, isWhole: true)
        },
        Case("running sums and products", input: [2, 4], weight: [4]) { graph, x, w throws(LeptonError) in
            let value = try graph.addBinary(.multiply, x, w)
            let sums = try graph.addCumulative(isProduct: false, value, axis: 1)
            let back = try graph.addCumulative(isProduct: false, sums, axis: 0, isReversed: true)
            let products = try graph.addCumulative(isProduct: true, value, axis: 0, isReversed: true)
            return try graph.addBinary(.add, back, try graph.addCumulative(isProduct: true, products, axis: 1))
        },
        Case("take along an axis, sort", input: [3, 4], weight: [4]) { graph, x, w throws(LeptonError) in
            let value = try apart(&graph, try graph.addBinary(.multiply, x, w))
            let sorted = try graph.addSort(value, axis: 0)
            return try graph.addConcatenation([sorted, try graph.addTopK(value, count: 2).values], axis: 1)
        },
        Case("rows of a weight at indices", input: [3], weight: [4, 2]) { graph, x, w throws(LeptonError) in
            let wide = try apart(&graph, try graph.addBroadcast(x, to: [2, 3]))
            let indices = try graph.addReduction(.indexOfMaximum, wide, axes: [1])
            let taken = try graph.addTake(w, at: indices, axis: 0)
            return try graph.addBinary(.multiply, taken, try graph.addSlice(x, axis: 0, start: 0, count: 2))
        },
        Case("select and clip", input: [2, 3], weight: [3]) { graph, x, w throws(LeptonError) in
            let chosen = try graph.addSelect(try graph.addBinary(.greater, x, scalar: 0.1), x, w)
            return try graph.addBinary(.multiply, try graph.addClip(chosen, from: -0.4, to: 0.9), w)
        },
        Case("softmax of two axes", input: [2, 3, 2], weight: [2]) { graph, x, w throws(LeptonError) in
            let value = try graph.addBinary(.multiply, x, w)
            let both = try graph.addSoftmax(value, axes: [0, 1])
            return try graph.addBinary(.multiply, both, try graph.addSoftmax(value, axes: [2]))
        },
        Case("variance", input: [4, 3], weight: [3]) { graph, x, w throws(LeptonError) in
            try graph.addVariance(try graph.addBinary(.multiply, x, w), axes: [0])
        },
    ]

    static let attentionCases: [Case] = [
        Case("attention", input: [5, 2, 3], weight: [5, 2, 3]) { graph, x, w throws(LeptonError) in
            let query = try graph.addBinary(.multiply, x, w)
            let key = try graph.addBinary(.add, x, w)
            return try graph.addAttention(query: query, key: key, value: x, scale: 0.7, isCausal: false)
        },
        Case("causal attention to fewer keys, under a mask", input: [5, 2, 3], weight: [3]) {
            graph, x, w throws(LeptonError) in
            let key = try graph.addSlice(try graph.addBinary(.multiply, x, w), axis: 0, start: 1, count: 4)
            let mask = try graph.addConstant([1, 0, 1, 1, 1, 1, 0, 1], shape: [2, 1, 4])
            return try graph.addAttention(query: x, key: key, value: key, mask: mask, scale: 1, isCausal: true)
        },
        Case("attention of grouped queries", input: [3, 4, 2], weight: [2]) { graph, x, w throws(LeptonError) in
            let shared = try graph.addSlice(try graph.addBinary(.multiply, x, w), axis: 1, start: 0, count: 2)
            let value = try graph.addConcatenation([shared, shared], axis: 2)
            return try graph.addAttention(query: x, key: shared, value: value, scale: 0.5, isCausal: false)
        },
        Case("attention of blocks", input: [2, 3, 2, 2], weight: [2]) { graph, x, w throws(LeptonError) in
            let query = try graph.addBinary(.multiply, x, w)
            return try graph.addAttention(query: query, key: x, value: query, scale: 1, isCausal: false)
        },
    ]

    static let einsumCases: [Case] =
        [
            ("bij,jk->bik", [2, 3], [3, 4]), ("bij,kj->bki", [2, 3], [4, 3]), ("ij,bij->bj", [2, 3], [2, 3]),
            ("bijk,jkl->bil", [2, 3, 2], [3, 2, 4]),
            ("b...i,ij->b...j", [2, 2, 3], [3, 2]),
            ("bij,ik->bkj", [2, 3], [2, 4]),
            ("bij,ijk->bik", [2, 3], [2, 3, 2]), ("bij,k->bjk", [2, 3], [2]), ("bij,jk", [2, 3], [3, 4]),
        ].map { equation, input, weight in
            Case("einsum \(equation)", input: input, weight: weight) { graph, x, w throws(LeptonError) in
                try graph.addEinsum(equation, equation.hasPrefix("ij") ? [w, x] : [x, w])
            }
        } + [
            Case("einsum of two inputs", input: [2, 3, 4], weight: [4]) { graph, x, w throws(LeptonError) in
                let other = try graph.addBinary(.multiply, x, w)
                return try graph.addEinsum("...qd,...kd->...qk", [x, other])
            },
            Case("einsum of one", input: [2, 3], weight: [3]) { graph, x, w throws(LeptonError) in
                try graph.addEinsum("bij->bj", [try graph.addBinary(.multiply, x, w)])
            },
        ]

    @Test(
        arguments: unaryCases + binaryCases + reductionCases + matmulCases + movementCases + attentionCases
            + einsumCases)
    func agreesWithFiniteDifferences(_ item: Case) throws {
        let rows = 3
        let count = item.input.reduce(1, *)
        let layers: [any Layer] = [
            Dense(units: count, inputShape: [4]),
            Probe(weight: item.weight) { graph, x, w throws(LeptonError) in
                let shaped = try graph.addReshape(x, to: item.input)
                let result = try item.body(&graph, shaped, w)
                return try graph.addReshape(result, to: [graph.sampleShapes[result].reduce(1, *)])
            },
        ]
        var graph = LoweredGraph()
        let input = graph.operations.addInput([count])
        let weight = try graph.operations.addWeight(
            WeightSpec(name: "w", shape: item.weight, initializer: .zeros), layerName: "p", layer: 0, isTrainable: true)
        let output = try layers[1].lower(into: &graph, inputs: [input], weights: [weight])
        let target = try numbers([rows, graph.operations.sampleShapes[output][0]], seed: 8)
        try expectFiniteDifferences(
            layers: layers, loss: .meanSquaredError, x: try numbers([rows, 4], seed: 7), y: target, seed: 5)
    }

    /// Gradients of weights that are used as values are sums over rows and shards in a fixed order.
    @Test func sameBitsOnAnyNumberOfWorkers() throws {
        var bits: [[UInt32]] = []
        for workers in [1, 2, 3] {
            let model = try Model()
            try model.setSeed(4)
            try model.add(Dense(units: 512, inputShape: [40]))
            try model.add(
                Probe(weight: [16, 16]) { graph, x, w throws(LeptonError) in
                    let shaped = try graph.addReshape(x, to: [16, 2, 16])
                    let product = try graph.addMatmul(shaped, w)
                    let attended = try graph.addAttention(
                        query: product, key: shaped, value: product, scale: 0.25, isCausal: true)
                    let scaled = try graph.addBinary(.multiply, attended, try graph.addReduction(.mean, w, axes: [0]))
                    return try graph.addReduction(.mean, scaled, axes: [0, 1])
                })
            model.compile(optimizer: .adam(), loss: .meanSquaredError)
            let (x, y) = (try numbers([150, 40], seed: 1), try numbers([150, 16], seed: 2))
            _ = try fit(model, x, y, workers: workers) { $0.batchSize = 70 }
            bits.append(try weightBits(model))
        }
        #expect(bits[0] == bits[1] && bits[0] == bits[2])
    }
}
