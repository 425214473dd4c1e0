import LeptonTensor

/// A window that slides over channels-last images, with every number settled.
///
/// Tap k of output o lies at input o · stride + k · dilation - before, and counts as 0 outside of the input.
package struct SlidingWindow: Sendable, Equatable {
    package let input: [Int]
    package let output: [Int]
    package let kernel: [Int]
    package let strides: [Int]
    package let dilation: [Int]
    package let before: [Int]
    package var inputChannels: Int
    package var outputChannels: Int
    package var groups: Int

    /// A window over images of these extents. Outputs and padding: keras/src/ops/operation_utils.py.
    ///
    /// - Throws: `shapeMismatch` where there would be no output.
    init(
        kernel: [Int], strides: [Int], dilation: [Int], padding: WindowPadding, input: SpatialShape,
        outputChannels: Int, groups: Int = 1, owner: String
    ) throws(LeptonError) {
        var output: [Int] = []
        var before: [Int] = []
        for (axis, extent) in input.extents.enumerated() {
            let reach = (kernel[axis] - 1) * dilation[axis] + 1
            let (count, front): (Int, Int)
            switch padding {
            case .valid:
                guard extent >= reach else {
                    throw LeptonError(
                        .shapeMismatch, argument: "\(owner) input",
                        expected:
                            "at least \(reach) elements along spatial axis \(axis + 1), so that the output is not "
                            + "empty (kernel \(Shape.text(kernel)), dilation \(Shape.text(dilation)))",
                        received: Shape.text(input.extents))
                }
                (count, front) = ((extent - reach) / strides[axis] + 1, 0)
            case .same:
                count = (extent - 1) / strides[axis] + 1
                front = max((count - 1) * strides[axis] + reach - extent, 0) / 2
            case .causal:
                (count, front) = ((extent - 1) / strides[axis] + 1, reach - 1)
            }
            output.append(count)
            before.append(front)
        }
        self.init(
            input: input.extents, output: output, kernel: kernel, strides: strides, dilation: dilation, before: before,
            inputChannels: input.channels, outputChannels: outputChannels, groups: groups)
    }

    /// The window of the convolution that a transposed one is the gradient of: its input is the result. Extents and
    /// padding: keras/src/backend/common/backend_utils.py.
    ///
    /// - Throws: `shapeMismatch` where the result would be empty or too large.
    init(
        transposing input: SpatialShape, kernel: [Int], strides: [Int], dilation: [Int], padding: WindowPadding,
        outputPadding: [Int]?, filters: Int, owner: String
    ) throws(LeptonError) {
        var result: [Int] = []
        var before: [Int] = []
        for (axis, extent) in input.extents.enumerated() {
            let (stride, reach) = (strides[axis], (kernel[axis] - 1) * dilation[axis] + 1)
            let front: Int
            let total: Int
            if padding == .same {
                total = outputPadding.map { reach + reach % 2 - 2 + $0[axis] } ?? (stride + reach - 2)
                front = min(total / 2 + total % 2, reach - 1)
            } else {
                let extra = outputPadding?[axis] ?? (max(reach, stride) - reach)
                total = 2 * (reach - 1) + extra
                front = reach - 1
            }
            guard let spread = Shape.checkedProduct([extent - 1, stride]), spread + 2 + total > reach else {
                throw LeptonError(
                    .shapeMismatch, argument: "\(owner) input",
                    expected: "an output that is not empty and fits in memory",
                    received: "\(Shape.text(input.extents)), strides \(Shape.text(strides))")
            }
            result.append(spread + 2 + total - reach)
            before.append(reach - 1 - front)
        }
        self.init(
            input: result, output: input.extents, kernel: kernel, strides: strides, dilation: dilation, before: before,
            inputChannels: filters, outputChannels: input.channels, groups: 1)
    }

    private init(
        input: [Int], output: [Int], kernel: [Int], strides: [Int], dilation: [Int], before: [Int], inputChannels: Int,
        outputChannels: Int, groups: Int
    ) {
        self.input = input
        self.output = output
        self.kernel = kernel
        self.strides = strides
        self.dilation = dilation
        self.before = before
        self.inputChannels = inputChannels
        self.outputChannels = outputChannels
        self.groups = groups
    }
}

/// y = activation(convolution of x with the kernel + bias). Weights: kernel (window, channels / groups, filters), then
/// bias (filters) if any.
package struct ConvolutionOperation: Operation {
    package let window: SlidingWindow
    package let hasBias: Bool
    package let activation: Activation
}

/// The gradient of a convolution as an operation of its own: x is the convolution's output, y its input. Weights:
/// kernel (window, filters, channels), then bias (filters) if any.
package struct TransposedConvolutionOperation: Operation {
    package let window: SlidingWindow
    package let hasBias: Bool
    package let activation: Activation

    /// Each weight once for every position of the input.
    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        let kernel = graph.weight(node.weights[0]).spec.shape.reduce(1.0) { $0 * Double($1) }
        return window.output.reduce(kernel) { $0 * Double($1) }
    }
}

/// Each channel convolved with its own plane of the kernel. Weights: kernel (window, channels, 1), then bias if any.
package struct DepthwiseOperation: Operation {
    package let window: SlidingWindow
    package let hasBias: Bool
    package let activation: Activation
}

/// The largest value under a window, or the mean of those that lie within the input.
package struct PoolingOperation: Operation {
    package let window: SlidingWindow
    package let takesMaximum: Bool
}
