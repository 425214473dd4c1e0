import LeptonResources
import LeptonTensor
import LeptonTraining
import Synchronization

/// The entry point: requests compute and storage, trains and predicts on what was granted, and accounts for it.
///
///     let client = try LeptonClient(nodes: 5)
///     let allocation = try await client.allocate(nodes: 5)
///     let history = try await client.fit(model, x, y, epochs: 100)
///     print(client.utilization(), try client.usageText())
///
/// Threads: every member may be used from several threads at once.
public final class LeptonClient: Sendable {
    let allocator: any ResourceAllocator
    let meter: Meter
    let prices: PriceList
    /// Where datasets and parameters are kept; nil keeps them in memory.
    public let store: Store?
    let time: TimeSource
    /// How many cores a node is asked for when the caller does not say.
    let coresPerNode: Int
    /// Its budget, and what fits were expected to cost.
    let spending = Spending()
    /// The allocations made through this client, latest last, held weakly: they end when the caller lets go.
    private let granted = Mutex<[WeakAllocation]>([])

    private let keyLock = Lock()

    /// See `setNodes`.
    let nodeOptions = Mutex(NodeOptions())

    private struct WeakAllocation: Sendable {
        weak let allocation: Allocation?
    }

    /// How to create a client; nil takes what the machine has.
    package struct Options: Sendable {
        package var nodes: Int?
        package var coresPerNode: Int?
        package var memoryPerNode: Int?
        package var storageBytes: Int?
        package var storePath: String?
        package var priceList: JSONValue?
        package var queues: JSONValue?
        package var acceleratorsPerNode = 0

        package init() {}

        fileprivate func prices() throws(LeptonError) -> PriceList {
            guard let priceList else { return .standard }
            return try PriceList(json: priceList)
        }
    }

    /// - Parameter openStore: takes the place of `options.storePath`.
    package convenience init(options: Options, openStore: Store? = nil) throws(LeptonError) {
        let prices = try options.prices()
        var queues: [ResourceQueue] = []
        if let list = options.queues { queues = try ResourceQueue.list(json: list) }
        var store = openStore
        if store == nil, let path = options.storePath {
            store = try Store(path: path, capacityBytes: options.storageBytes)
        }
        try self.init(
            nodes: options.nodes, coresPerNode: options.coresPerNode, memoryPerNode: options.memoryPerNode,
            acceleratorsPerNode: options.acceleratorsPerNode, storageBytes: options.storageBytes,
            openStore: store, prices: prices, queues: queues)
    }

    /// A client of a host's own resources: the options that describe a machine are not looked at.
    package convenience init(options: Options, allocator: any ResourceAllocator) throws(LeptonError) {
        let prices = try options.prices()
        var store: Store?
        var ledger: Ledger?
        if let path = options.storePath {
            let opened = try Store(path: path)
            store = opened
            ledger = try Ledger(folder: opened.path)
        }
        self.init(
            allocator: allocator, store: store, ledger: ledger, prices: prices,
            coresPerNode: options.coresPerNode ?? 1)
    }

    /// A client of this machine.
    ///
    /// - Parameters:
    ///   - nodes: compute nodes to simulate as threads; nil: one node that is this machine.
    ///   - coresPerNode: nil: 1 when `nodes` is given, else the machine's cores.
    ///   - memoryPerNode: bytes; nil: the machine's memory shared evenly.
    ///   - acceleratorsPerNode: accelerators that nodes are declared to have.
    ///   - storageBytes: nil: the free disk of the store's folder.
    ///   - store: a folder for datasets and parameters, created if absent; nil keeps them in memory.
    ///   - encryption: the key of a store that is encrypted; a new one is encrypted with it.
    ///   - queues: what requests may wait in beside the queue "default".
    /// - Throws: `invalidArgument`; `io` or `permissionDenied` when the folder cannot be used.
    public convenience init(
        nodes: Int? = nil, coresPerNode: Int? = nil, memoryPerNode: Int? = nil, acceleratorsPerNode: Int = 0,
        storageBytes: Int? = nil, store: String? = nil, encryption: StoreKey? = nil, prices: PriceList = .standard,
        queues: [ResourceQueue] = []
    ) throws(LeptonError) {
        guard store != nil || encryption == nil else {
            throw LeptonError(
                .invalidArgument, argument: "encryption", expected: "none without a store, which it would encrypt",
                received: "a key")
        }
        var opened: Store?
        if let store { opened = try Store(path: store, capacityBytes: storageBytes, encryption: encryption) }
        try self.init(
            nodes: nodes, coresPerNode: coresPerNode, memoryPerNode: memoryPerNode,
            acceleratorsPerNode: acceleratorsPerNode, storageBytes: storageBytes, openStore: opened, prices: prices,
            queues: queues)
    }

    private convenience init(
        nodes: Int?, coresPerNode: Int?, memoryPerNode: Int?, acceleratorsPerNode: Int, storageBytes: Int?,
        openStore opened: Store?, prices: PriceList, queues: [ResourceQueue]
    ) throws(LeptonError) {
        let allocator = try LocalAllocator(
            nodes: nodes, coresPerNode: coresPerNode, memoryPerNode: memoryPerNode,
            acceleratorsPerNode: acceleratorsPerNode, storageBytes: storageBytes ?? opened?.capacityBytes,
            storageFolder: opened?.path, queues: queues)
        var ledger: Ledger?
        if let opened { ledger = try Ledger(folder: opened.path) }
        self.init(
            allocator: allocator, store: opened, ledger: ledger, prices: prices,
            coresPerNode: allocator.capacity.cores / max(1, nodes ?? 1))
    }

    /// A client of somebody else's resources.
    ///
    /// - Parameters:
    ///   - ledger: where usage is kept beyond this process.
    ///   - coresPerNode: cores that a node has where a request does not say.
    public init(
        allocator: any ResourceAllocator, store: Store? = nil, ledger: Ledger? = nil, prices: PriceList = .standard,
        coresPerNode: Int = 1
    ) {
        self.allocator = allocator
        self.store = store
        self.prices = prices
        self.coresPerNode = max(1, coresPerNode)
        time = .system
        meter = Meter(ledger: ledger)
    }

    // MARK: Resources

    /// Requests resources: all of them are granted at once, or an error says what is missing.
    ///
    /// - Parameters:
    ///   - minimumNodes: fewer nodes than `nodes` that will do; nil: none.
    ///   - maximumNodes: the most that the job may grow to; nil: it does not grow by itself.
    ///   - coresPerNode: nil: what a node of this client has.
    ///   - memoryPerNode, storageBytes: bytes to reserve.
    ///   - leaseSeconds: the allocation ends by itself after this time unless renewed.
    ///   - labels: for the bill.
    /// - Throws: `invalidArgument`, `resourceExhausted`.
    public func allocate(
        nodes: Int = 1, minimumNodes: Int? = nil, maximumNodes: Int? = nil, coresPerNode: Int? = nil,
        memoryPerNode: Int = 0, storageBytes: Int = 0, leaseSeconds: Double = .infinity,
        labels: [String: String] = [:]
    ) async throws(LeptonError) -> Allocation {
        try allocateNow(
            ResourceRequest(
                nodes: nodes, minimumNodes: minimumNodes, maximumNodes: maximumNodes,
                coresPerNode: coresPerNode ?? self.coresPerNode, memoryPerNode: memoryPerNode,
                storageBytes: storageBytes, leaseSeconds: leaseSeconds, labels: labels))
    }

    /// Requests resources: granted at once, or refused. A request whose idempotency key was used before gets the
    /// allocation of that time, as long as it has not ended.
    ///
    /// - Throws: `resourceExhausted`; `invalidArgument` when the key was used for another request.
    public func allocate(_ request: ResourceRequest) async throws(LeptonError) -> Allocation {
        try allocateNow(request)
    }

    /// Puts a request into the allocator's queue. The allocation that it returns is `pending` until its turn comes.
    ///
    /// - Throws: `resourceExhausted` when it could never be granted; `notFound` for an unknown queue; `notSupported`
    ///   when the allocator has no queue; `invalidArgument` as `allocate`.
    public func submit(_ request: ResourceRequest) throws(LeptonError) -> Allocation {
        try once(request) { () throws(LeptonError) in try allocator.enqueue(request, meter: meter) }
    }

    package func allocateNow(_ request: ResourceRequest) throws(LeptonError) -> Allocation {
        try once(request) { () throws(LeptonError) in try allocator.allocate(request, meter: meter) }
    }

    /// Makes an allocation unless one with the request's key lives.
    private func once(
        _ request: ResourceRequest, _ make: () throws(LeptonError) -> Allocation
    ) throws(LeptonError) -> Allocation {
        if let refusal = spending.refusal(self, tenant: request.billedTenant, isPatient: false) { throw refusal }
        guard request.idempotencyKey != nil else { return noted(try make()) }
        // Two calls with one key at the same moment must not both find none.
        return try keyLock.withLock { () throws(LeptonError) in
            if let earlier = try repeated(request) { return earlier }
            return noted(try make())
        }
    }

    /// The living allocation that a request's idempotency key was used for before.
    private func repeated(_ request: ResourceRequest) throws(LeptonError) -> Allocation? {
        guard let key = request.idempotencyKey else { return nil }
        let earlier = granted.withLock { list in
            list.compactMap(\.allocation).last { $0.request.idempotencyKey == key }
        }
        guard let earlier, !earlier.state.isFinal else { return nil }
        guard earlier.request == request else {
            throw LeptonError(
                .invalidArgument, argument: "idempotency_key", expected: "a key that no other request was made with",
                received: "'\(key)', the key of allocation \(earlier.id)")
        }
        return earlier
    }

    private func noted(_ allocation: Allocation) -> Allocation {
        granted.withLock { list in
            list.removeAll { $0.allocation == nil }
            list.append(WeakAllocation(allocation: allocation))
        }
        return allocation
    }

    /// The latest allocation that is still active: where work goes when the caller does not say.
    func currentAllocation() -> Allocation? {
        granted.withLock { list in
            list.removeAll { $0.allocation == nil }
            return list.last { $0.allocation?.state == .active }?.allocation
        }
    }

    /// Utilisation of the pool now.
    public func utilization() -> Utilization { Utilization(total: allocator.capacity, allocated: allocator.allocated) }

    /// Usage and cost so far, as JSON: records, lines and totals.
    ///
    /// - Throws: `outOfMemory` when the money does not fit in 128 bits.
    public func usageReport() throws(LeptonError) -> JSONValue { try meter.usageReport(prices: prices) }

    /// The same as a table for people.
    public func usageText() throws(LeptonError) -> String { try usage().text }

    /// Usage and cost so far.
    public func usage() throws(LeptonError) -> Bill { try Bill(meter.records(), prices: prices) }
}
