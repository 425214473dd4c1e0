import LeptonNN
import LeptonTensor

/// A chain of layers; Keras's name for it.
public typealias Sequential = Model

/// Collects the layers of a `Sequential { ... }` declaration.
@resultBuilder
public enum LayerBuilder {
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap { $0 } }
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
    public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap { $0 } }
}

extension Model {
    /// A Sequential model.
    ///
    ///     let model = Sequential(seed: 1) {
    ///         Dense(units: 64, activation: .relu, inputShape: [30])
    ///         Dense(units: 1, activation: .sigmoid)
    ///     }
    ///
    /// A declaration does not throw: what is wrong with it (layers that do not fit, say) is thrown by the first call
    /// that can, such as `build` or `fit`.
    /// - Parameter seed: for initial weights, shuffling and dropout; nil takes one from the operating system.
    public convenience init(
        name: String = "sequential", seed: UInt64? = nil, @LayerBuilder layers: () -> [any Layer]
    ) {
        self.init(declaring: layers(), name: name, seed: seed)
    }

    /// Sets optimizer, loss and metrics; optimizer state starts anew.
    ///
    /// Does not throw: a value out of range, or a call during a fit, is reported by the next call that needs the
    /// settings (`fit`, `evaluate`, `learningRate`) until the model is compiled with others.
    /// - Parameters:
    ///   - metrics: measured without sample weights.
    ///   - weightedMetrics: measured with them.
    public func compile(
        optimizer: Optimizer, loss: Loss, metrics: [Metric] = [], weightedMetrics: [Metric] = []
    ) {
        do throws(LeptonError) {
            // Through the configs, so that typed and named settings pass the same checks.
            try compile(
                optimizer: optimizer.config, loss: loss.config, metrics: .array(metrics.map(\.config)),
                weightedMetrics: .array(weightedMetrics.map(\.config)))
        } catch {
            lock.withLock { compileError = error }
        }
    }
}
