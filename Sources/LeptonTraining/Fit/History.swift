/// Loss and metrics, epoch by epoch.
///
/// Series are named and ordered as Keras has them: by name, validation's with `val_` before it.
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
            if series[name] == nil { insert(name) }
            series[name, default: []].append(values[index])
        }
    }

    /// Puts a name in its place. The values of one metric stay in the order of their numbers: "own[2]" is before "own[10]".
    private mutating func insert(_ name: String) {
        let base = name.prefix { $0 != "[" }
        let place = names.firstIndex { base.utf8.lexicographicallyPrecedes($0.prefix { $0 != "[" }.utf8) }
        names.insert(name, at: place ?? names.count)
    }
}
