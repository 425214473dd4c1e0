import LeptonTensor

/// Turns rows as they come, text or whole numbers of 64 bits, into float32 before a plan runs: what float32 cannot hold
/// exactly never passes through it, and training never sees text.
package protocol InputEncoder: Sendable {
    /// - Parameters:
    ///   - view: (rows, ...) of the input's sample shape.
    ///   - output: receives the value's rows, row-major.
    /// - Throws: `typeMismatch` for elements that it does not take; `invalidArgument`, `nonFinite`.
    func encode(
        _ view: TensorView, argument: String, into output: UnsafeMutablePointer<Float>
    ) throws(LeptonError)
}

/// An encoder whose rows are as long as the longest of them needs.
package protocol StretchingEncoder: InputEncoder {
    /// How many numbers the longest row takes.
    func longestRow(of view: TensorView, argument: String) throws(LeptonError) -> Int
}

/// Tells, while a model is lowered for certain data, how long the rows are that an encoder makes of one of its inputs.
package protocol EncodedLengths: Sendable {
    func longestRow(of encoder: any StretchingEncoder, input: Int) throws(LeptonError) -> Int
}

/// What one of a plan's inputs is made from.
package struct InputSource: Sendable {
    /// Which of the model's inputs.
    package let modelInput: Int
    /// Nil: its numbers as they are.
    package let encoder: (any InputEncoder)?
}

/// A function of one whole number, for graphs in which it takes values that other operations computed.
package protocol IntegerMap: AnyObject, Sendable {
    /// NaN for a number that it has no answer to.
    func value(of number: Int64) -> Float
}

/// y = f(x) for each whole number; what has something behind the point is cut.
package struct IntegerMapOperation: Operation {
    package let map: any IntegerMap

    package func multiplyAddsPerRow(_ node: OperationGraph.Node, in graph: OperationGraph) -> Double {
        Double(graph.floatsPerRow(node.output))
    }
}

/// Memory for rows on their way to an encoder.
enum EncoderRows {
    /// Whole numbers, row-major, lent to `body`.
    static func withIntegers(
        _ view: TensorView, _ argument: String, _ body: (UnsafeBufferPointer<Int64>) throws(LeptonError) -> Void
    ) throws(LeptonError) {
        let buffer = try AlignedBuffer<Int64>(zeros: view.shape.count, purpose: "\(argument) as whole numbers")
        try view.copyIntegers(to: buffer.pointer, argument: argument)
        try body(UnsafeBufferPointer(start: buffer.pointer, count: view.shape.count))
    }

    /// Texts, row-major, lent to `body`.
    static func withTexts(
        _ view: TensorView, _ argument: String, _ body: (UnsafeBufferPointer<TextBytes>) throws(LeptonError) -> Void
    ) throws(LeptonError) {
        let memory = UnsafeMutablePointer<TextBytes>.allocate(capacity: max(view.shape.count, 1))
        defer { memory.deallocate() }
        try view.copyTexts(to: memory, argument: argument)
        try body(UnsafeBufferPointer(start: memory, count: view.shape.count))
    }
}
