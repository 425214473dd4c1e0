#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension FileSystem {
    /// Makes a folder; false when something of that name is already there.
    package static func createFolder(_ path: String, mode: mode_t) throws(LeptonError) -> Bool {
        let code = change(.createFolder(path)) { mkdir(path, mode) }
        if code == EEXIST { return false }
        if code != 0 { throw systemError(code, "create the folder", path) }
        return true
    }

    /// Removes a file; false when there was none.
    package static func removeFile(_ path: String) throws(LeptonError) -> Bool {
        let code = change(.remove(path)) { unlink(path) }
        if code == ENOENT { return false }
        if code != 0 { throw systemError(code, "remove", path) }
        return true
    }

    /// Removes a folder that is empty; false when there was none, or it holds something.
    package static func removeFolder(_ path: String) throws(LeptonError) -> Bool {
        let code = change(.removeFolder(path)) { rmdir(path) }
        if code == ENOENT || code == ENOTEMPTY || code == EEXIST { return false }
        if code != 0 { throw systemError(code, "remove the folder", path) }
        return true
    }

    /// Gives a file another name, in place of what was there. Whoever needs it to last syncs the folders.
    package static func rename(_ path: String, to target: String) throws(LeptonError) {
        let code = change(.rename(path, to: target)) {
            #if canImport(Glibc)
                Glibc.rename(path, target)
            #elseif canImport(Musl)
                Musl.rename(path, target)
            #else
                Darwin.rename(path, target)
            #endif
        }
        if code != 0 { throw systemError(code, "replace", target) }
    }

    /// Gives a file a further name; false when there is no such file, or the file system has no such names.
    package static func link(_ path: String, to target: String) throws(LeptonError) -> Bool {
        let code = change(.link(path, to: target)) {
            #if canImport(Glibc)
                Glibc.link(path, target)
            #elseif canImport(Musl)
                Musl.link(path, target)
            #else
                Darwin.link(path, target)
            #endif
        }
        if [ENOENT, EPERM, ENOTSUP, EMLINK, EXDEV, EEXIST].contains(code) { return false }
        if code != 0 { throw systemError(code, "link", path) }
        return true
    }

    /// Sets the time of a file's last change; false when there is no such file.
    /// - Parameter nanoseconds: since 1970-01-01 UTC.
    package static func setChangeTime(_ path: String, nanoseconds: Int64) throws(LeptonError) -> Bool {
        let seconds = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        let time = timespec(tv_sec: Int(seconds.quotient), tv_nsec: Int(max(0, seconds.remainder)))
        let code = change(.setAttributes(path)) { utimensat(AT_FDCWD, path, [time, time], 0) }
        if code == ENOENT { return false }
        if code != 0 { throw systemError(code, "set the time of", path) }
        return true
    }

    /// Empties a file.
    package static func truncate(_ file: borrowing Descriptor, path: String) throws(LeptonError) {
        let raw = file.raw
        let code = change(.truncate(path)) { ftruncate(raw, 0) }
        if code != 0 { throw systemError(code, "write to", path) }
    }

    /// Writes `bytes` from the beginning of a file on.
    package static func overwrite(
        _ file: borrowing Descriptor, with bytes: [UInt8], path: String
    ) throws(LeptonError) {
        let code = bytes.withUnsafeBytes { write($0, to: file, at: 0, path: path) }
        if code != 0 { throw systemError(code, "write to", path) }
    }

    /// Puts a file's content, or a folder's list of names, on the disk itself.
    package static func synchronize(_ file: borrowing Descriptor, path: String) throws(LeptonError) {
        try synchronize(file, path: path, as: .synchronize(path))
    }

    package static func synchronize(folder: String) throws(LeptonError) {
        try synchronize(try open(folder, O_RDONLY | O_DIRECTORY), path: folder, as: .synchronizeFolder(folder))
    }

    /// - Parameter path: what an error calls it.
    static func synchronize(
        _ file: borrowing Descriptor, path: String, as operation: FileOperation
    ) throws(LeptonError) {
        let raw = file.raw
        let code = change(operation) {
            #if canImport(Darwin)
                // Darwin's fsync leaves the data in the drive's own cache.
                if fcntl(raw, F_FULLFSYNC) == 0 { return 0 }
            #endif
            // Never tried again but for a signal: after a failure the system may have dropped what it could not
            // write, and a second call would succeed without it.
            while fsync(raw) != 0 {
                // Some file systems have nothing to do for folders and say so with EINVAL.
                if errno == EINVAL { return 0 }
                if errno != EINTR { return -1 }
            }
            return 0
        }
        if code != 0 { throw systemError(code, "save", path) }
    }
}

extension FileSystem {
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

    /// Waits until no other open file of this path has the lock that this one then holds, until it is closed.
    package static func lock(_ file: borrowing Descriptor, path: String) throws(LeptonError) {
        while flock(file.raw, LOCK_EX) != 0 {
            let code = errno
            if code != EINTR { throw systemError(code, "lock", path) }
        }
    }

    /// The same without waiting; false when another has it.
    package static func tryLock(_ file: borrowing Descriptor, path: String) throws(LeptonError) -> Bool {
        while flock(file.raw, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EWOULDBLOCK { return false }
            if code != EINTR { throw systemError(code, "lock", path) }
        }
        return true
    }

    /// Gives the lock up; a file that is closed has given it up.
    package static func unlock(_ file: borrowing Descriptor) { flock(file.raw, LOCK_UN) }
}
