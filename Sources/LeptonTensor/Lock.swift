#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A mutual-exclusion lock that does not move and can be waited on.
///
/// `Synchronization.Mutex` has no condition variable, which worker threads need to sleep.
///
/// `@unchecked Sendable`: the pthread objects are made for use from several threads and live as long as the lock.
package final class Lock: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    package init() {
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        prepare()
    }

    private func prepare() {
        pthread_mutex_init(mutex, nil)
        #if canImport(Glibc)
            // Waits with a limit are measured by a clock that nobody sets.
            var attributes = pthread_condattr_t()
            pthread_condattr_init(&attributes)
            pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
            pthread_cond_init(condition, &attributes)
            pthread_condattr_destroy(&attributes)
        #else
            pthread_cond_init(condition, nil)
        #endif
    }

    /// Makes it anew, unlocked, in a forked child, where the threads that held it or waited for it do not exist.
    package func renewAfterFork() { prepare() }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    package func lock() { pthread_mutex_lock(mutex) }
    package func unlock() { pthread_mutex_unlock(mutex) }

    package func withLock<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try body()
    }

    /// Gives the lock up and sleeps until woken; the caller holds the lock and checks its condition again.
    package func wait() { pthread_cond_wait(condition, mutex) }

    /// As `wait`, but for so many seconds at most. May also return earlier, without reason, as any wait.
    package func wait(atMost seconds: Double) {
        let nanoseconds = Int(min(max(seconds, 0), 86_400) * 1e9)
        #if canImport(Glibc)
            var end = timespec()
            clock_gettime(CLOCK_MONOTONIC, &end)
            let (carry, rest) = (end.tv_nsec + nanoseconds % 1_000_000_000).quotientAndRemainder(
                dividingBy: 1_000_000_000)
            end = timespec(tv_sec: end.tv_sec + nanoseconds / 1_000_000_000 + carry, tv_nsec: rest)
            pthread_cond_timedwait(condition, mutex, &end)
        #else
            var time = timespec(tv_sec: nanoseconds / 1_000_000_000, tv_nsec: nanoseconds % 1_000_000_000)
            pthread_cond_timedwait_relative_np(condition, mutex, &time)
        #endif
    }

    package func wakeAll() { pthread_cond_broadcast(condition) }
}
