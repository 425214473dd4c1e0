import LeptonResources
import LeptonTensor

/// Which usage a report is about, and in which form it comes.
public struct UsageQuery: Sendable, Hashable {
    public enum Scope: String, Sendable, Hashable, CaseIterable {
        /// What went through this client.
        case client
        /// What all processes wrote to the ledger in the client's store.
        case ledger
    }

    public enum Format: String, Sendable, Hashable, CaseIterable {
        case json
        /// A table for people.
        case text
        /// CSV in the columns of FinOps FOCUS.
        case focus
    }

    public var scope = Scope.client
    public var format = Format.json
    public var filter = LedgerFilter()
    /// Who the bill is for, in the FOCUS export.
    public var account = "default"

    public init() {}

    /// Reads `{"scope": "ledger", "format": "focus", "tenant": "physics", "job": "fit", "from": "2026-11-01",
    /// "before": "2026-12-01", "account": "lab"}`; every key may be left out.
    ///
    /// - Throws: `invalidArgument` that names the key.
    public init(json: JSONValue) throws(LeptonError) {
        guard let object = json.objectValue else {
            throw LeptonError(
                .invalidArgument, argument: "query", expected: "a JSON object", received: json.kindName)
        }
        let known = ["scope", "format", "tenant", "job", "from", "before", "account"]
        for key in object.keys {
            guard known.contains(key) else { throw unknownName("query key", key, known: known) }
            guard let value = object[key], !value.isNull else { continue }
            guard let text = value.stringValue else {
                throw LeptonError(.invalidArgument, argument: key, expected: "text", received: value.kindName)
            }
            try set(key, text)
        }
    }

    private mutating func set(_ key: String, _ text: String) throws(LeptonError) {
        switch key {
        case "scope": scope = try UsageQuery.choice(key, text)
        case "format": format = try UsageQuery.choice(key, text)
        case "tenant": filter.tenant = text
        case "job": filter.job = text
        case "from": filter.fromNanoseconds = try WallTime.nanoseconds(parsing: text, argument: key)
        case "before": filter.beforeNanoseconds = try WallTime.nanoseconds(parsing: text, argument: key)
        default: account = text
        }
    }

    private static func choice<Choice: RawRepresentable & CaseIterable>(
        _ key: String, _ text: String
    ) throws(LeptonError) -> Choice where Choice.RawValue == String {
        guard let choice = Choice(rawValue: text) else {
            throw unknownName(key, text, known: Choice.allCases.map(\.rawValue))
        }
        return choice
    }
}

extension LeptonClient {
    /// Usage and cost, as a query asks for them.
    ///
    /// - Throws: `invalidState` for the ledger of a client without a store; what reading the ledger throws;
    ///   `outOfMemory` when the money does not fit in 128 bits.
    public func usageReport(_ query: UsageQuery) throws(LeptonError) -> String {
        let contents = try contents(query)
        let bill = try Bill(contents.records, prices: prices, byMonth: query.format == .focus)
        let outcomes = query.scope == .client ? spending.outcomes : []
        switch query.format {
        case .focus: return bill.focusCSV(account: query.account)
        case .text: return bill.text(damaged: contents.damaged) + outcomes.map { $0.text + "\n" }.joined()
        case .json:
            var object = bill.json.objectValue ?? [:]
            object["tenants"] = bill.tenantsJSON
            object["series"] = UsageSeries(contents.records).json
            object["estimates"] = .array(outcomes.map(\.json))
            object["damaged"] = .array(contents.damaged.map { .string($0) })
            if query.scope == .client {
                let held = contents.records.reduce(UInt128(0)) { $0 + $1.coreNanoseconds }
                object["process"] = ProcessUse.now.json(
                    since: spending.processStart, allocatedCoreNanoseconds: held)
            }
            return JSONValue.object(object).text
        }
    }

    /// Waits until everything used so far is in the ledger; nothing to do without one.
    ///
    /// - Throws: as `Ledger.flush`.
    public func flushLedger() throws(LeptonError) { try meter.ledger?.flush() }

    private func contents(_ query: UsageQuery) throws(LeptonError) -> LedgerContents {
        guard query.scope == .ledger else { return LedgerContents(meter.records(), query.filter) }
        guard let ledger = meter.ledger else {
            throw LeptonError(
                .invalidState, argument: "scope", expected: "'client', or a client with a store, which has a ledger",
                received: "'ledger' for a client that keeps everything in memory")
        }
        return try ledger.contents(query.filter)
    }
}
