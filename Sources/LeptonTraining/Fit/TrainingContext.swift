import LeptonNN
import LeptonTensor

/// A model's parts as a fit or an evaluation needs them, taken under its lock.
struct TrainingContext {
    let built: Model.BuiltModel
    let objective: Plan.Objective
    let form: PreparedData.Form
    let seed: UInt64

    /// - Throws: `invalidState` when not compiled with a loss; `shapeMismatch` when a metric cannot take the targets
    ///   that the loss takes.
    init(model: Model, x: [TensorView]) throws(LeptonError) {
        let settings = try model.requireCompiled()
        guard let loss = settings.loss else {
            throw LeptonError(.invalidState, "the model was compiled without a loss; compile it with one")
        }
        guard let first = x.first, x.count == 1 else {
            throw LeptonError(.shapeMismatch, argument: "x", expected: "1 tensor", received: "\(x.count)")
        }
        built = try model.ensureBuilt(sampleShape: model.graph.inputShape ?? first.sampleExtents)
        seed = model.seed
        let form = PreparedData.Form(operations: built.operations, loss: loss)
        self.form = form
        var metrics: [ResolvedMetric] = []
        for (index, metric) in (settings.metrics + settings.weightedMetrics).enumerated() {
            metrics.append(
                try TrainingContext.resolve(
                    metric, form, name: settings.reportedNames[index], isWeighted: index >= settings.metrics.count))
        }
        objective = Plan.Objective(
            loss: loss, metrics: metrics, targetFloatsPerRow: form.targetShape.reduce(1, *))
    }

    private static func resolve(
        _ metric: Metric, _ form: PreparedData.Form, name: String, isWeighted: Bool
    ) throws(LeptonError) -> ResolvedMetric {
        let kind = metric.resolved(
            predictionExtent: form.classes, targetsAreClassNumbers: form.targetsAreClassNumbers)
        let wantsClassNumbers = kind == .sparseCategoricalAccuracy
        guard wantsClassNumbers == form.targetsAreClassNumbers || form.classes == 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "metric '\(metric.name)'",
                expected: wantsClassNumbers ? "targets that are class numbers" : "targets shaped like the predictions",
                received: form.targetsAreClassNumbers
                    ? "class numbers" : "shape \(Shape.batchText(form.targetShape))")
        }
        return ResolvedMetric(name: name, kind: kind, threshold: Float(metric.threshold), isWeighted: isWeighted)
    }

    func makeExecutor(batchRows: Int, isTraining: Bool, pool: WorkerPool) throws(LeptonError) -> Executor {
        let policy = ShardPolicy(
            graph: built.operations, parameterFloats: built.layout.totalFloats, batchRows: batchRows)
        let plan = try Plan(
            graph: built.operations, layout: built.layout, capacityRows: policy.rowsPerShard, objective: objective,
            isTraining: isTraining)
        return try Executor(
            plan: plan, policy: policy, layout: built.layout, parameters: built.parameters, pool: pool, seed: seed,
            isTraining: isTraining)
    }
}
