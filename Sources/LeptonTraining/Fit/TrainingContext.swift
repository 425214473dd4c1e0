import LeptonNN
import LeptonTensor

/// A model's parts as a fit or an evaluation needs them, taken under its lock.
struct TrainingContext {
    let built: Model.BuiltModel
    let objectives: Objectives
    let form: PreparedData.Form
    let seed: UInt64
    let optimizer: Optimizer

    /// - Throws: `invalidState` when not compiled with a loss; what `Objectives` finds wrong.
    init(model: Model, x: [TensorView]) throws(LeptonError) {
        let settings = try model.requireCompiled()
        guard settings.loss != nil else {
            throw LeptonError(.invalidState, "the model was compiled without a loss; compile it with one")
        }
        built = try model.ensureBuilt(sampleShapes: model.sampleShapes(of: x))
        seed = model.seed
        optimizer = settings.optimizer
        objectives = try Objectives(settings, graph: model.graph, operations: built.operations)
        guard objectives.hasLoss else {
            throw LeptonError(.invalidState, "the model was compiled without a loss; compile it with one")
        }
        try objectives.requireTraced()
        form = PreparedData.Form(
            inputNames: model.graph.inputNames,
            operations: built.operations, indexLimits: built.indexLimits, outputs: objectives.outputs)
    }

    /// - Parameter columns: what the data brings beside inputs and targets.
    func makeExecutor(
        batchRows: Int, weights: PreparedData.WeightColumns, isTraining: Bool, pool: WorkerPool
    ) throws(LeptonError) -> Executor {
        let policy = ShardPolicy(
            graph: built.operations, parameterFloats: built.layout.totalFloats, batchRows: batchRows)
        let objective = try Plan.Objective(objectives, form: form, weights: weights)
        let plan = try Plan(
            graph: objective.graph, layout: built.layout, capacityRows: policy.rowsPerShard, objective: objective,
            isTraining: isTraining)
        return try Executor(
            plan: plan, policy: policy, graph: built.operations, layout: built.layout, parameters: built.parameters,
            pool: pool, seed: seed, optimizer: isTraining ? optimizer : nil)
    }
}
