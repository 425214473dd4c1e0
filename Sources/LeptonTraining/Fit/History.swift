/// Loss and metrics, epoch by epoch.
///
/// Series are named and ordered as Keras has them: training's by name, then validation's with `val_` before the name.
public struct History: Sendable, Equatable {
    /// Epoch numbers, from 0.
    public internal(set) var epochs: [Int] = []
    public internal(set) var names: [String] = []
    /// Whether a callback or cancel switch ended the training early.
    public internal(set) var stoppedEarly = false
    private var series: [String: [Double]] = [:]

    package init() {}

    /// A history that was kept elsewhere.
    init(epochs: [Int], series: [(name: String, values: [Double])]) {
        self.epochs = epochs
        for (name, values) in series {
            names.append(name)
            self.series[name] = values
        }
    }

    /// The series called `name`, one value per epoch; nil for an unknown name.
    public func values(_ name: String) -> [Double]? { series[name] }

    public subscript(_ name: String) -> [Double] { series[name] ?? [] }

    mutating func append(epoch: Int, names: [String], values: UnsafePointer<Double>) {
        epochs.append(epoch)
        for (index, name) in names.enumerated() {
            if series[name] == nil { self.names.append(name) }
            series[name, default: []].append(values[index])
        }
    }
}
