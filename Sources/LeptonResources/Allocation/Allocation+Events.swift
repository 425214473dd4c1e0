import LeptonTensor

extension Allocation {
    /// The events of this allocation, those that happened already first; it ends with the allocation.
    ///
    ///     for await event in allocation.events { print(event.state, event.nodes, event.reason) }
    ///
    /// The sequence does not keep the allocation alive. Each sequence has a thread that waits for events.
    public var events: AsyncStream<AllocationEvent> {
        AsyncStream { continuation in
            let over = CancelToken()
            continuation.onTermination = { _ in over.cancel() }
            let isFollowed = follow { event in
                continuation.yield(event)
                return !over.isCancelled
            } atEnd: {
                continuation.finish()
            }
            // Without a thread there is nobody to wait: the events so far are all that can be told.
            if !isFollowed { continuation.finish() }
        }
    }

    /// Calls `body` on a thread of its own for each event, those that happened already first, until the last one or
    /// until it returns false, and then `atEnd`.
    ///
    /// - Returns: false when the system refuses a thread; nothing is called then.
    package func follow(
        _ body: @escaping @Sendable (AllocationEvent) -> Bool, atEnd: @escaping @Sendable () -> Void
    ) -> Bool {
        let reference = WeakReference(self)
        return BackgroundThread.start {
            var last = 0
            while let allocation = reference.allocation {
                // In rounds, so that an allocation that everybody else has let go is not held for long.
                if let event = allocation.nextEvent(after: last, seconds: 0.2) {
                    last = event.sequence
                    if !body(event) || event.state.isFinal { break }
                } else if allocation.state.isFinal {
                    break
                }
            }
            atEnd()
        }
    }
}

private struct WeakReference: Sendable {
    weak let allocation: Allocation?
    init(_ allocation: Allocation) { self.allocation = allocation }
}
