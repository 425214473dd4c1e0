import LeptonNN

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Sizes of a row: logits (time, classes) and labels.
private struct LabelSequenceDetails: BitwiseCopyable {
    let loss: LossDetails
    let time: Int
    let classes: Int
    let labels: Int

    /// Floats of the scores of one step: blanks before and after each label, and labels.
    var scores: Int { 2 * labels + 1 }
    /// Log-probabilities and their slopes, the scores before each step and after the last, and a step's slopes twice.
    var floats: Int { 2 * time * classes + (time + 1) * scores + 2 * scores }
}

extension PlanBuilder {
    /// Connectionist temporal classification: one value for each row.
    mutating func emitLabelSequenceLoss(
        _ loss: Loss, labels: Int, of value: Int, gradient: Operand, base: Step
    ) {
        var details = LossDetails(loss)
        var step = base
        (step.rowsPerSample, step.rowsPerWeight) = (1, 1)
        if step.source3 != .none, loss.reduction == .meanWithSampleWeight {
            details.divisor = emitWeightTotal(step)
            if gradient != .none { endPhase() }
        }
        let shape = graph.sampleShapes[value]
        let sizes = LabelSequenceDetails(loss: details, time: shape[0], classes: shape[1], labels: max(labels, 1))
        var run = Step { stepPointer, framePointer in
            let call = StepArguments(stepPointer, framePointer)
            guard let details = call.details(as: LabelSequenceDetails.self), let logits = call.source,
                let labels = call.source2, let memory = call.destination2
            else { return }
            let scale = call.lossScale(details.loss)
            var total = 0.0
            for row in 0..<call.rows {
                let size = details.time * details.classes
                let lattice = LabelLattice(details, memory, labels + row * details.labels)
                let weight = call.weights.map { $0[row] } ?? 1
                total += Double(weight) * Double(lattice.run(logits + row * size))
                if let gradient = call.destination {
                    lattice.slopes(into: gradient + row * size, scale: scale * weight)
                }
            }
            call.addValues(total, details.loss)
        }
        run.takeOperands(of: step)
        run.destination = gradient
        run.destination2 = newBuffer(floatsPerRow: 0, fixedFloats: sizes.floats)
        run.details = keep(sizes)
        emit(run)
    }
}

/// One row's sum over all ways to place its labels among blanks, in logarithms, as Keras (after optax) adds it up: the
/// scores `phi` of having read n labels and stand at a blank, and `emit` of standing at label n.
private struct LabelLattice {
    private let time: Int
    private let classes: Int
    private let count: Int
    private let labels: UnsafeMutablePointer<Float>
    /// (time, classes)
    private let logs: UnsafeMutablePointer<Float>
    private let logSlopes: UnsafeMutablePointer<Float>
    /// (time + 1, phi then emit)
    private let scores: UnsafeMutablePointer<Float>
    private let slopes: UnsafeMutablePointer<Float>
    private let before: UnsafeMutablePointer<Float>

    /// The logarithm of a probability that stands for 0.
    private static let nothing: Float = -1e5

    init(
        _ details: LabelSequenceDetails, _ memory: UnsafeMutablePointer<Float>, _ labels: UnsafeMutablePointer<Float>
    ) {
        (time, classes, count) = (details.time, details.classes, details.labels)
        self.labels = labels
        logs = memory
        logSlopes = logs + time * classes
        scores = logSlopes + time * classes
        slopes = scores + (time + 1) * details.scores
        before = slopes + details.scores
    }

    private func phi(_ step: Int) -> UnsafeMutablePointer<Float> { scores + step * (2 * count + 1) }
    private func emit(_ step: Int) -> UnsafeMutablePointer<Float> { phi(step) + count + 1 }
    private func label(_ n: Int) -> Int { Int(labels[n]) }
    private func repeats(_ n: Int) -> Bool { n + 1 < count && labels[n] == labels[n + 1] }
    /// Labels before the filling.
    private var length: Int { (0..<count).reduce(0) { $0 + (labels[$1] != 0 ? 1 : 0) } }

    private static func add(_ a: Float, _ b: Float) -> Float {
        max(a, b) + log1pf(expf(-abs(a - b)))
    }

    /// What has been read when a step begins: a label that stands is read, unless the next is the same.
    private func read(_ step: Int, _ n: Int) -> Float {
        n == 0
            ? phi(step)[0]
            : Self.add(phi(step)[n], emit(step)[n - 1] + (repeats(n - 1) ? Self.nothing : 0))
    }

    private func last(_ n: Int) -> Float { n == 0 ? phi(time)[0] : Self.add(phi(time)[n], emit(time)[n - 1]) }

    /// The loss.
    func run(_ logits: UnsafeMutablePointer<Float>) -> Float {
        for step in 0..<time {
            let row = logits + step * classes
            var largest = row[0]
            for index in 1..<max(classes, 1) { largest = max(largest, row[index]) }
            var sum: Float = 0
            for index in 0..<classes { sum += expf(row[index] - largest) }
            let offset = largest + logf(sum)
            for index in 0..<classes { logs[step * classes + index] = row[index] - offset }
        }
        for n in 0...count { phi(0)[n] = n == 0 ? 0 : Self.nothing }
        for n in 0..<count { emit(0)[n] = Self.nothing }
        for step in 0..<time {
            let row = logs + step * classes
            for n in 0...count {
                let stay = read(step, n) + row[0]
                phi(step + 1)[n] =
                    n == 0
                    ? stay
                    : Self.add(stay, emit(step)[n - 1] + row[0] + (repeats(n - 1) ? 0 : Self.nothing))
            }
            for n in 0..<count {
                let log = row[label(n)]
                emit(step + 1)[n] = Self.add(read(step, n) + log, emit(step)[n] + log)
            }
        }
        return -last(length)
    }

    /// The slopes of `scale` times the loss by the logits, after `run`.
    func slopes(into gradient: UnsafeMutablePointer<Float>, scale: Float) {
        let width = 2 * count + 1
        slopes.update(repeating: 0, count: width)
        logSlopes.update(repeating: 0, count: time * classes)
        let length = length
        if length == 0 {
            slopes[0] = -scale
        } else {
            let whole = last(length)
            slopes[length] = -scale * expf(phi(time)[length] - whole)
            slopes[count + length] = -scale * expf(emit(time)[length - 1] - whole)
        }
        for step in stride(from: time - 1, through: 0, by: -1) {
            goBack(step)
            slopes.update(from: before, count: width)
        }
        for step in 0..<time {
            let (row, slope, result) = (logs + step * classes, logSlopes + step * classes, gradient + step * classes)
            var sum: Float = 0
            for index in 0..<classes { sum += slope[index] }
            for index in 0..<classes { result[index] = slope[index] - expf(row[index]) * sum }
        }
    }

    /// From the slopes by the scores after a step to those by the scores before it.
    private func goBack(_ step: Int) {
        before.update(repeating: 0, count: 2 * count + 1)
        let (row, slope) = (logs + step * classes, logSlopes + step * classes)
        let emitSlopes = slopes + count + 1
        let emitBefore = before + count + 1
        /// Slope by what has been read.
        func pass(_ value: Float, toRead n: Int) {
            guard n > 0 else { return before[0] += value }
            let sum = read(step, n)
            let other = emit(step)[n - 1] + (repeats(n - 1) ? Self.nothing : 0)
            before[n] += value * expf(phi(step)[n] - sum)
            emitBefore[n - 1] += value * expf(other - sum)
        }
        for n in 0...count {
            let value = slopes[n]
            guard value != 0 else { continue }
            slope[0] += value
            guard n > 0 else {
                pass(value, toRead: 0)
                continue
            }
            let sum = phi(step + 1)[n]
            let other = emit(step)[n - 1] + row[0] + (repeats(n - 1) ? 0 : Self.nothing)
            emitBefore[n - 1] += value * expf(other - sum)
            pass(value * expf(read(step, n) + row[0] - sum), toRead: n)
        }
        for n in 0..<count {
            let value = emitSlopes[n]
            guard value != 0 else { continue }
            let log = row[label(n)]
            let sum = emit(step + 1)[n]
            slope[label(n)] += value
            emitBefore[n] += value * expf(emit(step)[n] + log - sum)
            pass(value * expf(read(step, n) + log - sum), toRead: n)
        }
    }
}
