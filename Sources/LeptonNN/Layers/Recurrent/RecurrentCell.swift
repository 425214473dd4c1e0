import LeptonTensor

/// The arguments of a recurrent cell, which Keras's layers share with its cell classes.
package struct RecurrentCell: Sendable {
    package enum Kind: String, Sendable {
        case simple = "SimpleRNN"
        case lstm = "LSTM"
        case gru = "GRU"
    }

    package let kind: Kind
    package var units: Int
    package var activation = Activation.tanh
    package var recurrentActivation = Activation.sigmoid
    package var useBias = true
    package var kernelInitializer = Initializer.glorotUniform()
    package var recurrentInitializer = Initializer(className: "Orthogonal", kind: .orthogonal(gain: 1), seed: nil)
    package var biasInitializer = Initializer.zeros
    /// Long short-term memory only.
    package var unitForgetBias = true
    /// Gated recurrent unit only: the reset gate is applied after the product.
    package var resetAfter = true
    package var dropout = 0.0
    package var recurrentDropout = 0.0
    package var seed: UInt64?
    /// 1 gives each gate a dropout pattern of its own.
    package var implementation = 2
    /// Penalties on the weights and what they obey, by the names that the arguments have.
    private var regularizers: [String: Regularizer] = [:]
    private var constraints: [String: Constraint] = [:]

    static let ruledWeights = ["kernel", "recurrent", "bias"]

    package init(_ kind: Kind, units: Int) {
        self.kind = kind
        self.units = units
    }

    package init(_ kind: Kind, owner: String, _ reader: inout ConfigReader) throws(LeptonError) {
        self.init(kind, units: try reader.integer("units", minimum: 1))
        activation = try RecurrentCell.activation("activation", owner, .tanh, &reader)
        if kind != .simple {
            recurrentActivation = try RecurrentCell.activation("recurrent_activation", owner, .sigmoid, &reader)
            implementation =
                try reader.value("implementation") == nil ? 2 : reader.integer("implementation", minimum: 0)
        }
        useBias = try reader.bool("use_bias", default: true)
        if kind == .lstm { unitForgetBias = try reader.bool("unit_forget_bias", default: true) }
        if kind == .gru { resetAfter = try reader.bool("reset_after", default: true) }
        kernelInitializer = try Initializer(
            reader.value("kernel_initializer"), argument: "\(owner).kernel_initializer", default: kernelInitializer)
        recurrentInitializer = try Initializer(
            reader.value("recurrent_initializer"), argument: "\(owner).recurrent_initializer",
            default: recurrentInitializer)
        biasInitializer = try Initializer(
            reader.value("bias_initializer"), argument: "\(owner).bias_initializer", default: biasInitializer)
        // Keras clamps rates and says nothing.
        dropout = min(1, max(0, try reader.number("dropout", default: 0)))
        recurrentDropout = min(1, max(0, try reader.number("recurrent_dropout", default: 0)))
        seed = try reader.seed()
    }

    /// A missing activation is the usual one, null is none at all.
    private static func activation(
        _ name: String, _ owner: String, _ usual: Activation, _ reader: inout ConfigReader
    ) throws(LeptonError) -> Activation {
        let isGiven = reader.contains(name)
        let activation = isGiven ? try Activation(reader.value(name), owner: owner) : usual
        guard activation != .glu else {
            throw LeptonError(
                .invalidArgument, argument: "\(owner).\(name)",
                expected: "an activation that keeps the number of units",
                received: "'glu', which halves it")
        }
        return activation
    }

    /// As Keras writes them.
    ///
    /// - Parameter isLayer: for the layer of the cell's name rather than for the cell: its config has no seed for the
    ///   simple cell.
    package func arguments(isLayer: Bool) -> JSONObject {
        var fields: JSONObject = ["units": .integer(Int64(units)), "activation": activation.config]
        if kind != .simple { fields["recurrent_activation"] = recurrentActivation.config }
        fields["use_bias"] = .bool(useBias)
        if kind == .lstm { fields["unit_forget_bias"] = .bool(unitForgetBias) }
        fields["kernel_initializer"] = kernelInitializer.config
        fields["recurrent_initializer"] = recurrentInitializer.config
        fields["bias_initializer"] = biasInitializer.config
        fields["dropout"] = .number(dropout)
        fields["recurrent_dropout"] = .number(recurrentDropout)
        if kind == .gru { fields["reset_after"] = .bool(resetAfter) }
        // Keras leaves the seed out of this one config, and so would lose it.
        if !(isLayer && kind == .simple) || seed != nil {
            fields["seed"] = seed.map { .integer(Int64(bitPattern: $0)) } ?? .null
        }
        return fields
    }

    // MARK: Weights and operation

    private var operationCell: RecurrentOperation.Cell {
        switch kind {
        case .simple: .simple
        case .lstm: .lstm
        case .gru: resetAfter ? .gru : .gruResetBefore
        }
    }

    package var states: Int { operationCell.states }

    /// Whether the operation for all time steps applies the activations itself.
    var isFused: Bool { activation.isFused && recurrentActivation.isFused }

    /// The cell with the regularisers and constraints of a layer's options.
    func following(_ options: LayerOptions) -> RecurrentCell {
        var cell = self
        cell.regularizers = options.regularizers
        cell.constraints = options.constraints
        return cell
    }

    private func weight(
        _ name: String, _ rule: String, _ shape: [Int], _ initializer: Initializer
    ) -> LayerWeight {
        LayerWeight(
            name: name, shape: shape, initializer: initializer, regularizer: regularizers[rule],
            constraint: constraints[rule])
    }

    /// - Parameter inputs: extent of the last axis of the sequence.
    package func weights(inputs: Int) -> [LayerWeight] {
        let columns = operationCell.gates * units
        var weights = [
            weight("kernel", "kernel", [inputs, columns], kernelInitializer),
            weight("recurrent_kernel", "recurrent", [units, columns], recurrentInitializer),
        ]
        if useBias {
            let isForgetful = kind == .lstm && unitForgetBias
            weights.append(
                weight(
                    "bias", "bias", operationCell == .gru ? [2, columns] : [columns],
                    isForgetful ? .forgetGateOnes(others: biasInitializer) : biasInitializer))
        }
        return weights
    }

    /// The cell over a sequence, values (time, inputs).
    func operation(
        _ options: SequenceOptions, returnsSequence: Bool, reversesOutput: Bool, hasMask: Bool, hasInitialState: Bool,
        _ graph: inout LoweredGraph
    ) -> RecurrentOperation {
        // Keras's simple cell takes a rate of 1 as it is; the others then drop nothing.
        let isInference = graph.operations.fixedMode == .inference
        let isDropping = { (rate: Double) in !isInference && rate > 0 && (rate < 1 || kind == .simple) }
        let input =
            isDropping(dropout)
            ? RecurrentOperation.Dropout(rate: dropout, ordinal: graph.operations.nextDropoutOrdinal()) : nil
        let recurrent =
            isDropping(recurrentDropout)
            ? RecurrentOperation.Dropout(rate: recurrentDropout, ordinal: graph.operations.nextDropoutOrdinal()) : nil
        return RecurrentOperation(
            cell: operationCell, units: units, activation: activation, recurrentActivation: recurrentActivation,
            hasBias: useBias, isReversed: options.goBackwards, reversesOutput: reversesOutput,
            returnsSequence: returnsSequence, hasMask: hasMask,
            zeroesMasked: options.zeroOutputForMask, hasInitialState: hasInitialState, inputDropout: input,
            recurrentDropout: recurrent,
            dropsPerGate: kind != .simple && (implementation == 1 || recurrentDropout > 0)
                && (input != nil || recurrent != nil),
            seed: seed)
    }
}
