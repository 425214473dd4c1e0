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
        /// The shape of the targets where a program's own function says it.
        let tracedTargetShape: [Int]?
        /// Labels of a row, of a loss that takes rows of them; 0 where no data is known.
        let labels: Int
        /// The value that says which positions count for the loss and for metrics that are means; nil for all.
        let mask: Int?

        /// Whether anything is computed from its targets.
        var isUsed: Bool { loss != nil || !metrics.isEmpty }
        /// Whether something looks targets up as numbers of classes.
        var targetsAreClassNumbers: Bool {
            guard let loss, loss.kind != .traced else { return metrics.contains { $0.metric.targets == .classNumbers } }
            return loss.takesClassNumbers
        }
        /// The axis of the classes where targets are class numbers.
        private var classAxis: Int {
            guard let loss, loss.kind != .traced else {
                return metrics.first { $0.metric.targets == .classNumbers }?.axis ?? lossAxis
            }
            return lossAxis
        }
        var targetShape: [Int] {
            if let tracedTargetShape { return tracedTargetShape }
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
        var weightPositions: [Int] { loss?.kind.hasOwnTargets ?? false ? [] : positions }
        /// Extents of a sample's values of the loss.
        var positions: [Int] { Objectives.positions(shape, without: lossAxis) }

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
            let own = TracedTargets(losses[index], plain[index] + weighted[index])
            try own.check(predictions: shape, output: names[index])
            let loss = losses[index]?.kind == .traced ? nil : losses[index]
            var metrics: [ResolvedMetric] = []
            for (metric, name) in zip(plain[index], reported.plain[index]) {
                metrics.append(
                    try Objectives.resolve(metric, loss, own.shape, shape, name: name, isWeighted: false))
            }
            for (metric, name) in zip(weighted[index], reported.weighted[index]) {
                metrics.append(
                    try Objectives.resolve(metric, loss, own.shape, shape, name: name, isWeighted: true))
            }
            let output = Output(
                name: names[index], shape: shape, loss: losses[index], lossAxis: axis, lossWeight: weights[index] ?? 1,
                metrics: metrics, tracedTargetShape: loss == nil ? own.shape : nil,
                labels: index < labels.count ? labels[index] : 0,
                mask: index < operations.outputMasks.count ? operations.outputMasks[index] : nil)
            try own.check(targets: output.targetShape)
            if let mask = output.mask { try output.check(mask: operations.sampleShapes[mask]) }
            outputs.append(output)
        }
        self.outputs = outputs
    }

    /// The extents of a sample without the axis that a loss or metric sums over.
    fileprivate static func positions(_ shape: [Int], without axis: Int) -> [Int] {
        shape.isEmpty ? [] : Array(shape[..<axis] + shape[(axis + 1)...])
    }

    /// - Parameters:
    ///   - loss: the output's; nil for a program's own.
    ///   - traced: the targets' shape where a program's own loss or metric says it.
    private static func resolve(
        _ metric: Metric, _ loss: Loss?, _ traced: [Int]?, _ shape: [Int], name: String, isWeighted: Bool
    ) throws(LeptonError) -> ResolvedMetric {
        if let loss, loss.kind.hasOwnTargets {
            throw LeptonError(
                .notSupported,
                "metric '\(metric.name)' beside the loss \(loss.kind.rawValue), whose targets no metric takes, is not "
                    + "supported; measure predictions after the training")
        }
        let classes = shape.last ?? 1
        if metric.traced != nil {
            return ResolvedMetric(name: name, metric: metric, axis: 0, columns: classes, isWeighted: isWeighted)
        }
        var takesClassNumbers = loss?.takesClassNumbers ?? (metric.targets == .classNumbers)
        if loss == nil, let traced {
            takesClassNumbers = try TracedTargets.areClassNumbers(traced, predictions: shape, metric: metric.name)
        }
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

    /// - Throws: `invalidState` for a program's own loss or metric that has not been read for any shapes.
    func requireTraced() throws(LeptonError) {
        for output in outputs {
            let metric = output.metrics.first { $0.metric.traced.map { $0.update == nil } ?? false }
            guard output.loss?.isUntraced ?? false || metric != nil else { continue }
            let name = metric.map { "metric '\($0.metric.name)'" } ?? "loss '\(output.loss?.name ?? "")'"
            throw LeptonError(
                .invalidState, "the \(name) has no graph yet: compile the model with one for the shapes of its data")
        }
    }
}

/// What a program's own loss and metrics of an output say about its targets.
private struct TracedTargets {
    /// Of the targets, without the batch; nil when no function says it.
    let shape: [Int]?
    private let functions: [(name: String, function: TracedFunction)]

    init(_ loss: Loss?, _ metrics: [Metric]) {
        var functions: [(name: String, function: TracedFunction)] = []
        if let function = loss?.function { functions.append(("loss '\(loss?.name ?? "")'", function)) }
        for metric in metrics {
            for function in [metric.traced?.update, metric.traced?.weightedUpdate] {
                if let function { functions.append(("metric '\(metric.name)'", function)) }
            }
        }
        self.functions = functions
        shape = functions.first?.function.inputShapes[0]
    }

    /// - Throws: `shapeMismatch` when a function does not take the output's predictions, or takes other targets than
    ///   another one.
    func check(predictions: [Int], output: String) throws(LeptonError) {
        for (name, function) in functions {
            let shapes = function.inputShapes
            guard shapes[1].reduce(1, *) == predictions.reduce(1, *) else {
                throw LeptonError(
                    .shapeMismatch, argument: name, expected: "predictions of shape \(Shape.batchText(shapes[1]))",
                    received: "output '\(output)' of shape \(Shape.batchText(predictions))")
            }
            guard let shape, shapes[0].reduce(1, *) == shape.reduce(1, *) else {
                throw LeptonError(
                    .shapeMismatch, argument: name,
                    expected:
                        "targets of shape \(Shape.batchText(self.shape ?? [])), as \(functions[0].name) takes them",
                    received: "shape \(Shape.batchText(shapes[0]))")
            }
        }
    }

    /// - Throws: `shapeMismatch` when the loss takes other targets.
    func check(targets: [Int]) throws(LeptonError) {
        guard let shape, shape.reduce(1, *) != targets.reduce(1, *) else { return }
        throw LeptonError(
            .shapeMismatch, argument: functions[0].name,
            expected: "targets of shape \(Shape.batchText(targets)), as the loss takes them",
            received: "shape \(Shape.batchText(shape))")
    }

    /// Whether targets of a shape are class numbers beside predictions, or else shaped like them.
    ///
    /// - Throws: `shapeMismatch` for neither.
    static func areClassNumbers(_ targets: [Int], predictions: [Int], metric: String) throws(LeptonError) -> Bool {
        let count = targets.reduce(1, *)
        if count == predictions.reduce(1, *) { return false }
        guard count == predictions.dropLast().reduce(1, *) else {
            throw LeptonError(
                .shapeMismatch, argument: "metric '\(metric)'",
                expected: "targets shaped like the predictions, \(Shape.batchText(predictions)), or class numbers",
                received: "shape \(Shape.batchText(targets))")
        }
        return true
    }
}

extension Objectives.Output {
    /// Checks that each number of a mask stands for values of the loss and of the metrics.
    ///
    /// - Throws: `shapeMismatch`, `notSupported`.
    fileprivate func check(mask: [Int]) throws(LeptonError) {
        // A metric of a class of one's own sees no mask, a function's values are weighed by it.
        let own = metrics.first { $0.metric.traced?.isMeanOfFunction ?? false }.map { "metric '\($0.metric.name)'" }
        if let own = loss.flatMap({ $0.kind.hasOwnTargets ? "loss '\($0.name)'" : nil }) ?? own {
            throw LeptonError(
                .notSupported,
                "the \(own) on the output '\(name)', which has a mask, is not supported; give sample weights instead of a "
                    + "mask")
        }
        if let loss, loss.kind != .traced {
            guard !loss.kind.groupsElements || loss.parameters.axes == nil else {
                throw LeptonError(
                    .notSupported,
                    "\(loss.kind.rawValue) with axis on the output '\(name)', which has a mask, is not supported; leave "
                        + "axis out")
            }
            if !loss.kind.groupsElements { try check(mask: mask, positions, "loss") }
        }
        for metric in metrics where metric.metric.isMean {
            let positions = Objectives.positions(shape, without: metric.axis)
            try check(mask: mask, positions, "metric '\(metric.name)'")
        }
    }

    private func check(mask: [Int], _ positions: [Int], _ what: String) throws(LeptonError) {
        guard mask.count <= positions.count, mask == Array(positions.prefix(mask.count)) else {
            throw LeptonError(
                .shapeMismatch, argument: "mask of the output '\(name)'",
                expected: "the shape of the values of the \(what), \(Shape.batchText(positions))",
                received: Shape.batchText(mask))
        }
    }
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
