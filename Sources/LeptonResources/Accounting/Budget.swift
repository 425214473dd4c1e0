import LeptonTensor

/// The most that a client, or one tenant of it, may spend.
public struct Budget: Sendable, Hashable {
    /// What is counted.
    public enum Period: String, Sendable, Hashable, CaseIterable {
        /// Everything the client, or its ledger, knows of.
        case total
        /// The present calendar month (UTC).
        case month
    }

    /// In the currency of the price list.
    public let limit: Money
    /// The part of the limit, from 0 to 1, at which a warning is given.
    public let warnAt: Double
    /// Whose spending counts, and whose jobs are stopped; nil: everybody's.
    public let tenant: String?
    public let period: Period

    /// - Parameter limit: decimal text, such as "1.50".
    /// - Throws: `invalidArgument` for a limit that is no decimal number of at least 0 with at most 9 digits after the
    ///   point, and for a threshold outside 0 to 1.
    public init(
        limit: String, warnAt: Double = 0.8, tenant: String? = nil, period: Period = .total
    ) throws(LeptonError) {
        self.limit = try Money(parsing: limit, argument: "limit")
        guard warnAt >= 0, warnAt <= 1 else {
            throw LeptonError(
                .invalidArgument, argument: "warn_at", expected: "a part of the limit, from 0 to 1",
                received: "\(warnAt)")
        }
        self.warnAt = warnAt
        self.tenant = tenant
        self.period = period
    }

    private static let keys = ["limit", "warn_at", "tenant", "period"]

    /// Reads `{"limit": "1.50", "warn_at": 0.8, "tenant": "physics", "period": "month"}`; only the limit is needed.
    ///
    /// - Throws: `invalidArgument` that names the key.
    public init(json: JSONValue) throws(LeptonError) {
        func refuse(_ key: String, _ expected: String, _ value: JSONValue?) -> LeptonError {
            LeptonError(
                .invalidArgument, argument: key, expected: expected, received: value?.kindName ?? "nothing")
        }
        guard let object = json.objectValue else { throw refuse("budget", "a JSON object", json) }
        if let unknown = object.keys.first(where: { !Budget.keys.contains($0) }) {
            throw unknownName("budget key", unknown, known: Budget.keys)
        }
        let limit: String
        switch object["limit"] {
        case .string(let text): limit = text
        case .integer(let value): limit = "\(value)"
        case .number(let value) where value.isFinite: limit = "\(value)"
        default: throw refuse("limit", "a decimal number such as \"1.50\"", object["limit"])
        }
        var warnAt = 0.8
        if let value = object["warn_at"] {
            guard let number = value.doubleValue else { throw refuse("warn_at", "a number from 0 to 1", value) }
            warnAt = number
        }
        var tenant: String?
        if let value = object["tenant"], !value.isNull {
            guard let text = value.stringValue else { throw refuse("tenant", "text or null", value) }
            tenant = text
        }
        var period = Period.total
        if let value = object["period"] {
            guard let known = value.stringValue.flatMap(Period.init(rawValue:)) else {
                throw refuse("period", "\"total\" or \"month\"", value)
            }
            period = known
        }
        try self.init(limit: limit, warnAt: warnAt, tenant: tenant, period: period)
    }

    /// How it stands for usage at a price.
    ///
    /// - Parameter now: by the wall clock, for the month.
    package func status(of records: [UsageRecord], prices: PriceList, now: Int64) throws(LeptonError) -> BudgetStatus {
        let counted = tenant.map { tenant in records.filter { $0.tenant == tenant } } ?? records
        let bill = try Bill(counted, prices: prices, byMonth: period == .month)
        var spent = bill.total
        if period == .month {
            let month = WallTime.Month(containing: now)
            // A part of a sum that fits, of amounts that are not negative.
            spent = Money(
                nanoUnits: bill.lines.reduce(0) { sum, line in
                    WallTime.Month(containing: line.startNanoseconds) == month ? sum + line.cost.nanoUnits : sum
                })
        }
        return BudgetStatus(budget: self, spent: spent, currency: prices.currency)
    }
}

/// How a budget stands.
public struct BudgetStatus: Sendable, Hashable {
    public let budget: Budget
    public let spent: Money
    /// ISO 4217 code.
    public let currency: String

    /// Whether work is stopped and refused.
    public var isExceeded: Bool { spent >= budget.limit }

    /// The spent part of the limit; 1 for a limit of 0.
    public var fraction: Double {
        budget.limit > .zero ? Double(spent.nanoUnits) / Double(budget.limit.nanoUnits) : 1
    }

    package var isToWarn: Bool { fraction >= budget.warnAt }

    /// What a job is ended with, and a request refused.
    package var refusal: LeptonError {
        let whose = budget.tenant.map { " of '\($0)'" } ?? ""
        return LeptonError(
            .resourceExhausted, argument: "budget",
            expected: "at most \(budget.limit.text(decimals: 2)) \(currency)\(whose) spent",
            received: "\(spent.text(decimals: 2)) \(currency)")
    }

    public var json: JSONValue {
        [
            "limit": .string(budget.limit.text(decimals: 2)), "spent": .string(spent.text(decimals: 9)),
            "currency": .string(currency), "fraction": .number(fraction), "warn_at": .number(budget.warnAt),
            "tenant": budget.tenant.map { .string($0) } ?? .null, "period": .string(budget.period.rawValue),
            "exceeded": .bool(isExceeded),
        ]
    }
}
