import LeptonNN
import LeptonTensor

/// What the rows of a batch leave for the same rows of the next: the states of stateful layers.
///
/// A step reads one buffer and writes the other, so that any worker may run a shard again; then the two change places.
/// Not `Sendable`: the model's lock guards it.
final class RecurrentStates {
    /// Rows in every batch.
    let rows: Int
    private let slots: [StateSlot]
    private var current: AlignedBuffer<Float>
    private var next: AlignedBuffer<Float>

    fileprivate init(_ slots: [StateSlot], rows: Int) throws(LeptonError) {
        self.slots = slots
        self.rows = rows
        guard let count = Shape.checkedProduct([rows, slots.reduce(0) { $0 + $1.floatsPerRow }]) else {
            throw LeptonError(
                .outOfMemory, argument: "batch_size", expected: "states that fit in memory", received: "\(rows) rows")
        }
        current = try AlignedBuffer(zeros: count, purpose: "states")
        next = try AlignedBuffer(zeros: count, purpose: "states")
    }

    /// What a batch finds, and where it leaves what the next finds.
    var pointers: Frame.States { Frame.States(current: current.pointer, next: next.pointer) }

    /// Called after a batch, when every shard has been run.
    func advance() { swap(&current, &next) }

    /// Makes the states 0: of all layers, or of one and of those inside it.
    ///
    /// - Returns: whether there is such a layer.
    func reset(layer: String?) -> Bool {
        var offset = 0
        var isFound = false
        for slot in slots {
            let count = slot.floatsPerRow * rows
            if layer.map({ slot.layer == $0 || slot.layer.hasPrefix($0 + "/") }) ?? true {
                (current.pointer + offset).update(repeating: 0, count: count)
                isFound = true
            }
            offset += count
        }
        return isFound
    }

    /// Batches have as many rows as there are states.
    ///
    /// - Throws: `shapeMismatch`, as Keras says it.
    func requireRows(_ batch: Int, of rows: Int, _ argument: String) throws(LeptonError) {
        let received = batch != self.rows ? batch : rows % batch
        guard received == 0 || received == self.rows else {
            throw LeptonError(
                .shapeMismatch,
                "\(argument): If an RNN is stateful, the batch size of the input sequences must be the same as the batch "
                    + "size of the initial state.\n- Expected batch size: \(self.rows)\n- Received batch size: "
                    + "\(received)")
        }
    }
}

/// The states of a model, which are made when its operations are known: where lengths are not, with the first data.
///
/// `@unchecked Sendable`: `lock` guards the one property.
final class StateStore: @unchecked Sendable {
    private let lock = Lock()
    private var made: RecurrentStates?

    var states: RecurrentStates? { lock.withLock { made } }

    /// - Returns: nil for a graph without stateful layers.
    func states(for graph: OperationGraph, batchSize: Int?) throws(LeptonError) -> RecurrentStates? {
        guard !graph.states.isEmpty, let batchSize else { return nil }
        return try lock.withLock { () throws(LeptonError) in
            if let made { return made }
            let states = try RecurrentStates(graph.states, rows: batchSize)
            made = states
            return states
        }
    }
}
