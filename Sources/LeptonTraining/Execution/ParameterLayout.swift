import LeptonNN
import LeptonTensor

/// Where each weight stands in the one buffer that holds them all, so that an optimizer is one pass, a checkpoint
/// one write and an exchange of gradients one message.
package struct ParameterLayout: Sendable {
    package struct Entry: Sendable {
        package let offset: Int
        package let count: Int
        package let isTrainable: Bool
    }

    package let entries: [Entry]
    /// Floats in the buffer; weights begin at cache lines, and the gaps between them stay zero.
    package let totalFloats: Int
    /// What an optimizer passes over: neighbours that are trained, joined.
    package let trainableRanges: [Range<Int>]

    private static let alignment = 16

    init(_ graph: OperationGraph) throws(LeptonError) {
        var entries: [Entry] = []
        var ranges: [Range<Int>] = []
        var offset = 0
        for weight in graph.weights {
            let count = try Shape(weight.spec.shape).count
            entries.append(Entry(offset: offset, count: count, isTrainable: weight.isTrainable))
            let padded = (count + ParameterLayout.alignment - 1) / ParameterLayout.alignment * ParameterLayout.alignment
            let (end, overflow) = offset.addingReportingOverflow(padded)
            guard !overflow, end <= Int.max / 64 else {
                throw LeptonError(
                    .outOfMemory, argument: "model", expected: "weights that fit in memory",
                    received: "more than \(Int.max / 64) parameters")
            }
            if weight.isTrainable {
                if let last = ranges.last, last.upperBound == offset {
                    ranges[ranges.count - 1] = last.lowerBound..<end
                } else {
                    ranges.append(offset..<end)
                }
            }
            offset = end
        }
        self.entries = entries
        totalFloats = offset
        trainableRanges = ranges
    }
}
