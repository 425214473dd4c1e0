import LeptonTensor

/// A layer applied to every time step: (batch, time, ...) becomes (batch, time, ...).
///
/// The time steps are samples to the layer, all at once. Where Keras draws a dropout pattern for each time step, so
/// does this.
package struct TimeDistributed: Layer {
    package static let className = "TimeDistributed"
    package var options: LayerOptions
    private var layer: any Layer

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let value = arguments.value("layer") else {
            throw LeptonError(
                .invalidArgument, argument: "TimeDistributed.layer", expected: "a layer", received: "nothing")
        }
        let object = try SerializedObject("TimeDistributed.layer", value)
        guard object.className != "BatchNormalization" else {
            throw LeptonError(
                .notSupported,
                "TimeDistributed over BatchNormalization is not supported: each time step would have its own "
                    + "statistics; use BatchNormalization without the wrapper")
        }
        layer = try LayerRegistry.make(object, nesting: arguments.nesting)
        guard !(layer is any CellLayer), !(layer is InputLayer), layer.inputCounts.contains(1) else {
            throw LeptonError(
                .invalidArgument, argument: "TimeDistributed.layer", expected: "a layer with one input",
                received: object.className)
        }
        options = LayerOptions()
    }

    package var arguments: JSONObject { ["layer": LayerRegistry.config(of: layer)] }
    package var supportsMasking: Bool { true }
    package var maskedInputs: [String: Int?] { ["mask": 0] }

    package mutating func setTrainable(_ isTrainable: Bool) {
        options.isTrainable = isTrainable
        layer.setTrainable(isTrainable)
    }

    /// The number of time steps and the shape that the layer sees.
    private func parts(_ inputShapes: [[Int]]) throws(LeptonError) -> (time: Int, sample: [Int]) {
        let shape = inputShapes.first ?? []
        guard shape.count >= 2 else {
            throw LeptonError(
                .shapeMismatch,
                "`TimeDistributed` Layer should be passed an `input_shape` with at least 3 dimensions, received: "
                    + Shape.batchText(shape))
        }
        return (shape[0], Array(shape.dropFirst()))
    }

    private var name: String { layer.options.name ?? snakeCase(layer.identity.className) }

    package func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] {
        try layer.ruledWeights(for: [parts(inputShapes).sample]).map {
            $0.inside(name, isTrainable: layer.options.isTrainable)
        }
    }

    package func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        let (time, sample) = try parts(inputShapes)
        let shapes = try layer.outputShapes(for: [sample])
        guard shapes.count == 1 else {
            throw LeptonError(
                .invalidArgument, argument: "TimeDistributed.layer", expected: "a layer with one output",
                received: "\(shapes.count) outputs")
        }
        return [time] + shapes[0]
    }

    package func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let time = try parts(inputs.map { graph.operations.sampleShapes[$0] }).time
        let samples = try graph.operations.beginSamples(of: inputs[0])
        let made = try layer.lower(into: &graph, inputs: [samples], weights: weights)
        return try graph.operations.endSamples(made, count: time)
    }
}
