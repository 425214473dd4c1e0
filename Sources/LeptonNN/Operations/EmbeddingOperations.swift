import LeptonTensor

/// Rows of a table by their numbers, which are whole floats. Weight: the table (count, columns). A number that names no
/// row gives NaN; those in a model's data are checked before anything runs.
package struct EmbeddingOperation: Operation {
    package let count: Int

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}

/// 1 where any element of a group differs from `value`, 0 where none does; groups of `groupSize` along a sample.
package struct MaskOperation: Operation {
    package let value: Float
    package let groupSize: Int
}

/// The first input where the second, a mask of 0 and 1 with one number for each group of elements, is 1, and 0 elsewhere.
package struct MaskedOperation: Operation {}

extension OperationGraph {
    /// For each input of the model, how many rows a table has that it indexes, directly or after a reshape; nil for one
    /// that indexes none.
    package var indexLimits: [Int?] {
        inputs.map { input in
            var same: Set<Int> = [input]
            var limit: Int?
            for node in nodes where node.inputs.contains(where: same.contains) {
                if node.operation is ReshapeOperation { same.insert(node.output) }
                if let embedding = node.operation as? EmbeddingOperation {
                    limit = min(limit ?? Int.max, embedding.count)
                }
            }
            return limit
        }
    }
}
