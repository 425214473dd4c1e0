import LeptonNN
import LeptonTensor

/// A model's parts as a fit or an evaluation needs them, taken under its lock.
struct TrainingContext {
    /// For the lengths of the data; `whole` where the model has no unknown ones.
    let built: BuiltModel
    let objectives: Objectives
    let form: PreparedData.Form
    let seed: UInt64
    let optimizer: Optimizer
    /// Labels of a row of each output's targets, for losses that take rows of them.
    let labels: [Int]
    let graph: ModelGraph
    let settings: CompileSettings
    private let whole: BuiltModel

    /// - Throws: `invalidState` when not compiled with a loss; what `Objectives` finds wrong.
    init(model: Model, x: [TensorView], y: [TensorView]) throws(LeptonError) {
        let settings = try model.requireCompiled()
        guard settings.loss != nil else {
            throw LeptonError(.invalidState, "the model was compiled without a loss; compile it with one")
        }
        let built = try model.ensureBuilt(for: x)
        try self.init(
            built, whole: model.requireBuilt(), graph: model.graph, settings: settings,
            labels: TrainingContext.labels(of: y, settings, model.graph), seed: model.seed)
    }

    init(
        _ built: BuiltModel, whole: BuiltModel, graph: ModelGraph, settings: CompileSettings, labels: [Int],
        seed: UInt64
    ) throws(LeptonError) {
        self.built = built
        self.labels = labels
        self.whole = whole
        self.graph = graph
        self.settings = settings
        self.seed = seed
        optimizer = settings.optimizer
        objectives = try Objectives(settings, graph: graph, operations: built.operations, labels: labels)
        guard objectives.hasLoss else {
            throw LeptonError(.invalidState, "the model was compiled without a loss; compile it with one")
        }
        try objectives.requireTraced()
        form = PreparedData.Form(
            inputNames: graph.inputNames,
            operations: built.operations, indexLimits: built.indexLimits, outputs: objectives.outputs)
    }

    /// How many labels a row of the targets has, for outputs whose loss takes rows of them; 0 for others.
    private static func labels(
        of y: [TensorView], _ settings: CompileSettings, _ graph: ModelGraph
    ) throws(LeptonError) -> [Int] {
        let losses = try settings.loss?.resolved(outputs: graph.outputNames, "loss") ?? []
        guard losses.contains(where: { $0?.targets == .classSequence }) else { return [] }
        // As `PreparedData` takes targets: of all outputs, or of those that have a loss.
        let used = losses.indices.filter { losses[$0] != nil }
        return losses.indices.map { output in
            guard losses[output]?.targets == .classSequence else { return 0 }
            let place = y.count == losses.count ? output : used.firstIndex(of: output) ?? 0
            return place < y.count && y[place].shape.rank == 2 ? max(1, y[place].shape.extents[1]) : 1
        }
    }

    /// Whether some axes of the model have a length that only data tells.
    var hasUnknownLengths: Bool { whole.hasUnknownLengths }

    /// The same for data whose axes of unknown length, and rows of labels, may have other lengths.
    ///
    /// - Parameter known: contexts of the same model, where it is looked for first.
    /// - Throws: `shapeMismatch` for data that the model does not take; `notSupported` when a metric keeps other sums
    ///   for other lengths.
    func adapted(
        to x: [TensorView], y: [TensorView], known: [TrainingContext] = []
    ) throws(LeptonError) -> TrainingContext {
        guard whole.hasUnknownLengths || !labels.isEmpty else { return self }
        let all = [self] + known
        let found =
            whole.hasUnknownLengths ? try whole.makeVariant(of: graph, for: x, known: all.map(\.built)) : built
        let labels = try TrainingContext.labels(of: y, settings, graph)
        if let same = all.first(where: { $0.built === found && $0.labels == labels }) { return same }
        let made = try TrainingContext(
            found, whole: whole, graph: graph, settings: settings, labels: labels, seed: seed)
        let sums = { (context: TrainingContext) in context.objectives.outputs.map { $0.metrics.map(\.sumCount) } }
        guard sums(made) == sums(self) else {
            throw LeptonError(
                .notSupported,
                "a metric counts for each position of an axis whose length changes from batch to batch; leave it out, or "
                    + "give batches of one length")
        }
        return made
    }

    /// Whether plans for one are plans for the other.
    func isSame(as other: TrainingContext) -> Bool { built === other.built && labels == other.labels }

    /// Checks that batches of a stateful model have the rows that its states are for.
    ///
    /// - Parameters:
    ///   - batchSize: rows of a batch; nil: all of them.
    ///   - argument: what an error calls the data.
    func requireStatefulRows(_ rows: Int, batchSize: Int? = nil, _ argument: String) throws(LeptonError) {
        try built.states?.requireRows(min(batchSize ?? rows, rows), of: rows, argument)
    }

    /// How a batch is cut, and what is run on each shard.
    ///
    /// - Parameter weights: what the data brings beside inputs and targets.
    func makePlan(
        batchRows: Int, weights: PreparedData.WeightColumns, isTraining: Bool
    ) throws(LeptonError) -> (policy: ShardPolicy, plan: Plan) {
        let policy = ShardPolicy(
            graph: built.operations, parameterFloats: built.layout.totalFloats, batchRows: batchRows)
        let objective = try Plan.Objective(objectives, form: form, weights: weights)
        let plan = try Plan(
            graph: objective.graph, layout: built.layout, capacityRows: policy.rowsPerShard, objective: objective,
            isTraining: isTraining)
        return (policy, plan)
    }

    func makeExecutor(
        batchRows: Int, weights: PreparedData.WeightColumns, isTraining: Bool, pool: WorkerPool
    ) throws(LeptonError) -> Executor {
        let (policy, plan) = try makePlan(batchRows: batchRows, weights: weights, isTraining: isTraining)
        return try Executor(
            plan: plan, policy: policy, graph: built.operations, layout: built.layout, parameters: built.parameters,
            states: built.states, pool: pool, seed: seed, optimizer: isTraining ? optimizer : nil,
            draws: built.operations.drawsInPrediction ? built.draws : nil)
    }
}
