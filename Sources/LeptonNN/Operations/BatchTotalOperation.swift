/// The sum, or the mean, of a value over all rows of a batch. Its result is the same for every row, which is why only
/// losses and metrics have it: a model's own rows are computed apart from each other.
package struct BatchTotalOperation: Operation {
    package let isMean: Bool

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}
