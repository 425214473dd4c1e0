import LeptonTensor

/// A weight of a user's layer in the graph that the layer's code was read into: it takes nothing, and gives the weight.
package struct VariableLayer: Layer {
    package static let className = "Variable"
    package var options: LayerOptions
    private let shape: [Int]
    private let initializer: Initializer

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let extents = arguments.value("shape")?.arrayValue else {
            throw LeptonError(
                .invalidArgument, argument: "Variable.shape", expected: "a list of extents", received: "nothing")
        }
        var shape: [Int] = []
        for extent in extents {
            guard let number = extent.intValue, number > 0 else {
                throw LeptonError(
                    .invalidArgument, argument: "Variable.shape", expected: "extents of at least 1",
                    received: extent.kindName)
            }
            shape.append(number)
        }
        _ = try Shape(shape)
        self.shape = shape
        initializer = try Initializer(
            arguments.value("initializer"), argument: "Variable.initializer", default: .glorotUniform())
        options = LayerOptions()
    }

    package var identity: LayerIdentity { LayerIdentity(module: "leptonai.layers", className: VariableLayer.className) }

    package var arguments: JSONObject {
        ["shape": .array(shape.map { .integer(Int64($0)) }), "initializer": initializer.config]
    }

    package var inputCounts: ClosedRange<Int> { 0...0 }

    /// The layer's name alone is the weight's.
    package func weights(for inputShapes: [[Int]]) -> [Weight] {
        [Weight(name: "", shape: shape, initializer: initializer)]
    }

    package func outputShape(for inputShapes: [[Int]]) -> [Int] { shape }

    package func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        try graph.operations.addWeightValue(weights[0])
    }
}
