import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A learning rate that follows from the number of steps done. Formulas and defaults as in Keras 3.15
/// (keras/src/optimizers/schedules), in float32 as Keras computes them.
public struct LearningRateSchedule: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// initial · rate^(step / steps)
        case exponential(steps: Double, rate: Double, staircase: Bool)
        /// initial / (1 + rate · step / steps)
        case inverseTime(steps: Double, rate: Double, staircase: Bool)
        case piecewise(boundaries: [Double], values: [Double])
        case polynomial(steps: Double, end: Double, power: Double, cycle: Bool)
        case cosine(steps: Double, alpha: Double, warmupTarget: Double?, warmupSteps: Double)
        case restarts(steps: Double, timeFactor: Double, heightFactor: Double, alpha: Double)
    }

    package let kind: Kind
    /// The rate at the first step; that of a piecewise schedule stands among its values.
    package let initial: Double
    package let name: String

    init(_ kind: Kind, initial: Double, name: String? = nil) {
        self.kind = kind
        self.initial = initial
        self.name = name ?? LearningRateSchedule.standardName(kind)
    }

    /// initial · decayRate^(step / decaySteps), the exponent rounded down with `staircase`.
    public static func exponentialDecay(
        initial: Double, decaySteps: Double, decayRate: Double, staircase: Bool = false
    ) -> LearningRateSchedule {
        LearningRateSchedule(.exponential(steps: decaySteps, rate: decayRate, staircase: staircase), initial: initial)
    }

    /// initial / (1 + decayRate · step / decaySteps), the fraction rounded down with `staircase`.
    public static func inverseTimeDecay(
        initial: Double, decaySteps: Double, decayRate: Double, staircase: Bool = false
    ) -> LearningRateSchedule {
        LearningRateSchedule(.inverseTime(steps: decaySteps, rate: decayRate, staircase: staircase), initial: initial)
    }

    /// `values[i]` up to and with step `boundaries[i]`, the last value from there on.
    public static func piecewiseConstantDecay(boundaries: [Double], values: [Double]) -> LearningRateSchedule {
        LearningRateSchedule(.piecewise(boundaries: boundaries, values: values), initial: values.first ?? 0)
    }

    /// From `initial` to `end` as (1 - step / decaySteps)^power; with `cycle` again and again, each time longer.
    public static func polynomialDecay(
        initial: Double, decaySteps: Double, end: Double = 0.0001, power: Double = 1, cycle: Bool = false
    ) -> LearningRateSchedule {
        LearningRateSchedule(.polynomial(steps: decaySteps, end: end, power: power, cycle: cycle), initial: initial)
    }

    /// Half a period of the cosine, after a straight rise to `warmupTarget` if there is one (Loshchilov & Hutter, 2017).
    public static func cosineDecay(
        initial: Double, decaySteps: Double, alpha: Double = 0, warmupTarget: Double? = nil, warmupSteps: Double = 0
    ) -> LearningRateSchedule {
        LearningRateSchedule(
            .cosine(steps: decaySteps, alpha: alpha, warmupTarget: warmupTarget, warmupSteps: warmupSteps),
            initial: initial)
    }

    /// The same again and again, each time `timeFactor` as long and `heightFactor` as high.
    public static func cosineDecayRestarts(
        initial: Double, firstDecaySteps: Double, timeFactor: Double = 2, heightFactor: Double = 1, alpha: Double = 0
    ) -> LearningRateSchedule {
        LearningRateSchedule(
            .restarts(steps: firstDecaySteps, timeFactor: timeFactor, heightFactor: heightFactor, alpha: alpha),
            initial: initial)
    }

    /// The rate after `iterations` steps.
    package func value(at iterations: UInt64) -> Float {
        let step = Float(iterations)
        let start = Float(initial)
        switch kind {
        case .exponential(let steps, let rate, let staircase):
            let part = step / Float(steps)
            return start * powf(Float(rate), staircase ? part.rounded(.down) : part)
        case .inverseTime(let steps, let rate, let staircase):
            let part = step / Float(steps)
            return start / (1 + Float(rate) * (staircase ? part.rounded(.down) : part))
        case .piecewise(let boundaries, let values):
            return LearningRateSchedule.piecewise(Double(iterations), boundaries, values)
        case .polynomial(let steps, let end, let power, let cycle):
            var length = Float(steps)
            if cycle, step > 0 { length *= (step / length).rounded(.up) }
            let part = min(step, length) / length
            return (start - Float(end)) * powf(1 - part, Float(power)) + Float(end)
        case .cosine(let steps, let alpha, let warmupTarget, let warmupSteps):
            guard let warmupTarget else {
                return start * LearningRateSchedule.cosine(min(step, Float(steps)) / Float(steps), alpha)
            }
            let warmup = Float(warmupSteps)
            if step < warmup { return (Float(warmupTarget) - start) * (step / warmup) + start }
            let part = (min(step, Float(steps) + warmup) - warmup) / Float(steps)
            return Float(warmupTarget) * LearningRateSchedule.cosine(part, alpha)
        case .restarts(let steps, let timeFactor, let heightFactor, let alpha):
            let (restart, part) = LearningRateSchedule.period(step / Float(steps), Float(timeFactor))
            let wave = 0.5 * powf(Float(heightFactor), restart) * (1 + cosf(.pi * part))
            return start * ((1 - Float(alpha)) * wave + Float(alpha))
        }
    }

    private static func cosine(_ part: Float, _ alpha: Double) -> Float {
        Float(1 - alpha) * (0.5 * (1 + cosf(.pi * part))) + Float(alpha)
    }

    /// Of which period a time is, and which part of it has passed; period i is `factor`^i long.
    private static func period(_ time: Float, _ factor: Float) -> (number: Float, part: Float) {
        if factor == 1 { return (time.rounded(.down), time - time.rounded(.down)) }
        let number = (logf(1 - time * (1 - factor)) / logf(factor)).rounded(.down)
        let before = (1 - powf(factor, number)) / (1 - factor)
        return (number, (time - before) / powf(factor, number))
    }

    private static func piecewise(_ step: Double, _ boundaries: [Double], _ values: [Double]) -> Float {
        // Keras compares whole numbers: a boundary loses its fraction.
        for (boundary, value) in zip(boundaries, values) where step <= boundary.rounded(.towardZero) {
            return Float(value)
        }
        return Float(values.last ?? 0)
    }
}
