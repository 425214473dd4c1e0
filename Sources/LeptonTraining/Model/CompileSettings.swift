import LeptonNN
import LeptonTensor

/// What `compile` sets.
package struct CompileSettings: Sendable, Equatable {
    package var optimizer: Optimizer
    package let loss: PerOutput<Loss>?
    package let lossWeights: PerOutput<Double>?
    package let metrics: Metrics
    package let weightedMetrics: Metrics

    /// Metrics of all outputs: a list of metrics for a model of one output, a list of lists or an object for others.
    package struct Metrics: Sendable, Equatable {
        private let assigned: PerOutput<[Metric]>

        init(_ value: JSONValue?, _ argument: String) throws(LeptonError) {
            guard let value, !value.isNull else {
                assigned = .ordered([])
                return
            }
            guard value.arrayValue != nil || value.objectValue.map({ $0["class_name"] == nil }) ?? false else {
                throw LeptonError(
                    .invalidArgument, argument: argument, expected: "a list, or an object by the outputs' names",
                    received: value.kindName)
            }
            assigned = try PerOutput(value) { (item) throws(LeptonError) in
                guard let items = item.arrayValue else { return [try Metric(item)] }
                var metrics: [Metric] = []
                for item in items { metrics.append(try Metric(item)) }
                return metrics
            }
        }

        var config: JSONValue {
            assigned.config { metrics in
                metrics.count == 1 ? metrics[0].config : .array(metrics.map(\.config))
            }
        }

        func resolved(outputs: [String], _ argument: String) throws(LeptonError) -> [[Metric]] {
            switch assigned {
            case .ordered(let values) where values.isEmpty: return outputs.map { _ in [] }
            // Of one output all metrics are, however they are nested.
            case .ordered(let values) where outputs.count == 1: return [values.flatMap { $0 ?? [] }]
            case .named(let values) where outputs.count == 1:
                return [values.keys.sorted().flatMap { values[$0] ?? [] }]
            default: return try assigned.resolved(outputs: outputs, argument).map { $0 ?? [] }
            }
        }
    }

    /// - Throws: `invalidArgument` for unknown names, with the nearest known one, or values out of range;
    ///   `notSupported`.
    package init(
        optimizer: JSONValue, loss: JSONValue?, lossWeights: JSONValue? = nil, metrics: JSONValue?,
        weightedMetrics: JSONValue?
    ) throws(LeptonError) {
        self.optimizer = try Optimizer(optimizer)
        self.loss = try CompileSettings.optional(loss) { (item) throws(LeptonError) in try Loss(item) }
        self.lossWeights = try CompileSettings.optional(lossWeights) { (item) throws(LeptonError) in
            guard let weight = item.doubleValue, weight.isFinite else {
                throw LeptonError(
                    .invalidArgument, argument: "loss_weights", expected: "finite numbers", received: item.kindName)
            }
            return weight
        }
        self.metrics = try Metrics(metrics, "metrics")
        self.weightedMetrics = try Metrics(weightedMetrics, "weighted_metrics")
    }

    /// The same optimizer with other losses and metrics.
    func with(_ other: CompileSettings) -> CompileSettings {
        var result = other
        result.optimizer = optimizer
        return result
    }

    private static func optional<Value>(
        _ value: JSONValue?, _ read: (JSONValue) throws(LeptonError) -> Value
    ) throws(LeptonError) -> PerOutput<Value>? {
        guard let value, !value.isNull else { return nil }
        return try PerOutput(value, read)
    }

    /// As Keras's `get_compile_config` writes it.
    package var config: JSONValue {
        [
            "optimizer": optimizer.config, "loss": loss?.config(\.config) ?? .null,
            "loss_weights": lossWeights?.config { .number($0) } ?? .null, "metrics": metrics.config,
            "weighted_metrics": weightedMetrics.config,
        ]
    }

    package init(config: JSONValue) throws(LeptonError) {
        guard let fields = config.objectValue, let optimizer = fields["optimizer"] else {
            throw LeptonError(
                .invalidArgument, argument: "compile config", expected: "an object with an optimizer",
                received: config.kindName)
        }
        try self.init(
            optimizer: optimizer, loss: fields["loss"], lossWeights: fields["loss_weights"],
            metrics: fields["metrics"], weightedMetrics: fields["weighted_metrics"])
    }
}
