import Synchronization

/// A switch that any thread may throw to stop a long call, which then throws `cancelled` at its next step.
public final class CancelToken: Sendable {
    private let flag = Atomic<Bool>(false)

    public init() {}

    /// Cancels. Cannot be undone.
    public func cancel() { flag.store(true, ordering: .releasing) }

    public var isCancelled: Bool { flag.load(ordering: .acquiring) }
}
