import LeptonTensor

/// An activation function by its Keras name.
public enum Activation: String, Sendable, CaseIterable {
    case linear
    /// max(x, 0)
    case relu
    /// 1 / (1 + exp(-x))
    case sigmoid
    case tanh
    /// exp(x) / sum(exp(x)) over the last axis.
    case softmax

    /// - Throws: `invalidArgument` with the nearest known name.
    package init(_ value: JSONValue?, owner: String) throws(LeptonError) {
        guard let value else {
            self = .linear
            return
        }
        let object = try SerializedObject("\(owner).activation", value)
        guard let activation = Activation(rawValue: object.className) else {
            throw unknownName("activation", object.className, known: Activation.allCases.map(\.rawValue))
        }
        self = activation
    }
}
