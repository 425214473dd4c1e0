import LeptonTensor
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Counts the changes that are made to files, makes one of them go wrong, and knows what a disk would hold if the power
/// failed: content that was synced, under names whose folder was synced.
final class FaultyDisk: FileOperationWitness {
    enum Plan: Sendable, Equatable {
        /// Everything goes well.
        case sound
        /// Operation number `at` fails, and with `for` more than 1 the next ones too.
        case fail(at: Int, code: Int32, for: Int)
        /// From operation number `at` on nothing happens any more; a write reaches the file by half.
        case crash(at: Int)
    }

    /// A file or folder, whatever its names are.
    private typealias Identity = Int

    private struct State {
        var plan: Plan
        var count = 0
        var identities: [UInt64: Identity] = [:]
        var nextIdentity = 0
        /// What a file holds for certain.
        var content: [Identity: [UInt8]] = [:]
        /// What a folder lists for certain.
        var entries: [Identity: [String: Identity]] = [:]
    }

    private let state: Mutex<State>

    init(_ plan: Plan = .sound) { state = Mutex(State(plan: plan)) }

    /// Operations so far.
    var count: Int { state.withLock { $0.count } }

    /// From now on everything goes well.
    func repair() { state.withLock { $0.plan = .sound } }

    func willPerform(_ operation: FileOperation) -> FileFault? {
        state.withLock { state in
            defer { state.count += 1 }
            switch state.plan {
            case .sound: return nil
            case .fail(let at, let code, let length):
                return (at..<at + length).contains(state.count) ? FileFault(code) : nil
            case .crash(let at):
                guard state.count >= at else { return nil }
                guard state.count == at, case .write(_, let byteCount) = operation else { return FileFault(EIO) }
                return FileFault(EIO, bytesWritten: byteCount / 2)
            }
        }
    }

    func didPerform(_ operation: FileOperation) {
        state.withLock { state in
            switch operation {
            case .create(let path):
                state.content[FaultyDisk.renew(path, &state)] = []
            case .createFolder(let path):
                state.entries[FaultyDisk.renew(path, &state)] = [:]
            case .synchronize(let path):
                state.content[FaultyDisk.identity(path, &state)] = FaultyDisk.read(path)
            case .synchronizeFolder(let path):
                var entries: [String: Identity] = [:]
                for name in (try? FileSystem.names(inFolder: path)) ?? [] {
                    entries[name] = FaultyDisk.identity(path + "/" + name, &state)
                }
                state.entries[FaultyDisk.identity(path, &state)] = entries
            case .write, .truncate, .rename, .link, .remove, .removeFolder, .setAttributes: break
            }
        }
    }

    /// Takes everything in a folder for safely on the disk.
    func adopt(_ path: String) {
        if let names = try? FileSystem.names(inFolder: path) {
            for name in names { adopt(path + "/" + name) }
            didPerform(.synchronizeFolder(path))
        } else {
            didPerform(.synchronize(path))
        }
    }

    /// What is left of a folder after a failure of power, in the worst case.
    func copySafeContent(of path: String, to target: String) throws {
        try state.withLock { state in
            try FaultyDisk.copy(FaultyDisk.identity(path, &state), to: target, state)
        }
    }

    /// What is left if the names all reached the disk, and of files only what was synced.
    func copyNamesWithSafeContent(of path: String, to target: String) throws {
        mkdir(target, 0o700)
        for name in try FileSystem.names(inFolder: path) {
            let (child, copy) = (path + "/" + name, target + "/" + name)
            if try FileSystem.status(child).map(FileSystem.isFolder) == true {
                try copyNamesWithSafeContent(of: child, to: copy)
            } else {
                let bytes = state.withLock { $0.content[FaultyDisk.identity(child, &$0)] ?? [] }
                try FileSystem.writeAtomically(copy, bytes)
            }
        }
    }

    private static func copy(_ identity: Identity, to target: String, _ state: borrowing State) throws {
        guard let entries = state.entries[identity] else {
            return try FileSystem.writeAtomically(target, state.content[identity] ?? [])
        }
        mkdir(target, 0o700)
        for (name, child) in entries { try copy(child, to: target + "/" + name, state) }
    }

    /// Numbers of files are used again by the system, so a new file gets an identity of its own.
    private static func renew(_ path: String, _ state: inout State) -> Identity {
        state.identities[number(path)] = nil
        return identity(path, &state)
    }

    private static func identity(_ path: String, _ state: inout State) -> Identity {
        let number = number(path)
        if let known = state.identities[number] { return known }
        state.nextIdentity += 1
        state.identities[number] = state.nextIdentity
        return state.nextIdentity
    }

    private static func number(_ path: String) -> UInt64 {
        var status = stat()
        lstat(path, &status)
        return UInt64(status.st_ino)
    }

    private static func read(_ path: String) -> [UInt8] {
        (try? FileSystem.readFile(path, maximumBytes: 1 << 30)) ?? []
    }
}
