/// A request that `LocalAllocator` keeps, from its entry to its release.
struct Held {
    let request: Scheduler.RequestID
    let asked: ResourceRequest
    /// Who is told what becomes of it.
    weak var observer: (any GrantObserver)?
    /// End of the lease; nil without an end, and while it waits for the first time.
    var deadline: UInt64?
    /// Until when it must have given way.
    var noticeEnd: UInt64?
    /// Where its nodes are: nodes of the pool, and a number for each of several on one.
    var places: [Place] = []

    struct Place: Hashable {
        let node: Int
        let slot: Int
    }

    init(request: Scheduler.RequestID, asked: ResourceRequest, observer: (any GrantObserver)?, deadline: UInt64?) {
        self.request = request
        self.asked = asked
        self.observer = observer
        self.deadline = deadline
    }

    /// Takes over where the core has put the nodes. Those that were there before keep their places.
    mutating func place(on parts: [Scheduler.Part]) {
        var wanted: [Int: Int] = [:]
        for part in parts { wanted[part.node, default: 0] += part.count }
        for node in Set(places.map(\.node)).union(wanted.keys) {
            let present = places.count { $0.node == node }
            let count = wanted[node] ?? 0
            if count < present { remove(present - count, from: node) }
            if count > present { add(count - present, to: node) }
        }
        places.sort { ($0.node, $0.slot) < ($1.node, $1.slot) }
    }

    private mutating func add(_ count: Int, to node: Int) {
        let taken = Set(places.filter { $0.node == node }.map(\.slot))
        var slot = 0
        for _ in 0..<count {
            while taken.contains(slot) { slot += 1 }
            places.append(Place(node: node, slot: slot))
            slot += 1
        }
    }

    /// The last ones go.
    mutating func remove(_ count: Int, from node: Int) {
        let going = Set(places.filter { $0.node == node }.sorted { $0.slot < $1.slot }.suffix(count))
        places.removeAll { going.contains($0) }
    }

    /// The first requested node on a node of the pool has its name, "compute-2"; others are "compute-2.1", and so on.
    func nodes(of request: ResourceRequest) -> [Node] {
        var nodes = places.map { place in
            Node(
                id: place.slot == 0 ? "compute-\(place.node)" : "compute-\(place.node).\(place.slot)", kind: .compute,
                shape: request.nodeShape)
        }
        if request.storageBytes > 0 {
            nodes.append(
                Node(id: "storage-0", kind: .storage, shape: ResourceShape(storageBytes: request.storageBytes)))
        }
        return nodes
    }
}

/// What an allocator tells the holder of a grant.
struct Message {
    enum Content {
        case granted(Grant)
        case preempted(String)
        case lost(Set<String>)
        case ended(String)
    }

    private let observer: (any GrantObserver)?
    private let content: Content

    init(_ observer: (any GrantObserver)?, _ content: Content) {
        self.observer = observer
        self.content = content
    }

    func deliver() {
        switch content {
        case .granted(let grant): observer?.granted(grant)
        case .preempted(let reason): observer?.preempted(within: LocalAllocator.noticeSeconds, reason: reason)
        case .lost(let nodes): observer?.lost(nodes, reason: "a node of the pool was lost")
        case .ended(let reason): observer?.ended(reason)
        }
    }
}
