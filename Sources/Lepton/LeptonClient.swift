import LeptonResources
import LeptonTensor
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
    /// How many cores a node is asked for when the caller does not say.
    let coresPerNode: Int
    /// The allocations made through this client, latest last, held weakly: they end when the caller lets go.
    private let granted = Mutex<[WeakAllocation]>([])

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

        package init() {}
    }

    package convenience init(options: Options) throws(LeptonError) {
        var prices = PriceList.standard
        if let list = options.priceList { prices = try PriceList(json: list) }
        try self.init(
            nodes: options.nodes, coresPerNode: options.coresPerNode, memoryPerNode: options.memoryPerNode,
            storageBytes: options.storageBytes, store: options.storePath, prices: prices)
    }

    /// A client of this machine.
    ///
    /// - Parameters:
    ///   - nodes: compute nodes to simulate as threads; nil: one node that is this machine.
    ///   - coresPerNode: nil: 1 when `nodes` is given, else the machine's cores.
    ///   - memoryPerNode: bytes; nil: the machine's memory shared evenly.
    ///   - storageBytes: nil: the free disk of the store's folder.
    ///   - store: a folder for datasets and parameters, created if absent; nil keeps them in memory.
    /// - Throws: `invalidArgument`; `io` or `permissionDenied` when the folder cannot be used.
    public convenience init(
        nodes: Int? = nil, coresPerNode: Int? = nil, memoryPerNode: Int? = nil, storageBytes: Int? = nil,
        store: String? = nil, prices: PriceList = .standard
    ) throws(LeptonError) {
        var opened: Store?
        if let store { opened = try Store(path: store, capacityBytes: storageBytes) }
        let allocator = try LocalAllocator(
            nodes: nodes, coresPerNode: coresPerNode, memoryPerNode: memoryPerNode, storageBytes: storageBytes,
            storageFolder: opened?.path)
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
        meter = Meter(ledger: ledger)
    }

    // MARK: Resources

    /// Requests resources and waits for the grant: all of it, or an error that says what is missing.
    ///
    /// - Parameters:
    ///   - coresPerNode: nil: what a node of this client has.
    ///   - memoryPerNode, storageBytes: bytes to reserve.
    ///   - leaseSeconds: the allocation ends by itself after this time unless renewed.
    ///   - labels: for the bill.
    /// - Throws: `invalidArgument`, `resourceExhausted`.
    public func allocate(
        nodes: Int = 1, coresPerNode: Int? = nil, memoryPerNode: Int = 0, storageBytes: Int = 0,
        leaseSeconds: Double = .infinity, labels: [String: String] = [:]
    ) async throws(LeptonError) -> Allocation {
        try allocateNow(
            ResourceRequest(
                nodes: nodes, coresPerNode: coresPerNode ?? self.coresPerNode, memoryPerNode: memoryPerNode,
                storageBytes: storageBytes, leaseSeconds: leaseSeconds, labels: labels))
    }

    package func allocateNow(_ request: ResourceRequest) throws(LeptonError) -> Allocation {
        let allocation = try allocator.allocate(request, meter: meter)
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
