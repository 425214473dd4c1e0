extension Loss {
    // MARK: Regression

    /// mean((y - p)²) over the last axis.
    public static let meanSquaredError = Loss(.meanSquaredError)

    /// mean(|y - p|).
    public static let meanAbsoluteError = Loss(.meanAbsoluteError)

    /// 100 mean(|(y - p) / y|).
    public static let meanAbsolutePercentageError = Loss(.meanAbsolutePercentageError)

    /// mean((log(y + 1) - log(p + 1))²); numbers below 1e-7 count as that.
    public static let meanSquaredLogarithmicError = Loss(.meanSquaredLogarithmicError)

    /// Minus the cosine of the angle between y and p.
    ///
    /// - Parameter axis: of the vectors; Keras's count, in which axis 0 is the batch.
    public static func cosineSimilarity(axis: Int = -1) -> Loss { Loss(.cosineSimilarity) { $0.axis = axis } }

    /// The mean of e²/2 where |e| <= delta and of delta |e| - delta²/2 elsewhere, e = p - y (Huber, 1964).
    public static func huber(delta: Double = 1) -> Loss { Loss(.huber) { $0.delta = delta } }

    /// mean(log(cosh(p - y))).
    public static let logCosh = Loss(.logCosh)

    /// mean(p - y log p), for counts.
    public static let poisson = Loss(.poisson)

    // MARK: Margins

    /// mean(max(1 - y p, 0)); labels are -1 and 1, or 0 and 1, which are taken for them.
    public static let hinge = Loss(.hinge)

    /// mean(max(1 - y p, 0)²), labels as for `hinge`.
    public static let squaredHinge = Loss(.squaredHinge)

    /// max(max((1 - y) p) - sum(y p) + 1, 0), labels one-hot.
    public static let categoricalHinge = Loss(.categoricalHinge)

    // MARK: Probabilities

    /// sum(y log(y / p)).
    public static let klDivergence = Loss(.klDivergence)

    /// -(y log p + (1 - y) log(1 - p)), labels in 0 ... 1.
    public static func binaryCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(.binaryCrossentropy) { ($0.fromLogits, $0.labelSmoothing) = (fromLogits, labelSmoothing) }
    }

    /// The same times (1 - q)^gamma, q the probability of the label (Lin et al., 2017).
    public static func binaryFocalCrossentropy(
        applyClassBalancing: Bool = false, alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false,
        labelSmoothing: Double = 0
    ) -> Loss {
        Loss(.binaryFocalCrossentropy) {
            ($0.applyClassBalancing, $0.alpha, $0.gamma) = (applyClassBalancing, alpha, gamma)
            ($0.fromLogits, $0.labelSmoothing) = (fromLogits, labelSmoothing)
        }
    }

    /// -sum(y log p) over the last axis, labels one-hot.
    public static func categoricalCrossentropy(fromLogits: Bool = false, labelSmoothing: Double = 0) -> Loss {
        Loss(.categoricalCrossentropy) { ($0.fromLogits, $0.labelSmoothing) = (fromLogits, labelSmoothing) }
    }

    /// -sum(alpha (1 - p)^gamma y log p), labels one-hot (Lin et al., 2017).
    public static func categoricalFocalCrossentropy(
        alpha: Double = 0.25, gamma: Double = 2, fromLogits: Bool = false, labelSmoothing: Double = 0
    ) -> Loss {
        Loss(.categoricalFocalCrossentropy) {
            ($0.alpha, $0.gamma, $0.fromLogits, $0.labelSmoothing) = (alpha, gamma, fromLogits, labelSmoothing)
        }
    }

    /// -log p of the class that the label numbers; labels of `ignoreClass` count for nothing.
    public static func sparseCategoricalCrossentropy(fromLogits: Bool = false, ignoreClass: Int? = nil) -> Loss {
        Loss(.sparseCategoricalCrossentropy) { ($0.fromLogits, $0.ignoreClass) = (fromLogits, ignoreClass) }
    }

    /// (1 - p^q) / q of the class that the label numbers (Zhang & Sabuncu, 2018).
    public static func categoricalGeneralizedCrossEntropy(q: Double = 0.5) -> Loss {
        Loss(.categoricalGeneralizedCrossEntropy) { $0.q = q }
    }

    // MARK: Overlap

    /// 1 - 2 sum(y p) / (sum(y) + sum(p)).
    ///
    /// - Parameter axes: that are summed over, Keras's count; nil sums over the whole batch.
    public static func dice(axes: [Int]? = nil) -> Loss { Loss(.dice) { $0.axes = axes } }

    /// 1 - I / (I + alpha sum((1 - p) y) + beta sum(p (1 - y))), I = sum(y p) (Salehi et al., 2017); axes as for `dice`.
    public static func tversky(alpha: Double = 0.5, beta: Double = 0.5, axes: [Int]? = nil) -> Loss {
        Loss(.tversky) { ($0.alpha, $0.beta, $0.axes) = (alpha, beta, axes) }
    }

    // MARK: Sequences and embeddings

    /// -log of the probability that logits (steps, classes) give to a row of labels, over all ways to place them among
    /// blanks (Graves et al., 2006). Labels are filled up with 0, which is the blank.
    public static let ctc = Loss(.ctc)

    /// softplus(logsumexp over the other rows of one's label + logsumexp over those of others), of cosine distances of
    /// normalised embeddings, scaled by `gamma` and weighed by how far they are from `margin` (Sun et al., 2020). Compares
    /// all rows of a batch; labels are whole numbers.
    public static func circle(gamma: Double = 80, margin: Double = 0.4, removeDiagonal: Bool = true) -> Loss {
        Loss(.circle) { ($0.gamma, $0.margin, $0.removeDiagonal) = (gamma, margin, removeDiagonal) }
    }
}
