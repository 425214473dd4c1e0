import LeptonTensor

// Regularisers and constraints of weights: the same for every layer that names the weights they are for.

extension LayerOptions {
    /// Reads `kernel_regularizer`, `kernel_constraint` and so on.
    mutating func readRules(
        for weights: [String], _ owner: String, _ reader: inout ConfigReader
    ) throws(LeptonError) {
        for weight in weights {
            if let value = reader.value("\(weight)_regularizer") {
                regularizers[weight] = try Regularizer(value, argument: "\(owner).\(weight)_regularizer")
            }
            if let value = reader.value("\(weight)_constraint") {
                constraints[weight] = try Constraint(value, argument: "\(owner).\(weight)_constraint")
            }
        }
    }

    /// The kernel that a rule not named after a weight is for: "recurrent" for the "recurrent_kernel", and "depthwise"
    /// for the "kernel" of a layer that has no other.
    static func kernelName(_ rule: String, among names: Set<String>) -> String {
        rule == "depthwise" && !names.contains("depthwise_kernel") ? "kernel" : "\(rule)_kernel"
    }

    /// The same as Keras's `get_config` has them.
    func rules(for weights: [String]) -> [(String, JSONValue)] {
        var fields: [(String, JSONValue)] = []
        for weight in weights {
            fields.append(("\(weight)_regularizer", regularizers[weight]?.config ?? .null))
            fields.append(("\(weight)_constraint", constraints[weight]?.config ?? .null))
        }
        if let activityRegularizer { fields.append(("activity_regularizer", activityRegularizer.config)) }
        return fields
    }
}

extension Layer {
    /// The layer's weights with the regularisers and constraints of its options.
    ///
    /// - Throws: what the layer finds wrong; `shapeMismatch` or `invalidArgument` for a rule that does not fit a weight.
    package func ruledWeights(for inputShapes: [[Int]]) throws(LeptonError) -> [LayerWeight] {
        var result: [LayerWeight] = []
        let weights = try weights(for: inputShapes)
        let names = Set(weights.map(\.spec.name))
        for weight in weights {
            var spec = weight.spec
            // "kernel" also stands for "query/kernel" in a layer that has others inside.
            let name = spec.name.split(separator: "/").last.map(String.init) ?? spec.name
            for rule in Self.ruledWeights where name == rule || name == LayerOptions.kernelName(rule, among: names) {
                if spec.regularizer == nil { spec.regularizer = options.regularizers[rule] }
                if spec.constraint == nil { spec.constraint = options.constraints[rule] }
            }
            try spec.regularizer?.check(shape: spec.shape, of: spec.name)
            _ = try spec.constraint?.extents(shape: spec.shape, of: spec.name)
            result.append(LayerWeight(spec: spec))
        }
        return result
    }
}

/// y = x, and a penalty on x that is added to the loss: l1 · Σ|x| + l2 · Σx², divided by the rows of the batch.
package struct PenaltyOperation: Operation {
    package let l1: Double
    package let l2: Double
}

extension LoweredGraph {
    /// Puts a penalty on values: returns the values to go on with.
    mutating func appendPenalty(_ regularizer: Regularizer, after values: [Int]) throws(LeptonError) -> [Int] {
        guard case .sums(let l1, let l2) = regularizer.kind else {
            throw LeptonError(
                .notSupported,
                "activity_regularizer: \(regularizer.className) is not supported, because it compares the rows of a batch "
                    + "with each other; use L1, L2 or L1L2")
        }
        try regularizer.check(shape: [], of: "the layer's output")
        var results: [Int] = []
        for value in values {
            let made = try operations.add(
                PenaltyOperation(l1: l1, l2: l2), inputs: [value], outputShape: operations.sampleShapes[value])
            if let mask = masks[value] { masks[made] = mask }
            results.append(made)
        }
        return results
    }
}
