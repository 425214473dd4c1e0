import LeptonNN

/// How a batch is cut into shards: a pure function of the model and the batch size, never of the machine or the
/// number of nodes, so that the sums come out to the same bits everywhere.
package struct ShardPolicy: Sendable {
    /// Rows in each shard of a full batch; the last shard of a smaller batch may have fewer.
    package let rowsPerShard: Int
    /// Shards in a full batch.
    package let shardCount: Int

    /// The most shards a batch is cut into: each costs a gradient of all parameters in memory.
    static let maximumShards = 16
    /// Below this a shard's matrix products run well under the speed of larger ones.
    private static let minimumRows = 16
    /// Enough for products at full speed; more shards cost more gradients to add than they gain.
    private static let preferredRows = 64
    /// Below this much work for a whole batch, waking a second thread costs more than it gains.
    private static let minimumBatchOperations = 4_000_000
    /// All gradients together may take this many floats (1 GiB).
    private static let maximumGradientFloats = 1 << 28

    init(graph: OperationGraph, parameterFloats: Int, batchRows: Int) {
        let operationsPerRow = graph.nodes.reduce(0.0) { sum, node in
            // Two for each multiply-add, three products (forward and two backward).
            sum + 6 * Double(node.repeats) * node.operation.multiplyAddsPerRow(node, in: graph)
        }
        let batchOperations = operationsPerRow * Double(batchRows)
        guard batchOperations >= Double(ShardPolicy.minimumBatchOperations), batchRows >= 2 * ShardPolicy.minimumRows
        else {
            rowsPerShard = batchRows
            shardCount = 1
            return
        }
        let byMemory = max(1, ShardPolicy.maximumGradientFloats / max(1, parameterFloats))
        let limit = min(ShardPolicy.maximumShards, byMemory)
        let half = (batchRows + 1) / 2
        let preferred = min(max(half, ShardPolicy.minimumRows), ShardPolicy.preferredRows)
        rowsPerShard = max(preferred, (batchRows + limit - 1) / limit)
        shardCount = (batchRows + rowsPerShard - 1) / rowsPerShard
    }
}
