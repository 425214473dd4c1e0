import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// The ledgers of this process, for what concerns all of them: forks and the end of the process.
enum LedgerProcess {
    /// `@unchecked Sendable`: `writers` is guarded by `lock`.
    private final class Registry: @unchecked Sendable {
        let lock = Lock()
        var writers: [ObjectIdentifier: LedgerWriter] = [:]

        init() {
            pthread_atfork(
                { LedgerProcess.prepareForFork() }, { LedgerProcess.continueInParent() },
                { LedgerProcess.continueInChild() })
            atexit { LedgerProcess.endAll() }
        }
    }

    private static let registry = Registry()

    static func add(_ writer: LedgerWriter) {
        registry.lock.withLock { registry.writers[ObjectIdentifier(writer)] = writer }
    }

    static func remove(_ writer: LedgerWriter) {
        registry.lock.withLock { registry.writers[ObjectIdentifier(writer)] = nil }
    }

    private static func prepareForFork() {
        registry.lock.lock()
        for writer in registry.writers.values { writer.prepareForFork() }
    }

    private static func continueInParent() {
        for writer in registry.writers.values { writer.continueInParent() }
        registry.lock.unlock()
    }

    private static func continueInChild() {
        for writer in registry.writers.values { writer.continueInChild() }
        registry.lock.renewAfterFork()
    }

    /// A program that ends without releasing its client has used its allocations up to now.
    private static func endAll() {
        for writer in registry.lock.withLock({ Array(registry.writers.values) }) { writer.end() }
    }
}
