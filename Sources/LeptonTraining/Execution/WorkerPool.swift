import CLeptonKernels
import LeptonTensor
import Synchronization

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Threads that run numbered tasks of one job after another; the caller is the first of them.
///
/// Made for jobs of some microseconds: between two jobs a worker spins briefly before it sleeps, and giving out a
/// job allocates nothing. Threads start with the first job that has tasks for them, and end with the pool.
/// One thread at a time may call `run`.
package final class WorkerPool {
    /// What a job does for each task; `worker` is below the pool's `workers` and no two tasks that run at the same
    /// time have the same one.
    package typealias Body = @convention(c) (_ context: UnsafeMutableRawPointer, _ task: Int, _ worker: Int) -> Void

    /// Threads that take part, the caller included.
    package private(set) var workers: Int
    private var shared: SharedState
    private var threads: [pthread_t] = []

    package init(workers: Int) {
        self.workers = max(1, workers)
        shared = SharedState(spins: WorkerPool.spins(workers: self.workers))
    }

    /// With more threads than cores, one that spins takes the time of one that has work.
    private static func spins(workers: Int) -> Int { workers <= onlineCores ? 1_000 : 0 }

    package static var onlineCores: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    deinit { endThreads() }

    private func endThreads() {
        shared.stop()
        for thread in threads { pthread_join(thread, nil) }
        threads = []
    }

    /// Sets how many threads take part from the next job on: nodes have joined or left. To be called between two jobs, by
    /// the thread that runs them. Threads start again with the next job, so that those that left are really gone.
    package func resize(to workers: Int) {
        let count = max(1, workers)
        guard count != self.workers else { return }
        endThreads()
        self.workers = count
        shared = SharedState(spins: WorkerPool.spins(workers: count))
    }

    /// Runs tasks 0..<tasks, each once, and returns when all are done. What they do must not depend on which worker
    /// runs them.
    ///
    /// - Parameter limit: only workers below it take part: those that the job has memory for.
    package func run(tasks: Int, limit: Int, context: UnsafeMutableRawPointer, body: Body) {
        let helpers = min(tasks, limit, workers) - 1
        guard helpers > 0 else {
            for task in 0..<tasks { body(context, task, 0) }
            return
        }
        startThreads(upTo: helpers)
        shared.publish(tasks: tasks, limit: limit, context: context, body: body)
        shared.work(worker: 0)
        shared.awaitCompletion(of: tasks)
    }

    /// When the system refuses a thread, those that started do all the work: slower, with the same result.
    private func startThreads(upTo count: Int) {
        while threads.count < count {
            let start = ThreadStart(shared: shared, worker: threads.count + 1)
            let argument = Unmanaged.passRetained(start)
            #if canImport(Glibc)
                var thread = pthread_t()
            #else
                var thread: pthread_t?
            #endif
            let status = pthread_create(&thread, nil, threadMain, argument.toOpaque())
            guard status == 0 else {
                argument.release()
                return
            }
            #if canImport(Glibc)
                threads.append(thread)
            #else
                if let thread { threads.append(thread) }
            #endif
        }
    }
}

/// Gives the workers for a job, once its data has been found to be in order: a job that is refused takes no resources.
package typealias PoolProvider = () throws(LeptonError) -> WorkerPool

#if canImport(Glibc)
    private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        runWorker(argument)
        return nil
    }
#else
    private func threadMain(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        runWorker(argument)
        return nil
    }
#endif

private func runWorker(_ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    start.shared.serve(worker: start.worker)
}

private final class ThreadStart {
    let shared: SharedState
    let worker: Int
    init(shared: SharedState, worker: Int) {
        self.shared = shared
        self.worker = worker
    }
}

/// The job and the counters that threads agree through.
///
/// A ticket is the job's number in its upper and the next task in its lower half. A worker reads the job's fields and
/// then claims a task by moving the ticket on. The ticket changes before the fields do: when the job changed in
/// between, the claim fails, and what the worker read is not used.
private final class SharedState: Sendable {
    private let ticket = Atomic<UInt64>(0)
    private let completed = Atomic<Int>(0)
    private let tasks = Atomic<Int>(0)
    private let limit = Atomic<Int>(0)
    private let context = Atomic<UInt>(0)
    private let body = Atomic<UInt>(0)
    private let stopping = Atomic<Bool>(false)
    private let sleepers = Atomic<Int>(0)
    private let lock = Lock()
    private let spins: Int
    /// The lower half of a ticket while the job's fields are being written: above any number of tasks.
    private static let closed: UInt64 = 0xFFFF_FFFF

    init(spins: Int) { self.spins = spins }

    func publish(
        tasks count: Int, limit workers: Int, context pointer: UnsafeMutableRawPointer, body function: WorkerPool.Body
    ) {
        let job = (ticket.load(ordering: .relaxed) >> 32) &+ 1
        // Closed first: a worker that still holds the old ticket must not claim a task by the new job's fields.
        ticket.store(job << 32 | SharedState.closed, ordering: .releasing)
        completed.store(0, ordering: .releasing)
        tasks.store(count, ordering: .releasing)
        limit.store(workers, ordering: .releasing)
        context.store(UInt(bitPattern: pointer), ordering: .releasing)
        body.store(unsafeBitCast(function, to: UInt.self), ordering: .releasing)
        ticket.store(job << 32, ordering: .sequentiallyConsistent)
        wakeSleepers()
    }

    private func wakeSleepers() {
        guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
        lock.withLock { lock.wakeAll() }
    }

    func stop() {
        stopping.store(true, ordering: .sequentiallyConsistent)
        lock.withLock { lock.wakeAll() }
    }

    /// Runs tasks of the current job until none is left to claim.
    func work(worker: Int) {
        var seen = ticket.load(ordering: .acquiring)
        while true {
            let count = tasks.load(ordering: .acquiring)
            let pointer = UnsafeMutableRawPointer(bitPattern: context.load(ordering: .acquiring))
            let function = body.load(ordering: .acquiring)
            let task = Int(seen & SharedState.closed)
            guard task < count, worker < limit.load(ordering: .acquiring), let pointer, function != 0 else { return }
            let (claimed, current) = ticket.weakCompareExchange(
                expected: seen, desired: seen &+ 1, ordering: .acquiringAndReleasing)
            guard claimed else {
                seen = current
                continue
            }
            unsafeBitCast(function, to: WorkerPool.Body.self)(pointer, task, worker)
            completed.add(1, ordering: .acquiringAndReleasing)
            seen = ticket.load(ordering: .acquiring)
        }
    }

    func awaitCompletion(of count: Int) {
        var waited = 0
        while completed.load(ordering: .acquiring) < count {
            waited += 1
            if waited < spins { lepton_spin_pause() } else { sched_yield() }
        }
    }

    /// A worker thread's life: work, spin a little for the next job, sleep, until the pool ends.
    func serve(worker: Int) {
        var finished = ticket.load(ordering: .acquiring) >> 32
        // The thread may start after the first job was given out.
        work(worker: worker)
        while !stopping.load(ordering: .acquiring) {
            var waited = 0
            while ticket.load(ordering: .acquiring) >> 32 == finished, waited < spins {
                waited += 1
                lepton_spin_pause()
            }
            if ticket.load(ordering: .acquiring) >> 32 == finished { sleepUntilJob(after: finished) }
            finished = ticket.load(ordering: .acquiring) >> 32
            work(worker: worker)
        }
    }

    private func sleepUntilJob(after finished: UInt64) {
        lock.withLock {
            sleepers.add(1, ordering: .sequentiallyConsistent)
            while ticket.load(ordering: .sequentiallyConsistent) >> 32 == finished,
                !stopping.load(ordering: .sequentiallyConsistent)
            {
                lock.wait()
            }
            sleepers.subtract(1, ordering: .sequentiallyConsistent)
        }
    }
}
