import CLeptonKernels
import LeptonNN

/// Products of blocks: for each sample and each block of the output, c = op(a) · op(b), or its derivatives.
private struct BlockProducts {
    var blocks = 1
    /// Extents of one block: c (m, n), inner k.
    var m = 0
    var n = 0
    var k = 0
    var transposesA: Int32 = 0
    var transposesB: Int32 = 0
    /// Floats from one sample to the next; 0 for a shared operand.
    var rowStepA = 0
    var rowStepB = 0
    /// Where each block of c finds its operands within the sample; nil when they are in order.
    var offsetsA: UnsafePointer<Int>?
    var offsetsB: UnsafePointer<Int>?
    /// b is one matrix for all rows and blocks, so that all of them are one product.
    var isJoined = false
    /// Floats to set to 0 before blocks that several blocks of c share are added to; 0 when each is written once.
    var zeroedFloats = 0
    var zeroesPerRow = false

    var widthA: Int { transposesA != 0 ? m : k }
    var widthB: Int { transposesB != 0 ? k : n }

    func offsetA(_ block: Int) -> Int { offsetsA.map { $0[block] } ?? block * m * k }
    func offsetB(_ block: Int) -> Int { offsetsB.map { $0[block] } ?? block * k * n }
}

extension MatmulOperation: ExecutableOperation {
    private func products(_ node: OperationGraph.Node, _ builder: PlanBuilder) -> BlockProducts {
        let graph = builder.graph
        let (shapeA, shapeB) = (graph.sampleShapes[node.inputs[0]], graph.sampleShapes[node.inputs[1]])
        let shape = graph.sampleShapes[node.output]
        let outer = Array(shape.dropLast(2))
        var products = BlockProducts()
        products.blocks = outer.reduce(1, *)
        products.m = shape[shape.count - 2]
        products.n = shape[shape.count - 1]
        products.k = shapeA[shapeA.count - (transposesA ? 2 : 1)]
        products.transposesA = transposesA ? 1 : 0
        products.transposesB = transposesB ? 1 : 0
        products.rowStepA = builder.isFixed(node.inputs[0], in: node) ? 0 : graph.floatsPerRow(node.inputs[0])
        products.rowStepB = builder.isFixed(node.inputs[1], in: node) ? 0 : graph.floatsPerRow(node.inputs[1])
        let blocksA = shapeA.dropLast(2).reduce(1, *), blocksB = shapeB.dropLast(2).reduce(1, *)
        products.isJoined =
            blocksB == 1 && blocksA == products.blocks && !transposesA
            && (products.blocks > 1 || builder.isFixed(node.inputs[1], in: node))
            && (builder.isFixed(node.inputs[1], in: node) || graph.isShared(node.output))
            && !builder.isFixed(node.inputs[0], in: node)
        if blocksA != products.blocks {
            products.offsetsA = builder.details.keep(
                MatmulOperation.offsets(shapeA, outer, block: products.m * products.k))
        }
        if blocksB != products.blocks {
            products.offsetsB = builder.details.keep(
                MatmulOperation.offsets(shapeB, outer, block: products.k * products.n))
        }
        return products
    }

    /// Where each block of the output finds its operand's.
    private static func offsets(_ shape: [Int], _ outer: [Int], block: Int) -> [Int] {
        let steps = LoopShape.Operand(Array(shape.dropLast(2)), to: outer, isFixed: false).steps
        return (0..<outer.reduce(1, *)).map { index in
            var (rest, offset) = (index, 0)
            for axis in outer.indices.reversed() {
                offset += rest % outer[axis] * steps[axis]
                rest /= outer[axis]
            }
            return offset * block
        }
    }

    package func emitForward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        var step = builder.step(for: node, multiply)
        step.source = builder.value(node.inputs[0])
        step.source2 = builder.value(node.inputs[1])
        step.destination = builder.makeValue(node.output)
        step.details = builder.keep(products(node, builder))
        builder.emit(step)
    }

    package func emitBackward(_ node: OperationGraph.Node, into builder: inout PlanBuilder) {
        for side in 0..<2 {
            let input = node.inputs[side]
            builder.contributeGradient(input) { builder, destination in
                var step = builder.step(for: node, side == 0 ? leftGradient : rightGradient)
                var products = products(node, builder)
                let isFixed = builder.isFixed(input, in: node)
                if isFixed || (side == 0 ? products.offsetsA : products.offsetsB) != nil {
                    products.zeroedFloats = builder.graph.floatsPerRow(input)
                    products.zeroesPerRow = !isFixed
                }
                step.source = builder.gradient(node.output)
                step.source2 = builder.value(node.inputs[1 - side])
                step.destination = destination
                step.details = builder.keep(products)
                builder.emit(step)
            }
        }
    }
}

/// destination = op(source) · op(source2)
private func multiply(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    guard let products = call.details(as: BlockProducts.self), let a = call.source, let b = call.source2,
        let c = call.destination
    else { return }
    let (m, n, k) = (products.m, products.n, products.k)
    if products.isJoined {
        lepton_k_gemm_f32(
            0, products.transposesB, call.samples * products.blocks * m, n, k, a, k, b, products.widthB, 0, c, n)
        return
    }
    for sample in 0..<call.samples {
        for block in 0..<products.blocks {
            lepton_k_gemm_f32(
                products.transposesA, products.transposesB, m, n, k,
                a + sample * products.rowStepA + products.offsetA(block), products.widthA,
                b + sample * products.rowStepB + products.offsetB(block), products.widthB, 0,
                c + (sample * products.blocks + block) * m * n, n)
        }
    }
}

/// destination = the gradient of a from source, that of c, and source2, b.
private func leftGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    guard let products = call.details(as: BlockProducts.self), let dc = call.source, let b = call.source2,
        let da = call.destination
    else { return }
    let (m, n, k) = (products.m, products.n, products.k)
    if products.isJoined {
        lepton_k_gemm_f32(
            0, 1 - products.transposesB, call.samples * products.blocks * m, k, n, dc, n, b, products.widthB, 0, da, k)
        return
    }
    da.update(repeating: 0, count: products.zeroedFloats * (products.zeroesPerRow ? call.samples : 1))
    let beta: Float = products.zeroedFloats > 0 ? 1 : 0
    for sample in 0..<call.samples {
        for block in 0..<products.blocks {
            let target = da + sample * products.rowStepA + products.offsetA(block)
            let right = b + sample * products.rowStepB + products.offsetB(block)
            let given = dc + (sample * products.blocks + block) * m * n
            if products.transposesA != 0 {
                lepton_k_gemm_f32(
                    products.transposesB, 1, k, m, n, right, products.widthB, given, n, beta, target, m)
            } else {
                lepton_k_gemm_f32(
                    0, 1 - products.transposesB, m, k, n, given, n, right, products.widthB, beta, target, k)
            }
        }
    }
}

/// destination = the gradient of b from source, that of c, and source2, a.
private func rightGradient(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
    let call = StepArguments(step, frame)
    guard let products = call.details(as: BlockProducts.self), let dc = call.source, let a = call.source2,
        let db = call.destination
    else { return }
    let (m, n, k) = (products.m, products.n, products.k)
    if products.isJoined {
        let rows = call.samples * products.blocks * m
        if products.transposesB != 0 {
            lepton_k_gemm_f32(1, 0, n, k, rows, dc, n, a, k, 0, db, k)
        } else {
            lepton_k_gemm_f32(1, 0, k, n, rows, a, k, dc, n, 0, db, n)
        }
        return
    }
    db.update(repeating: 0, count: products.zeroedFloats * (products.zeroesPerRow ? call.samples : 1))
    let beta: Float = products.zeroedFloats > 0 ? 1 : 0
    for sample in 0..<call.samples {
        for block in 0..<products.blocks {
            let target = db + sample * products.rowStepB + products.offsetB(block)
            let left = a + sample * products.rowStepA + products.offsetA(block)
            let given = dc + (sample * products.blocks + block) * m * n
            if products.transposesB != 0 {
                lepton_k_gemm_f32(
                    1, products.transposesA, n, k, m, given, n, left, products.widthA, beta, target, k)
            } else {
                lepton_k_gemm_f32(
                    1 - products.transposesA, 0, k, n, m, left, products.widthA, given, n, beta, target, n)
            }
        }
    }
}
