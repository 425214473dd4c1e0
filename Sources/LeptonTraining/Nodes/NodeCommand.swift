import CLeptonSystem
import LeptonTensor

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// Finds the `lepton` command, of which worker processes are made.
enum NodeCommand {
    static let variable = "LEPTON_COMMAND"

    /// Looks where the caller says, then where the environment says, then beside the library.
    ///
    /// - Throws: `notFound` with the places that were looked at.
    static func find(_ given: String?) throws(LeptonError) -> String {
        if let given { return try checked(given, "command") }
        if let value = getenv(variable) {
            let path = String(cString: value)
            if !path.isEmpty { return try checked(path, variable) }
        }
        let places = besideLibrary()
        if let found = places.first(where: isProgram) { return found }
        throw LeptonError(
            .notFound,
            "worker processes need the lepton command, which is at none of \(places.map { "'\($0)'" }.joined(separator: ", "));"
                + " say where it is with the option command or the environment variable \(variable), or train on threads"
        )
    }

    private static func checked(_ path: String, _ argument: String) throws(LeptonError) -> String {
        guard isProgram(path) else {
            throw LeptonError(
                .notFound, argument: argument, expected: "the path of the lepton command",
                received: "'\(path)', which is no program")
        }
        return path
    }

    /// As installed, as built by the package manager, and inside of a Python package.
    private static func besideLibrary() -> [String] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard leptonsys_own_path(&buffer, buffer.count) == 0 else { return [] }
        let path = buffer.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } } ?? ""
        guard let slash = path.lastIndex(of: "/") else { return [] }
        let folder = path[..<slash]
        return ["\(folder)/lepton", "\(folder)/LeptonCommand", "\(folder)/../bin/lepton"]
    }

    private static func isProgram(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && FileSystem.isRegularFile(status) && access(path, X_OK) == 0
    }
}
