import LeptonNN
import LeptonTensor

extension TrainingContext {
    /// The nodes of a fit; nil where the pool's threads do.
    ///
    /// - Parameters:
    ///   - data: what is trained on; it stays where it is while the nodes live.
    ///   - count: how many nodes.
    /// - Throws: `notSupported` for a model that nodes which may fail cannot run; `notFound` when there is no command for
    ///   worker processes.
    func makeNodes(
        _ options: NodeOptions, _ data: PreparedData, batchRows: Int, count: Int
    ) throws(LeptonError) -> NodeGroup? {
        guard options.isResilient else { return nil }
        guard built.states == nil else {
            throw LeptonError(
                .notSupported,
                "a model with stateful layers cannot be trained on worker processes or with injected faults: what a batch "
                    + "leaves for the next is in this process alone; train it on threads, or make its layers with "
                    + "stateful=False")
        }
        let (policy, plan) = try makePlan(batchRows: batchRows, weights: data.weights, isTraining: true)
        let sizes = StepSizes(plan: plan, policy: policy, parameterFloats: built.layout.totalFloats)
        let published = try PublishedMemory(sizes, isShared: options.kind == .processes)
        let source: any NodeSource
        switch options.kind {
        case .threads:
            source = ThreadSource(
                plan: plan, sizes: sizes, seed: seed, published: published, data: data)
        case .processes:
            source = try ProcessSource(
                self, options, plan: plan, sizes: sizes, published: published, data: data, batchRows: batchRows)
        }
        return try NodeGroup(options, count: count, sizes: sizes, published: published, source: source)
    }
}
