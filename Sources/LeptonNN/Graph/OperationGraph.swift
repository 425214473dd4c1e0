import LeptonTensor

/// A primitive computation on values and weights: what layers are made of.
///
/// This module says what an operation *is* (its parameters and shapes); the training module says how it runs,
/// forward and backward. Layers, and later traced user code, all lower to the same few operations.
package protocol Operation: Sendable {}

/// y = activation(x · kernel + bias) over the last axis. Weights: kernel (k, units), then bias (units) if any.
package struct DenseOperation: Operation {
    package let units: Int
    package let hasBias: Bool
    /// Element-wise activations only; softmax is an operation of its own.
    package let activation: Activation
}

/// y = activation(x), element by element.
package struct ActivationOperation: Operation {
    package let activation: Activation
}

/// y = softmax(x) over the last axis.
package struct SoftmaxOperation: Operation {}

/// Inverted dropout while training, nothing otherwise.
package struct DropoutOperation: Operation {
    package let rate: Double
    /// Which dropout of the model this is: each draws from a stream of its own.
    package let ordinal: Int
    /// A layer's own seed; nil uses the model's.
    package let seed: UInt64?
}

/// The same numbers under another sample shape; moves nothing.
package struct ReshapeOperation: Operation {}

/// A weight of a model: where it belongs and how it begins.
package struct WeightSpec: Sendable {
    /// Within its layer: "kernel".
    package let name: String
    package let shape: [Int]
    package let initializer: Initializer

    package init(name: String, shape: [Int], initializer: Initializer) {
        self.name = name
        self.shape = shape
        self.initializer = initializer
    }
}

/// A model lowered to operations on numbered values and weights, in execution order.
package struct OperationGraph: Sendable {
    package struct Node: Sendable {
        package let operation: any Operation
        package let inputs: [Int]
        package let weights: [Int]
        package let output: Int
    }

    package struct Weight: Sendable {
        /// "dense/kernel"
        package let path: String
        package let spec: WeightSpec
        package let isTrainable: Bool
        package let layer: Int
    }

    /// Extents of one sample of each value; the batch axis comes before them.
    package private(set) var sampleShapes: [[Int]] = []
    package private(set) var weights: [Weight] = []
    package private(set) var nodes: [Node] = []
    package private(set) var inputs: [Int] = []
    package var outputs: [Int] = []
    package private(set) var dropoutCount = 0

    package init() {}

    package mutating func addInput(_ sampleShape: [Int]) -> Int {
        sampleShapes.append(sampleShape)
        inputs.append(sampleShapes.count - 1)
        return sampleShapes.count - 1
    }

    package mutating func addWeight(
        _ spec: WeightSpec, layerName: String, layer: Int, isTrainable: Bool
    ) throws(LeptonError) -> Int {
        _ = try Shape(spec.shape)
        weights.append(
            Weight(path: "\(layerName)/\(spec.name)", spec: spec, isTrainable: isTrainable, layer: layer))
        return weights.count - 1
    }

    /// Appends an operation and returns the number of the value it makes.
    package mutating func add(
        _ operation: any Operation, inputs: [Int], weights: [Int] = [], outputShape: [Int]
    ) throws(LeptonError) -> Int {
        guard Shape.checkedProduct(outputShape) != nil else {
            throw LeptonError(
                .outOfMemory, argument: "output shape", expected: "a size that fits in memory",
                received: Shape.batchText(outputShape))
        }
        sampleShapes.append(outputShape)
        nodes.append(Node(operation: operation, inputs: inputs, weights: weights, output: sampleShapes.count - 1))
        return sampleShapes.count - 1
    }

    package mutating func nextDropoutOrdinal() -> Int {
        dropoutCount += 1
        return dropoutCount - 1
    }

    /// Number of floats in one sample of a value.
    package func floatsPerRow(_ value: Int) -> Int { sampleShapes[value].reduce(1, *) }
}
