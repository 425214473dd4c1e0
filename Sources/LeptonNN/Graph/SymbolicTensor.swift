import LeptonTensor

/// A value that a functional model will have: an input of it, or what a call of a layer gives. Keras's `KerasTensor`.
///
///     let image = Input(shape: [28, 28, 1])
///     let features = Flatten()(Conv2D(filters: 8, kernelSize: 3, activation: .relu)(image))
///     let model = try Model(inputs: [image], outputs: [Dense(units: 10)(features)])
///
/// Calls do not throw: what does not fit together is refused when the model is made.
public struct SymbolicTensor: Sendable {
    let call: SymbolicCall
    let output: Int

    /// An input of a model.
    ///
    /// - Parameters:
    ///   - shape: extents of one sample, without the batch; -1 for an axis whose length the data tells.
    ///   - batchSize: rows in every batch, which stateful layers need; nil for any number.
    ///   - name: nil lets the model choose one.
    public init(shape: [Int], batchSize: Int? = nil, name: String? = nil) {
        call = SymbolicCall(
            layer: SharedLayer(InputLayer(shape: shape, batchSize: batchSize, name: name)), inputs: [],
            call: .tensors(1))
        output = 0
    }

    init(_ call: SymbolicCall, output: Int) {
        self.call = call
        self.output = output
    }
}

/// Keras's name for what makes an input of a functional model.
public typealias Input = SymbolicTensor

/// One use of a layer. An object, because several values may come from the same one.
final class SymbolicCall: Sendable {
    let layer: SharedLayer
    let inputs: [SymbolicTensor]
    let call: LayerCall

    init(layer: SharedLayer, inputs: [SymbolicTensor], call: LayerCall) {
        self.layer = layer
        self.inputs = inputs
        self.call = call
    }
}

/// A layer that several calls share, with its weights. Calls of a layer itself make a new one each, as layers are values.
///
///     let encoder = SharedLayer(Dense(units: 16))
///     let distance = Subtract()([encoder(left), encoder(right)])
public final class SharedLayer: Sendable {
    let layer: any Layer

    public init(_ layer: some Layer) { self.layer = layer }

    /// Calls the layer with one tensor after another, as attention takes query, value and key.
    ///
    /// - Parameter arguments: the call's other arguments by Keras's names: `["use_causal_mask": true]`.
    /// - Returns: the first output.
    public func callAsFunction(
        _ inputs: SymbolicTensor..., arguments: [String: JSONValue] = [:]
    ) -> SymbolicTensor {
        let call = LayerCall(positional: inputs.indices.map { .tensor($0) }, keywords: SharedLayer.keywords(arguments))
        return SymbolicTensor(SymbolicCall(layer: self, inputs: inputs, call: call), output: 0)
    }

    /// Calls the layer with a list of tensors, as merging layers take it.
    public func callAsFunction(_ inputs: [SymbolicTensor]) -> SymbolicTensor {
        let call = LayerCall(positional: [.list(inputs.indices.map { .tensor($0) })])
        return SymbolicTensor(SymbolicCall(layer: self, inputs: inputs, call: call), output: 0)
    }

    /// Calls a layer that gives several tensors: an LSTM with `returnState`, say.
    ///
    /// - Parameter count: how many of them are wanted, from the first on.
    public func outputs(
        _ count: Int, of inputs: SymbolicTensor..., arguments: [String: JSONValue] = [:]
    ) -> [SymbolicTensor] {
        let call = LayerCall(positional: inputs.indices.map { .tensor($0) }, keywords: SharedLayer.keywords(arguments))
        let made = SymbolicCall(layer: self, inputs: inputs, call: call)
        return (0..<max(count, 0)).map { SymbolicTensor(made, output: $0) }
    }

    private static func keywords(_ arguments: [String: JSONValue]) -> [LayerCall.Keyword] {
        arguments.sorted { $0.key < $1.key }.map { LayerCall.Keyword($0.key, .value($0.value)) }
    }
}

extension Layer {
    /// A new layer called with one tensor; see `SharedLayer` for more, and for layers that several calls share.
    public func callAsFunction(_ input: SymbolicTensor) -> SymbolicTensor { SharedLayer(self)(input) }

    /// A new layer called with a list of tensors, as merging layers take it.
    public func callAsFunction(_ inputs: [SymbolicTensor]) -> SymbolicTensor { SharedLayer(self)(inputs) }
}
