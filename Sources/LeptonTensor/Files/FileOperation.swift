#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// One change of the file system. Reading is no change and is not listed.
package enum FileOperation: Sendable, Equatable {
    case create(String)
    case write(String, byteCount: Int)
    case truncate(String)
    case synchronize(String)
    case synchronizeFolder(String)
    case rename(String, to: String)
    case link(String, to: String)
    case remove(String)
    case createFolder(String)
    case removeFolder(String)
    case setAttributes(String)
}

/// What goes wrong instead of an operation.
package struct FileFault: Sendable {
    /// The value of `errno` that the operation ends with.
    package var code: Int32
    /// How much of a write reaches the file before it fails.
    package var bytesWritten: Int

    package init(_ code: Int32, bytesWritten: Int = 0) {
        self.code = code
        self.bytesWritten = bytesWritten
    }
}

/// Sees every change that the SDK makes to the file system, and may make it fail.
///
/// This is how tests prove what files hold after a full disk, a failing one, or a crash between two operations.
package protocol FileOperationWitness: AnyObject, Sendable {
    /// Asked before the operation; a fault takes its place.
    func willPerform(_ operation: FileOperation) -> FileFault?
    /// Told after an operation that succeeded.
    func didPerform(_ operation: FileOperation)
}

extension FileSystem {
    /// The witness of the current task (or thread), so that tests that run at the same time do not meet.
    @TaskLocal package static var witness: (any FileOperationWitness)?

    /// Makes one change, unless the witness has it fail.
    ///
    /// Every call of the SDK that changes files goes through here, or for writes through `write` below.
    ///
    /// - Parameter call: the system's function: -1 and `errno` on failure.
    /// - Returns: 0, or the value of `errno`.
    static func change(_ operation: @autoclosure () -> FileOperation, _ call: () -> Int32) -> Int32 {
        guard let witness else { return call() >= 0 ? 0 : errno }
        let operation = operation()
        if let fault = witness.willPerform(operation) { return fault.code }
        let code = call() >= 0 ? 0 : errno
        if code == 0 { witness.didPerform(operation) }
        return code
    }

    /// Writes all of `bytes`, at the file's end or at `offset`.
    ///
    /// - Returns: 0, or the value of `errno`; part of the bytes may have been written then.
    static func write(
        _ bytes: UnsafeRawBufferPointer, to file: borrowing Descriptor, at offset: Int? = nil, path: String
    ) -> Int32 {
        let witness = witness
        if let fault = witness?.willPerform(.write(path, byteCount: bytes.count)) {
            let part = UnsafeRawBufferPointer(rebasing: bytes.prefix(max(0, fault.bytesWritten)))
            if !part.isEmpty { _ = writeAll(part, to: file.raw, at: offset) }
            return fault.code
        }
        let code = writeAll(bytes, to: file.raw, at: offset)
        if code == 0 { witness?.didPerform(.write(path, byteCount: bytes.count)) }
        return code
    }

    private static func writeAll(_ bytes: UnsafeRawBufferPointer, to raw: Int32, at offset: Int?) -> Int32 {
        var rest = bytes
        var position = offset
        while !rest.isEmpty {
            let count: Int
            if let position {
                count = pwrite(raw, rest.baseAddress, rest.count, off_t(position))
            } else {
                #if canImport(Glibc)
                    count = Glibc.write(raw, rest.baseAddress, rest.count)
                #elseif canImport(Musl)
                    count = Musl.write(raw, rest.baseAddress, rest.count)
                #else
                    count = Darwin.write(raw, rest.baseAddress, rest.count)
                #endif
            }
            if count < 0 {
                let code = errno
                if code == EINTR { continue }
                return code
            }
            position = position.map { $0 + count }
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
        return 0
    }
}
