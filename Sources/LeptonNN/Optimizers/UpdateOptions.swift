import LeptonTensor

/// What every optimizer of Keras does around its update rule (keras/src/optimizers/base_optimizer.py).
package struct UpdateOptions: Sendable, Equatable {
    /// How gradients are kept small; limits of 0 or less do nothing, as in Keras.
    package enum Clipping: Sendable, Equatable {
        case none
        /// Each weight's gradient to a Euclidean norm.
        case norm(Double)
        /// All gradients together to a norm.
        case globalNorm(Double)
        /// Each number to ± a value.
        case value(Double)
    }

    /// Decoupled: each step takes rate · decay of every trained weight away before the update. Nil for none.
    package var weightDecay: Double?
    package var clipping: Clipping = .none
    /// Whether a moving average of the weights is kept, which a fit ends with.
    package var usesAverage = false
    package var averageMomentum = 0.99
    /// Every so many updates the weights become their average.
    package var averageOverwriteFrequency: Int?
    /// Keras multiplies the loss by it and divides the gradients: in float32 that changes rounding alone, and is left
    /// out here.
    package var lossScaleFactor: Double?
    /// Steps whose gradients are averaged into one update; nil for one.
    package var accumulationSteps: Int?
    /// Weights that do not decay: words in their names, and paths.
    package var undecayedNames: [String] = []
    package var undecayedPaths: [String] = []

    package init(weightDecay: Double? = nil) { self.weightDecay = weightDecay }

    package func decays(_ weight: OperationGraph.Weight) -> Bool {
        let name = weight.path.split(separator: "/").last.map(String.init) ?? weight.path
        return !undecayedPaths.contains(weight.path) && !undecayedNames.contains { Words.match($0, name) }
    }
}

/// Keras's loss-scale optimizer: it skips steps whose gradients are not finite.
package struct LossScaling: Sendable, Equatable {
    package var initialScale: Double = 32768
    package var growthSteps = 2000
    package var name = "loss_scale_optimizer"
}

package struct FtrlSettings: Sendable, Equatable {
    package var power = -0.5
    package var initialAccumulator = 0.1
    package var l1 = 0.0
    package var l2 = 0.0
    package var shrinkage = 0.0
    package var beta = 0.0
}

package struct AdafactorSettings: Sendable, Equatable {
    package var beta2Decay = -0.8
    package var epsilon1 = 1e-30
    package var epsilon2 = 1e-3
    package var clipThreshold = 1.0
    package var relativeStep = true
}

package struct MuonSettings: Sendable, Equatable {
    package var adamBeta1 = 0.9
    package var adamBeta2 = 0.999
    package var adamWeightDecay: Double? = 0.004
    package var epsilon = 1e-7
    package var excludedLayers: [String] = []
    package var excludesEmbeddings = true
    /// Coefficients of the Newton-Schulz iteration.
    package var a = 3.4445
    package var b = -4.7750
    package var c = 2.0315
    package var adamRateRatio = 1.0
    package var momentum = 0.95
    package var iterations = 5
    package var nesterov = true
    package var rmsRate: Double? = 0.2
}

/// The regular expressions that Keras takes to choose weights by name, as far as they are plain words: "^" and "$"
/// stand for beginning and end.
enum Words {
    static func check(_ word: String, _ argument: String) throws(LeptonError) {
        let inner = word.dropFirst(word.hasPrefix("^") ? 1 : 0).dropLast(word.hasSuffix("$") ? 1 : 0)
        if let special = inner.first(where: { "\\^$.|?*+()[]{}".contains($0) }) {
            throw LeptonError(
                .notSupported,
                "\(argument): '\(word.prefix(80))' is a regular expression ('\(special)'); give plain words, with ^ before "
                    + "or $ after them to bind them to beginning or end")
        }
    }

    static func match(_ word: String, _ text: String) -> Bool {
        var word = word[...]
        let (fromStart, toEnd) = (word.hasPrefix("^"), word.hasSuffix("$"))
        if fromStart { word = word.dropFirst() }
        if toEnd { word = word.dropLast() }
        switch (fromStart, toEnd) {
        case (true, true): return text == word
        case (true, false): return text.hasPrefix(word)
        case (false, true): return text.hasSuffix(word)
        case (false, false): return contains(text, word)
        }
    }

    /// Byte by byte.
    static func contains(_ text: String, _ word: Substring) -> Bool {
        let (text, word) = (Array(text.utf8), Array(word.utf8))
        guard word.count <= text.count else { return false }
        return (0...(text.count - word.count)).contains { start in
            word.indices.allSatisfy { text[start + $0] == word[$0] }
        }
    }
}
