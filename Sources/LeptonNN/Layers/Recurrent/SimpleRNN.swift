import LeptonTensor

/// h = activation(x · kernel + h_before · recurrent_kernel + bias) at each time step.
///
///     SimpleRNN(units: 16, inputShape: [50, 8])
public struct SimpleRNN: RecurrentLayer {
    public static let className = "SimpleRNN"
    public static let ruledWeights = RecurrentCell.ruledWeights
    public var options: LayerOptions
    package var sequence: SequenceOptions
    package let cell: RecurrentCell

    /// - Parameters:
    ///   - units: extent of the output and of the state, at least 1 (checked when the model is built).
    ///   - dropout, recurrentDropout: rates for the inputs and for the state, the pattern being that of all time steps.
    ///   - inputShape: (time, features); needed on the first layer only, and there optional.
    public init(
        units: Int, activation: Activation = .tanh, useBias: Bool = true,
        returnSequences: Bool = false, returnState: Bool = false, goBackwards: Bool = false, dropout: Double = 0,
        recurrentDropout: Double = 0, inputShape: [Int]? = nil, name: String? = nil
    ) {
        var cell = RecurrentCell(.simple, units: units)
        cell.activation = activation
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
        cell = try RecurrentCell(.simple, owner: Self.className, &arguments)
        sequence = try SequenceOptions(Self.className, &arguments)
        options = LayerOptions()
    }

    public var arguments: JSONObject { sequence.arguments.merging(cell.arguments(isLayer: true)) }
    package var namedCells: [NamedCell] {
        [("simple_rnn_cell", true, cell.following(options))]
    }
}
