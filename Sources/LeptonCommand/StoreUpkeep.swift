import ArgumentParser
import Lepton
import LeptonResources

/// `lepton store verify`
struct StoreVerify: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Read everything and compare it with its digests.",
        discussion: "Ends with status 1 when something is damaged.")

    @OptionGroup var options: StoreOptions

    func run() throws {
        let store = try options.open()
        var damaged = 0
        let checked = try store.verify { damage in
            damaged += 1
            print("damaged \(damage.kind.rawValue) \(damage.name): \(damage.message)")
            return true
        }
        print("\(checked) blobs and references, \(damaged) damaged")
        if damaged > 0 { throw ExitCode.failure }
    }
}

/// `lepton store gc`
struct StoreCollect: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "gc", abstract: "Remove blobs that no reference names.")

    @OptionGroup var options: StoreOptions

    @Option(help: "Seconds; blobs that were put later stay, as their reference may be on its way.")
    var olderThan = 3600.0

    @Flag(help: "Only say what would be removed.")
    var dryRun = false

    func run() throws {
        let result = try options.open().collectGarbage(olderThan: olderThan, dryRun: dryRun)
        print(
            "\(dryRun ? "would remove" : "removed") \(result.removedBlobs) blobs and \(result.removedChunks) chunks, "
                + "\(bytesText(result.freedBytes)); \(result.keptYoungBlobs) blobs without a reference are too young")
    }
}

/// `lepton store rotate`
struct StoreRotate: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate", abstract: "Encrypt a store's key with another key. Blobs are not rewritten.",
        discussion: "Afterwards the key before does not open the store any more. Keep it until this has succeeded.")

    @OptionGroup var options: StoreOptions

    @Option(help: "The file of the new key.", completion: .file())
    var newKeyFile: String?

    @Option(help: "The environment variable with the new key.")
    var newKeyEnvironment: String?

    @Option(help: "The name that the store is to remember the new key by.")
    var newKeyId: String?

    func run() throws {
        guard let key = try storeKey(file: newKeyFile, environment: newKeyEnvironment, identifier: newKeyId) else {
            throw ValidationError("name the new key with --new-key-file or --new-key-environment")
        }
        let store = try options.open()
        try store.rotateKey(to: key)
        print("sealed with the key '\(try store.keyIdentifier() ?? "")'")
    }
}
