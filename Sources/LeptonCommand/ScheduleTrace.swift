import LeptonResources
import LeptonTensor

/// A request of a trace. Times are in microseconds, cores in thousandths, memory in bytes.
struct ScheduleJob {
    var arrival: Int
    var duration: Int
    var tenant: Int
    var nodes: Int
    var shape: ResourceShape
    var priority: Int32 = 0
}

struct ScheduleTenant {
    var name: String
    var weight = 1
}

/// What is simulated: who asks for what, and when.
struct ScheduleTrace {
    static let secondsToTicks = 1_000_000.0
    static let coresToUnits = 1000.0

    var tenants: [ScheduleTenant] = []
    /// By time of arrival.
    var jobs: [ScheduleJob] = []

    /// The last arrival: what comes after is only the rest being worked off.
    var horizon: Int { jobs.last?.arrival ?? 0 }

    // MARK: CSV

    private static let required = ["arrival_s", "duration_s", "tenant", "nodes", "cores", "memory_gib"]
    private static let optional = ["accelerators", "priority", "weight"]

    /// - Parameter text: lines of comma-separated fields; the first names the columns, in any order:
    ///   `arrival_s,duration_s,tenant,nodes,cores,memory_gib` and optionally `accelerators`, `priority` and the
    ///   tenant's `weight`. `cores`, `memory_gib` and `accelerators` are those of each node. Fields are not quoted.
    /// - Throws: `corruptData` that names the line and the column.
    init(csv text: String) throws(LeptonError) {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.last == "\r" ? $0.dropLast() : $0 }
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard let header = lines.first else {
            throw ScheduleTrace.error(line: 1, "a line that names the columns", "nothing")
        }
        let names = header.split(separator: ",", omittingEmptySubsequences: false).map { ScheduleTrace.trimmed($0) }
        for name in names where !(ScheduleTrace.required + ScheduleTrace.optional).contains(name) {
            throw unknownName("column", name, known: ScheduleTrace.required + ScheduleTrace.optional)
                .adding(context: "line 1")
        }
        for name in ScheduleTrace.required where !names.contains(name) {
            throw ScheduleTrace.error(line: 1, "a column '\(name)'", "'\(header.prefix(200))'")
        }
        guard Set(names).count == names.count else {
            throw ScheduleTrace.error(line: 1, "each column once", "'\(header.prefix(200))'")
        }
        var numbers: [String: Int] = [:]
        for (index, line) in lines.enumerated().dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == names.count else {
                throw ScheduleTrace.error(line: index + 1, "\(names.count) fields", "\(fields.count)")
            }
            let row = Row(line: index + 1, fields: Dictionary(uniqueKeysWithValues: zip(names, fields)))
            try append(row, &numbers)
        }
        guard !jobs.isEmpty else { throw ScheduleTrace.error(line: 2, "at least one request", "the end of the file") }
        // Sorting by arrival keeps the order of the file among equals, as sort is not promised to do.
        jobs = jobs.enumerated()
            .sorted { ($0.element.arrival, $0.offset) < ($1.element.arrival, $1.offset) }.map(\.element)
    }

    init() {}

    private mutating func append(_ row: Row, _ numbers: inout [String: Int]) throws(LeptonError) {
        let name = ScheduleTrace.trimmed(row.fields["tenant"] ?? "")
        guard !name.isEmpty, name.utf8.count <= 128, !name.unicodeScalars.contains(where: { $0.value < 32 }) else {
            throw ScheduleTrace.error(
                line: row.line, "a tenant's name of 1 to 128 printable bytes", "'\(name.prefix(64))'")
        }
        let tenant = numbers[name] ?? tenants.count
        if tenant == tenants.count {
            guard tenant < 10_000 else { throw ScheduleTrace.error(line: row.line, "at most 10000 tenants", "more") }
            numbers[name] = tenant
            tenants.append(ScheduleTenant(name: name))
        }
        if row.fields["weight"] != nil {
            tenants[tenant].weight = Int(try row.number("weight", 1...1_000_000, whole: true))
        }
        let gib = Double(1 << 30)
        let job = ScheduleJob(
            arrival: Int(try row.number("arrival_s", 0...1e9) * ScheduleTrace.secondsToTicks),
            // Nothing takes no time: its end comes after its start.
            duration: max(Int(try row.number("duration_s", 0...1e9) * ScheduleTrace.secondsToTicks), 1),
            tenant: tenant,
            nodes: Int(try row.number("nodes", 1...1_000_000, whole: true)),
            shape: ResourceShape(
                cores: Int((try row.number("cores", 0...1e6) * ScheduleTrace.coresToUnits).rounded()),
                memoryBytes: Int((try row.number("memory_gib", 0...1e6) * gib).rounded()),
                accelerators: row.fields["accelerators"] == nil
                    ? 0 : Int(try row.number("accelerators", 0...1e6, whole: true))),
            priority: row.fields["priority"] == nil
                ? 0 : Int32(try row.number("priority", -1e9...1e9, whole: true)))
        jobs.append(job)
    }

    private struct Row {
        var line: Int
        var fields: [String: Substring]

        func number(_ name: String, _ range: ClosedRange<Double>, whole: Bool = false) throws(LeptonError) -> Double {
            let text = ScheduleTrace.trimmed(fields[name] ?? "")
            guard let value = Double(text), range.contains(value), !whole || value == value.rounded() else {
                let kind = whole ? "a whole number" : "a number"
                throw ScheduleTrace.error(
                    line: line, "\(kind) of \(Int(range.lowerBound)) ... \(Int(range.upperBound)) as \(name)",
                    "'\(text.prefix(64))'")
            }
            return value
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    private static func error(line: Int, _ expected: String, _ received: String) -> LeptonError {
        LeptonError(.corruptData, argument: "line \(line)", expected: expected, received: received)
    }
}
