import LeptonTensor

/// Lays the axes of each sample end to end: (batch, a, b, ...) becomes (batch, a·b·...). A sample without axes
/// becomes one of one element. Samples with their channels first are turned to channels-last before.
public struct Flatten: Layer {
    public static let className = "Flatten"
    public var options: LayerOptions
    public let dataFormat: DataFormat

    public init(dataFormat: DataFormat = .channelsLast, inputShape: [Int]? = nil, name: String? = nil) {
        self.dataFormat = dataFormat
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        dataFormat = try arguments.dataFormat()
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["data_format": dataFormat.config] }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { [(inputShapes.first ?? []).reduce(1, *)] }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let isScalar = graph.operations.sampleShapes[inputs[0]].isEmpty
        let value = try isScalar ? inputs[0] : graph.operations.addChannelsLast(inputs[0], from: dataFormat)
        return try graph.operations.add(ReshapeOperation(), inputs: [value], outputShape: shape)
    }
}
