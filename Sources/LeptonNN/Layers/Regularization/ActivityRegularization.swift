import LeptonTensor

/// Passes its input on, and adds l1 · Σ|x| + l2 · Σx², divided by the rows of the batch, to the loss.
public struct ActivityRegularization: Layer {
    public static let className = "ActivityRegularization"
    public var options: LayerOptions
    /// Factors of at least 0.
    public let l1: Double
    public let l2: Double

    public init(l1: Double = 0, l2: Double = 0, inputShape: [Int]? = nil, name: String? = nil) {
        self.l1 = l1
        self.l2 = l2
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        l1 = try arguments.number("l1", default: 0, "a finite number of at least 0") { $0 >= 0 && $0.isFinite }
        l2 = try arguments.number("l2", default: 0, "a finite number of at least 0") { $0 >= 0 && $0.isFinite }
        options = LayerOptions()
    }

    public var arguments: JSONObject { ["l1": .number(l1), "l2": .number(l2)] }
    public var supportsMasking: Bool { true }
    public func weights(for inputShapes: [[Int]]) -> [Weight] { [] }
    public func outputShape(for inputShapes: [[Int]]) -> [Int] { inputShapes.first ?? [] }

    public func lower(into graph: inout LoweredGraph, inputs: [Int], weights: [Int]) throws(LeptonError) -> Int {
        try graph.appendPenalty(.l1l2(l1: l1, l2: l2), after: [inputs[0]])[0]
    }
}
