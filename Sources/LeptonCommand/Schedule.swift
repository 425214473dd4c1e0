import ArgumentParser
import Lepton
import LeptonResources
import LeptonTensor

/// `lepton schedule`: the placement core without a cluster.
struct Schedule: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Simulate how requests are placed on the nodes of a cluster.",
        subcommands: [ScheduleSimulate.self]
    )
}

/// `lepton schedule simulate`: a trace, read or generated, on N nodes, with one policy or several.
struct ScheduleSimulate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run a trace on a simulated cluster and compare ways to choose nodes.",
        discussion: """
            A trace is a CSV file whose first line names its columns: arrival_s, duration_s, tenant, nodes, cores, \
            memory_gib, and optionally accelerators, priority and weight (of the tenant). Cores, memory and \
            accelerators are those of each node of a request. docs/scheduling.md describes the generated shapes.
            """
    )

    @Option(help: "Nodes of the cluster, 1 ... 1000000.")
    var nodes: Int

    @Option(help: "A CSV file of requests.", completion: .file(extensions: ["csv"]))
    var trace: String?

    @Option(help: "Generate requests instead: \(ScheduleShape.allCases.map(\.rawValue).joined(separator: ", ")).")
    var generate: String?

    @Option(help: "What the generated requests depend on.")
    var seed: UInt64 = 1

    @Option(help: "Requests to generate; 500 for each node, at most 5000000, when not given.")
    var jobs: Int?

    @Option(help: "Work that is generated over what the cluster can do: above 1 it saturates.")
    var load = 1.2

    @Option(help: "Hours in which the generated requests arrive.")
    var hours = 48.0

    @Option(
        help:
            "Ways to choose nodes, separated by commas, or all: \(Scheduler.Policy.allCases.map(\.rawValue).joined(separator: ", "))."
    )
    var policy = "packed"

    @Option(help: "Cores of each node, for a trace.")
    var cores = 96

    @Option(help: "GiB of memory of each node, for a trace.")
    var memoryGib = 384

    @Option(help: "Accelerators of each node, for a trace.")
    var accelerators = 0

    @Flag(help: "Keep nodes for requests that small ones would always be faster than; with packed alone.")
    var reserve = false

    @Option(help: "Write everything to this file as JSON.", completion: .file(extensions: ["json"]))
    var json: String?

    @Option(help: "Draw a chart into this file.", completion: .file(extensions: ["svg"]))
    var svg: String?

    func run() throws {
        let policies = try chosenPolicies()
        try ScheduleSimulate.require("nodes", nodes, 1...1_000_000)
        try ScheduleSimulate.require("hours", hours, 0.01...100_000)
        let (title, requests, cluster) = try input()
        let ticks = Int(hours * 3600 * ScheduleTrace.secondsToTicks)
        // When all arrive at once, the run lasts as long as was asked for.
        let end = requests.horizon > 0 ? requests.horizon : ticks
        var outcomes: [ScheduleOutcome] = []
        for policy in policies {
            var simulation = try ScheduleSimulation(
                trace: requests, cluster: cluster, policy: policy, reserving: reserve, end: end,
                clock: TimeSource.system.monotonic)
            outcomes.append(ScheduleOutcome(policy: policy, record: try simulation.run()))
        }
        let capacity = outcomes.first?.record.capacity ?? .zero
        let report = ScheduleReport(
            title: title, nodes: nodes, trace: requests,
            bound: ScheduleBound(trace: requests, capacity: capacity, end: end), outcomes: outcomes)
        print(report.text)
        if let json { try FileSystem.writeAtomically(json, Array((report.json.text + "\n").utf8)) }
        if let svg { try FileSystem.writeAtomically(svg, Array(ScheduleChart(report: report).svg.utf8)) }
    }

    private func input() throws -> (String, ScheduleTrace, [Scheduler.NodeSpec]) {
        switch (trace, generate) {
        case (let path?, nil):
            try ScheduleSimulate.require("cores", cores, 1...1_000_000)
            try ScheduleSimulate.require("memory-gib", memoryGib, 0...1_000_000)
            try ScheduleSimulate.require("accelerators", accelerators, 0...1_000_000)
            let bytes = try FileSystem.readFile(path, maximumBytes: 1 << 31)
            guard let text = String(validating: bytes, as: UTF8.self) else {
                throw LeptonError(.corruptData, argument: "trace", expected: "text in UTF-8", received: "'\(path)'")
            }
            let node = Scheduler.NodeSpec(
                capacity: ResourceShape(
                    cores: cores * Int(ScheduleTrace.coresToUnits), memoryBytes: memoryGib << 30,
                    accelerators: accelerators))
            do throws(LeptonError) {
                return (path, try ScheduleTrace(csv: text), Array(repeating: node, count: nodes))
            } catch {
                throw error.adding(context: path)
            }
        case (nil, let name?):
            guard let shape = ScheduleShape(rawValue: name) else {
                throw unknownName("generate", name, known: ScheduleShape.allCases.map(\.rawValue))
            }
            try ScheduleSimulate.require("load", load, 0.01...100)
            let count = jobs ?? min(500 * nodes, 5_000_000)
            try ScheduleSimulate.require("jobs", count, 1...50_000_000)
            let made = shape.trace(jobs: count, nodes: nodes, load: load, seconds: hours * 3600, seed: seed)
            return ("\(name), seed \(seed)", made, shape.cluster(nodes: nodes))
        default:
            throw LeptonError(
                .invalidArgument, argument: "trace", expected: "a file as --trace or a shape as --generate",
                received: trace == nil ? "neither" : "both")
        }
    }

    private func chosenPolicies() throws -> [Scheduler.Policy] {
        let known = Scheduler.Policy.allCases
        if policy == "all" { return known }
        var chosen: [Scheduler.Policy] = []
        for name in policy.split(separator: ",", omittingEmptySubsequences: false) {
            guard let policy = Scheduler.Policy(rawValue: String(name)) else {
                throw unknownName("policy", String(name), known: known.map(\.rawValue) + ["all"])
            }
            if !chosen.contains(policy) { chosen.append(policy) }
        }
        return chosen
    }

    private static func require<Value: Comparable>(
        _ argument: String, _ value: Value, _ range: ClosedRange<Value>
    ) throws(LeptonError) {
        guard range.contains(value) else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "\(range.lowerBound) ... \(range.upperBound)",
                received: "\(value)")
        }
    }
}
