import LeptonTensor

/// y = x * scale + offset; both are numbers, or lists that are repeated along the axes before theirs.
public struct Rescaling: Layer {
    public static let className = "Rescaling"
    public var options = LayerOptions()
    private let scale: ConstantTensor
    private let offset: ConstantTensor

    public init(scale: Double, offset: Double = 0, name: String? = nil) {
        self.scale = ConstantTensor(scale)
        self.offset = ConstantTensor(offset)
        options = LayerOptions(name: name)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let scale = try arguments.constant("scale") else {
            throw LeptonError(
                .invalidArgument, argument: "Rescaling.scale", expected: "a number or a list of numbers",
                received: "nothing")
        }
        self.scale = scale
        offset = try arguments.constant("offset") ?? ConstantTensor(0)
    }

    public var arguments: JSONObject { ["scale": scale.json, "offset": offset.json] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        _ = try scale.spread(over: inputShapes[0], "Rescaling.scale")
        _ = try offset.spread(over: inputShapes[0], "Rescaling.offset")
        return inputShapes[0]
    }

    public func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int {
        let shape = graph.operations.sampleShapes[inputs[0]]
        let operation = NormalizeOperation(
            statistics: .constants(
                mean: try offset.spread(over: shape, "Rescaling.offset"),
                deviation: try scale.spread(over: shape, "Rescaling.scale")), isInverse: true)
        return try graph.operations.add(operation, inputs: inputs, outputShape: shape)
    }
}
