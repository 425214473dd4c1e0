import ArgumentParser
import Lepton

/// `lepton usage STORE`: what all processes that share a store have used, and what it costs.
struct Usage: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show what was used of the resources, by the ledger of a store, and what it costs.",
        discussion: """
            Allocations of processes that are gone without closing them are charged to their last heartbeat. Those that \
            still run are shown up to theirs.
            """
    )

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case text, json, focus
    }

    @Argument(help: "The folder of the store.", completion: .directory)
    var store: String

    @Option(help: "text: a table; json; focus: CSV in the columns of FinOps FOCUS \(Bill.focusVersion).")
    var format = Format.text

    @Option(help: "Only this tenant's.")
    var tenant: String?

    @Option(help: "Only this job's, such as fit.")
    var job: String?

    @Option(help: "Only what started then or later: 2026-11-01 or 2026-11-01T12:00:00Z.")
    var from: String?

    @Option(help: "Only what started before then.")
    var before: String?

    @Option(help: "A JSON file with the price list.", completion: .file())
    var prices: String?

    @Option(help: "Who the bill is for, in the FOCUS export.")
    var account = "default"

    func run() throws {
        var filter = LedgerFilter(tenant: tenant, job: job)
        if let from { filter.fromNanoseconds = try moment(from, "--from") }
        if let before { filter.beforeNanoseconds = try moment(before, "--before") }
        var list = PriceList.standard
        if let prices { list = try PriceList(json: JSONValue(parsing: fileBytes(prices))) }
        let contents = try Ledger.contents(ofFolder: store, filter)
        let bill = try Bill(contents.records, prices: list, byMonth: format == .focus)
        switch format {
        case .text: print(bill.text(damaged: contents.damaged), terminator: "")
        case .json: print(bill.json.text)
        case .focus: print(bill.focusCSV(account: account), terminator: "")
        }
    }

    private func moment(_ text: String, _ option: String) throws(LeptonError) -> Int64 {
        try WallTime.nanoseconds(parsing: text, argument: option)
    }

    private func fileBytes(_ path: String) throws(LeptonError) -> [UInt8] {
        try FileSystem.readFile(path, maximumBytes: 1 << 20)
    }
}
