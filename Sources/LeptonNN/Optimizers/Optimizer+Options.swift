// What may be put around any update rule. Values out of range are reported when a model is compiled.

extension Optimizer {
    /// The same with a learning rate that follows from the steps done.
    public func following(_ schedule: LearningRateSchedule) -> Optimizer {
        var optimizer = self
        optimizer.rate = .scheduled(schedule)
        return optimizer
    }

    /// With the gradient of each weight brought to a Euclidean norm of at most `norm`.
    public func clipping(norm: Double) -> Optimizer { with { $0.clipping = .norm(norm) } }

    /// With all gradients together brought to a norm of at most `globalNorm`.
    public func clipping(globalNorm: Double) -> Optimizer { with { $0.clipping = .globalNorm(globalNorm) } }

    /// With each number of a gradient brought to ±`value`.
    public func clipping(value: Double) -> Optimizer { with { $0.clipping = .value(value) } }

    /// Keeps average = momentum · average + (1 - momentum) · weight, which the weights become at the end of a fit.
    ///
    /// - Parameter overwritingEvery: they also become it every so many updates.
    public func averagingWeights(momentum: Double = 0.99, overwritingEvery updates: Int? = nil) -> Optimizer {
        with {
            $0.usesAverage = true
            $0.averageMomentum = momentum
            $0.averageOverwriteFrequency = updates
        }
    }

    /// Averages the gradients of so many steps, at least 2, into one update.
    public func accumulatingGradients(steps: Int) -> Optimizer { with { $0.accumulationSteps = steps } }

    /// Weights with one of these words in their names ("bias", "gamma") do not decay.
    public func excludingFromDecay(_ names: [String]) -> Optimizer { with { $0.undecayedNames = names } }

    /// Skips steps whose gradients are not finite (or, multiplied with a growing scale, leave float32).
    public func scalingLoss(initialScale: Double = 32768, growthSteps: Int = 2000) -> Optimizer {
        var optimizer = self
        optimizer.scaling = LossScaling(initialScale: initialScale, growthSteps: growthSteps)
        return optimizer
    }

    private func with(_ change: (inout UpdateOptions) -> Void) -> Optimizer {
        var optimizer = self
        change(&optimizer.options)
        return optimizer
    }
}
