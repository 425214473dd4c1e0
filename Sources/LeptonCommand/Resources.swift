import ArgumentParser
import Lepton

/// `lepton resources`: what a client on this machine would have.
struct Resources: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show the cores, memory and storage of this machine, and how much of them is allocated.",
        discussion: """
            Storage is the free disk of the store's folder, or of the working folder without one. Clients do not know \
            of each other: what is allocated is what this command itself holds, which is nothing.
            """
    )

    @Option(help: "The folder of a store, whose disk is looked at. It is created if it does not exist.")
    var store: String?

    @Flag(help: "Print JSON instead of a table.")
    var json = false

    func run() throws {
        let utilization = try LeptonClient(store: store).utilization()
        print(json ? utilization.json.text : Resources.table(utilization))
    }

    private static func table(_ utilization: Utilization) -> String {
        func row(_ name: String, _ resource: Resource, _ text: (Int) -> String) -> [String] {
            [
                name, text(utilization.total[resource]), text(utilization.allocated[resource]),
                percentText(utilization.ratio(of: resource)),
            ]
        }
        let rows = [
            ["resource", "capacity", "allocated", "utilisation"],
            row("cores", .cores) { "\($0)" },
            row("memory", .memory, bytesText),
            row("storage", .storage, bytesText),
        ]
        return alignedLines(rows, rightAligned: [1, 2, 3]).joined(separator: "\n")
    }
}
