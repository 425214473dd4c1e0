extension Initializer {
    /// The initializer with the variance for this many inputs and outputs, for weights whose shape does not tell.
    func scaled(fanIn: Double, fanOut: Double) -> Initializer {
        guard case .varianceScaling(let scale, let mode, let distribution) = kind else { return self }
        let fan =
            switch mode {
            case .fanIn: fanIn
            case .fanOut: fanOut
            case .fanAverage: (fanIn + fanOut) / 2
            }
        let variance = scale / max(1, fan)
        let scaled: Kind =
            switch distribution {
            case .uniform: .uniform(minimum: -(3 * variance).squareRoot(), maximum: (3 * variance).squareRoot())
            case .untruncatedNormal: .normal(mean: 0, deviation: variance.squareRoot())
            case .truncatedNormal:
                .truncatedNormal(mean: 0, deviation: variance.squareRoot() / 0.87962566103423978)
            }
        return Initializer(className: className, kind: scaled, seed: seed)
    }
}
