import LeptonTensor

/// What follows from shapes some of whose axes have a length that only data tells.
///
/// As Keras does on JAX: a layer is asked for its outputs with two lengths in the place of unknown ones, and an axis of
/// an output that then has two lengths is unknown too. Layers so need no arithmetic of their own for them.
package enum UnknownLengths {
    /// Long, so that windows and strides leave something, and with many divisors, so that parts come out even.
    package static let tried = (first: 128 * 9 * 5 * 7, second: 256 * 9 * 5 * 7)

    /// The shapes with a length in the place of each unknown one.
    package static func filled(_ shapes: [[Int]], with length: Int) -> [[Int]] {
        shapes.map { shape in shape.map { $0 == Shape.unknown ? length : $0 } }
    }

    /// Whether values of these shapes are what a model takes that was declared with shapes with unknown lengths.
    package static func fit(_ given: [[Int]], _ declared: [[Int]]) -> Bool {
        given.count == declared.count
            && zip(given, declared).allSatisfy { given, declared in
                given.count == declared.count && zip(given, declared).allSatisfy { $0 == $1 || $1 == Shape.unknown }
            }
    }

    /// Shapes of a layer's outputs, and its weights.
    ///
    /// - Throws: what the layer finds wrong; `shapeMismatch` when a weight would depend on an unknown length.
    static func inferred(
        _ layer: any Layer, for inputs: [ValueShape]
    ) throws(LeptonError) -> (outputs: [ValueShape], weights: [LayerWeight]) {
        let shapes = inputs.map(\.sample)
        guard !shapes.allSatisfy(Shape.isKnown) else { return try asked(layer, inputs) }
        let tried = try lengths(for: shapes)
        let first: (outputs: [ValueShape], weights: [LayerWeight])
        do throws(LeptonError) { first = try asked(layer, filled(inputs, with: tried.first)) } catch {
            // What stands beside an unknown length may say which one it has to be.
            if let narrowed = narrowed(inputs, tried.first), let found = try? asked(layer, narrowed) { return found }
            throw error.adding(context: "with \(tried.first) for axes of unknown length")
        }
        let second = try asked(layer, filled(inputs, with: tried.second))
        guard first.weights.map(\.spec.shape) == second.weights.map(\.spec.shape) else {
            throw LeptonError(
                .shapeMismatch, argument: "inputs",
                expected: "known lengths of the axes that the weights of a \(layer.identity.className) layer depend on",
                received: shapes.map(Shape.batchText).joined(separator: ", "))
        }
        guard first.outputs.map(\.sample.count) == second.outputs.map(\.sample.count) else {
            throw LeptonError(
                .notSupported, "the number of axes of the outputs depends on an axis of unknown length")
        }
        let outputs = zip(first.outputs, second.outputs).map { one, other in
            ValueShape(
                sample: zip(one.sample, other.sample).map { $0 == $1 ? $0 : Shape.unknown }, isShared: one.isShared)
        }
        return (outputs, first.weights)
    }

    /// Two lengths with which the shapes still fit in memory's numbers: layers multiply extents.
    private static func lengths(for shapes: [[Int]]) throws(LeptonError) -> (first: Int, second: Int) {
        for pair in [tried, (first: 360, second: 720)] {
            if filled(shapes, with: pair.second).allSatisfy({ Shape.checkedProduct($0) != nil }) { return pair }
        }
        throw LeptonError(
            .outOfMemory, argument: "inputs", expected: "extents whose product fits in memory",
            received: shapes.map(Shape.batchText).joined(separator: ", "))
    }

    private static func asked(
        _ layer: any Layer, _ inputs: [ValueShape]
    ) throws(LeptonError) -> (outputs: [ValueShape], weights: [LayerWeight]) {
        let outputs = try layer.outputValues(for: inputs)
        return (outputs, try layer.ruledWeights(for: inputs.map(\.sample)))
    }

    private static func filled(_ inputs: [ValueShape], with length: Int) -> [ValueShape] {
        zip(inputs, filled(inputs.map(\.sample), with: length)).map { ValueShape(sample: $1, isShared: $0.isShared) }
    }

    /// The inputs with the lengths that others of them have on the same axes; nil where none has any.
    private static func narrowed(_ inputs: [ValueShape], _ length: Int) -> [ValueShape]? {
        var isNarrowed = false
        let shapes = inputs.map { input in
            input.sample.enumerated().map { axis, extent in
                guard extent == Shape.unknown else { return extent }
                let others = inputs.filter { $0.sample.count == input.sample.count }.map { $0.sample[axis] }
                guard let known = others.first(where: { $0 > 1 }) else { return length }
                isNarrowed = true
                return known
            }
        }
        guard isNarrowed, shapes.allSatisfy({ Shape.checkedProduct($0) != nil }) else { return nil }
        return zip(inputs, shapes).map { ValueShape(sample: $1, isShared: $0.isShared) }
    }
}
