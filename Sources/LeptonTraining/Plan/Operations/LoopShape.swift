import CLeptonKernels
import LeptonNN

/// The loop of a step over a value's elements, with neighbouring axes joined where all operands allow it. The
/// outermost axis is the batch's, alone or joined; a step multiplies its extent by its samples.
struct LoopShape {
    /// One operand: how far it moves along the batch and along each axis of the sample.
    struct Operand {
        let rowStep: Int
        let steps: [Int]

        /// A contiguous operand of a sample shape, broadcast to `shape`; one that is shared stands still from row to row.
        init(_ operandShape: [Int], to shape: [Int], isFixed: Bool) {
            let padded = paddedShape(operandShape, rank: shape.count)
            var steps = [Int](repeating: 0, count: shape.count)
            var step = 1
            for axis in shape.indices.reversed() {
                if padded[axis] != 1 { steps[axis] = step }
                step *= padded[axis]
            }
            self.steps = steps
            rowStep = isFixed ? 0 : step
        }

        /// A contiguous operand whose axes are taken in another order.
        init(_ operandShape: [Int], permutation: [Int]) {
            var steps = [Int](repeating: 0, count: operandShape.count)
            var step = 1
            for axis in operandShape.indices.reversed() {
                steps[axis] = step
                step *= operandShape[axis]
            }
            self.steps = permutation.map { steps[$0] }
            rowStep = step
        }
    }

    private struct Axis {
        var extent: Int
        var steps: [Int]
    }

    /// - Parameter operands: a, b and the written one, of which the last two may be missing.
    static func loop(over shape: [Int], _ operands: [Operand]) -> lepton_k_loop {
        var axes = [Axis(extent: 1, steps: operands.map(\.rowStep))]
        for (index, extent) in shape.enumerated() where extent != 1 {
            let steps = operands.map { $0.steps[index] }
            let last = axes[axes.count - 1].steps
            if zip(last, steps).allSatisfy({ $0 == $1 * extent }) {
                axes[axes.count - 1].extent *= extent
                axes[axes.count - 1].steps = steps
            } else {
                axes.append(Axis(extent: extent, steps: steps))
            }
        }
        var loop = lepton_k_loop()
        loop.axes = axes.count
        write(axes.map(\.extent), to: &loop.extents)
        write(axes.map { $0.steps.first ?? 0 }, to: &loop.a)
        write(axes.map { $0.steps.dropFirst().first ?? 0 }, to: &loop.b)
        write(axes.map { $0.steps.dropFirst(2).first ?? 0 }, to: &loop.out)
        return loop
    }

    /// C's arrays are tuples here.
    private static func write(_ values: [Int], to tuple: inout some BitwiseCopyable) {
        withUnsafeMutableBytes(of: &tuple) { bytes in
            for (index, value) in values.enumerated() {
                bytes.storeBytes(of: value, toByteOffset: index * MemoryLayout<Int>.stride, as: Int.self)
            }
        }
    }
}

extension StepArguments {
    /// The step's loop over all of its samples.
    func loop() -> lepton_k_loop? {
        guard var loop = details(as: lepton_k_loop.self) else { return nil }
        loop.extents.0 *= samples
        return loop
    }
}

extension PlanBuilder {
    /// A step of a node, which runs once where the node's values are the same for every row.
    func step(for node: OperationGraph.Node, _ body: Step.Body) -> Step {
        var step = Step(body)
        step.isShared = graph.isShared(node.output)
        return step
    }

    /// Whether a value stands still from row to row while the operation does not.
    func isFixed(_ value: Int, in node: OperationGraph.Node) -> Bool {
        graph.isShared(value) && !graph.isShared(node.output)
    }

    /// How an operation moves over one of its inputs, broadcast to its output.
    func loopOperand(_ value: Int, in node: OperationGraph.Node) -> LoopShape.Operand {
        LoopShape.Operand(
            graph.sampleShapes[value], to: graph.sampleShapes[node.output], isFixed: isFixed(value, in: node))
    }
}
