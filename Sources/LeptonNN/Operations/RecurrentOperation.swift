/// A recurrent cell over all time steps of sequences: values (time, inputs).
///
/// Inputs: the sequence, then a mask (time) of 0 and 1 if any, then the initial states if any. Weights: kernel
/// (inputs, gates), recurrent kernel (units, gates), then the bias if any, in Keras's order and shapes. Outputs: all
/// outputs (time, units) or the last one (units), then the last states where they are asked for.
package struct RecurrentOperation: Operation {
    /// Which cell. The second form of the gated recurrent unit applies the reset gate before the product.
    package enum Cell: Sendable, BitwiseCopyable {
        case simple, lstm, gru, gruResetBefore

        /// Column blocks of the kernels.
        package var gates: Int {
            switch self {
            case .simple: 1
            case .lstm: 4
            case .gru, .gruResetBefore: 3
            }
        }

        package var states: Int { self == .lstm ? 2 : 1 }
    }

    /// Dropout with the same pattern at all time steps of a sequence.
    package struct Dropout: Sendable {
        package let rate: Double
        package let ordinal: Int
    }

    package let cell: Cell
    package let units: Int
    /// Element-wise ones that operations apply themselves.
    package let activation: Activation
    package let recurrentActivation: Activation
    package let hasBias: Bool
    /// From the last time step to the first.
    package let isReversed: Bool
    /// Outputs are in the opposite of the order in which the steps are made.
    package let reversesOutput: Bool
    package let returnsSequence: Bool
    package let hasMask: Bool
    /// Masked outputs are 0 instead of those of the step before.
    package let zeroesMasked: Bool
    package let hasInitialState: Bool
    package let inputDropout: Dropout?
    package let recurrentDropout: Dropout?
    /// Each gate has a dropout pattern of its own.
    package let dropsPerGate: Bool
    /// An own seed for dropout; nil uses the model's.
    package let seed: UInt64?

    package var drops: Bool { inputDropout != nil || recurrentDropout != nil }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        let weights = node.weights.reduce(0.0) { $0 + Double(graph.weight($1).spec.shape.reduce(1, *)) }
        return weights * Double(graph.sampleShapes[node.inputs[0]].first ?? 1)
    }
}
