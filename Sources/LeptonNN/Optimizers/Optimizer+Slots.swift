import LeptonTensor

extension Optimizer {
    /// State for each weight, and where it begins.
    package struct Slot: Sendable, Equatable {
        /// How much of it a weight has.
        package enum Extent: Sendable, Equatable {
            /// A number for each of the weight's.
            case all
            /// A number for each row, or column, of the last two axes; nothing for weights of fewer axes.
            case rows, columns
        }

        package let name: String
        package let initialValue: Float
        package let extent: Extent
        /// Whether it begins as the weight itself.
        package let copiesWeight: Bool

        init(_ name: String, _ initialValue: Double = 0, extent: Extent = .all, copiesWeight: Bool = false) {
            self.name = name
            self.initialValue = Float(initialValue)
            self.extent = extent
            self.copiesWeight = copiesWeight
        }
    }

    /// The per-weight state: what every optimizer may have, then the update rule's own.
    package var slots: [Slot] { sharedSlots + ownSlots }

    /// In Keras's order.
    private var sharedSlots: [Slot] {
        (options.usesAverage ? [Slot("average")] : [])
            + (options.accumulationSteps == nil ? [] : [Slot("gradient_accumulator")])
    }

    package var averageSlot: Int? { options.usesAverage ? 0 : nil }
    package var accumulatorSlot: Int? { options.accumulationSteps == nil ? nil : options.usesAverage ? 1 : 0 }
    package var firstOwnSlot: Int { sharedSlots.count }

    /// The order is the kernels'.
    private var ownSlots: [Slot] {
        switch kind {
        case .sgd(let momentum, _): momentum == 0 ? [] : [Slot("momentum")]
        case .adam(_, _, _, let amsgrad):
            [Slot("momentum"), Slot("velocity")] + (amsgrad ? [Slot("velocity_hat")] : [])
        case .rmsprop(_, let momentum, _, let centered):
            [Slot("velocity")] + (momentum > 0 ? [Slot("momentum")] : []) + (centered ? [Slot("average_gradient")] : [])
        case .adagrad(let initial, _): [Slot("accumulator", initial)]
        case .adadelta: [Slot("accumulated_grad"), Slot("accumulated_delta_var")]
        case .adamax: [Slot("momentum"), Slot("norm")]
        case .nadam, .lamb, .muon: [Slot("momentum"), Slot("velocity")]
        case .lion: [Slot("momentum")]
        case .ftrl(let settings): [Slot("accumulator", settings.initialAccumulator), Slot("linear")]
        case .adafactor: [Slot("row_factor", extent: .rows), Slot("column_factor", extent: .columns), Slot("velocity")]
        case .scheduleFree: [Slot("momentum", copiesWeight: true), Slot("velocity")]
        }
    }

    /// Shape of a slot for a weight; nil where the weight has no such state.
    package func shape(of slot: Slot, for weight: OperationGraph.Weight) -> [Int]? {
        let shape = weight.spec.shape
        if case .muon(let settings) = kind, slot.name == "velocity", !settings.usesAdam(weight) { return nil }
        switch slot.extent {
        case .all: return shape
        case .rows: return shape.count < 2 ? nil : Array(shape.dropLast())
        case .columns: return shape.count < 2 ? nil : Array(shape.dropLast(2)) + [shape[shape.count - 1]]
        }
    }
}

extension MuonSettings {
    /// Whether a weight is updated as AdamW does it: all but matrices, embeddings, and what was excluded.
    package func usesAdam(_ weight: OperationGraph.Weight) -> Bool {
        if weight.spec.shape.count != 2 { return true }
        if excludesEmbeddings, Words.contains(weight.path.lowercased(), "embedding") { return true }
        return excludedLayers.contains { Words.match($0, weight.path) }
    }
}
