/// Draws a report as an SVG: utilisation over time, and bars of what the policies come to.
struct ScheduleChart {
    let report: ScheduleReport

    private static let colours = ["#0b6e4f", "#c1666b", "#4281a4", "#d4a017", "#7b5ea7", "#777777"]
    private static let width = 960.0
    private static let height = 640.0

    var svg: String {
        let (width, height) = (ScheduleChart.width, ScheduleChart.height)
        var parts = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"\(Int(width))\" height=\"\(Int(height))\" "
                + "viewBox=\"0 0 \(Int(width)) \(Int(height))\" font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
            text(24, 28, report.title + ", \(report.nodes) nodes", size: 17),
        ]
        parts += curves
        let outcomes = report.outcomes
        let scarce = ScheduleReport.resources[report.bound.scarce]
        let panels: [(String, [Double], (Double) -> String)] = [
            ("idle \(scarce), in use at the bound less in use", idle, { hundredths($0) }),
            ("mean wait, s", outcomes.map(\.record.meanDelaySeconds), { decimals($0, 1) }),
            ("free cores of no use", outcomes.map(\.record.fragmentation), { hundredths($0) }),
            ("decisions/s", outcomes.map(\.record.decisionsPerSecond), { decimals($0, 0) }),
        ]
        for (index, panel) in panels.enumerated() {
            parts += bars(
                x: 24 + Double(index % 2) * 470, y: 350 + Double(index / 2) * 148, title: panel.0, values: panel.1,
                label: panel.2)
        }
        return (parts + ["</svg>", ""]).joined(separator: "\n")
    }

    private var idle: [Double] {
        let scarce = report.bound.scarce
        return report.outcomes.map { max(report.bound.mean[scarce] - $0.record.meanUtilisation[scarce], 0) }
    }

    private var curves: [String] {
        let (x, y, width, height) = (70.0, 60.0, 700.0, 240.0)
        let scarce = report.bound.scarce
        func line(_ values: [Double], _ style: String) -> String {
            let points = values.enumerated().map { index, value in
                let across = x + width * (Double(index) + 0.5) / Double(values.count)
                return "\(decimals(across, 1)),\(decimals(y + height * (1 - min(max(value, 0), 1)), 1))"
            }
            return "<polyline fill=\"none\" points=\"\(points.joined(separator: " "))\" \(style)/>"
        }
        var parts = [text(x, y - 10, "\(ScheduleReport.resources[scarce]) in use over time")]
        for percent in stride(from: 0, through: 100, by: 25) {
            let level = y + height * (1 - Double(percent) / 100)
            parts.append(
                "<line x1=\"\(decimals(x, 1))\" x2=\"\(decimals(x + width, 1))\" y1=\"\(decimals(level, 1))\" "
                    + "y2=\"\(decimals(level, 1))\" stroke=\"#dddddd\"/>")
            parts.append(text(x - 8, level + 4, "\(percent) %", anchor: "end"))
        }
        parts.append(line(report.bound.bins.map { $0[scarce] }, "stroke=\"black\" stroke-dasharray=\"4 3\""))
        for (index, outcome) in report.outcomes.enumerated() {
            let values = (0..<ScheduleRecord.bins).map { outcome.record.utilisation(bin: $0)[scarce] }
            parts.append(line(values, "stroke=\"\(colour(index))\" stroke-width=\"1.5\""))
            parts.append(text(785, y + 36 + 18 * Double(index), outcome.policy.rawValue, fill: colour(index)))
        }
        parts.append(text(785, y + 14, "fluid bound (dashed)"))
        let end = Double(report.outcomes.first?.record.end ?? 0) / ScheduleTrace.secondsToTicks / 3600
        parts.append(text(x, y + height + 18, "0 h"))
        parts.append(text(x + width, y + height + 18, "\(decimals(end, 1)) h", anchor: "end"))
        return parts
    }

    private func bars(
        x: Double, y: Double, title: String, values: [Double], label: (Double) -> String
    ) -> [String] {
        let most = max(values.max() ?? 0, 1e-12)
        var parts = [text(x, y, title)]
        for (index, value) in values.enumerated() {
            let top = y + 8 + 18 * Double(index)
            parts.append(text(x + 100, top + 12, report.outcomes[index].policy.rawValue, anchor: "end"))
            parts.append(
                "<rect x=\"\(decimals(x + 106, 1))\" y=\"\(decimals(top, 1))\" height=\"14\" "
                    + "width=\"\(decimals(240 * max(value, 0) / most, 1))\" fill=\"\(colour(index))\"/>")
            parts.append(text(x + 112 + 240 * max(value, 0) / most, top + 12, label(value)))
        }
        return parts
    }

    private func colour(_ index: Int) -> String { ScheduleChart.colours[index % ScheduleChart.colours.count] }

    private func text(
        _ x: Double, _ y: Double, _ text: String, anchor: String = "start", fill: String = "#222222", size: Int = 12
    ) -> String {
        // What a file is called may hold what means something in XML.
        let safe = text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        return "<text x=\"\(decimals(x, 1))\" y=\"\(decimals(y, 1))\" text-anchor=\"\(anchor)\" fill=\"\(fill)\" "
            + "font-size=\"\(size)\">\(safe)</text>"
    }
}
