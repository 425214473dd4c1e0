import CLeptonKernels
import LeptonNN

/// A metric once the shapes have settled what it measures.
struct ResolvedMetric: Sendable, Equatable {
    let name: String
    let metric: Metric
    /// The axis of a sample over which one value is computed.
    let axis: Int
    /// Columns of the predictions.
    let columns: Int
    /// Whether sample weights count.
    let isWeighted: Bool

    var sumCount: Int { metric.sumCount(columns: columns) }

    /// The loss whose values the metric averages.
    var lossValue: Loss? { if case .loss(let loss, _) = metric.kind { loss } else { nil } }
    /// How many values a metric has that gives a list of them; nil for one that gives a number.
    var valueCount: Int? { metric.valueCount(columns: columns) }

    func write(_ sums: UnsafePointer<Double>, to values: UnsafeMutablePointer<Double>) {
        metric.write(sums, columns: columns, to: values)
    }
}

/// What the step of a metric knows beside its operands.
private struct MetricDetails: BitwiseCopyable {
    var kernel: Kernel
    var threshold: Float = 0
    var k = 0
    var isSparse: Int32 = 0
    var bins = lepton_k_bins()
    var confusion = lepton_k_confusion()

    enum Kernel: Int32, BitwiseCopyable {
        case accuracy, binaryAccuracy, categoricalAccuracy, sparseCategoricalAccuracy, squaredError
        case topK, sortedTopK, pearson, concordance
        case r2Score, fScore, bins, confusion
    }
}

extension PlanBuilder {
    /// Emits the steps of a metric of an output; `base` as for a loss.
    mutating func emitMetric(_ resolved: ResolvedMetric, of value: Int, mask: OutputMask?, base: Step) {
        var base = base
        if !resolved.isWeighted {
            base.source3 = .none
            base.rowsPerWeight = 1
        }
        let targets = resolved.metric.targets ?? .likePredictions
        var step = takingRows(base, targets, axis: resolved.axis, of: value)
        if case .loss(let loss, let isNegated) = resolved.metric.kind {
            var details = LossDetails(loss)
            details.isMetric = true
            details.isNegated = isNegated
            details.countsAllRows = step.source3 == .none && mask == nil
            emitSmoothing(loss, axis: resolved.axis, of: value, step, &details)
            emitLabelPreparation(loss, mask, &step, &details)
            if details.otherLabels != .none { endPhase() }
            emitValues(loss, axis: resolved.axis, of: value, step, details)
            return
        }
        if let mask, resolved.metric.isMean {
            emitLeavingOut(ignoring: nil, mask, total: .none, countsWeights: true, counts: false, &step)
        }
        step.run = measure
        step.details = keep(metricDetails(resolved))
        emit(step)
    }

    private func metricDetails(_ resolved: ResolvedMetric) -> MetricDetails {
        switch resolved.metric.kind {
        case .binaryAccuracy(let threshold): return MetricDetails(kernel: .binaryAccuracy, threshold: Float(threshold))
        case .categoricalAccuracy: return MetricDetails(kernel: .categoricalAccuracy)
        case .sparseCategoricalAccuracy: return MetricDetails(kernel: .sparseCategoricalAccuracy)
        case .rootMeanSquaredError: return MetricDetails(kernel: .squaredError)
        case .topK(let k, let isSparse, let fromSortedIDs):
            return MetricDetails(kernel: fromSortedIDs ? .sortedTopK : .topK, k: k, isSparse: isSparse ? 1 : 0)
        case .correlation(let isConcordance, _): return MetricDetails(kernel: isConcordance ? .concordance : .pearson)
        case .r2Score: return MetricDetails(kernel: .r2Score)
        case .fScore(let score):
            return MetricDetails(kernel: .fScore, threshold: score.threshold.map { Float($0) } ?? -1)
        case .bins(let metric): return MetricDetails(kernel: .bins, bins: bins(metric, columns: resolved.columns))
        case .overlap(let metric): return MetricDetails(kernel: .confusion, confusion: metric.form)
        case .accuracy, .accuracyOfShapes, .loss, .traced: return MetricDetails(kernel: .accuracy)
        }
    }

    private func bins(_ metric: BinnedMetric, columns: Int) -> lepton_k_bins {
        var bins = lepton_k_bins()
        bins.thresholds = details.keep(metric.thresholds)
        bins.count = metric.thresholds.count
        bins.even = metric.isEven ? 1 : 0
        bins.from_one = metric.beginsBelowZero ? 1 : 0
        bins.from_logits = metric.fromLogits ? 1 : 0
        bins.labels = metric.keepsLabelsApart ? columns : 1
        bins.only_column = metric.onlyColumn ?? columns
        bins.top_k = metric.topK ?? 0
        if let weights = metric.labelWeights, !metric.keepsLabelsApart { bins.label_weights = details.keep(weights) }
        return bins
    }
}

extension OverlapMetric {
    fileprivate var form: lepton_k_confusion {
        var form = lepton_k_confusion()
        form.classes = classes
        form.sparse_target = hasSparseTargets ? 1 : 0
        form.sparse_pred = hasSparsePredictions ? 1 : 0
        form.is_binary = threshold == nil ? 0 : 1
        form.threshold = threshold.map { Float($0) } ?? 0
        form.whole_weights = cutsWeights ? 1 : 0
        form.ignores = ignoredClass == nil ? 0 : 1
        form.ignored_class = Int32(truncatingIfNeeded: ignoredClass ?? 0)
        return form
    }
}

/// Adds what a metric's kernel counts to the metric's block of sums.
private func measure(_ stepPointer: UnsafeRawPointer, _ framePointer: UnsafeRawPointer) {
    let call = StepArguments(stepPointer, framePointer)
    guard var details = call.details(as: MetricDetails.self) else { return }
    let sums = call.frame.sums + call.step.sumIndex
    let (pred, target, weights) = (call.source, call.source2, call.weights)
    let (shared, rows, columns) = (call.step.rowsPerWeight, call.rows, call.step.columns)
    switch details.kernel {
    case .r2Score:
        lepton_k_metric_r2_f32(sums, pred, target, weights, shared, rows, columns)
        sums[4 * columns] += Double(rows * columns)
    case .fScore: lepton_k_metric_f_score_f32(sums, pred, target, weights, shared, rows, columns, details.threshold)
    case .bins: lepton_k_metric_bins_f32(sums, pred, target, weights, shared, rows, columns, &details.bins)
    case .confusion:
        lepton_k_metric_confusion_f32(sums, pred, target, weights, shared, rows, columns, &details.confusion)
    default:
        sums[0] += rowValues(details, pred, target, weights, shared, rows, columns)
        sums[1] += call.weightSum
    }
}

/// The weighted sum of the rows' values, for metrics that are their mean.
private func rowValues(
    _ details: MetricDetails, _ pred: UnsafePointer<Float>?, _ target: UnsafePointer<Float>?,
    _ weights: UnsafePointer<Float>?, _ shared: Int, _ rows: Int, _ columns: Int
) -> Double {
    switch details.kernel {
    case .binaryAccuracy:
        lepton_k_metric_binary_accuracy_f32(pred, target, weights, shared, rows, columns, details.threshold)
    case .categoricalAccuracy:
        lepton_k_metric_categorical_accuracy_f32(pred, target, weights, shared, rows, columns)
    case .sparseCategoricalAccuracy:
        lepton_k_metric_sparse_categorical_accuracy_f32(pred, target, weights, shared, rows, columns)
    case .squaredError: lepton_k_loss_mse_f32(nil, pred, target, weights, shared, rows, columns, 0)
    case .topK:
        lepton_k_metric_top_k_f32(pred, target, weights, shared, rows, columns, details.k, details.isSparse)
    case .sortedTopK: lepton_k_metric_sorted_top_k_f32(pred, target, weights, shared, rows, columns, details.k)
    case .pearson: lepton_k_metric_correlation_f32(pred, target, weights, shared, rows, columns, 0)
    case .concordance: lepton_k_metric_correlation_f32(pred, target, weights, shared, rows, columns, 1)
    default: lepton_k_metric_accuracy_f32(pred, target, weights, shared, rows, columns)
    }
}
