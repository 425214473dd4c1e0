/// The nodes by what is free of them, so that a node for a request is found in a time that does not grow with their
/// number.
///
/// Free accelerators choose one of a few grids; in a grid, free cores choose the row and free memory the column (see
/// `LevelScale`). A row's nodes are in a bit mask of its columns, so the search visits at most 64 rows and looks at
/// one cell of each that matters. Nodes whose row and column both exceed those of the request fit for certain, apart
/// from storage; in the row and column of the request itself each node has to be looked at. A cell remembers the
/// largest amounts in it and one request that nothing in it had room for, so that it is not searched in vain twice.
struct FreeIndex: ~Copyable {
    static let none: Int32 = -1
    private static let cellsPerGrid = LevelScale.count * LevelScale.count

    /// What every visit of a node needs, in one cache line.
    struct NodeRecord: BitwiseCopyable {
        /// Below zero where more is promised than there is, until those leave who were asked to.
        var free: Amounts
        var next = FreeIndex.none
        var previous = FreeIndex.none
        /// Where it is in the index; none for nodes that are lost.
        var cell = FreeIndex.none
        /// The first of the parts of requests that are here; see `PartRecord`.
        var firstPart = FreeIndex.none
        /// The latest search or pass that saw it.
        var stamp = 0
        /// Requests that were promised more than is free here now.
        var waiting: Int32 = 0
        var isAlive = true
    }

    struct Cell: BitwiseCopyable {
        /// No node of the cell has more of anything.
        var most = Amounts()
        /// No node of the cell has room for this; meaningless unless `hasFailed`.
        var failed = Amounts()
        var head = FreeIndex.none
        var hasFailed = false
    }

    private(set) var nodes = Slab<NodeRecord>()
    private(set) var capacities = Slab<Amounts>()
    /// Of all nodes that are alive.
    private(set) var total = Amounts()
    /// The sum of what is free, debts subtracted.
    private(set) var free = Amounts()

    private(set) var largest = Amounts()
    private(set) var coreLevels = LevelScale(largest: 0)
    private(set) var memoryLevels = LevelScale(largest: 0)
    private(set) var gridCount = 1
    private(set) var cells = Slab<Cell>(repeating: Cell(), count: FreeIndex.cellsPerGrid)
    /// For each row of each grid: its columns that have nodes.
    private(set) var columns = Slab<UInt64>(repeating: 0, count: LevelScale.count)
    /// For each grid: its rows that have nodes.
    private(set) var rows = Slab<UInt64>(repeating: 0, count: 1)

    /// - Returns: the numbers of the new nodes, which follow each other.
    mutating func add(_ added: [Amounts]) -> Range<Int> {
        let first = nodes.count
        let before = largest
        for capacity in added {
            nodes.append(NodeRecord(free: capacity))
            capacities.append(capacity)
            total = total &+ capacity
            free = free &+ capacity
            largest = largest.maximum(capacity)
        }
        if largest == before {
            for node in first..<nodes.count { insert(node) }
        } else {
            rebuild()
        }
        return first..<nodes.count
    }

    /// Takes a node out for good. What is on it is the caller's to remove first.
    mutating func remove(_ node: Int) {
        unlink(node)
        let record = nodes.base + node
        total = total &- capacities.base[node]
        free = free &- record.pointee.free
        record.pointee.free = Amounts()
        record.pointee.isAlive = false
    }

    @inline(__always)
    mutating func take(_ amounts: Amounts, from node: Int) {
        free = free &- amounts
        nodes.base[node].free = nodes.base[node].free &- amounts
        relocate(node, gained: false)
    }

    @inline(__always)
    mutating func giveBack(_ amounts: Amounts, to node: Int) {
        guard nodes.base[node].isAlive else { return }
        free = free &+ amounts
        nodes.base[node].free = nodes.base[node].free &+ amounts
        relocate(node, gained: true)
    }

    // MARK: Cells

    @inline(__always)
    private static func gridLevel(_ accelerators: Int) -> Int {
        accelerators <= 2 ? max(accelerators, 0) : min(Int.bitWidth &+ 1 &- (accelerators &- 1).leadingZeroBitCount, 7)
    }

    /// The first grid that can have nodes with enough free accelerators.
    func startGrid(for demand: Amounts) -> Int { FreeIndex.gridLevel(demand.accelerators) }

    @inline(__always)
    private func place(of free: Amounts) -> Int {
        // A node that owes anything has nothing to offer; wherever it is, its amounts tell.
        let row = FreeIndex.gridLevel(free.accelerators) &* LevelScale.count &+ coreLevels.level(free.cores)
        return row &* LevelScale.count &+ memoryLevels.level(free.memory)
    }

    private mutating func rebuild() {
        coreLevels = LevelScale(largest: largest.cores)
        memoryLevels = LevelScale(largest: largest.memory)
        gridCount = FreeIndex.gridLevel(largest.accelerators) + 1
        cells = Slab(repeating: Cell(), count: gridCount * FreeIndex.cellsPerGrid)
        columns = Slab(repeating: 0, count: gridCount * LevelScale.count)
        rows = Slab(repeating: 0, count: gridCount)
        for node in 0..<nodes.count where nodes.base[node].isAlive { insert(node) }
    }

    @inline(__always)
    private mutating func relocate(_ node: Int, gained: Bool) {
        let record = nodes.base + node
        let place = place(of: record.pointee.free)
        if Int32(truncatingIfNeeded: place) != record.pointee.cell {
            unlink(node)
            link(node, place)
        } else if gained {
            note(record.pointee.free, in: place)
        }
    }

    private mutating func insert(_ node: Int) { link(node, place(of: nodes.base[node].free)) }

    private mutating func link(_ node: Int, _ place: Int) {
        let record = nodes.base + node
        let head = cells.base[place].head
        record.pointee.cell = Int32(truncatingIfNeeded: place)
        record.pointee.previous = FreeIndex.none
        record.pointee.next = head
        if head == FreeIndex.none {
            let row = place / LevelScale.count
            columns.base[row] |= 1 << UInt64(place % LevelScale.count)
            rows.base[row / LevelScale.count] |= 1 << UInt64(row % LevelScale.count)
            cells.base[place].most = Amounts(repeating: .min)
            cells.base[place].hasFailed = false
        } else {
            nodes.base[Int(head)].previous = Int32(truncatingIfNeeded: node)
        }
        cells.base[place].head = Int32(truncatingIfNeeded: node)
        note(record.pointee.free, in: place)
    }

    private mutating func unlink(_ node: Int) {
        let record = nodes.base[node]
        guard record.cell != FreeIndex.none else { return }
        let place = Int(record.cell)
        if record.next != FreeIndex.none { nodes.base[Int(record.next)].previous = record.previous }
        if record.previous != FreeIndex.none {
            nodes.base[Int(record.previous)].next = record.next
        } else {
            cells.base[place].head = record.next
            if record.next == FreeIndex.none {
                let row = place / LevelScale.count
                columns.base[row] &= ~(1 << UInt64(place % LevelScale.count))
                if columns.base[row] == 0 {
                    rows.base[row / LevelScale.count] &= ~(1 << UInt64(row % LevelScale.count))
                }
            }
        }
        nodes.base[node].cell = FreeIndex.none
    }

    /// A node with this much free is in the cell now.
    @inline(__always)
    private mutating func note(_ free: Amounts, in place: Int) {
        let cell = cells.base + place
        cell.pointee.most = cell.pointee.most.maximum(free)
        if cell.pointee.hasFailed, cell.pointee.failed.fits(in: free) { cell.pointee.hasFailed = false }
    }

    // MARK: Searching

    /// The node that a request fits best, none when it fits nowhere.
    ///
    /// Best is what leaves the least behind, the larger of cores and memory counting twice: a node whose one resource
    /// runs out while much of the other is left helps nobody. Nodes with fewer free accelerators come first, so that
    /// those with many stay whole. Amounts are compared by level, that is to within a quarter.
    ///
    /// - Complexity: at most 64 rows for each grid, and the nodes of the cells on the edge of the request.
    mutating func bestNode(for demand: Amounts) -> Int? {
        guard demand.fits(in: largest) else { return nil }
        let (row, column) = (coreLevels.level(demand.cores), memoryLevels.level(demand.memory))
        let (cores, memory) = (coreLevels.part(demand.cores), memoryLevels.part(demand.memory))
        for grid in FreeIndex.gridLevel(demand.accelerators)..<gridCount {
            var left = rows.base[grid] & (UInt64.max << UInt64(row))
            var (best, bestScore) = (FreeIndex.none, Int.max)
            while left != 0 {
                let next = left.trailingZeroBitCount
                left &= left &- 1
                let restCores = max(coreLevels.edges.base[next] &- cores, 0)
                if restCores >= bestScore { break }
                let line = grid &* LevelScale.count &+ next
                var mask = columns.base[line] & (UInt64.max << UInt64(column))
                while mask != 0 {
                    let at = mask.trailingZeroBitCount
                    mask &= mask &- 1
                    let restMemory = max(memoryLevels.edges.base[at] &- memory, 0)
                    let score = restCores &+ restMemory &+ max(restCores, restMemory)
                    if score >= bestScore { break }
                    let found = firstNode(of: line &* LevelScale.count &+ at, for: demand)
                    guard found != FreeIndex.none else { continue }
                    (best, bestScore) = (found, score)
                    break
                }
            }
            if best != FreeIndex.none { return Int(best) }
        }
        return nil
    }

    @inline(__always)
    private mutating func firstNode(of place: Int, for demand: Amounts) -> Int32 {
        let cell = cells.base + place
        guard demand.fits(in: cell.pointee.most),
            !(cell.pointee.hasFailed && cell.pointee.failed.fits(in: demand))
        else { return FreeIndex.none }
        var node = cell.pointee.head
        var most = Amounts(repeating: .min)
        while node != FreeIndex.none {
            let record = nodes.base + Int(node)
            if demand.fits(in: record.pointee.free) { return node }
            most = most.maximum(record.pointee.free)
            node = record.pointee.next
        }
        // All of the cell has been seen, so both are exact now.
        cell.pointee.most = most
        cell.pointee.failed = demand
        cell.pointee.hasFailed = true
        return FreeIndex.none
    }
}
