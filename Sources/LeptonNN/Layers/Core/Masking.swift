import LeptonTensor

/// Masks the time steps of which every element is `maskValue`: they become 0, and layers after this one that know of masks
/// pass over them. Output shape: as the input.
public struct Masking: Layer {
    public static let className = "Masking"
    public var options: LayerOptions
    public let maskValue: Double

    public init(maskValue: Double = 0, inputShape: [Int]? = nil, name: String? = nil) {
        self.maskValue = maskValue
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        maskValue = try arguments.number("mask_value", default: 0)
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["mask_value": .number(maskValue)] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }

    public func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] {
        guard let shape = inputShapes.first, !shape.isEmpty else {
            throw LeptonError(
                .shapeMismatch, argument: "Masking input", expected: "at least 2 axes, batch included",
                received: "(None,)")
        }
        return shape
    }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        let shape = try outputShape(for: inputs.map { graph.operations.sampleShapes[$0] })
        let mask = try graph.operations.add(
            MaskOperation(value: Float(maskValue), groupSize: shape[shape.count - 1]), inputs: inputs,
            outputShape: shape.dropLast())
        let value = try graph.operations.add(MaskedOperation(), inputs: [inputs[0], mask], outputShape: shape)
        graph.masks[value] = mask
        return value
    }
}
