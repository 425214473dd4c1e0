import CLeptonKernels
import LeptonNN
import LeptonTensor

/// One weight tensor of a model.
public struct WeightInfo: Sendable, Equatable {
    /// "dense/kernel"
    public let name: String
    public let shape: [Int]
    public let isTrainable: Bool
}

extension Model {
    /// The model's weights in Keras's order: layer by layer, kernel before bias.
    ///
    /// - Throws: `invalidState` when the model is not built.
    public func weightInfos() throws(LeptonError) -> [WeightInfo] {
        try withState { () throws(LeptonError) in
            try requireBuilt().operations.weights.map {
                WeightInfo(name: $0.path, shape: $0.spec.shape, isTrainable: $0.isTrainable)
            }
        }
    }

    /// Copies of all weights.
    public func weights() throws(LeptonError) -> [Tensor] {
        try withState { () throws(LeptonError) in
            let built = try requireBuilt()
            var tensors: [Tensor] = []
            for (weight, entry) in zip(built.operations.weights, built.layout.entries) {
                let shape = try Shape(weight.spec.shape)
                tensors.append(
                    try Tensor(floats: shape) {
                        $0.update(from: built.parameters.pointer + entry.offset, count: entry.count)
                    })
            }
            return tensors
        }
    }

    /// Replaces all weights, or none.
    ///
    /// - Throws: `shapeMismatch` when number or shapes differ; `nonFinite`; `invalidState` when not built.
    public func setWeights(_ tensors: [Tensor]) throws(LeptonError) {
        try Model.withViews(of: tensors[...], []) { (views) throws(LeptonError) in try setWeights(from: views) }
    }

    /// Copies every weight into the caller's tensors, all or none.
    package func copyWeights(to outputs: [MutableTensorView]) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let built = try requireBuilt()
            try checkWeights(outputs.map(\.shape.extents), built)
            for (output, entry) in zip(outputs, built.layout.entries) {
                output.assign(from: built.parameters.pointer + entry.offset)
            }
        }
    }

    /// Replaces every weight, all or none.
    package func setWeights(from views: [TensorView]) throws(LeptonError) {
        try withState { () throws(LeptonError) in
            let built = try requireBuilt()
            try checkWeights(views.map(\.shape.extents), built)
            let staged = try AlignedBuffer<Float>(zeros: built.layout.totalFloats, purpose: "new weights")
            for (index, view) in views.enumerated() {
                let entry = built.layout.entries[index]
                view.copyFloats(to: staged.pointer + entry.offset)
                guard lepton_k_all_finite_f32(staged.pointer + entry.offset, entry.count) != 0 else {
                    throw LeptonError(
                        .nonFinite, argument: "weights[\(index)] (\(built.operations.weights[index].path))",
                        expected: "finite numbers", received: "NaN or infinity")
                }
            }
            built.parameters.pointer.update(from: staged.pointer, count: staged.count)
            hasOwnWeights = true
            weightsVersion += 1
        }
    }

    private func checkWeights(_ shapes: [[Int]], _ built: BuiltModel) throws(LeptonError) {
        let weights = built.operations.weights
        guard shapes.count == weights.count else {
            throw LeptonError(
                .shapeMismatch, argument: "weights", expected: "\(weights.count) tensors",
                received: "\(shapes.count)")
        }
        for (index, shape) in shapes.enumerated() where shape != weights[index].spec.shape {
            throw LeptonError(
                .shapeMismatch, argument: "weights[\(index)] (\(weights[index].path))",
                expected: "shape \(Shape.text(weights[index].spec.shape))", received: "shape \(Shape.text(shape))")
        }
    }

    /// Nests `withView` over a list of tensors.
    package static func withViews<Result>(
        of tensors: ArraySlice<Tensor>, _ views: [TensorView],
        _ body: ([TensorView]) throws(LeptonError) -> Result
    ) throws(LeptonError) -> Result {
        guard let first = tensors.first else { return try body(views) }
        return try first.withView { (view) throws(LeptonError) in
            try withViews(of: tensors.dropFirst(), views + [view], body)
        }
    }
}
