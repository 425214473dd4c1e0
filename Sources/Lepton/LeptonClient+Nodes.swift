import LeptonTensor
import LeptonTraining

extension LeptonClient {
    /// What the nodes of this client's fits are: threads of this process, or worker processes that may die without
    /// taking it along. The weights come to the same bits. From the next fit on.
    ///
    ///     client.setNodes(NodeOptions(kind: .processes))
    ///
    /// - Parameter options: with faults in it, for a program's own tests.
    public func setNodes(_ options: NodeOptions) { nodeOptions.withLock { $0 = options } }

    /// The same from JSON; see `NodeOptions.init(json:)`.
    package func setNodes(json: JSONValue) throws(LeptonError) { setNodes(try NodeOptions(json: json)) }

    /// What has happened to nodes since they were set.
    public func nodeReport() -> NodeReport { nodeOptions.withLock { $0.report } }

    /// For a fit that only threads can run.
    func requireThreads(_ what: String) throws(LeptonError) {
        guard !nodeOptions.withLock({ $0.isResilient }) else {
            throw LeptonError(
                .notSupported,
                "\(what) cannot run on worker processes or with injected faults, because its data comes batch by batch to "
                    + "this process alone; give it arrays, or set the client's nodes to threads")
        }
    }
}
