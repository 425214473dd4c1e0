import CLeptonSystem
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// One end of a line between the calling process and a node.
///
/// Not `Sendable`: an end belongs to one thread; `shutDown` alone may come from another.
final class NodeSocket {
    let descriptor: Int32

    /// - Parameter descriptor: closed with the object.
    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// A node that does not read for so long has stalled for good.
    private static let sendSeconds: Int32 = 30

    static func pair() throws(LeptonError) -> (NodeSocket, NodeSocket) {
        var ends: [Int32] = [-1, -1]
        let status = leptonsys_socket_pair(&ends, sendSeconds)
        guard status == 0 else { throw FileSystem.systemError(-status, "make", "a line to a node") }
        return (NodeSocket(adopting: ends[0]), NodeSocket(adopting: ends[1]))
    }

    /// - Returns: false when the other end is gone or does not read.
    func send(_ message: NodeMessage) -> Bool {
        message.withBytes { header, body in
            guard leptonsys_send(descriptor, header.baseAddress, header.count) == 0 else { return false }
            return body.isEmpty || leptonsys_send(descriptor, body, body.count) == 0
        }
    }

    /// Sends a message of which one bit is another: for tests of what finds it.
    func sendDamaged(_ message: NodeMessage) -> Bool {
        message.withBytes { header, _ in
            var bytes = Array(header)
            bytes[40] ^= 1
            return leptonsys_send(descriptor, bytes, bytes.count) == 0
        }
    }

    /// Waits for the next message.
    ///
    /// - Returns: nil when the line is closed, or what came is no message: nothing after it can be trusted either.
    func receive(largestBody: Int) -> NodeMessage? {
        var bytes = [UInt8](repeating: 0, count: NodeMessage.headerBytes)
        guard fill(&bytes) else { return nil }
        let header = bytes.withUnsafeBytes { bytes in
            bytes.baseAddress.flatMap { NodeMessage.Header($0, largestBody: largestBody) }
        }
        guard let header else { return nil }
        var body = [UInt8](repeating: 0, count: header.bodyBytes)
        return fill(&body) ? header.with(body: body) : nil
    }

    private func fill(_ bytes: inout [UInt8]) -> Bool {
        bytes.withUnsafeMutableBytes { bytes in
            var filled = 0
            while filled < bytes.count {
                let count = leptonsys_receive(
                    descriptor, bytes.baseAddress.map { $0 + filled }, bytes.count - filled, 1)
                guard count > 0 else { return false }
                filled += count
            }
            return true
        }
    }

    /// Waits until something can be read, or the line is closed.
    func waitForInput() {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        // Interrupted by a signal, the caller looks and waits again.
        _ = poll(&entry, 1, -1)
    }

    /// Ends the line for both ends; whoever waits at the other one is woken.
    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }
}

/// What has come on a line and was not looked at yet.
struct NodeInbox {
    private var bytes: [UInt8] = []

    enum Next {
        case message(NodeMessage)
        case nothing
        /// Bytes that are no message.
        case damaged
    }

    /// Takes in what is there, without waiting.
    ///
    /// - Returns: false when the line is closed.
    mutating func read(from socket: NodeSocket) -> Bool {
        var isOpen = true
        var isEmpty = false
        while isOpen, !isEmpty {
            withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 8) { buffer in
                let count = leptonsys_receive(socket.descriptor, buffer.baseAddress, buffer.count, 0)
                if count > 0 {
                    bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
                    isEmpty = count < buffer.count
                } else if count == -Int(EAGAIN) {
                    isEmpty = true
                } else {
                    isOpen = false
                }
            }
        }
        return isOpen
    }

    mutating func next() -> Next {
        guard bytes.count >= NodeMessage.headerBytes else { return .nothing }
        let header = bytes.withUnsafeBytes { bytes in
            bytes.baseAddress.flatMap { NodeMessage.Header($0, largestBody: NodeMessage.largestAnswer) }
        }
        guard let header else { return .damaged }
        let end = NodeMessage.headerBytes + header.bodyBytes
        guard bytes.count >= end else { return .nothing }
        let message = header.with(body: Array(bytes[NodeMessage.headerBytes..<end]))
        bytes.removeSubrange(..<end)
        return message.map { .message($0) } ?? .damaged
    }

    /// Changes a bit of the next message, if it is there: for tests of what finds it.
    mutating func damage() -> Bool {
        guard bytes.count >= NodeMessage.headerBytes else { return false }
        bytes[40] ^= 1
        return true
    }
}
