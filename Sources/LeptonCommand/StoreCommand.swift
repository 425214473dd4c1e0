import ArgumentParser
import Lepton
import LeptonResources

/// `lepton store`: look at a store and keep it in order.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Look at a store and keep it in order.",
        discussion: """
            A store that is encrypted needs its key: --key-file or --key-environment. Keys are 32 bytes, written as 64 \
            hexadecimal digits (openssl rand -hex 32).
            """,
        subcommands: [
            StoreList.self, StoreStatus.self, StoreVerify.self, StoreCollect.self, StoreRotate.self,
        ]
    )
}

/// Which store, and its key.
struct StoreOptions: ParsableArguments {
    @Argument(help: "The folder of the store.", completion: .directory)
    var store: String

    @Option(help: "The file of the store's key.", completion: .file())
    var keyFile: String?

    @Option(help: "The environment variable with the store's key.")
    var keyEnvironment: String?

    func open() throws -> Store {
        // A folder that is mistyped must not become a new store.
        guard try FileSystem.status(store + "/lepton-store.json") != nil else {
            throw LeptonError(
                .notFound, argument: "store", expected: "the folder of a store", received: "'\(store)', which is none")
        }
        return try Store(path: store, encryption: try storeKey(file: keyFile, environment: keyEnvironment))
    }
}

/// The key that the options name; nil when they name none.
func storeKey(file: String?, environment: String?, identifier: String? = nil) throws -> StoreKey? {
    switch (file, environment) {
    case (nil, nil): return nil
    case (let file?, nil): return .file(file, identifier: identifier)
    case (nil, let variable?): return .environment(variable, identifier: identifier)
    case (.some, .some):
        throw ValidationError("give the key in a file or in an environment variable, not both")
    }
}

/// `lepton store ls`
struct StoreList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls", abstract: "List references, and blobs without one.")

    @OptionGroup var options: StoreOptions

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func run() throws {
        let store = try options.open()
        if json { return print(try store.listing().text) }
        let (references, blobs) = (try store.referencedBlobs(), try store.blobs())
        let sizes = Dictionary(uniqueKeysWithValues: blobs.map { ($0.digest, $0.byteCount) })
        let named = Set(references.map(\.digest))
        var rows = [["name", "size", "digest"]]
        for (name, digest) in references {
            rows.append([name, sizes[digest].map(bytesText) ?? "missing", digest.hexadecimal])
        }
        for blob in blobs where !named.contains(blob.digest) {
            rows.append(["", bytesText(blob.byteCount), blob.digest.hexadecimal])
        }
        print(alignedLines(rows, rightAligned: [1]).joined(separator: "\n"))
    }
}

/// `lepton store stat`
struct StoreStatus: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "stat", abstract: "Show what a store takes.")

    @OptionGroup var options: StoreOptions

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func run() throws {
        let store = try options.open()
        if json { return print(try store.report().text) }
        let statistics = try store.statistics()
        print(
            alignedLines([
                ["references", "\(statistics.references)"],
                ["blobs", "\(statistics.blobs)"],
                ["chunks", "\(statistics.chunks)"],
                ["content", bytesText(statistics.logicalBytes)],
                ["on disk", bytesText(statistics.storedBytes)],
                ["without a reference", bytesText(statistics.unreferencedBytes)],
                ["damaged", "\(statistics.damaged)"],
                ["encrypted", try store.keyIdentifier().map { "with the key '\($0)'" } ?? "no"],
            ]).joined(separator: "\n"))
    }
}
