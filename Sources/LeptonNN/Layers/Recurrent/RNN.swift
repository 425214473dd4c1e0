import LeptonTensor

/// Cells over a sequence: `RNN(LSTMCell(64))` is `LSTM(64)`. Cells of a list are on top of each other.
package struct RNN: RecurrentLayer {
    package static let className = "RNN"
    package var options: LayerOptions
    package var sequence: SequenceOptions
    private let cell: any CellLayer

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let value = arguments.value("cell") else {
            throw LeptonError(
                .invalidArgument, argument: "RNN.cell", expected: "a cell, such as LSTMCell", received: "nothing")
        }
        cell = try RNN.cell(value, "RNN.cell", nesting: arguments.nesting)
        sequence = try SequenceOptions(Self.className, &arguments)
        options = LayerOptions()
    }

    /// A serialised cell.
    static func cell(_ value: JSONValue, _ argument: String, nesting: Int) throws(LeptonError) -> any CellLayer {
        let object = try SerializedObject(argument, value)
        let layer = try LayerRegistry.make(object, nesting: nesting)
        guard let cell = layer as? any CellLayer else {
            throw LeptonError(
                .invalidArgument, argument: argument,
                expected: "SimpleRNNCell, LSTMCell, GRUCell or StackedRNNCells", received: object.className)
        }
        return cell
    }

    package var arguments: JSONObject {
        var fields = sequence.arguments
        fields["cell"] = LayerRegistry.config(of: cell)
        return fields
    }

    package var namedCells: [NamedCell] { cell.namedCells }
}
