import LeptonResources
import LeptonTensor

/// The outcome of one policy.
struct ScheduleOutcome {
    var policy: Scheduler.Policy
    var record: ScheduleRecord
    var fairness: ScheduleFairness { ScheduleFairness(record) }
}

/// What `lepton schedule simulate` tells.
struct ScheduleReport {
    var title: String
    var nodes: Int
    var trace: ScheduleTrace
    var bound: ScheduleBound
    var outcomes: [ScheduleOutcome]

    static let resources = ["cores", "memory", "accelerators"]

    /// Those that the trace asks for.
    var asked: [Int] { (0..<3).filter { bound.load[$0] > 0 } }

    // MARK: Text

    var text: String {
        let seconds = Double(outcomes.first?.record.end ?? 0) / ScheduleTrace.secondsToTicks
        var lines = [
            "\(title): \(trace.jobs.count) requests of \(trace.tenants.count) tenants for \(nodes) nodes, "
                + "\(decimals(seconds / 3600, 1)) h",
            "offered: "
                + asked.map { "\(ScheduleReport.resources[$0]) \(percentText(bound.load[$0]))" }.joined(separator: ", "),
            "",
        ]
        lines += alignedLines(policyRows, rightAligned: Set(1..<20))
        lines += [
            "",
            "Decisions are requests placed for each second that the core was busy; us are those of a call that answers "
                + "an arrival or a departure.",
            "Utilisation is that after \(percentText(ScheduleRecord.warmup)) of the time. Unusable: of the free cores, for "
                + "requests of \(decimals(Double(ordinary.cores) / ScheduleTrace.coresToUnits, 2)) cores and "
                + "\(bytesText(ordinary.memoryBytes)).",
            "",
        ]
        lines += alignedLines(tenantRows, rightAligned: [1, 2, 3, 4, 5, 6])
        return lines.joined(separator: "\n")
    }

    private var ordinary: ResourceShape { outcomes.first?.record.ordinary ?? .zero }

    private var policyRows: [[String]] {
        var rows = [
            ["policy", "placed", "decisions/s", "p50 us", "p99 us"] + asked.map { ScheduleReport.resources[$0] }
                + ["wait s", "p50 s", "p99 s", "unusable", "preempted"]
        ]
        for outcome in outcomes {
            let record = outcome.record
            rows.append(
                [
                    outcome.policy.rawValue, "\(record.placed)", "\(Int(record.decisionsPerSecond))",
                    decimals(record.callMicroseconds(quantile: 0.5), 2),
                    decimals(record.callMicroseconds(quantile: 0.99), 2),
                ] + asked.map { hundredths(record.meanUtilisation[$0]) } + [
                    decimals(record.meanDelaySeconds, 1), decimals(record.delaySeconds(quantile: 0.5), 1),
                    decimals(record.delaySeconds(quantile: 0.99), 1), percentText(record.fragmentation),
                    "\(record.preemptions)",
                ])
        }
        rows.append(["fluid bound", "", "", "", ""] + asked.map { hundredths(bound.mean[$0]) })
        return rows
    }

    private var tenantRows: [[String]] {
        var rows = [
            [
                "tenant (\(outcomes.first?.policy.rawValue ?? ""))", "weight", "share", "ideal", "off by", "wait s",
                "p99 s",
            ]
        ]
        guard let outcome = outcomes.first else { return rows }
        let fairness = outcome.fairness
        for (tenant, known) in trace.tenants.enumerated().prefix(50) {
            let (share, ideal) = (fairness.shares[tenant], fairness.ideal[tenant])
            let waits = outcome.record.delays[tenant]
            let mean = waits.reduce(0.0) { $0 + Double($1) } / Double(max(waits.count, 1))
            rows.append([
                known.name, "\(known.weight)", hundredths(share), ideal.map(hundredths) ?? "all it wants",
                ideal.map { $0 > 0 ? hundredths(share / $0 - 1) : "" } ?? "",
                decimals(mean / ScheduleTrace.secondsToTicks, 1),
                decimals(outcome.record.delaySeconds(tenant: tenant, quantile: 0.99), 1),
            ])
        }
        return rows
    }

    // MARK: JSON

    var json: JSONValue {
        [
            "title": .string(title), "nodes": .integer(Int64(nodes)), "requests": .integer(Int64(trace.jobs.count)),
            "offered": amounts(bound.load), "fluid_bound": amounts(bound.mean),
            "scarce": .string(ScheduleReport.resources[bound.scarce]),
            "bound_over_time": .array(bound.bins.map(amounts)),
            "policies": .array(outcomes.map(json)),
        ]
    }

    private func amounts(_ values: [Double]) -> JSONValue {
        ["cores": .number(values[0]), "memory": .number(values[1]), "accelerators": .number(values[2])]
    }

    private func json(_ outcome: ScheduleOutcome) -> JSONValue {
        let record = outcome.record
        let fairness = outcome.fairness
        let tenants = trace.tenants.enumerated().map { tenant, known -> JSONValue in
            [
                "name": .string(known.name), "weight": .integer(Int64(known.weight)),
                "dominant_share": .number(fairness.shares[tenant]),
                "ideal_share": fairness.ideal[tenant].map { .number($0) } ?? .null,
                "wait_p99_s": .number(record.delaySeconds(tenant: tenant, quantile: 0.99)),
            ]
        }
        return [
            "policy": .string(outcome.policy.rawValue), "placed": .integer(Int64(record.placed)),
            "placed_nodes": .integer(Int64(record.placedNodes)), "waiting": .integer(Int64(record.waiting)),
            "preempted": .integer(Int64(record.preemptions)),
            "decisions_per_second": .number(record.decisionsPerSecond),
            "nodes_per_second": .number(record.nodesPerSecond),
            "p50_us": .number(record.callMicroseconds(quantile: 0.5)),
            "p99_us": .number(record.callMicroseconds(quantile: 0.99)),
            "utilisation": amounts(record.meanUtilisation),
            "utilisation_over_time": .array((0..<ScheduleRecord.bins).map { amounts(record.utilisation(bin: $0)) }),
            "wait_mean_s": .number(record.meanDelaySeconds),
            "wait_p50_s": .number(record.delaySeconds(quantile: 0.5)),
            "wait_p99_s": .number(record.delaySeconds(quantile: 0.99)),
            "fragmentation": .number(record.fragmentation),
            "unfairness": fairness.worst.map { .number($0) } ?? .null,
            "tenants": .array(tenants),
        ]
    }
}

/// A number with as many digits after the point, without an exponent for what is of ordinary size.
func decimals(_ value: Double, _ digits: Int) -> String {
    guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
    let scale = (0..<digits).reduce(1) { scale, _ in scale * 10 }
    let scaled = Int((abs(value) * Double(scale)).rounded())
    let sign = value < 0 && scaled > 0 ? "-" : ""
    guard digits > 0 else { return sign + "\(scaled)" }
    let fraction = "\(scaled % scale)"
    return sign + "\(scaled / scale)." + String(repeating: "0", count: digits - fraction.count) + fraction
}

/// A ratio as a percentage to two decimals.
func hundredths(_ ratio: Double) -> String { decimals(ratio * 100, 2) + " %" }
