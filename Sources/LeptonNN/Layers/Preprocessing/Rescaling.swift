import LeptonTensor

/// x · scale + offset. Output shape: as the input.
public struct Rescaling: Layer {
    public static let className = "Rescaling"
    public var options: LayerOptions
    public let scale: Double
    public let offset: Double

    public init(scale: Double, offset: Double = 0, inputShape: [Int]? = nil, name: String? = nil) {
        self.scale = scale
        self.offset = offset
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        guard arguments.value("scale") != nil else {
            throw LeptonError(
                .invalidArgument, argument: "Rescaling.scale", expected: "a finite number", received: "nothing")
        }
        scale = try arguments.number("scale", default: 1)
        offset = try arguments.number("offset", default: 0)
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["scale": .number(scale), "offset": .number(offset)] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { inputShapes.first ?? [] }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        try graph.operations.addFunction(.init(.affine, a: Float(scale), b: Float(offset)), inputs[0])
    }
}
