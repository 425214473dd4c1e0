import LeptonTensor

/// What is measured beside the loss, over the rows of an epoch. Formulas as in Keras 3.15.
///
/// A metric's state is a block of sums to which every part of a batch adds, in a fixed order; its value is a function of
/// the sums.
public struct Metric: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// "accuracy", until the shapes of predictions and targets say which one is meant.
        case accuracyOfShapes
        case accuracy
        case binaryAccuracy(threshold: Double)
        case categoricalAccuracy
        case sparseCategoricalAccuracy
        case topK(Int, isSparse: Bool, fromSortedIDs: Bool)
        /// The mean of a loss's values, or of what they are with the other sign.
        case loss(Loss, isNegated: Bool)
        case correlation(isConcordance: Bool, axis: Int)
        case rootMeanSquaredError
        case r2Score(R2Score)
        case fScore(FScore)
        case bins(BinnedMetric)
        case overlap(OverlapMetric)
        case traced(TracedMetric)
    }

    /// Keras's class name; nil for "accuracy".
    package let className: ClassName?
    package let kind: Kind
    /// The key in the history.
    package let name: String
    /// The arguments as Keras's config has them, beside name and dtype.
    let fields: JSONObject

    package init(className: ClassName?, kind: Kind, name: String, fields: JSONObject = [:]) {
        self.className = className
        self.kind = kind
        self.name = name
        self.fields = fields
    }

    /// Raw values are Keras's.
    package enum ClassName: String, Sendable, CaseIterable {
        case accuracy = "Accuracy"
        case binaryAccuracy = "BinaryAccuracy"
        case categoricalAccuracy = "CategoricalAccuracy"
        case sparseCategoricalAccuracy = "SparseCategoricalAccuracy"
        case topKCategoricalAccuracy = "TopKCategoricalAccuracy"
        case sparseTopKCategoricalAccuracy = "SparseTopKCategoricalAccuracy"
        case meanSquaredError = "MeanSquaredError"
        case rootMeanSquaredError = "RootMeanSquaredError"
        case meanAbsoluteError = "MeanAbsoluteError"
        case meanAbsolutePercentageError = "MeanAbsolutePercentageError"
        case meanSquaredLogarithmicError = "MeanSquaredLogarithmicError"
        case cosineSimilarity = "CosineSimilarity"
        case logCoshError = "LogCoshError"
        case r2Score = "R2Score"
        case pearsonCorrelation = "PearsonCorrelation"
        case concordanceCorrelation = "ConcordanceCorrelation"
        case hinge = "Hinge"
        case squaredHinge = "SquaredHinge"
        case categoricalHinge = "CategoricalHinge"
        case klDivergence = "KLDivergence"
        case poisson = "Poisson"
        case binaryCrossentropy = "BinaryCrossentropy"
        case categoricalCrossentropy = "CategoricalCrossentropy"
        case sparseCategoricalCrossentropy = "SparseCategoricalCrossentropy"
        case auc = "AUC"
        case precision = "Precision"
        case recall = "Recall"
        case truePositives = "TruePositives"
        case trueNegatives = "TrueNegatives"
        case falsePositives = "FalsePositives"
        case falseNegatives = "FalseNegatives"
        case precisionAtRecall = "PrecisionAtRecall"
        case recallAtPrecision = "RecallAtPrecision"
        case sensitivityAtSpecificity = "SensitivityAtSpecificity"
        case specificityAtSensitivity = "SpecificityAtSensitivity"
        case fBetaScore = "FBetaScore"
        case f1Score = "F1Score"
        case iou = "IoU"
        case binaryIoU = "BinaryIoU"
        case meanIoU = "MeanIoU"
        case oneHotIoU = "OneHotIoU"
        case oneHotMeanIoU = "OneHotMeanIoU"
        case meanMetricWrapper = "MeanMetricWrapper"
        /// A program's own metric, given as graphs.
        case traced = "TracedMetric"

        /// What a metric of this class is called when it is given no name.
        var standardName: String {
            switch self {
            case .logCoshError: "logcosh"
            case .fBetaScore: "fbeta_score"
            default: snakeCase(rawValue)
            }
        }
    }

    /// Of a program's own metric, what it computes.
    package var traced: TracedMetric? { if case .traced(let metric) = kind { metric } else { nil } }

    /// What targets the metric compares predictions with; nil for "accuracy", which takes what there is, and for graphs,
    /// which say themselves what they take.
    package var targets: Loss.Targets? {
        switch kind {
        case .accuracyOfShapes, .traced: nil
        case .sparseCategoricalAccuracy: .classNumbers
        case .topK(_, let isSparse, _): isSparse ? .classNumbers : .likePredictions
        case .loss(let loss, _): loss.targets
        case .overlap(let metric): metric.takesClassNumbers ? .classNumbers : .likePredictions
        default: .likePredictions
        }
    }

    /// The metric with "accuracy" settled as Keras does: one output is binary; class numbers are sparse.
    package func resolved(predictionExtent: Int, targetsAreClassNumbers: Bool) -> Metric {
        guard kind == .accuracyOfShapes else { return self }
        var settled = Kind.categoricalAccuracy
        if targetsAreClassNumbers { settled = .sparseCategoricalAccuracy }
        if predictionExtent == 1 { settled = .binaryAccuracy(threshold: 0.5) }
        return Metric(className: className, kind: settled, name: name, fields: fields)
    }

    /// Whether it is the mean of values of single positions, which a mask weighs as sample weights do; Keras lets masks
    /// weigh no others.
    package var isMean: Bool {
        switch kind {
        case .rootMeanSquaredError, .r2Score, .fScore, .bins, .overlap: false
        default: true
        }
    }

    /// The axis of a sample, counted from its first, over which one value is computed.
    package func valueAxis(of sampleShape: [Int]) throws(LeptonError) -> Int {
        switch kind {
        case .loss(let loss, _): try loss.valueAxis(of: sampleShape)
        case .correlation(_, let axis): try resolvedAxis(axis, of: sampleShape, owner: className?.rawValue ?? name)
        default: max(sampleShape.count - 1, 0)
        }
    }
}
