import LeptonTensor

/// Gated recurrent unit (Cho et al., 2014): gates z, r, h; h = z · h_before + (1 - z) · candidate. The reset gate is
/// applied after the product of the state.
///
///     GRU(units: 64, inputShape: [50, 32])
public struct GRU: RecurrentLayer {
    public static let className = "GRU"
    public static let ruledWeights = RecurrentCell.ruledWeights
    public var options: LayerOptions
    package var sequence: SequenceOptions
    package let cell: RecurrentCell

    /// - Parameters:
    ///   - units: extent of the output and of the state, at least 1 (checked when the model is built).
    ///   - dropout, recurrentDropout: rates for the inputs and for the state, the pattern being that of all time steps.
    ///   - inputShape: (time, features); needed on the first layer only, and there optional.
    public init(
        units: Int, activation: Activation = .tanh, recurrentActivation: Activation = .sigmoid, useBias: Bool = true,
        returnSequences: Bool = false, returnState: Bool = false, goBackwards: Bool = false, dropout: Double = 0,
        recurrentDropout: Double = 0, inputShape: [Int]? = nil, name: String? = nil
    ) {
        var cell = RecurrentCell(.gru, units: units)
        cell.activation = activation
        cell.recurrentActivation = recurrentActivation
        cell.useBias = useBias
        cell.dropout = dropout
        cell.recurrentDropout = recurrentDropout
        self.cell = cell
        sequence = SequenceOptions()
        sequence.returnSequences = returnSequences
        sequence.returnState = returnState
        sequence.goBackwards = goBackwards
        options = LayerOptions(name: name, inputShape: inputShape)
    }

    public init(arguments: inout ConfigReader) throws(LeptonError) {
        cell = try RecurrentCell(.gru, owner: Self.className, &arguments)
        sequence = try SequenceOptions(Self.className, &arguments)
        try arguments.neutral(
            "use_cudnn", [.string("auto"), .bool(false)], instead: "leave it out: there is one implementation")
        options = LayerOptions()
    }

    public var arguments: JSONObject { sequence.arguments.merging(cell.arguments(isLayer: true)) }
    package var namedCells: [NamedCell] {
        [("gru_cell", true, cell.following(options))]
    }
}
