import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The other end of a `ProcessNode`: what the command `lepton worker` does.
package enum WorkerProcess {
    /// Where the calling process puts the line and the memory.
    private static let (line, published, results, data): (Int32, Int32, Int32, Int32) = (3, 4, 5, 6)

    /// Serves until the line is closed: then the calling process has no more work, or is gone.
    ///
    /// - Throws: `invalidState` when nobody started this process as a worker; what is wrong with the model.
    package static func run() throws(LeptonError) {
        var status = stat()
        guard fstat(line, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else {
            throw LeptonError(
                .invalidState,
                "lepton worker is started by the library, for fits on worker processes; it has no use by itself")
        }
        let socket = NodeSocket(adopting: line)
        guard let setup = socket.receive(largestBody: NodeMessage.largestSetup), setup.kind == .setup else {
            throw LeptonError(.corruptData, "the calling process is of another version of the library")
        }
        let worker: NodeWorker
        let fingerprint: UInt64
        do throws(LeptonError) {
            (worker, fingerprint) = try makeWorker(NodeSetup(json: JSONValue(parsing: setup.body)))
        } catch {
            let text = Array(error.message.utf8.prefix(NodeMessage.largestAnswer))
            _ = socket.send(NodeMessage(kind: .unable, body: text))
            throw error
        }
        guard socket.send(NodeMessage(kind: .ready, payload: fingerprint)) else { return }
        worker.serve(socket)
    }

    private static func makeWorker(_ setup: NodeSetup) throws(LeptonError) -> (NodeWorker, UInt64) {
        let context = try setup.makeContext()
        let (policy, plan) = try context.makePlan(
            batchRows: setup.batchRows, weights: setup.weights, isTraining: true)
        let sizes = StepSizes(plan: plan, policy: policy, parameterFloats: context.built.layout.totalFloats)
        let columns = try DataMemory(adopting: data, floatsPerRow: plan.dataFloatsPerRow, rows: setup.rows)
        let worker = try NodeWorker(
            plan: plan, sizes: sizes, seed: context.seed, published: PublishedMemory(sizes, adopting: published),
            results: ResultsMemory(sizes, adopting: results), data: columns.columns, rows: setup.rows,
            keepingAlive: columns)
        return (worker, ProcessSource.fingerprint(plan, sizes))
    }
}
