#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif
import CSQLite
import Synchronization

/// A file system under SQLite whose disk is full from the n-th write or sync on: the usual one with a counter before it.
enum FaultyFileSystem {
    static let name = "lepton-faults"
    /// Writes and syncs that still succeed; negative: all.
    static let remaining = Atomic<Int>(-1)
    /// Writes and syncs so far.
    static let count = Atomic<Int>(0)

    /// Registers it; again does nothing.
    static let isRegistered: Bool = {
        guard let base = sqlite3_vfs_find(nil) else { return false }
        let file = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        file.initialize(to: base.pointee)
        file.pointee.zName = UnsafePointer(strdup(name))
        file.pointee.pNext = nil
        file.pointee.xOpen = { _, path, file, flags, outFlags in
            guard let base = sqlite3_vfs_find(nil) else { return SQLITE_ERROR }
            let status = base.pointee.xOpen(base, path, file, flags, outFlags)
            if status == SQLITE_OK, let file, let methods = file.pointee.pMethods {
                file.pointee.pMethods = FaultyFileSystem.wrapped(methods)
            }
            return status
        }
        return sqlite3_vfs_register(file, 0) == SQLITE_OK
    }()

    private struct Methods: @unchecked Sendable {
        let original: UnsafePointer<sqlite3_io_methods>
        let wrapped: UnsafePointer<sqlite3_io_methods>
    }

    private static let known = Mutex<[Methods]>([])

    private static func wrapped(_ original: UnsafePointer<sqlite3_io_methods>) -> UnsafePointer<sqlite3_io_methods> {
        let address = UInt(bitPattern: original)
        let methods = known.withLock { list -> Methods? in
            guard let original = UnsafePointer<sqlite3_io_methods>(bitPattern: address) else { return nil }
            if let found = list.first(where: { $0.original == original }) { return found }
            let copy = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
            copy.initialize(to: original.pointee)
            copy.pointee.xWrite = { file, bytes, count, offset in
                guard FaultyFileSystem.passes() else { return SQLITE_FULL }
                return FaultyFileSystem.original(of: file).xWrite(file, bytes, count, offset)
            }
            copy.pointee.xSync = { file, flags in
                guard FaultyFileSystem.passes() else { return SQLITE_IOERR }
                return FaultyFileSystem.original(of: file).xSync(file, flags)
            }
            let made = Methods(original: original, wrapped: UnsafePointer(copy))
            list.append(made)
            return made
        }
        return methods?.wrapped ?? original
    }

    private static func original(of file: UnsafeMutablePointer<sqlite3_file>?) -> sqlite3_io_methods {
        let address = UInt(bitPattern: file?.pointee.pMethods)
        let methods = known.withLock { list in list.first { UInt(bitPattern: $0.wrapped) == address } }
        return methods?.original.pointee ?? sqlite3_io_methods()
    }

    private static func passes() -> Bool {
        count.add(1, ordering: .relaxed)
        let left = remaining.load(ordering: .relaxed)
        if left > 0 { remaining.subtract(1, ordering: .relaxed) }
        return left != 0
    }
}
