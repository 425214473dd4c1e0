import LeptonNN
import LeptonTensor

/// A model made ready to run on batches of up to `capacityRows` samples: kernel calls in order, and one arena in
/// which every intermediate result has its fixed place.
///
/// `@unchecked Sendable`: nothing in it changes after `init`.
package final class Plan: @unchecked Sendable {
    let capacityRows: Int
    let arenaFloats: Int
    /// Inputs, then targets, then sample weights.
    let dataFloatsPerRow: [Int]
    let inputCount: Int
    /// Where the model's outputs stand after a run.
    let outputs: [Operand]
    /// Sums that losses and metrics add to: two (total, count) for each, and then one of penalties.
    let sumCount: Int
    /// Trained parameters whose gradient no step writes: the loss does not depend on them.
    let rangesWithoutGradient: [Range<Int>]
    /// Floats of each shard in the totals over the batch.
    let partialFloats: Int
    let phaseCount: Int
    /// Floats of the weights that can be laid out for products once for many frames.
    let packedFloats: Int
    private let steps: UnsafeMutableBufferPointer<Step>
    /// Where each phase ends among the steps; the finishing and the packing steps follow.
    private let ends: UnsafeMutableBufferPointer<Int>
    /// Keeps alive what steps point to.
    private let details: StepDetails

    deinit {
        steps.deallocate()
        ends.deallocate()
    }

    /// - Parameters:
    ///   - objective: nil for a plan that only predicts.
    ///   - isTraining: with gradients, and with dropout.
    /// - Throws: `outOfMemory` when the arena's size overflows.
    init(
        graph: OperationGraph, layout: ParameterLayout, capacityRows: Int, objective: Objective? = nil,
        isTraining: Bool = false
    ) throws(LeptonError) {
        var builder = PlanBuilder(
            graph: graph, layout: layout, isTraining: isTraining, capacityRows: capacityRows,
            penaltySum: objective?.sumCount)
        for value in graph.given {
            guard let output = objective?.outputs[value.output] else { continue }
            if let column = value.role == .target ? output.target : output.weights {
                builder.setValue(value.value, toData: column)
            }
        }
        for node in graph.nodes {
            builder.repeats = node.repeats
            try Plan.executable(node).emitForward(node, into: &builder)
        }
        builder.repeats = 1
        guard !graph.outputs.contains(where: graph.isShared) else {
            throw LeptonError(.internalError, "an output of the model does not depend on its input")
        }
        guard !graph.outputs.contains(where: graph.isText) else { throw FloatRows.textOutput }
        let outputs = graph.outputs.map { builder.value($0) }
        if let objective {
            builder.emitObjective(objective)
            if isTraining {
                for node in graph.nodes.reversed() where builder.hasGradient(node) || builder.addsToLoss(node) {
                    builder.repeats = node.repeats
                    try Plan.executable(node).emitBackward(node, into: &builder)
                }
            }
        }
        let keptAlive = outputs.filter { $0.base == .arena }.map(\.offset)
        let arena = try ArenaLayout(
            steps: builder.steps, buffers: builder.buffers, rows: capacityRows, keptAlive: keptAlive)
        arenaFloats = arena.totalFloats
        self.outputs = outputs.map(arena.resolve)
        let planned = builder.steps + builder.finishingSteps + builder.packingSteps
        details = builder.details
        partialFloats = builder.partialFloats
        phaseCount = builder.phaseEnds.count + 1
        packedFloats = builder.packedFloats
        ends = .allocate(capacity: phaseCount + 2)
        let finished = builder.steps.count + builder.finishingSteps.count
        _ = ends.initialize(from: builder.phaseEnds + [builder.steps.count, finished, planned.count])
        steps = .allocate(capacity: planned.count)
        for (index, step) in planned.enumerated() {
            var step = step
            step.replaceOperands(arena.resolve)
            steps.initializeElement(at: index, to: step)
        }
        self.capacityRows = capacityRows
        inputCount = graph.inputs.count
        dataFloatsPerRow = objective?.floatsPerRow ?? graph.inputs.map(graph.floatsPerRow)
        // The last is what penalties add to the loss.
        sumCount = objective.map { $0.sumCount + 1 } ?? 0
        rangesWithoutGradient = isTraining ? builder.rangesWithoutGradient : []
    }

    private static func executable(_ node: OperationGraph.Node) throws(LeptonError) -> any ExecutableOperation {
        guard let operation = node.operation as? any ExecutableOperation else {
            throw LeptonError(.internalError, "no kernel runs the operation \(type(of: node.operation))")
        }
        return operation
    }

    /// The steps alone, for loops that must not count references. Valid while the plan lives.
    var program: StepProgram {
        StepProgram(steps: UnsafeBufferPointer(steps), ends: UnsafeBufferPointer(ends))
    }

    /// A number that plans of the same model, for batches of the same size, have in common: what is run, on which memory.
    /// Where other processes are to compute the same, it finds that they would not.
    var fingerprint: UInt64 {
        var sum = NodeChecksum()
        for number in dataFloatsPerRow + [capacityRows, arenaFloats, sumCount, partialFloats, phaseCount] + Array(ends)
        {
            sum.add(UInt64(truncatingIfNeeded: number))
        }
        for step in steps {
            for operand in step.operands {
                sum.add(UInt64(truncatingIfNeeded: Int(operand.base.rawValue)))
                // Constants are wherever memory was.
                if operand.base != .constants { sum.add(UInt64(truncatingIfNeeded: operand.offset)) }
            }
            for number in [step.rowsPerSample, step.columns, step.innerColumns, step.repeats, step.sumIndex] {
                sum.add(UInt64(truncatingIfNeeded: number))
            }
            sum.add(UInt64(step.scalar.bitPattern) << 32 | UInt64(step.factor.bitPattern))
            sum.add(step.randomSeed)
            sum.add(step.ordinal)
        }
        return sum.value
    }

    /// The rows of output `index` after a run.
    func output(_ index: Int, in frame: Frame) -> UnsafeMutablePointer<Float>? {
        frame.pointer(outputs[index])
    }
}

/// The steps of a plan, borrowed.
struct StepProgram: BitwiseCopyable {
    fileprivate let steps: UnsafeBufferPointer<Step>
    fileprivate let ends: UnsafeBufferPointer<Int>

    /// Phases that every shard runs; the finishing steps are numbered after them, then the packing steps.
    var phases: Int { ends.count - 2 }
    var hasFinishingSteps: Bool { ends[phases] > ends[phases - 1] }

    /// Lays out weights in the frame's packed memory.
    func pack(_ frame: inout Frame) { run(&frame, phase: phases + 1) }

    /// Runs the steps of one phase on a frame.
    func run(_ frame: inout Frame, phase: Int = 0) {
        guard let base = steps.baseAddress else { return }
        withUnsafePointer(to: &frame) { frame in
            for index in (phase == 0 ? 0 : ends[phase - 1])..<ends[phase] {
                if base[index].repeats == 1 {
                    base[index].run(UnsafeRawPointer(base + index), UnsafeRawPointer(frame))
                } else {
                    withUnsafePointer(to: frame.pointee.repeated(base[index].repeats)) { frame in
                        base[index].run(UnsafeRawPointer(base + index), UnsafeRawPointer(frame))
                    }
                }
            }
        }
    }
}

/// Places buffers in one arena: two share memory when one is last read before the other is first written.
struct ArenaLayout {
    private let offsets: [Int]
    let totalFloats: Int

    /// Offsets are multiples of a cache line.
    private static let alignment = 16

    init(steps: [Step], buffers: [BufferSize], rows: Int, keptAlive: [Int]) throws(LeptonError) {
        var firstUse = [Int](repeating: Int.max, count: buffers.count)
        var lastUse = [Int](repeating: -1, count: buffers.count)
        for (index, step) in steps.enumerated() {
            for operand in step.operands where operand.base == .arena {
                firstUse[operand.offset] = min(firstUse[operand.offset], index)
                lastUse[operand.offset] = index
            }
        }
        for buffer in keptAlive { lastUse[buffer] = steps.count }

        var sizes: [Int] = []
        for buffer in buffers {
            guard let forRows = Shape.checkedProduct([buffer.floatsPerRow, rows]), forRows < Int.max / 64,
                buffer.fixedFloats < Int.max / 64
            else {
                throw LeptonError(
                    .outOfMemory, argument: "batch_size", expected: "a batch whose activations fit in memory",
                    received: "\(rows) rows of \(buffer.floatsPerRow) numbers")
            }
            let size = forRows + buffer.fixedFloats
            sizes.append((size + ArenaLayout.alignment - 1) / ArenaLayout.alignment * ArenaLayout.alignment)
        }

        // Largest first, each at the lowest place where it overlaps no buffer alive at the same time.
        var offsets = [Int](repeating: 0, count: sizes.count)
        var placed: [Int] = []
        var total = 0
        for buffer in sizes.indices.sorted(by: { (sizes[$0], $1) > (sizes[$1], $0) }) {
            let neighbours =
                placed
                .filter { firstUse[$0] <= lastUse[buffer] && firstUse[buffer] <= lastUse[$0] }
                .sorted { offsets[$0] < offsets[$1] }
            var offset = 0
            for other in neighbours where offset + sizes[buffer] > offsets[other] {
                offset = max(offset, offsets[other] + sizes[other])
            }
            offsets[buffer] = offset
            placed.append(buffer)
            let (end, overflow) = offset.addingReportingOverflow(sizes[buffer])
            guard !overflow, end < Int.max / 8 else {
                throw LeptonError(
                    .outOfMemory, argument: "batch_size", expected: "a batch whose activations fit in memory",
                    received: "\(rows) rows")
            }
            total = max(total, end)
        }
        self.offsets = offsets
        totalFloats = total
    }

    func resolve(_ operand: Operand) -> Operand {
        operand.base == .arena ? Operand(base: .arena, offset: offsets[operand.offset]) : operand
    }
}
