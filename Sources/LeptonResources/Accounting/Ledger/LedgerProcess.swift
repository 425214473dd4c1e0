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

    private final class Work {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// - Returns: false when the system refuses a thread; what waits is then written by `flush` and at the end.
    static func startThread(_ body: @escaping @Sendable () -> Void) -> Bool {
        let argument = Unmanaged.passRetained(Work(body))
        #if canImport(Glibc)
            var thread = pthread_t()
            let status = pthread_create(
                &thread, nil,
                { argument in
                    if let argument { Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body() }
                    return nil
                }, argument.toOpaque())
            if status == 0 { pthread_detach(thread) }
        #else
            var thread: pthread_t?
            let status = pthread_create(
                &thread, nil,
                { argument in
                    Unmanaged<Work>.fromOpaque(argument).takeRetainedValue().body()
                    return nil
                }, argument.toOpaque())
            if status == 0, let thread { pthread_detach(thread) }
        #endif
        if status != 0 { argument.release() }
        return status == 0
    }
}
