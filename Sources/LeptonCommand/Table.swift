/// Lines of cells in columns as wide as their widest cell.
///
/// - Parameter rightAligned: numbers of the columns whose cells are pushed to the right.
func alignedLines(_ rows: [[String]], rightAligned: Set<Int> = []) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in
        rows.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return rows.map { row in
        var line = row.enumerated().map { column, cell in
            let padding = String(repeating: " ", count: widths[column] - cell.count)
            return rightAligned.contains(column) ? padding + cell : cell + padding
        }.joined(separator: "  ")
        while line.last == " " { line.removeLast() }
        return line
    }
}

/// Bytes in the largest binary unit that keeps the number at 1 or more, to one decimal.
func bytesText(_ bytes: Int) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
    var amount = Double(bytes)
    var unit = 0
    while amount >= 1024, unit + 1 < units.count {
        amount /= 1024
        unit += 1
    }
    return unit == 0 ? "\(bytes) B" : "\(oneDecimal(amount)) \(units[unit])"
}

/// A ratio of 0 ... 1 as a percentage to one decimal.
func percentText(_ ratio: Double) -> String { oneDecimal(ratio * 100) + " %" }

private func oneDecimal(_ value: Double) -> String { "\((value * 10).rounded() / 10)" }
