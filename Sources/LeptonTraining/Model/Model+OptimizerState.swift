import CLeptonKernels
import LeptonNN
import LeptonTensor

extension Model {
    /// One tensor of the optimizer's state and where it stands.
    struct StateTensor {
        let name: String
        let shape: [Int]
        let memory: UnsafeMutablePointer<Float>
        let count: Int
    }

    /// The optimizer's state: slot by slot in the optimizer's order, and in each the trained weights in the model's.
    ///
    /// - Throws: `invalidState` when the model is not built or not compiled.
    private func stateTensors() throws(LeptonError) -> [StateTensor] {
        let built = try requireBuilt()
        return try ensureOptimizerState(built).tensors(built)
    }

    /// What the optimizer keeps: "momentum/dense/kernel" and so on, slot by slot. Made if it has not worked yet.
    ///
    /// - Throws: `invalidState` when the model is not built or not compiled.
    package func optimizerWeightInfos() throws(LeptonError) -> [WeightInfo] {
        try withState { () throws(LeptonError) in
            try stateTensors().map { WeightInfo(name: $0.name, shape: $0.shape, isTrainable: false) }
        }
    }

    /// Copies the optimizer's state into the caller's tensors, all or none.
    package func copyOptimizerWeights(to outputs: [MutableTensorView]) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let tensors = try stateTensors()
            try Model.checkState(outputs.map(\.shape.extents), tensors)
            for (output, tensor) in zip(outputs, tensors) { output.assign(from: tensor.memory) }
        }
    }

    /// Replaces the optimizer's state, all or none; also between two steps of a fit.
    ///
    /// - Throws: `shapeMismatch` when number or shapes differ; `nonFinite`.
    package func setOptimizerWeights(from views: [TensorView]) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let tensors = try stateTensors()
            try Model.checkState(views.map(\.shape.extents), tensors)
            var staged: [AlignedBuffer<Float>] = []
            for (view, tensor) in zip(views, tensors) {
                let copy = try AlignedBuffer<Float>(zeros: tensor.count, purpose: "new optimizer state")
                view.copyFloats(to: copy.pointer)
                guard lepton_k_all_finite_f32(copy.pointer, tensor.count) != 0 else {
                    throw LeptonError(
                        .nonFinite, argument: tensor.name, expected: "finite numbers", received: "NaN or infinity")
                }
                staged.append(copy)
            }
            for (copy, tensor) in zip(staged, tensors) { tensor.memory.update(from: copy.pointer, count: tensor.count) }
        }
    }

    private static func checkState(_ shapes: [[Int]], _ tensors: [StateTensor]) throws(LeptonError) {
        guard shapes.count == tensors.count else {
            throw LeptonError(
                .shapeMismatch, argument: "views", expected: "\(tensors.count) tensors, the optimizer's state",
                received: "\(shapes.count)")
        }
        for (shape, tensor) in zip(shapes, tensors) where shape != tensor.shape {
            throw LeptonError(
                .shapeMismatch, argument: tensor.name, expected: "shape \(Shape.text(tensor.shape))",
                received: "shape \(Shape.text(shape))")
        }
    }

    /// Steps that the optimizer has done.
    ///
    /// - Throws: `invalidState` when the model is not compiled.
    public func iterations() throws(LeptonError) -> UInt64 {
        try withState { () throws(LeptonError) in
            _ = try requireCompiled()
            return optimizerState?.iterations ?? 0
        }
    }

    /// Sets the number of steps that the optimizer has done, which its corrections of bias depend on.
    ///
    /// - Throws: `invalidState` when not built or not compiled; `invalidArgument` beyond 2^62.
    package func setIterations(_ iterations: UInt64) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            guard iterations <= 1 << 62 else {
                throw LeptonError(
                    .invalidArgument, argument: "iterations", expected: "at most 2^62", received: "\(iterations)")
            }
            try ensureOptimizerState(requireBuilt()).iterations = iterations
        }
    }

    /// Takes over weights, optimizer state, learning rate, seed and counters of another model of the same structure,
    /// whose layers may have other names.
    ///
    /// - Throws: `shapeMismatch` when weights do not fit; `invalidArgument` when the snapshot was taken with another
    ///   optimizer; `invalidState` during a fit or when the model is not built. Nothing changes then.
    package func restoreState(_ snapshot: ModelSnapshot) throws(LeptonError) {
        let other = try Model(restoring: snapshot)
        try withState { () throws(LeptonError) in
            try requireIdle("loading a state")
            let built = try requireBuilt()
            let source = try other.requireBuilt()
            try checkSameWeights(built, source)
            if let theirs = other.optimizerState, let optimizer = settings?.optimizer {
                guard optimizer.slots.map(\.name) == theirs.optimizer.slots.map(\.name),
                    (optimizer.scaling == nil) == (theirs.optimizer.scaling == nil)
                else {
                    throw LeptonError(
                        .invalidArgument, argument: "state", expected: "one of a model with the same optimizer",
                        received: "the state of another optimizer")
                }
                let state = try ensureOptimizerState(built)
                for (slot, saved) in zip(state.slots, theirs.slots) {
                    slot.pointer.update(from: saved.pointer, count: saved.count)
                }
                if let scaling = state.scaling, let saved = theirs.scaling {
                    scaling.pointer.update(from: saved.pointer, count: saved.count)
                }
                state.iterations = theirs.iterations
                try adopt(theirs.optimizer.rate)
            }
            built.parameters.pointer.update(from: source.parameters.pointer, count: built.layout.totalFloats)
            seed = other.seed
            epochsTrained = other.epochsTrained
            batchRunner = nil
            hasOwnWeights = true
            weightsVersion += 1
        }
    }

    private func checkSameWeights(_ built: BuiltModel, _ source: BuiltModel) throws(LeptonError) {
        let (wanted, given) = (built.operations.weights, source.operations.weights)
        guard wanted.count == given.count else {
            throw LeptonError(
                .shapeMismatch, argument: "state", expected: "\(wanted.count) weights", received: "\(given.count)")
        }
        for (mine, theirs) in zip(wanted, given) where mine.spec.shape != theirs.spec.shape {
            throw LeptonError(
                .shapeMismatch, argument: "state (\(mine.path))", expected: "shape \(Shape.text(mine.spec.shape))",
                received: "shape \(Shape.text(theirs.spec.shape))")
        }
        // The same weights, trained the same, stand at the same places.
        guard zip(wanted, given).allSatisfy({ $0.isTrainable == $1.isTrainable }) else {
            throw LeptonError(
                .invalidArgument, argument: "state", expected: "one of a model that trains the same weights",
                received: "the state of one that does not")
        }
    }
}

extension OptimizerState {
    /// Slot by slot, and in each the trained weights that have it; then what belongs to no weight.
    func tensors(_ built: BuiltModel) -> [Model.StateTensor] {
        var tensors: [Model.StateTensor] = []
        for (slot, buffer) in zip(optimizer.slots, slots) {
            for (weight, entry) in zip(built.operations.weights, built.layout.entries) where entry.isTrainable {
                guard let shape = optimizer.shape(of: slot, for: weight) else { continue }
                tensors.append(
                    Model.StateTensor(
                        name: "\(slot.name)/\(weight.path)", shape: shape, memory: buffer.pointer + entry.offset,
                        count: shape.reduce(1, *)))
            }
        }
        if let scaling {
            for (index, name) in ["dynamic_scale", "step_counter"].enumerated() {
                tensors.append(
                    Model.StateTensor(name: name, shape: [], memory: scaling.pointer + index, count: 1))
            }
        }
        return tensors
    }
}

extension Model {
    /// What Keras does to the weights at the end of a fit: they become their moving average, if there is one. The lock is
    /// held.
    func finishTraining(_ state: OptimizerState) {
        guard let built, state.iterations > 0, let number = state.optimizer.averageSlot else { return }
        let average = state.slots[number].pointer
        for entry in built.layout.entries where entry.isTrainable {
            (built.parameters.pointer + entry.offset).update(from: average + entry.offset, count: entry.count)
        }
        weightsVersion += 1
    }
}
