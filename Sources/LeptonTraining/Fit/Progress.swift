import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What a progress callback is told. Valid during the call only: making one allocates nothing.
package struct ProgressEvent {
    /// Raw values equal `lepton_progress_event` in `lepton.h`.
    package enum Kind: Int32, Sendable {
        case trainBegin = 0
        case epochBegin = 1
        case batchEnd = 2
        case epochEnd = 3
        case trainEnd = 4
        case validationBegin = 5
        case validationBatchEnd = 6
        case validationEnd = 7
        /// A few times a second while a fit waits for nodes; false ends it.
        case waiting = 8
    }

    package let kind: Kind
    package let epoch: Int
    package let epochs: Int
    /// Steps of this epoch that are done, and in all.
    package let step: Int
    package let steps: Int
    package let names: MetricNames
    package let values: UnsafeBufferPointer<Double>

    package init(
        kind: Kind, epoch: Int, epochs: Int, step: Int, steps: Int, names: MetricNames,
        values: UnsafeBufferPointer<Double>
    ) {
        self.kind = kind
        self.epoch = epoch
        self.epochs = epochs
        self.step = step
        self.steps = steps
        self.names = names
        self.values = values
    }
}

/// Called between two steps, when the model is at rest; false ends the training after this step.
package typealias ProgressHandler = (borrowing ProgressEvent) -> Bool

/// What may end or hold a fit between two steps: a lease that is over, nodes that are needed elsewhere.
///
/// - Parameter goesOn: asked from time to time while it waits; false ends the wait.
/// - Returns: why the fit has to end; nil when it goes on.
package typealias Interruption = (_ goesOn: () -> Bool) -> LeptonError?

/// Names of metrics, and the same as C strings made once.
///
/// `@unchecked Sendable`: nothing in it changes after `init`.
package final class MetricNames: @unchecked Sendable {
    package let strings: [String]
    package let cStrings: UnsafePointer<UnsafePointer<CChar>?>
    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>

    package init(_ strings: [String]) {
        self.strings = strings
        storage = .allocate(capacity: max(strings.count, 1))
        for (index, string) in strings.enumerated() {
            (storage + index).initialize(to: strdup(string).map { UnsafePointer($0) })
        }
        cStrings = UnsafePointer(storage)
    }

    deinit {
        for index in strings.indices { free(UnsafeMutablePointer(mutating: storage[index])) }
        storage.deallocate()
    }
}
