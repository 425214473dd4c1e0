import CLeptonKernels
import LeptonNN

/// Sizes and switches of a recurrent operation's steps, and where its parts stand in its memory.
struct RecurrentDetails: BitwiseCopyable {
    let cell: RecurrentOperation.Cell
    let activation: Int32
    let recurrentActivation: Int32
    let time: Int
    let inputs: Int
    let units: Int
    let isTraining: Bool
    let isReversed: Bool
    let reversesOutput: Bool
    let returnsSequence: Bool
    let zeroesMasked: Bool
    let hasInitialState: Bool
    let inputRate: Float
    let inputOrdinal: UInt64
    let recurrentRate: Float
    let recurrentOrdinal: UInt64
    let dropsPerGate: Bool
    let seed: UInt64
    let hasSeed: Bool

    init(_ operation: RecurrentOperation, sequence: [Int], isTraining: Bool) {
        cell = operation.cell
        activation = operation.activation.kernelMode
        recurrentActivation = operation.recurrentActivation.kernelMode
        time = sequence[0]
        inputs = sequence[1]
        units = operation.units
        self.isTraining = isTraining
        isReversed = operation.isReversed
        reversesOutput = operation.reversesOutput
        returnsSequence = operation.returnsSequence
        zeroesMasked = operation.zeroesMasked
        hasInitialState = operation.hasInitialState
        inputRate = isTraining ? Float(operation.inputDropout?.rate ?? 0) : 0
        inputOrdinal = UInt64(operation.inputDropout?.ordinal ?? 0)
        recurrentRate = isTraining ? Float(operation.recurrentDropout?.rate ?? 0) : 0
        recurrentOrdinal = UInt64(operation.recurrentDropout?.ordinal ?? 0)
        dropsPerGate = isTraining && operation.dropsPerGate
        seed = operation.seed ?? 0
        hasSeed = operation.seed != nil
    }

    /// Rows of products below which a block of time steps is made larger.
    private static let blockRows = 64

    /// Columns of the kernels.
    var kernelColumns: Int { cell.gates * units }
    /// Columns of the gates' memory: for the gated recurrent unit, the candidate's product of the state has its own.
    var columns: Int { cell == .simple ? units : 4 * units }
    /// How many dropout patterns, and so products, there are.
    var groups: Int { dropsPerGate ? cell.gates : 1 }
    var inputCopies: Int { inputRate > 0 ? groups : 1 }
    /// Time steps whose input products are made at once.
    func block(rows: Int) -> Int {
        rows >= RecurrentDetails.blockRows ? 1 : min(time, (RecurrentDetails.blockRows + rows - 1) / max(rows, 1))
    }

    // MARK: Products

    /// Columns of the kernels that are multiplied together, and where the product goes among the gates.
    struct Columns {
        let start: Int
        let count: Int
        let gate: Int
        /// Which dropout pattern.
        let group: Int
    }

    var inputBlocks: Int { groups }

    func inputColumns(_ block: Int) -> Columns {
        guard dropsPerGate else { return Columns(start: 0, count: kernelColumns, gate: 0, group: 0) }
        return Columns(start: block * units, count: units, gate: block * units, group: block)
    }

    /// The gated recurrent unit keeps the candidate's product apart.
    var recurrentBlocks: Int {
        switch cell {
        case .simple, .lstm: groups
        case .gru, .gruResetBefore: dropsPerGate ? 3 : 2
        }
    }

    /// Whether a block is the candidate's of a gated recurrent unit.
    func isCandidate(_ block: Int) -> Bool {
        (cell == .gru || cell == .gruResetBefore) && block == recurrentBlocks - 1
    }

    func recurrentColumns(_ block: Int) -> Columns {
        let group = dropsPerGate ? block : 0
        if isCandidate(block) {
            return Columns(start: 2 * units, count: units, gate: (cell == .gru ? 3 : 2) * units, group: group)
        }
        if dropsPerGate { return Columns(start: block * units, count: units, gate: block * units, group: group) }
        let count = cell == .gru || cell == .gruResetBefore ? 2 * units : kernelColumns
        return Columns(start: 0, count: count, gate: 0, group: 0)
    }

    // MARK: Memory

    /// Parts of the memory that the forward pass leaves for the backward pass, each of so many floats for each row and
    /// so many beside.
    enum Part: Int, CaseIterable {
        /// The sequence with time first, once for each dropout pattern.
        case sequence
        case gates
        /// The state before the first step, and after each.
        case hidden
        case cell
        /// The activation of the long short-term memory's cell.
        case activated
        case inputPattern, recurrentPattern
        /// The state with dropout.
        case dropped
    }

    func size(of part: Part) -> (perRow: Int, fixed: Int) {
        // Only training keeps all time steps.
        let kept = isTraining ? time : 1
        let fixedSteps = isTraining ? 0 : RecurrentDetails.blockRows
        switch part {
        case .sequence: return (inputCopies * kept * inputs, fixedSteps * inputs)
        case .gates: return (kept * columns, fixedSteps * columns)
        case .hidden: return ((isTraining || returnsSequence ? time + 1 : 2) * units, 0)
        case .cell: return (cell == .lstm ? (isTraining ? time + 1 : 2) * units : 0, 0)
        case .activated: return (cell == .lstm && isTraining ? time * units : 0, 0)
        // Twice: the kernel that draws a pattern also applies it to something.
        case .inputPattern: return (inputRate > 0 ? 2 * groups * inputs : 0, 0)
        case .recurrentPattern: return (recurrentRate > 0 ? 2 * groups * units : 0, 0)
        case .dropped: return (recurrentRate > 0 ? units : 0, 0)
        }
    }

    func offset(of part: Part, rows: Int) -> Int {
        var offset = 0
        for other in Part.allCases where other.rawValue < part.rawValue {
            let size = size(of: other)
            offset += size.perRow * rows + size.fixed
        }
        return offset
    }

    /// Floats of the packed kernels: both, forward; the recurrent one's transpose, backward.
    var packedFloats: (kernel: Int, recurrent: Int, transposed: Int) {
        let padded = { (count: Int) in (count + 31) / 32 * 32 }
        let perBlock = (0..<inputBlocks).reduce(0) { $0 + padded(inputColumns($1).count) }
        let recurrentPerBlock = (0..<recurrentBlocks).reduce(0) { $0 + padded(recurrentColumns($1).count) }
        return (perBlock * inputs, recurrentPerBlock * units, padded(units) * kernelColumns)
    }
}
