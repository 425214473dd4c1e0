import ArgumentParser

/// The command `lepton`: what a developer or an operator asks from a shell.
@main
struct LeptonCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lepton",
        abstract: "Look at models, at stores, and at the resources that a client would have.",
        // `make lint` compares it with the header's.
        version: "0.1.0",
        subcommands: [Inspect.self, Resources.self, Schedule.self, StoreCommand.self, Usage.self, Worker.self]
    )
}
