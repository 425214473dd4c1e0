import LeptonResources
import LeptonTensor
import LeptonTraining

/// What a fit is expected to take.
public struct Estimate: Sendable, Hashable {
    /// From the call to its return.
    public let seconds: Double
    /// Of one training step.
    public let secondsPerStep: Double
    /// Training steps of all epochs.
    public let steps: Int
    /// Memory for parameters, optimizer, activations, gradients and converted data; the caller's own arrays are not
    /// counted.
    public let memoryBytes: Int
    /// What it was estimated for.
    public let shape: ResourceShape
    public let cost: Money
    /// ISO 4217 code.
    public let currency: String

    static func cost(
        of shape: ResourceShape, nanoseconds: UInt64, prices: PriceList, start: Int64
    ) throws(LeptonError) -> Money {
        let record = UsageRecord(
            allocationID: "estimate", labels: [:], shape: shape, startNanoseconds: start,
            durationNanoseconds: nanoseconds, isOpen: false)
        return try Bill([record], prices: prices).total
    }

    public var json: JSONValue {
        [
            "seconds": .number(seconds), "seconds_per_step": .number(secondsPerStep),
            "steps": .integer(Int64(steps)), "memory_bytes": .integer(Int64(memoryBytes)),
            "cores": .integer(Int64(shape.cores)), "cost": .string(cost.text(decimals: 9)),
            "currency": .string(currency),
        ]
    }
}

/// How far off an estimate was.
public struct EstimateOutcome: Sendable, Hashable {
    public let estimate: Estimate
    /// What the fit took.
    public let seconds: Double
    /// The price of the fit's resources for that time.
    public let cost: Money

    /// What it took over what was estimated.
    public var ratio: Double { estimate.seconds > 0 ? seconds / estimate.seconds : 1 }

    public var json: JSONValue {
        [
            "estimated": estimate.json, "seconds": .number(seconds), "cost": .string(cost.text(decimals: 9)),
            "ratio": .number(ratio),
        ]
    }

    var text: String {
        func rounded(_ value: Double) -> String { "\((value * 1000).rounded() / 1000)" }
        return "Estimated for a fit: \(rounded(estimate.seconds)) s, \(estimate.cost.text(decimals: 9)) "
            + "\(estimate.currency); it took \(rounded(seconds)) s, \(cost.text(decimals: 9)) \(estimate.currency) "
            + "(\(rounded(ratio)) times the time)"
    }
}

extension LeptonClient {
    /// What a fit will take and cost, before it starts.
    ///
    /// It is measured, not computed from a rate: a copy of the model trains for a few steps (at most a quarter of a
    /// second) on as many threads as the request has cores. That counts what no formula of operations knows: the
    /// machine, the shapes, what else runs on it. The memory is that of the buffers which the fit lays out. The dry run
    /// is not charged, and leaves the model as it is.
    ///
    /// - Parameters:
    ///   - request: on what it is to run; nil: the client's latest active allocation, or all that is free.
    /// - Throws: as the fit.
    public func estimate(
        _ model: Model, _ x: some TensorConvertible, _ y: some TensorConvertible, batchSize: Int = 32, epochs: Int = 1,
        validationSplit: Double = 0, request: ResourceRequest? = nil
    ) throws(LeptonError) -> Estimate {
        let (x, y) = (try Tensor(x), try Tensor(y))
        return try Model.withViews(of: [x, y], []) { (views) throws(LeptonError) in
            var options = FitOptions()
            options.batchSize = batchSize
            options.epochs = epochs
            options.validationSplit = validationSplit
            return try estimateNow(model, x: [views[0]], y: [views[1]], options: options, request: request)
        }
    }

    package func estimateNow(
        _ model: Model, x: [TensorView], y: [TensorView], options: FitOptions, request: ResourceRequest? = nil
    ) throws(LeptonError) -> Estimate {
        var training = options.training
        training.progress = nil
        try model.checkFit(x: x, y: y, options: training)
        let shape = request?.total ?? (options.allocation ?? currentAllocation())?.shape ?? freeShape()
        let copy = try Model(restoring: model.snapshot())
        let run = DryRun(time: meter.time)
        training.epochs = max(training.epochs, training.initialEpoch + 1)
        // A fit that is stopped still measures what is held out.
        training.validation = nil
        training.validationSplit = 0
        training.progress = { run.note($0) }
        training.memoryReport = { run.memoryBytes = $0 }
        _ = try copy.fit(x: x, y: y, options: training) { WorkerPool(workers: shape.cores) }

        let epochs = max(options.epochs - options.initialEpoch, 0)
        let (stepsPerEpoch, validationSteps) = steps(options, rows: x.first?.rows ?? 0)
        let (steps, overflow) = stepsPerEpoch.multipliedReportingOverflow(by: epochs)
        // A forward pass is about a third of a training step.
        let perEpoch = (Double(stepsPerEpoch) + Double(validationSteps) / 3) * run.secondsPerStep
        let seconds = run.setupSeconds + Double(epochs) * perEpoch
        let nanoseconds = UInt64(min(max(seconds * 1e9, 0), 9e18))
        let estimate = Estimate(
            seconds: seconds, secondsPerStep: run.secondsPerStep, steps: overflow ? Int.max : steps,
            memoryBytes: run.memoryBytes, shape: shape,
            cost: try Estimate.cost(of: shape, nanoseconds: nanoseconds, prices: prices, start: meter.time.wall()),
            currency: prices.currency)
        spending.expect(estimate, of: model)
        return estimate
    }

    /// What a call takes when it is given no allocation.
    private func freeShape() -> ResourceShape {
        ResourceShape(cores: max(1, allocator.capacity.cores - allocator.allocated.cores))
    }

    /// Batches of an epoch that are trained on, and those that it is measured on.
    private func steps(_ options: FitOptions, rows: Int) -> (training: Int, validation: Int) {
        func batches(_ rows: Int, _ size: Int) -> Int { (max(rows, 0) + max(size, 1) - 1) / max(size, 1) }
        var (trained, heldOut) = (rows, options.validation?.x.first?.rows ?? 0)
        if options.validation == nil, options.validationSplit > 0 {
            trained = Int(Double(rows) * (1 - options.validationSplit))
            heldOut = rows - trained
        }
        return (
            batches(trained, options.batchSize), batches(heldOut, options.validationBatchSize ?? options.batchSize)
        )
    }
}

/// Measures the first steps of a fit, and ends it then. Used by one thread.
private final class DryRun {
    private let time: TimeSource
    private let start: UInt64
    private var first: UInt64?
    private var last: UInt64 = 0
    private var measured: [UInt64] = []
    private(set) var setupSeconds = 0.0
    var memoryBytes = 0

    private static let longest: UInt64 = 250_000_000
    private static let mostSteps = 200

    init(time: TimeSource) {
        self.time = time
        start = time.monotonic()
    }

    func note(_ event: borrowing ProgressEvent) -> Bool {
        let now = time.monotonic()
        switch event.kind {
        case .trainBegin:
            setupSeconds = Double(now &- start) / 1e9
            last = now
        case .batchEnd:
            measured.append(now &- last)
            last = now
            let began = first ?? now
            first = began
            return now &- began < DryRun.longest && measured.count < DryRun.mostSteps
        default: last = now
        }
        return true
    }

    /// The mean without the first step, which also fills caches and starts threads. (The median would leave out what
    /// happens now and then in a long run as well.)
    var secondsPerStep: Double {
        let steps = measured.count > 1 ? measured.dropFirst() : measured[...]
        guard !steps.isEmpty else { return 0 }
        return Double(steps.reduce(0) { $0 &+ $1 }) / 1e9 / Double(steps.count)
    }
}
