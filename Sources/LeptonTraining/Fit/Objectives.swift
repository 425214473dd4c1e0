import LeptonNN
import LeptonTensor

/// What training and evaluation compute for each of a model's outputs, once the settings have met the shapes.
package struct Objectives: Sendable {
    /// One output of the model.
    struct Output: Sendable {
        let name: String
        let shape: [Int]
        let loss: Loss?
        /// The axis of a sample over which one value of the loss is computed.
        let lossAxis: Int
        let lossWeight: Double
        let metrics: [ResolvedMetric]
        /// Labels of a row, of a loss that takes rows of them; 0 where no data is known.
        let labels: Int

        /// Whether anything is computed from its targets.
        var isUsed: Bool { loss != nil || !metrics.isEmpty }
        var targetsAreClassNumbers: Bool {
            loss?.takesClassNumbers ?? metrics.contains { $0.metric.targets == .classNumbers }
        }
        /// The axis of the classes where targets are class numbers.
        private var classAxis: Int { loss == nil ? metrics.first?.axis ?? lossAxis : lossAxis }
        var targetShape: [Int] {
            switch loss?.targets {
            case .classSequence: return [labels]
            case .label: return []
            default: break
            }
            guard targetsAreClassNumbers, !shape.isEmpty else { return shape }
            return Array(shape[..<classAxis] + shape[(classAxis + 1)...])
        }
        var classes: Int { shape.isEmpty ? 1 : shape[classAxis] }
        /// Positions that may have a sample weight each.
        var weightPositions: [Int] { loss?.kind.hasOwnTargets ?? false ? [] : Array(shape.dropLast()) }

        /// The label that is no class and that whoever looks labels up leaves out; nil when not all leave it out.
        var ignoredLabel: Int? {
            let losses = [loss].compactMap { $0 } + metrics.compactMap(\.lossValue)
            let ignored = losses.filter(\.takesClassNumbers).map(\.parameters.ignoreClass)
            guard let first = ignored.first, ignored.allSatisfy({ $0 == first }) else { return nil }
            return first
        }
    }

    let outputs: [Output]

    /// - Throws: `invalidState` when there is no loss at all; `invalidArgument` for names that no output has;
    ///   `shapeMismatch` when a metric cannot take the targets that the loss takes.
    ///
    /// - Parameter labels: labels of a row of each output's targets; see `Output.labels`.
    init(
        _ settings: CompileSettings, graph: ModelGraph, operations: OperationGraph, labels: [Int] = []
    ) throws(LeptonError) {
        let names = graph.outputNames
        let losses = try settings.loss?.resolved(outputs: names, "loss") ?? names.map { _ in nil }
        let weights = try settings.lossWeights?.resolved(outputs: names, "loss_weights") ?? names.map { _ in nil }
        let plain = try settings.metrics.resolved(outputs: names, "metrics")
        let weighted = try settings.weightedMetrics.resolved(outputs: names, "weighted_metrics")
        let reported = MetricNaming(outputs: names, plain: plain, weighted: weighted)
        var outputs: [Output] = []
        for (index, value) in operations.outputs.enumerated() {
            // Of an outline, only whether settings fit is asked: for any length.
            let shape = UnknownLengths.filled(
                [operations.sampleShapes[value]], with: UnknownLengths.tried.first)[0]
            let axis = try losses[index]?.valueAxis(of: shape) ?? max(shape.count - 1, 0)
            try losses[index]?.checkAxes(of: shape)
            var metrics: [ResolvedMetric] = []
            for (metric, name) in zip(plain[index], reported.plain[index]) {
                metrics.append(try Objectives.resolve(metric, losses[index], shape, name: name, isWeighted: false))
            }
            for (metric, name) in zip(weighted[index], reported.weighted[index]) {
                metrics.append(try Objectives.resolve(metric, losses[index], shape, name: name, isWeighted: true))
            }
            outputs.append(
                Output(
                    name: names[index], shape: shape, loss: losses[index], lossAxis: axis,
                    lossWeight: weights[index] ?? 1,
                    metrics: metrics, labels: index < labels.count ? labels[index] : 0))
        }
        self.outputs = outputs
    }

    private static func resolve(
        _ metric: Metric, _ loss: Loss?, _ shape: [Int], name: String, isWeighted: Bool
    ) throws(LeptonError) -> ResolvedMetric {
        if let loss, loss.kind.hasOwnTargets {
            throw LeptonError(
                .notSupported,
                "metric '\(metric.name)' beside the loss \(loss.kind.rawValue), whose targets no metric takes, is not "
                    + "supported; measure predictions after the training")
        }
        let takesClassNumbers = loss?.takesClassNumbers ?? (metric.targets == .classNumbers)
        let classes = shape.last ?? 1
        let settled = metric.resolved(predictionExtent: classes, targetsAreClassNumbers: takesClassNumbers)
        let wantsClassNumbers = settled.targets == .classNumbers
        guard wantsClassNumbers == takesClassNumbers || classes == 1 else {
            throw LeptonError(
                .shapeMismatch, argument: "metric '\(metric.name)'",
                expected: wantsClassNumbers ? "targets that are class numbers" : "targets shaped like the predictions",
                received: takesClassNumbers ? "class numbers" : "shape \(Shape.batchText(shape))")
        }
        try settled.check(sampleShape: shape)
        let axis = try settled.valueAxis(of: shape)
        if wantsClassNumbers, let loss {
            let lossAxis = try loss.valueAxis(of: shape)
            guard axis == lossAxis else {
                throw LeptonError(
                    .shapeMismatch, argument: "metric '\(metric.name)'",
                    expected: "classes on axis \(lossAxis + 1), as the loss has them", received: "axis \(axis + 1)")
            }
        }
        return ResolvedMetric(name: name, metric: settled, axis: axis, columns: classes, isWeighted: isWeighted)
    }

    var hasLoss: Bool { outputs.contains { $0.loss != nil } }
}

/// What the history calls metrics, as Keras has it: with the output's name before it where there are several outputs,
/// "weighted_" before a weighted one whose name is taken, and a number after the second of one name.
private struct MetricNaming {
    let plain: [[String]]
    let weighted: [[String]]

    init(outputs: [String], plain: [[Metric]], weighted: [[Metric]]) {
        var taken: [String: Int] = [:]
        func unique(_ name: String) -> String {
            let count = taken[name, default: 0]
            taken[name] = count + 1
            return count == 0 ? name : "\(name)_\(count)"
        }
        func prefixed(_ name: String, _ output: String) -> String { outputs.count > 1 ? "\(output)_\(name)" : name }
        self.plain = zip(outputs, plain).map { output, metrics in
            metrics.map { unique(prefixed($0.name, output)) }
        }
        self.weighted = zip(outputs, weighted).map { output, metrics in
            metrics.map { metric in
                let name = prefixed(metric.name, output)
                return taken[name] == nil ? unique(name) : unique(prefixed("weighted_\(metric.name)", output))
            }
        }
    }
}
