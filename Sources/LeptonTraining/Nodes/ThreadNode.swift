import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A node that is a thread of this process.
final class ThreadNode: NodeBody {
    let name: String
    let sharesMemory = true
    private let socket: NodeSocket
    private let thread: pthread_t

    /// - Parameters:
    ///   - socket: this end of the line.
    ///   - worker: runs in the thread, at the other end.
    /// - Throws: `resourceExhausted` when the system refuses a thread.
    init(index: Int, socket: NodeSocket, other: NodeSocket, worker: NodeWorker) throws(LeptonError) {
        name = "node \(index) (a thread)"
        self.socket = socket
        let argument = Unmanaged.passRetained(ThreadNodeStart(worker: worker, socket: other))
        #if canImport(Glibc)
            var started = pthread_t()
        #else
            var started: pthread_t?
        #endif
        let status = pthread_create(&started, nil, serveNode, argument.toOpaque())
        #if canImport(Glibc)
            let made: pthread_t? = started
        #else
            let made = started
        #endif
        guard status == 0, let made else {
            argument.release()
            throw LeptonError(.resourceExhausted, "the system refuses another thread (error \(status))")
        }
        thread = made
    }

    func kill() { socket.shutDown() }
    func pause() {}

    func end(isKilled: Bool) -> NodeEnd {
        socket.shutDown()
        pthread_join(thread, nil)
        return NodeEnd(text: "\(name) ended", isCrash: false)
    }
}

private final class ThreadNodeStart {
    let worker: NodeWorker
    let socket: NodeSocket

    init(worker: NodeWorker, socket: NodeSocket) {
        self.worker = worker
        self.socket = socket
    }
}

private func serve(_ argument: UnsafeMutableRawPointer?) {
    guard let argument else { return }
    let start = Unmanaged<ThreadNodeStart>.fromOpaque(argument).takeRetainedValue()
    start.worker.serve(start.socket)
}

#if canImport(Glibc)
    private func serveNode(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        serve(argument)
        return nil
    }
#else
    private func serveNode(_ argument: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        serve(argument)
        return nil
    }
#endif
