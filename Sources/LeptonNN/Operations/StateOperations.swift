import LeptonTensor

/// y = what a state was after the batch before: the same row's, for each row of the batch. No inputs; its gradient ends
/// here.
package struct StateReadOperation: Operation {
    package let slot: Int

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double { 0 }
}

/// Passes a value on, and keeps it as what a state is for the next batch.
package struct StateWriteOperation: Operation {
    package let slot: Int

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double { 0 }
}

/// Numbers of each row of a batch that the next batch finds again.
package struct StateSlot: Sendable {
    /// The layer, as "encoder/lstm".
    package let layer: String
    package let floatsPerRow: Int
}

extension OperationGraph {
    mutating func addStateRead(_ slot: Int) throws(LeptonError) -> Int {
        try add(StateReadOperation(slot: slot), inputs: [], outputShape: [states[slot].floatsPerRow])
    }

    mutating func addStateWrite(_ slot: Int, _ value: Int) throws(LeptonError) -> Int {
        try add(StateWriteOperation(slot: slot), inputs: [value], outputShape: sampleShapes[value])
    }
}

extension LoweredGraph {
    /// Places for the states of a stateful layer.
    ///
    /// - Throws: `invalidArgument` without a fixed number of rows; `notSupported` where a row has several sequences, or
    ///   the layer is called twice.
    mutating func addStates(of layer: some RecurrentLayer) throws(LeptonError) -> [Int] {
        guard batchSize != nil else {
            throw LeptonError(
                .invalidArgument,
                "When using `stateful=True` in a RNN, the batch size must be static. Found dynamic batch size: give the "
                    + "input a fixed one, as in Input(batch_shape=(4, 10, 3))")
        }
        guard operations.isOncePerRow else {
            throw LeptonError(
                .notSupported, "a stateful layer inside TimeDistributed is not supported: leave out one of the two")
        }
        var path = self.path
        if let name = layer.options.name, path.last != name { path.append(name) }
        let name = path.joined(separator: "/")
        guard !operations.states.contains(where: { $0.layer == name }) else {
            throw LeptonError(
                .notSupported, "a stateful layer that is called more than once in a model is not supported; use several"
            )
        }
        return layer.namedCells.flatMap { cell in
            (0..<cell.cell.states).map { _ in operations.addState(StateSlot(layer: name, floatsPerRow: cell.cell.units))
            }
        }
    }
}
