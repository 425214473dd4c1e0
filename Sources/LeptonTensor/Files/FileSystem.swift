#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The few file operations that the SDK needs, with every refusal of the operating system turned into a
/// `LeptonError` that names the path and gives the system's own reason.
///
/// Threads: concurrent; there is no shared state.
package enum FileSystem {
    /// An open file that is closed when its owner goes away, so that no error path can leak it.
    package struct Descriptor: ~Copyable {
        package let raw: Int32
        package init(raw: Int32) { self.raw = raw }
        // A failing close leaves nothing to do here: whoever wrote data has already called `synchronize`.
        deinit { close(raw) }
    }

    /// The error for a failed system call.
    ///
    /// - Parameters:
    ///   - code: the value of `errno` right after the call.
    ///   - action: what was tried, as in "cannot `open`".
    package static func systemError(_ code: Int32, _ action: String, _ path: String) -> LeptonError {
        let reason = strerror(code).map { String(cString: $0) } ?? "error \(code)"
        let kind: LeptonError.Code =
            switch code {
            case ENOENT: .notFound
            case EACCES, EPERM, EROFS: .permissionDenied
            case ENOMEM: .outOfMemory
            default: .io
            }
        return LeptonError(kind, "cannot \(action) '\(path)': \(reason)")
    }

    /// A path the system can take: not empty, and free of NUL, at which the C library would cut it short.
    package static func validate(path: String, argument: String) throws(LeptonError) {
        guard !path.isEmpty else {
            throw LeptonError(.invalidArgument, argument: argument, expected: "a path", received: "empty text")
        }
        guard !path.utf8.contains(0) else {
            throw LeptonError(
                .invalidArgument, argument: argument, expected: "a path without NUL characters",
                received: "one with a NUL character")
        }
    }

    package static func open(
        _ path: String, _ flags: Int32, mode: mode_t = 0, action: String = "open"
    ) throws(LeptonError) -> Descriptor {
        try validate(path: path, argument: "path")
        while true {
            #if canImport(Glibc)
                let raw = Glibc.open(path, flags | O_CLOEXEC, mode)
            #elseif canImport(Musl)
                let raw = Musl.open(path, flags | O_CLOEXEC, mode)
            #else
                let raw = Darwin.open(path, flags | O_CLOEXEC, mode)
            #endif
            if raw >= 0 { return Descriptor(raw: raw) }
            let code = errno
            if code != EINTR { throw systemError(code, action, path) }
        }
    }

    /// A new file, open for writing.
    package static func create(_ path: String, mode: mode_t) throws(LeptonError) -> Descriptor {
        if let fault = witness?.willPerform(.create(path)) { throw systemError(fault.code, "write to", path) }
        let file = try open(path, O_WRONLY | O_CREAT | O_EXCL, mode: mode, action: "write to")
        witness?.didPerform(.create(path))
        return file
    }

    /// A file that is open for reading and writing, made empty when there was none.
    package static func openOrCreate(_ path: String, mode: mode_t) throws(LeptonError) -> Descriptor {
        do {
            return try open(path, O_RDWR)
        } catch  where error.code == .notFound {
            if let fault = witness?.willPerform(.create(path)) { throw systemError(fault.code, "open", path) }
            let file = try open(path, O_RDWR | O_CREAT, mode: mode)
            witness?.didPerform(.create(path))
            return file
        }
    }

    /// What is at a path, symbolic links followed; nil when there is nothing.
    package static func status(_ path: String) throws(LeptonError) -> stat? {
        var result = stat()
        guard stat(path, &result) != 0 else { return result }
        let code = errno
        if code == ENOENT { return nil }
        throw systemError(code, "look at", path)
    }

    package static func status(of file: borrowing Descriptor, path: String) throws(LeptonError) -> stat {
        var result = stat()
        guard fstat(file.raw, &result) == 0 else { throw systemError(errno, "look at", path) }
        return result
    }

    package static func isRegularFile(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }
    package static func isFolder(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }

    /// The whole content of a regular file.
    ///
    /// - Parameter maximumBytes: a larger file is refused before its content is read.
    /// - Throws: `notFound`, `permissionDenied` and `io` from the system, `invalidArgument` when the path is no
    ///   regular file or the file is larger than `maximumBytes`, `outOfMemory`.
    package static func readFile(_ path: String, maximumBytes: Int) throws(LeptonError) -> [UInt8] {
        // O_NONBLOCK: opening a named pipe must not wait for its other end; it changes nothing for files.
        let file = try open(path, O_RDONLY | O_NONBLOCK)
        let status = try status(of: file, path: path)
        guard isRegularFile(status) else {
            throw LeptonError(
                .invalidArgument, argument: path, expected: "a regular file", received: kindName(status))
        }
        let size = Int(status.st_size)
        guard size <= maximumBytes else { throw tooLarge(path, maximumBytes, "\(size) bytes") }
        try checkMemory(size)
        // One byte beyond the stated size, so that the usual file is read whole and its end is seen.
        var content = try readChunk(file, limit: size + 1, path: path)
        guard content.count > size else { return content }
        // It grew meanwhile, or it is a file of /proc, which states a size of 0: only its end ends the reading.
        while true {
            guard content.count <= maximumBytes else { throw tooLarge(path, maximumBytes, "more than that") }
            let more = try readChunk(file, limit: 65_536, path: path)
            if more.isEmpty { return content }
            content += more
        }
    }

    private static func tooLarge(_ path: String, _ maximum: Int, _ received: String) -> LeptonError {
        LeptonError(
            .invalidArgument, argument: path, expected: "a file of at most \(maximum) bytes", received: received)
    }

    /// Fills `buffer` from a file's position `offset` on; false when the file ends before.
    package static func read(
        _ file: borrowing Descriptor, at offset: Int, into buffer: UnsafeMutableRawBufferPointer, path: String
    ) throws(LeptonError) -> Bool {
        var filled = 0
        while filled < buffer.count {
            let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
            let count = pread(file.raw, rest.baseAddress, rest.count, off_t(offset + filled))
            if count == 0 { return false }
            if count > 0 {
                filled += count
            } else if errno != EINTR {
                throw systemError(errno, "read", path)
            }
        }
        return true
    }

    /// Swift's arrays end the process when there is no memory for them; asking the system first turns an absurd
    /// size into an error. (It is asked for pages rather than `malloc`, which sanitizers make fatal as well.)
    package static func checkMemory(_ byteCount: Int) throws(LeptonError) {
        guard byteCount > 0 else { return }
        let probe = mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
        guard let probe, probe != MAP_FAILED else {
            throw LeptonError(.outOfMemory, "no memory for \(byteCount) bytes")
        }
        munmap(probe, byteCount)
    }

    /// Reads until `limit` bytes are there or the file ends.
    private static func readChunk(
        _ file: borrowing Descriptor, limit: Int, path: String
    ) throws(LeptonError) -> [UInt8] {
        var failure: Int32 = 0
        let raw = file.raw
        let bytes = [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
            while count < limit {
                let rest = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count..<limit])
                #if canImport(Glibc)
                    let got = Glibc.read(raw, rest.baseAddress, rest.count)
                #elseif canImport(Musl)
                    let got = Musl.read(raw, rest.baseAddress, rest.count)
                #else
                    let got = Darwin.read(raw, rest.baseAddress, rest.count)
                #endif
                if got == 0 { return }
                if got > 0 {
                    count += got
                } else if errno != EINTR {
                    failure = errno
                    return
                }
            }
        }
        guard failure == 0 else { throw systemError(failure, "read", path) }
        return bytes
    }

    package static func kindName(_ status: stat) -> String {
        switch status.st_mode & S_IFMT {
        case S_IFREG: "a file"
        case S_IFDIR: "a folder"
        case S_IFIFO: "a named pipe"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "something else"
        }
    }
}
