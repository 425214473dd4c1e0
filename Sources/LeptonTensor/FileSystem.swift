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
                let got = read(raw, rest.baseAddress, rest.count)
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

extension FileSystem {
    /// Makes a folder; false when something of that name is already there.
    package static func createFolder(_ path: String, mode: mode_t) throws(LeptonError) -> Bool {
        if mkdir(path, mode) == 0 { return true }
        let code = errno
        if code == EEXIST { return false }
        throw systemError(code, "create the folder", path)
    }

    /// Names in a folder, sorted, without "." and "..".
    package static func names(inFolder path: String) throws(LeptonError) -> [String] {
        guard let folder = opendir(path) else { throw systemError(errno, "list", path) }
        defer { closedir(folder) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(folder) else {
                let code = errno
                if code != 0 { throw systemError(code, "list", path) }
                return names.sorted()
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
    }

    /// Removes a file; false when there was none.
    package static func removeFile(_ path: String) throws(LeptonError) -> Bool {
        if unlink(path) == 0 { return true }
        let code = errno
        if code == ENOENT { return false }
        throw systemError(code, "remove", path)
    }

    /// The absolute path with symbolic links resolved.
    package static func resolve(_ path: String) throws(LeptonError) -> String {
        guard let resolved = realpath(path, nil) else { throw systemError(errno, "find", path) }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// The folder that holds `path`.
    package static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Puts a file's content, or a folder's list of names, on the disk itself.
    package static func synchronize(_ file: borrowing Descriptor, path: String) throws(LeptonError) {
        #if canImport(Darwin)
            // Darwin's fsync leaves the data in the drive's own cache.
            if fcntl(file.raw, F_FULLFSYNC) == 0 { return }
        #endif
        while fsync(file.raw) != 0 {
            let code = errno
            // Some file systems have nothing to do for folders and say so with EINVAL.
            if code == EINVAL { return }
            if code != EINTR { throw systemError(code, "save", path) }
        }
    }

    package static func synchronize(folder: String) throws(LeptonError) {
        try synchronize(try open(folder, O_RDONLY | O_DIRECTORY), path: folder)
    }
}
