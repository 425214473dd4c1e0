import LeptonResources
import LeptonTensor
import LeptonTraining
import Synchronization

/// What a client keeps in mind of money: its budget, and what fits were expected to cost.
///
/// Threads: concurrent.
final class Spending: Sendable {
    /// Told once when the spending reaches the budget's threshold, on the thread that noticed.
    typealias Warning = @Sendable (BudgetStatus) -> Void

    private struct State {
        var budget: Budget?
        var warning: Warning?
        var isWarned = false
        /// What other clients wrote to the ledger before the budget was set.
        var others: [UsageRecord] = []
        /// Monotonic nanoseconds before which nothing is counted again.
        var nextCheck: UInt64 = 0
        var refusal: LeptonError?
        var expected: [ObjectIdentifier: Estimate] = [:]
        var outcomes: [EstimateOutcome] = []
    }

    private let state = Mutex(State())
    let processStart = ProcessUse.now
    /// At most a hundredth of a job's time goes into counting.
    private static let shareOfTime: UInt64 = 100
    private static let shortestPause: UInt64 = 20_000_000
    /// A process that estimates for ever keeps the last ones.
    private static let keptOutcomes = 1_000

    func set(_ budget: Budget?, others: [UsageRecord], warning: Warning?) {
        state.withLock { state in
            state.budget = budget
            state.warning = warning
            state.others = others
            state.isWarned = false
            state.nextCheck = 0
            state.refusal = nil
        }
    }

    /// How the budget stands; nil without one.
    func status(_ client: LeptonClient) throws(LeptonError) -> BudgetStatus? {
        let (budget, others) = state.withLock { ($0.budget, $0.others) }
        guard let budget else { return nil }
        let time = client.meter.time
        return try budget.status(of: others + client.meter.records(), prices: client.prices, now: time.wall())
    }

    /// Why a job of `tenant` may not go on; nil when it may. Gives the warning when it is due.
    ///
    /// - Parameter isPatient: a job asks between two steps, and is answered from memory most times.
    func refusal(_ client: LeptonClient, tenant: String, isPatient: Bool) -> LeptonError? {
        let (budget, known, nextCheck) = state.withLock { ($0.budget, $0.refusal, $0.nextCheck) }
        guard let budget, budget.tenant == nil || budget.tenant == tenant else { return nil }
        let now = client.meter.time.monotonic()
        if isPatient, now < nextCheck { return known }
        var found: LeptonError?
        var standing: BudgetStatus?
        do throws(LeptonError) {
            standing = try status(client)
            if let standing, standing.isExceeded { found = standing.refusal }
        } catch { found = error }
        let took = client.meter.time.monotonic() &- now
        let warning = state.withLock { state -> Warning? in
            state.refusal = found
            state.nextCheck =
                now
                &+ max(took.multipliedReportingOverflow(by: Spending.shareOfTime).partialValue, Spending.shortestPause)
            guard !state.isWarned, standing?.isToWarn ?? false else { return nil }
            state.isWarned = true
            return state.warning
        }
        if let warning, let standing { warning(standing) }
        return found
    }

    func expect(_ estimate: Estimate, of model: Model) {
        state.withLock { $0.expected[ObjectIdentifier(model)] = estimate }
    }

    /// Compares a fit that is done with what was expected of it.
    func compare(_ model: Model, nanoseconds: UInt64, shape: ResourceShape, prices: PriceList, start: Int64) {
        guard let estimate = state.withLock({ $0.expected.removeValue(forKey: ObjectIdentifier(model)) }) else {
            return
        }
        let cost = try? Estimate.cost(of: shape, nanoseconds: nanoseconds, prices: prices, start: start)
        let outcome = EstimateOutcome(estimate: estimate, seconds: Double(nanoseconds) / 1e9, cost: cost ?? .zero)
        state.withLock { state in
            state.outcomes.append(outcome)
            if state.outcomes.count > Spending.keptOutcomes { state.outcomes.removeFirst() }
        }
    }

    var outcomes: [EstimateOutcome] { state.withLock { $0.outcomes } }
}

extension ResourceRequest {
    /// Whom its use is charged to: its tenant, or the label of that name.
    var billedTenant: String { tenant.isEmpty ? labels["tenant"] ?? "" : tenant }
}

extension LeptonClient {
    /// Limits what is spent through this client; nil takes the limit away.
    ///
    /// With a ledger, what others have written to it before counts as well. When the limit is reached, a running fit
    /// ends with `resourceExhausted` (argument "budget") and the weights of its last complete step; one that keeps its
    /// parameters in the store has them there. Its allocation is given back, and no new one is granted. The spending
    /// may pass the limit by what the next second costs.
    ///
    /// - Parameter warning: called once when the threshold is reached, on the thread that noticed it.
    /// - Throws: what reading the ledger throws.
    public func setBudget(
        _ budget: Budget?, warning: (@Sendable (BudgetStatus) -> Void)? = nil
    ) throws(LeptonError) {
        var others: [UsageRecord] = []
        if budget != nil, let ledger = meter.ledger {
            let own = Set(meter.records().map(\.allocationID))
            others = try ledger.contents().records.filter { !own.contains($0.allocationID) }
        }
        spending.set(budget, others: others, warning: warning)
    }

    /// How the budget stands; nil without one.
    public func budgetStatus() throws(LeptonError) -> BudgetStatus? { try spending.status(self) }
}
