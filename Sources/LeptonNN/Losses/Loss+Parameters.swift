extension Loss {
    /// The arguments of all losses; which of them a loss has, `Kind.fields` says.
    package struct Parameters: Sendable, Equatable {
        package var fromLogits = false
        package var labelSmoothing = 0.0
        package var axis = -1
        /// Of Dice and Tversky: the axes that are summed over, all when nil.
        package var axes: [Int]?
        package var delta = 1.0
        package var alpha = 0.25
        package var beta = 0.5
        package var gamma = 2.0
        package var applyClassBalancing = false
        package var ignoreClass: Int?
        package var q = 0.5
        package var margin = 0.4
        package var removeDiagonal = true

        init(standardOf kind: Kind) {
            if kind == .tversky { alpha = 0.5 }
            if kind == .circle { gamma = 80 }
        }
    }

    /// One argument of a loss, by its name in Keras's configs.
    package enum Field: String, Sendable {
        case fromLogits = "from_logits"
        case labelSmoothing = "label_smoothing"
        case axis
        case axes
        case delta
        case alpha
        case beta
        case gamma
        case applyClassBalancing = "apply_class_balancing"
        case ignoreClass = "ignore_class"
        case q
        case margin
        case removeDiagonal = "remove_diagonal"
    }
}

extension Loss.Kind {
    /// In the order in which Keras writes them.
    package var fields: [Loss.Field] {
        switch self {
        case .huber: [.delta]
        case .cosineSimilarity: [.axis]
        case .binaryCrossentropy, .categoricalCrossentropy: [.fromLogits, .labelSmoothing, .axis]
        case .binaryFocalCrossentropy:
            [.fromLogits, .labelSmoothing, .axis, .applyClassBalancing, .alpha, .gamma]
        case .categoricalFocalCrossentropy: [.fromLogits, .labelSmoothing, .axis, .alpha, .gamma]
        case .sparseCategoricalCrossentropy: [.fromLogits, .ignoreClass, .axis]
        case .categoricalGeneralizedCrossEntropy: [.q]
        case .dice: [.axes]
        case .tversky: [.alpha, .beta, .axes]
        case .circle: [.gamma, .margin, .removeDiagonal]
        default: []
        }
    }

    /// Fields that Keras leaves out of its configs; they are written when they are not as usual.
    package var quietFields: [Loss.Field] {
        switch self {
        case .huber: [.delta]
        case .cosineSimilarity, .sparseCategoricalCrossentropy: [.axis]
        default: []
        }
    }

    package var hasAxis: Bool { fields.contains(.axis) }

    /// Whether targets are not shaped by the predictions, so that metrics cannot take them as well.
    package var hasOwnTargets: Bool { self == .ctc || self == .circle }

    /// Whether the loss is a function of sums over groups of elements.
    package var groupsElements: Bool { self == .dice || self == .tversky }

    /// What a loss of this class is called when it is given no name.
    package var standardName: String {
        switch self {
        case .huber: "huber_loss"
        default: functionName
        }
    }

    /// The name of Keras's function.
    package var functionName: String { self == .ctc ? "ctc" : snakeCase(rawValue) }
}
