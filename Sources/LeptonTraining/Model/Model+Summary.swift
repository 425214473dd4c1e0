import LeptonNN
import LeptonTensor

extension Model {
    /// The table that Keras's `summary` prints, without colours.
    ///
    /// - Parameter lineLength: width in characters; nil for the 76 that Keras uses outside a terminal.
    public func summary(lineLength: Int? = nil) -> String {
        lock.withLock { SummaryTable(model: self, lineLength: lineLength ?? 0).text }
    }
}

/// Lays out a summary as Keras 3.15 does (keras/src/utils/summary_utils.py); texts too long for their column are
/// broken at blanks.
private struct SummaryTable {
    var text = ""
    private let widths: [Int]

    init(model: Model, lineLength: Int) {
        let total = lineLength > 0 ? min(max(lineLength, 30), 1_000) : 76
        widths = SummaryTable.columnWidths(total)
        let layers = model.graph.layers
        let shapes = SummaryTable.outputShapes(model.graph)
        let counts = SummaryTable.parameterCounts(model)
        // Keras does not show where the data enters.
        let shown = layers.indices.filter { !(layers[$0] is InputLayer) }

        text = "Model: \"\(model.graph.name)\"\n"
        text += rule("┏", "━", "┳", "┓") + row(["Layer (type)", "Output Shape", "Param #"], "┃")
        text += rule("┡", "━", "╇", "┩")
        for index in shown {
            let layer = layers[index]
            let isBuilt = model.built != nil
            text += row(
                [
                    "\(layer.options.name ?? "") (\(type(of: layer).className))",
                    isBuilt ? Shape.text([model.graph.batchSize ?? Shape.unknown] + shapes[index]) : "?",
                    isBuilt ? SummaryTable.grouped(counts[index]) : "0 (unbuilt)",
                ], "│")
            if index != shown.last { text += rule("├", "─", "┼", "┤") }
        }
        text += rule("└", "─", "┴", "┘")
        text += SummaryTable.totals(model)
    }

    /// Sample shape of each layer's output, of its first use; nothing before the model is built.
    private static func outputShapes(_ graph: ModelGraph) -> [[Int]] {
        guard let inputs = graph.inputShapes, let inference = try? graph.inferred(inputShapes: inputs) else {
            return []
        }
        var shapes = [[Int]](repeating: [], count: graph.layers.count)
        for (node, outputs) in zip(graph.nodes, inference.values).reversed() { shapes[node.layer] = outputs[0].sample }
        return shapes
    }

    /// Parameters of each layer of the graph.
    private static func parameterCounts(_ model: Model) -> [Int] {
        var counts = [Int](repeating: 0, count: model.graph.layers.count)
        for weight in model.built?.operations.weights ?? [] { counts[weight.layer] += weight.spec.shape.reduce(1, *) }
        return counts
    }

    private static func totals(_ model: Model) -> String {
        let weights = model.built?.operations.weights ?? []
        func count(_ isIncluded: (OperationGraph.Weight) -> Bool) -> Int {
            weights.filter(isIncluded).reduce(0) { $0 + $1.spec.shape.reduce(1, *) }
        }
        let trainable = count(\.isTrainable)
        let frozen = count { !$0.isTrainable }
        let optimizer = SummaryTable.optimizerCount(model)
        var lines = [
            ("Total params", trainable + frozen + optimizer), ("Trainable params", trainable),
            ("Non-trainable params", frozen),
        ]
        if model.optimizerState != nil { lines.append(("Optimizer params", optimizer)) }
        return lines.map { " \($0.0): \(grouped($0.1)) (\(readableBytes($0.1 * 4)))\n" }.joined()
    }

    /// Numbers in what Keras calls the optimizer's variables.
    private static func optimizerCount(_ model: Model) -> Int {
        guard let state = model.optimizerState, let built = model.built else { return 0 }
        var count = state.tensors(built).reduce(0) { $0 + $1.count }
        // The steps, and the learning rate unless it follows a schedule; a loss-scale optimizer has both for itself.
        count += 1 + (state.scaling == nil ? 0 : 2)
        if case .constant = state.optimizer.rate { count += 1 }
        switch state.optimizer.kind {
        case .nadam: count += 1
        case .adafactor:
            // In place of the factors that a vector has not, Keras keeps two zeros.
            count += 2 * built.operations.weights.count { $0.isTrainable && $0.spec.shape.count < 2 }
        default: break
        }
        return count
    }

    private static func columnWidths(_ total: Int) -> [Int] {
        // Keras asks for 45, 35 and 20 % of the line; its table takes the ten characters of bars and blanks back from
        // them as 3, 4 and 3.
        let first = Int(Double(total) * 0.45)
        let second = Int(Double(total) * 0.8) - first
        return [first - 3, second - 4, total - first - second - 3]
    }

    private func rule(_ left: String, _ line: String, _ joint: String, _ right: String) -> String {
        left + widths.map { String(repeating: line, count: $0 + 2) }.joined(separator: joint) + right + "\n"
    }

    private func row(_ cells: [String], _ bar: String) -> String {
        let broken = zip(cells, widths).map { SummaryTable.broken($0, $1) }
        let height = broken.map(\.count).max() ?? 0
        var lines = ""
        for line in 0..<height {
            let padded = zip(broken, widths).enumerated().map { column, cell in
                let content = line < cell.0.count ? cell.0[line] : ""
                let fill = String(repeating: " ", count: max(0, cell.1 - content.count))
                return column == 2 ? fill + content : content + fill
            }
            lines += "\(bar) " + padded.joined(separator: " \(bar) ") + " \(bar)\n"
        }
        return lines
    }

    /// Breaks a text at blanks where possible, so that no line is wider than `width`.
    private static func broken(_ text: String, _ width: Int) -> [String] {
        var lines: [String] = [""]
        for word in text.split(separator: " ", omittingEmptySubsequences: false) {
            let joined = lines[lines.count - 1].isEmpty ? String(word) : lines[lines.count - 1] + " " + word
            if joined.count <= width {
                lines[lines.count - 1] = joined
                continue
            }
            if !lines[lines.count - 1].isEmpty { lines.append("") }
            // Keras's table cuts a word that is longer than its column.
            lines[lines.count - 1] = word.count > width ? word.prefix(width - 1) + "…" : String(word)
        }
        return lines
    }

    private static func grouped(_ number: Int) -> String {
        var digits = String(number)
        var index = digits.count - 3
        while index > 0 {
            digits.insert(",", at: digits.index(digits.startIndex, offsetBy: index))
            index -= 3
        }
        return digits
    }

    private static func readableBytes(_ bytes: Int) -> String {
        let units = ["B", "KB", "MB", "GB", "TB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1024, unit + 1 < units.count {
            value /= 1024
            unit += 1
        }
        let hundredths = Int((value * 100).rounded())
        let fraction = hundredths % 100
        return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) \(units[unit])"
    }
}
