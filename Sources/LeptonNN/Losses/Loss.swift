import LeptonTensor

/// What training makes small. Formulas as in Keras 3.15; `reduction` says what becomes of the values that a loss has
/// for each sample, or each position of a sample.
public struct Loss: Sendable, Equatable {
    /// Raw values are Keras's class names.
    package enum Kind: String, Sendable, CaseIterable {
        case meanSquaredError = "MeanSquaredError"
        case meanAbsoluteError = "MeanAbsoluteError"
        case meanAbsolutePercentageError = "MeanAbsolutePercentageError"
        case meanSquaredLogarithmicError = "MeanSquaredLogarithmicError"
        case cosineSimilarity = "CosineSimilarity"
        case huber = "Huber"
        case logCosh = "LogCosh"
        case hinge = "Hinge"
        case squaredHinge = "SquaredHinge"
        case categoricalHinge = "CategoricalHinge"
        case klDivergence = "KLDivergence"
        case poisson = "Poisson"
        case binaryCrossentropy = "BinaryCrossentropy"
        case binaryFocalCrossentropy = "BinaryFocalCrossentropy"
        case categoricalCrossentropy = "CategoricalCrossentropy"
        case categoricalFocalCrossentropy = "CategoricalFocalCrossentropy"
        case sparseCategoricalCrossentropy = "SparseCategoricalCrossentropy"
        case categoricalGeneralizedCrossEntropy = "CategoricalGeneralizedCrossEntropy"
        case dice = "Dice"
        case tversky = "Tversky"
        case ctc = "CTC"
        case circle = "Circle"
    }

    /// What the loss of a batch is, given its values and sample weights.
    public enum Reduction: String, Sendable, CaseIterable {
        /// The sum of value times weight, divided by the number of values.
        case sumOverBatchSize = "sum_over_batch_size"
        /// The same under another name.
        case mean
        /// The sum of value times weight.
        case sum
        /// The sum of value times weight, divided by the sum of the weights.
        case meanWithSampleWeight = "mean_with_sample_weight"
    }

    package let kind: Kind
    package var parameters: Parameters
    public var reduction: Reduction = .sumOverBatchSize
    package var name: String

    package init(_ kind: Kind, name: String? = nil, _ configure: (inout Parameters) -> Void = { _ in }) {
        self.kind = kind
        parameters = Parameters(standardOf: kind)
        configure(&parameters)
        self.name = name ?? kind.standardName
    }

    /// The same loss with another reduction.
    public func reduced(by reduction: Reduction) -> Loss {
        var loss = self
        loss.reduction = reduction
        return loss
    }

    /// What the targets of a loss are.
    package enum Targets: Sendable, Equatable {
        /// Numbers shaped like the predictions.
        case likePredictions
        /// Class numbers: the predictions' shape without the axis of the classes.
        case classNumbers
        /// A row of class numbers whose length the data tells, filled up with 0.
        case classSequence
        /// A whole number for each row.
        case label
    }

    package var targets: Targets {
        switch kind {
        case .sparseCategoricalCrossentropy, .categoricalGeneralizedCrossEntropy: .classNumbers
        case .ctc: .classSequence
        case .circle: .label
        default: .likePredictions
        }
    }

    /// Whether targets are class numbers rather than a tensor like the predictions.
    package var takesClassNumbers: Bool { targets == .classNumbers }

    /// The axis of a sample, counted from its first, over which one value of the loss is computed; the last for losses
    /// that are computed element by element.
    ///
    /// - Throws: `invalidArgument` for an axis that samples of this shape do not have; `notSupported` for the batch axis.
    package func valueAxis(of sampleShape: [Int]) throws(LeptonError) -> Int {
        let last = max(sampleShape.count - 1, 0)
        // Over which axis an element-wise loss takes its mean makes no difference to the mean of all.
        guard kind.hasAxis, kind != .binaryCrossentropy, kind != .binaryFocalCrossentropy, !kind.groupsElements else {
            return last
        }
        return try resolvedAxis(parameters.axis, of: sampleShape, owner: kind.rawValue)
    }
}

extension Loss {
    /// Checks the axes that Dice and Tversky sum over, and how many CTC and Circle take.
    ///
    /// - Throws: `shapeMismatch`; `invalidArgument` for one that predictions of this shape do not have.
    package func checkAxes(of sampleShape: [Int]) throws(LeptonError) {
        let rank = kind == .ctc ? 2 : kind == .circle ? 1 : sampleShape.count
        guard sampleShape.count == rank else {
            throw LeptonError(
                .shapeMismatch,
                kind == .ctc
                    ? "Logits `y_pred` are expected to be a tensor of shape `(batch_size, max_length, num_classes)`. "
                        + "Received: y_pred.shape=\(Shape.batchText(sampleShape))"
                    : "Circle expects embeddings of shape (batch_size, width). Received: "
                        + "y_pred.shape=\(Shape.batchText(sampleShape))")
        }
        let axes = sampleShape.count + 1
        for axis in parameters.axes ?? [] where axis < -axes || axis >= axes {
            throw LeptonError(
                .invalidArgument, argument: "\(kind.rawValue).axis",
                expected: "axes of \(Shape.batchText(sampleShape))", received: "\(axis)")
        }
    }
}

/// The axis of a sample that a Keras `axis`, which counts the batch axis, names.
package func resolvedAxis(_ axis: Int, of sampleShape: [Int], owner: String) throws(LeptonError) -> Int {
    let rank = sampleShape.count + 1
    guard axis >= -rank, axis < rank else {
        throw LeptonError(
            .invalidArgument, argument: "\(owner).axis", expected: "an axis of \(Shape.batchText(sampleShape))",
            received: "\(axis)")
    }
    let counted = axis < 0 ? axis + rank : axis
    guard counted > 0 else {
        throw LeptonError(
            .notSupported,
            "\(owner).axis = \(axis) is the batch axis of predictions of shape "
                + "\(Shape.batchText(sampleShape)), which is not supported; use an axis of the samples")
    }
    return counted - 1
}
