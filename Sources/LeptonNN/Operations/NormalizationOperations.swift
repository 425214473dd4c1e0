import LeptonTensor

/// Normalises each row of the last axis; formulas in lepton_kernels_normalization.h. Weights: gamma if `hasScale`, then
/// beta if `hasOffset`.
package struct RowNormalizationOperation: Operation {
    /// Raw values are the kernels' numbers.
    package enum Kind: Int32, Sendable {
        case centred = 0
        case rootMeanSquare, scaledByDeviation, unit
    }

    package let kind: Kind
    package let epsilon: Float
    package var hasScale = false
    package var hasOffset = false

    package init(kind: Kind, epsilon: Float, hasScale: Bool = false, hasOffset: Bool = false) {
        self.kind = kind
        self.epsilon = epsilon
        self.hasScale = hasScale
        self.hasOffset = hasOffset
    }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        2 * Double(graph.floatsPerRow(node.output))
    }
}

/// Normalises each channel, the last axis, by its mean and variance over the whole batch while training, and by moving
/// averages of them otherwise (Ioffe & Szegedy, 2015). Weights: gamma if `hasScale`, beta if `hasOffset`, then the moving
/// mean and the moving variance. A second input if `hasMask`: 1 or 0 for each row of channels, those of 0 being no part
/// of the batch's mean and variance.
package struct BatchNormalizationOperation: Operation {
    package let momentum: Double
    package let epsilon: Float
    package let hasScale: Bool
    package let hasOffset: Bool
    /// In training too, the moving averages normalise, and stay as they are.
    package let isFrozen: Bool
    package var hasMask = false

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        2 * Double(graph.floatsPerRow(node.output))
    }
}
