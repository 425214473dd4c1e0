/// Where a step finds a block of floats: which memory, and how far into it.
package struct Operand: Sendable, Equatable, BitwiseCopyable {
    package enum Base: Int32, Sendable, BitwiseCopyable {
        case none
        /// The plan's scratch memory; while planning, `offset` is the number of a buffer.
        case arena
        case parameters
        /// The shard's own gradient of all parameters.
        case gradients
        /// Data of the batch: inputs, then targets, then sample weights; `offset` is which.
        case data
        /// The shard's part of what is added up over the whole batch; see `PlanBuilder.endPhase`.
        case partials
        /// Numbers that the plan owns and nobody writes; `offset` is their address.
        case constants
        /// Weights laid out anew for products, where a frame has them; see `PlanBuilder.newPacked`.
        case packed
    }

    var base: Base
    var offset: Int

    static let none = Operand(base: .none, offset: 0)
    static func buffer(_ number: Int) -> Operand { Operand(base: .arena, offset: number) }
    static func parameter(_ offset: Int) -> Operand { Operand(base: .parameters, offset: offset) }
    static func gradient(_ offset: Int) -> Operand { Operand(base: .gradients, offset: offset) }
    static func data(_ index: Int) -> Operand { Operand(base: .data, offset: index) }
    static func partial(_ offset: Int) -> Operand { Operand(base: .partials, offset: offset) }
    static func packed(_ offset: Int) -> Operand { Operand(base: .packed, offset: offset) }
    static func constant(_ numbers: UnsafePointer<Float>) -> Operand {
        Operand(base: .constants, offset: Int(bitPattern: numbers))
    }
}

/// One kernel call of a plan: plain memory, so that running it counts no references and allocates nothing.
package struct Step: BitwiseCopyable {
    /// Takes a `Step` and a `Frame`. They cross as raw pointers because a C function pointer, which is what keeps
    /// a step free of reference counting, cannot name Swift types.
    typealias Body = @convention(c) (UnsafeRawPointer, UnsafeRawPointer) -> Void

    var run: Body
    var destination = Operand.none
    var destination2 = Operand.none
    var destination3 = Operand.none
    var destination4 = Operand.none
    var source = Operand.none
    var source2 = Operand.none
    var source3 = Operand.none
    var source4 = Operand.none
    var source5 = Operand.none
    var source6 = Operand.none
    var source7 = Operand.none
    var source8 = Operand.none
    /// Matrix rows for each sample: the product of the axes between the batch and the last one.
    var rowsPerSample = 1
    /// Columns of the output, and of the input where it differs.
    var columns = 0
    var innerColumns = 0
    var mode: Int32 = 0
    var accumulates = false
    /// The same for a second gradient.
    var accumulates2 = false
    /// The step computes what is the same for every row, once.
    var isShared = false
    /// Samples that it runs over for each row of the batch.
    var repeats = 1
    var scalar: Float = 0
    /// What a loss's gradient is multiplied with.
    var factor: Float = 1
    /// Matrix rows that share one sample weight.
    var rowsPerWeight = 1
    /// First of the sums that a loss or metric adds to.
    var sumIndex = 0
    var randomSeed: UInt64 = 0
    var hasRandomSeed = false
    var ordinal: UInt64 = 0
    /// What only this kind of step knows (sizes, strides): a plain struct that the plan owns; see `PlanBuilder.keep`.
    var details: UnsafeRawPointer?

    init(_ run: Body) { self.run = run }

    private static var operandPaths: [WritableKeyPath<Step, Operand>] {
        [
            \.destination, \.destination2, \.destination3, \.destination4, \.source, \.source2, \.source3, \.source4,
            \.source5, \.source6, \.source7, \.source8,
        ]
    }

    var operands: [Operand] { Step.operandPaths.map { self[keyPath: $0] } }

    mutating func replaceOperands(_ change: (Operand) -> Operand) {
        for path in Step.operandPaths { self[keyPath: path] = change(self[keyPath: path]) }
    }
}

/// What a plan runs on: the memory of one worker and the place of its shard in the batch.
package struct Frame {
    /// Samples in this shard.
    var rows = 0
    /// Index of the shard's first sample within the batch, which decides the dropout pattern.
    var firstRow = 0
    /// Samples in the whole batch: the loss is a mean over it.
    var batchRows = 0
    let arena: UnsafeMutablePointer<Float>
    let parameters: UnsafeMutablePointer<Float>
    /// Shared by all frames that run with the same weights; nil where laying them out would not pay.
    var packed: UnsafeMutablePointer<Float>?
    var gradients: UnsafeMutablePointer<Float>
    /// Inputs, targets, sample weights, each at the shard's first row.
    let data: UnsafeMutablePointer<UnsafeMutablePointer<Float>>
    var sums: UnsafeMutablePointer<Double>
    var seed: UInt64 = 0
    /// Optimizer steps done before this batch.
    var iteration: UInt64 = 0
    /// The partial results of every shard of the batch, one region after another.
    var partials: UnsafeMutablePointer<Float>?
    /// Floats in one shard's region.
    var partialFloats = 0
    /// Which shard this is, how many there are, and the rows of each but the last.
    var shard = 0
    var shards = 1
    var rowsPerShard = 0
    /// Of stateful layers.
    var states: States?

    /// What a batch finds, and where it leaves what the next finds.
    struct States: BitwiseCopyable {
        let current: UnsafePointer<Float>
        let next: UnsafeMutablePointer<Float>

        init(current: UnsafeMutablePointer<Float>, next: UnsafeMutablePointer<Float>) {
            self.current = UnsafePointer(current)
            self.next = next
        }
    }

    /// The frame as a step sees it that runs over several samples for each row.
    func repeated(_ count: Int) -> Frame {
        var frame = self
        frame.rows *= count
        frame.firstRow *= count
        frame.batchRows *= count
        frame.rowsPerShard *= count
        return frame
    }

    func pointer(_ operand: Operand) -> UnsafeMutablePointer<Float>? {
        switch operand.base {
        case .none: nil
        case .arena: arena + operand.offset
        case .parameters: parameters + operand.offset
        case .gradients: gradients + operand.offset
        case .data: data[operand.offset]
        case .partials: partials.map { $0 + shard * partialFloats + operand.offset }
        case .constants: UnsafeMutablePointer(bitPattern: operand.offset)
        case .packed: packed.map { $0 + operand.offset }
        }
    }
}

/// The arguments of a step's body with their types back. Invariant: only `Plan.run` calls bodies, and passes these.
struct StepArguments {
    private let stepPointer: UnsafePointer<Step>
    private let framePointer: UnsafePointer<Frame>

    init(_ step: UnsafeRawPointer, _ frame: UnsafeRawPointer) {
        stepPointer = step.assumingMemoryBound(to: Step.self)
        framePointer = frame.assumingMemoryBound(to: Frame.self)
    }

    var step: Step { unsafeAddress { stepPointer } }
    var frame: Frame { unsafeAddress { framePointer } }

    /// Samples that the step runs over.
    var samples: Int { step.isShared ? 1 : frame.rows }
    /// Matrix rows of this shard.
    var rows: Int { samples * step.rowsPerSample }
    var destination: UnsafeMutablePointer<Float>? { frame.pointer(step.destination) }
    var destination2: UnsafeMutablePointer<Float>? { frame.pointer(step.destination2) }
    var source: UnsafeMutablePointer<Float>? { frame.pointer(step.source) }
    var source2: UnsafeMutablePointer<Float>? { frame.pointer(step.source2) }
    var source3: UnsafeMutablePointer<Float>? { frame.pointer(step.source3) }
    var destination3: UnsafeMutablePointer<Float>? { frame.pointer(step.destination3) }
    var destination4: UnsafeMutablePointer<Float>? { frame.pointer(step.destination4) }
    var source4: UnsafeMutablePointer<Float>? { frame.pointer(step.source4) }
    var source5: UnsafeMutablePointer<Float>? { frame.pointer(step.source5) }
    var source6: UnsafeMutablePointer<Float>? { frame.pointer(step.source6) }
    var source7: UnsafeMutablePointer<Float>? { frame.pointer(step.source7) }
    var source8: UnsafeMutablePointer<Float>? { frame.pointer(step.source8) }

    /// The step's details, of the type that they were kept as.
    func details<Details: BitwiseCopyable>(as type: Details.Type) -> Details? {
        step.details?.assumingMemoryBound(to: type).pointee
    }

    /// Calls `body` with each shard's part of a batch total, in shard order, and the rows it stands for.
    func forEachPart(_ operand: Operand, _ body: (UnsafeMutablePointer<Float>, Int) -> Void) {
        guard let partials = frame.partials, operand.base == .partials else { return }
        for shard in 0..<frame.shards {
            let rows = min(frame.rowsPerShard, frame.batchRows - shard * frame.rowsPerShard)
            body(partials + shard * frame.partialFloats + operand.offset, rows)
        }
    }
}
