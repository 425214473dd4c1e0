/// In training, y = kernel / σ with σ an estimate of the kernel's largest singular value, the kernel taken as a matrix of
/// its last axis' columns; in prediction, the kernel as it is. Weights: the kernel, then a vector of as many numbers as
/// there are columns, which each training step improves by `iterations` rounds of power iteration (Miyato et al., 2018).
/// The output is the same for every row; σ's singular vectors are constants to the gradient.
package struct SpectralOperation: Operation {
    package let iterations: Int
    package var takesShared: Bool { true }

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double { 0 }
}
