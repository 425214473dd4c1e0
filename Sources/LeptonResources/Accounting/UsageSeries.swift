import LeptonTensor

/// What was allocated in the course of time: averages over steps of equal length, from the records of a bill.
///
/// For charts: amounts are rounded as any `Double`. Times are those of the wall clock.
public struct UsageSeries: Sendable {
    /// Nanoseconds since 1970-01-01 UTC.
    public let startNanoseconds: Int64
    public let stepSeconds: Double
    /// Average amount in each step, for each resource.
    public let allocated: [Resource: [Double]]
    /// The same for each tenant.
    public let tenants: [String: [Resource: [Double]]]

    /// - Parameter steps: at least 1.
    public init(_ records: [UsageRecord], steps: Int = 60) {
        let steps = max(steps, 1)
        let start = records.map(\.startNanoseconds).min() ?? 0
        let end =
            records.map { Int64(clamping: Int128($0.startNanoseconds) + Int128($0.durationNanoseconds)) }.max() ?? 0
        let length = max(Double(end) - Double(start), 1) / Double(steps)
        var allocated: [Resource: [Double]] = [:]
        var tenants: [String: [Resource: [Double]]] = [:]
        for resource in Resource.allCases { allocated[resource] = Array(repeating: 0, count: steps) }
        for record in records {
            let offset = Double(record.startNanoseconds) - Double(start)
            for (index, interval) in record.intervals.enumerated() {
                let next =
                    index + 1 < record.intervals.count
                    ? record.intervals[index + 1].offsetNanoseconds : record.durationNanoseconds
                let from = offset + Double(interval.offsetNanoseconds)
                let to = offset + Double(min(next, record.durationNanoseconds))
                for resource in Resource.allCases where interval.shape[resource] > 0 {
                    let amount = Double(interval.shape[resource])
                    allocated[resource]?.add(amount, from: from / length, to: to / length)
                    var own = tenants[record.tenant]?[resource] ?? Array(repeating: 0, count: steps)
                    own.add(amount, from: from / length, to: to / length)
                    tenants[record.tenant, default: [:]][resource] = own
                }
            }
        }
        startNanoseconds = start
        stepSeconds = length / 1e9
        self.allocated = allocated
        self.tenants = tenants
    }

    public var json: JSONValue {
        var byTenant = JSONObject()
        for (tenant, amounts) in tenants.sorted(by: { $0.key < $1.key }) {
            byTenant[tenant] = UsageSeries.json(amounts)
        }
        return [
            "start": .string(WallTime.text(nanoseconds: startNanoseconds)), "step_seconds": .number(stepSeconds),
            "allocated": UsageSeries.json(allocated), "tenants": .object(byTenant),
        ]
    }

    private static func json(_ amounts: [Resource: [Double]]) -> JSONValue {
        var object = JSONObject()
        for resource in Resource.allCases {
            if let values = amounts[resource] { object[resource.rawValue] = .array(values.map { .number($0) }) }
        }
        return .object(object)
    }
}

extension [Double] {
    /// Adds an amount that was held from one position to another, in units of steps, as averages over the steps.
    fileprivate mutating func add(_ amount: Double, from: Double, to: Double) {
        guard to > from else { return }
        let first = Swift.min(Swift.max(Int(from), 0), count - 1)
        let last = Swift.min(Swift.max(Int(to), first), count - 1)
        for step in first...last {
            let part = Swift.min(to, Double(step + 1)) - Swift.max(from, Double(step))
            if part > 0 { self[step] += amount * Swift.min(part, 1) }
        }
    }
}
