import LeptonTensor

/// Starts nodes of one kind for one fit.
protocol NodeSource: AnyObject {
    /// - Parameter number: no two nodes of a fit have the same.
    /// - Throws: when the system has no room for another.
    func start(index: Int, number: Int) throws(LeptonError) -> NodeLink
    /// What a node that says it is ready must say of its plan.
    var fingerprint: UInt64 { get }
}

/// Nodes that are threads: they share the data, and are ready at once.
final class ThreadSource: NodeSource {
    let fingerprint: UInt64 = 0
    private let plan: Plan
    private let sizes: StepSizes
    private let seed: UInt64
    private let published: PublishedMemory
    private let data: PreparedData

    init(plan: Plan, sizes: StepSizes, seed: UInt64, published: PublishedMemory, data: PreparedData) {
        self.plan = plan
        self.sizes = sizes
        self.seed = seed
        self.published = published
        self.data = data
    }

    func start(index: Int, number: Int) throws(LeptonError) -> NodeLink {
        let results = try ResultsMemory(sizes, isShared: false)
        let worker = try NodeWorker(
            plan: plan, sizes: sizes, seed: seed, published: published, results: results,
            data: data.columns.map(\.pointer), rows: data.rows, keepingAlive: data)
        let (own, other) = try NodeSocket.pair()
        let body = try ThreadNode(index: index, socket: own, other: other, worker: worker)
        return NodeLink(index: index, number: number, socket: own, results: results, body: body, state: .ready)
    }
}
