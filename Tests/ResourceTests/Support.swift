import LeptonResources
import LeptonTensor
import Synchronization
import Testing

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A clock that only moves when a test says so.
final class ManualClock: Sendable {
    private let now = Mutex<UInt64>(1_000_000_000_000)

    func advance(seconds: Double) { now.withLock { $0 += UInt64(seconds * 1e9) } }
    func advance(nanoseconds: UInt64) { now.withLock { $0 += nanoseconds } }

    var source: TimeSource {
        // 2026-01-01T00:00:00Z for the wall clock.
        TimeSource(monotonic: { self.now.withLock { $0 } }, wall: { 1_767_225_600_000_000_000 })
    }
}

/// A folder of its own, removed with everything in it at the end of the test.
final class TemporaryFolder {
    let path: String

    /// - Parameter inMemory: on a file system in memory, where there is one: for tests that sync a great deal.
    init(inMemory: Bool = false) {
        let place = inMemory && access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        path = "\(place)/lepton-resource-tests-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        mkdir(path, 0o700)
    }

    deinit { TemporaryFolder.remove(path) }

    static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? FileSystem.names(inFolder: path)) ?? [] { remove(path + "/" + name) }
        rmdir(path)
    }
}

/// Runs `body`, which must throw a `LeptonError` of the given kind, and returns the error.
@discardableResult
func expectError<Result>(
    _ code: LeptonError.Code, _ body: () throws(LeptonError) -> Result,
    sourceLocation: SourceLocation = #_sourceLocation
) -> LeptonError {
    do {
        _ = try body()
        Issue.record("no error, where \(code) was expected", sourceLocation: sourceLocation)
        return LeptonError(.internalError, "")
    } catch {
        #expect(error.code == code, "\(error.message)", sourceLocation: sourceLocation)
        return error
    }
}

/// Every file and folder under `path` with the content of files: equal before and after means unchanged.
func snapshot(_ path: String) throws -> [String: [UInt8]] {
    var found: [String: [UInt8]] = [:]
    for name in try FileSystem.names(inFolder: path) {
        let child = path + "/" + name
        let status = try #require(try FileSystem.status(child))
        if FileSystem.isFolder(status) {
            found[child + "/"] = []
            found.merge(try snapshot(child)) { a, _ in a }
        } else {
            found[child] = try FileSystem.readFile(child, maximumBytes: 1 << 24)
        }
    }
    return found
}

/// Files under `path` that this process has open. (Linux; elsewhere none are seen.)
func openFiles(under path: String) -> [String] {
    ((try? FileSystem.names(inFolder: "/proc/self/fd")) ?? []).compactMap { descriptor in
        var target = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/fd/" + descriptor, &target, target.count)
        guard count > 0 else { return nil }
        let text = String(decoding: target[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.hasPrefix(path) ? text : nil
    }
}

/// Runs `body` on `count` threads at once.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
    await withTaskGroup(of: Void.self) { group in
        for index in 0..<count { group.addTask { body(index) } }
    }
}
