import LeptonTensor

package typealias NamedCell = (name: String, isTrainable: Bool, cell: RecurrentCell)

/// A cell, or several, as `RNN` takes them. Not a layer of a model: it has no axis of time.
package protocol CellLayer: Layer {
    var namedCells: [NamedCell] { get }
}

extension CellLayer {
    var cellName: String { options.name ?? snakeCase(Self.className) }

    private var notALayer: LeptonError {
        LeptonError(
            .invalidArgument, argument: "layer", expected: "a layer; a cell is given to RNN",
            received: Self.className)
    }

    package func weights(for inputShapes: [[Int]]) throws(LeptonError) -> [Weight] { throw notALayer }
    package func outputShape(for inputShapes: [[Int]]) throws(LeptonError) -> [Int] { throw notALayer }
    package func lower(
        into graph: inout LoweredGraph, inputs: [Int], weights: [Int]
    ) throws(LeptonError) -> Int { throw notALayer }
}

/// The cell of `SimpleRNN`, for `RNN`.
package struct SimpleRNNCell: CellLayer {
    package static let className = "SimpleRNNCell"
    package static let ruledWeights = RecurrentCell.ruledWeights
    package var options: LayerOptions
    package let cell: RecurrentCell

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        cell = try RecurrentCell(.simple, owner: Self.className, &arguments)
        options = LayerOptions()
    }

    package var arguments: JSONObject { cell.arguments(isLayer: false) }
    package var namedCells: [NamedCell] { [(cellName, options.isTrainable, cell.following(options))] }
}

/// The cell of `LSTM`, for `RNN`.
package struct LSTMCell: CellLayer {
    package static let className = "LSTMCell"
    package static let ruledWeights = RecurrentCell.ruledWeights
    package var options: LayerOptions
    package let cell: RecurrentCell

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        cell = try RecurrentCell(.lstm, owner: Self.className, &arguments)
        options = LayerOptions()
    }

    package var arguments: JSONObject { cell.arguments(isLayer: false) }
    package var namedCells: [NamedCell] { [(cellName, options.isTrainable, cell.following(options))] }
}

/// The cell of `GRU`, for `RNN`.
package struct GRUCell: CellLayer {
    package static let className = "GRUCell"
    package static let ruledWeights = RecurrentCell.ruledWeights
    package var options: LayerOptions
    package let cell: RecurrentCell

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        cell = try RecurrentCell(.gru, owner: Self.className, &arguments)
        options = LayerOptions()
    }

    package var arguments: JSONObject { cell.arguments(isLayer: false) }
    package var namedCells: [NamedCell] { [(cellName, options.isTrainable, cell.following(options))] }
}

/// Cells on top of each other: each takes at every time step what the one before gives.
package struct StackedRNNCells: CellLayer {
    package static let className = "StackedRNNCells"
    package var options: LayerOptions
    private let cells: [any CellLayer]

    package init(arguments: inout ConfigReader) throws(LeptonError) {
        guard let values = arguments.value("cells")?.arrayValue, !values.isEmpty else {
            throw LeptonError(
                .invalidArgument, argument: "StackedRNNCells.cells", expected: "a list of cells", received: "nothing")
        }
        var cells: [any CellLayer] = []
        for value in values {
            cells.append(try RNN.cell(value, "StackedRNNCells.cells", nesting: arguments.nesting))
        }
        self.cells = cells
        options = LayerOptions()
    }

    package var arguments: JSONObject { ["cells": .array(cells.map { LayerRegistry.config(of: $0) })] }

    package var namedCells: [NamedCell] {
        cells.flatMap { inner in
            inner.namedCells.map { cell in
                ("\(cellName)/\(cell.name)", options.isTrainable && cell.isTrainable, cell.cell)
            }
        }
    }
}
