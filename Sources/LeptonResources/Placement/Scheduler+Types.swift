extension Scheduler {
    /// A machine, or a part of one, that requests are placed on.
    package struct NodeSpec: Sendable {
        /// Everything it has, in units of the caller's choice: the core only adds and compares.
        package var capacity: ResourceShape
        /// What requests may ask it to be, such as `["zone": "a"]`.
        package var labels: [String: String]

        package init(capacity: ResourceShape, labels: [String: String] = [:]) {
            self.capacity = capacity
            self.labels = labels
        }
    }

    /// A tenant, or a part of one, that holds resources and waits for more.
    package struct QueueSpec: Sendable {
        package var name: String
        /// Its claim relative to other queues, 1 ... 1,000,000.
        package var weight: Int
        /// What it has a right to; anything beyond is borrowed, and may be taken back by those who are within theirs.
        /// nil: nothing it holds counts as borrowed.
        package var quota: ResourceShape?
        /// How much it may hold beyond its quota; nil: as much as there is.
        package var borrowing: ResourceShape?

        package init(
            name: String, weight: Int = 1, quota: ResourceShape? = nil, borrowing: ResourceShape? = nil
        ) {
            self.name = name
            self.weight = weight
            self.quota = quota
            self.borrowing = borrowing
        }
    }

    /// How the nodes of a request lie to each other.
    package enum Spread: Sendable, Hashable {
        /// As many on one node as fit.
        case any
        /// Each on a node of its own.
        case nodes
        /// Over the values of a label: none has more than one node of the request more than another that has room.
        case label(String)
    }

    /// What someone asks for: at least the lower bound of `nodes` at once, or nothing.
    package struct RequestSpec: Sendable {
        package var queue: Int
        package var nodes: ClosedRange<Int>
        /// Of each node.
        package var shape: ResourceShape
        /// Storage that all nodes share, from the pool of shared storage.
        package var sharedStorage: Int
        /// Higher ones go first in their queue, and may take from lower ones.
        package var priority: Int32
        package var requiredLabels: [String: String]
        package var spread: Spread
        /// A name for requests to be near to or apart from.
        package var tag: String?
        /// Only nodes that have a request with this tag.
        package var near: String?
        /// Only nodes that have no request with this tag. Holds both ways.
        package var apart: String?

        package init(
            queue: Int = 0, nodes: ClosedRange<Int> = 1...1, shape: ResourceShape, sharedStorage: Int = 0,
            priority: Int32 = 0, requiredLabels: [String: String] = [:], spread: Spread = .any, tag: String? = nil,
            near: String? = nil, apart: String? = nil
        ) {
            self.queue = queue
            self.nodes = nodes
            self.shape = shape
            self.sharedStorage = sharedStorage
            self.priority = priority
            self.requiredLabels = requiredLabels
            self.spread = spread
            self.tag = tag
            self.near = near
            self.apart = apart
        }

        var isConstrained: Bool {
            !requiredLabels.isEmpty || spread != .any || tag != nil || near != nil || apart != nil
        }
    }

    /// Names a request for as long as it lives, and nothing afterwards.
    package struct RequestID: Sendable, Hashable, BitwiseCopyable {
        let slot: Int32
        let generation: UInt32

        /// A small number that no other request has at the same time, for tables of the caller's.
        package var number: Int { Int(slot) }
    }

    package enum State: UInt8, Sendable, BitwiseCopyable {
        /// Waits in its queue.
        case pending
        /// Has nodes, but waits for those to leave who were asked to, or for what it was promised to become free.
        case promised
        case running
        /// Was asked to leave, and still has its nodes.
        case leaving
    }

    package struct Decision: Sendable, Equatable {
        package enum Kind: Sendable {
            /// All its nodes are there: it may start.
            case placed
            /// It is to stop and to call `giveWay`, because another needs what it has.
            case preempted
            /// A node was lost; it goes on with fewer, which are still at least its minimum.
            case shrunk
            /// Nodes were lost, and too few are left: it waits in its queue again.
            case requeued
        }

        package var kind: Kind
        package var request: RequestID
        /// How many nodes it has now.
        package var nodes: Int
        /// Who needs the nodes of one that is preempted.
        package var cause: RequestID?
    }

    /// A node of the pool and how many nodes of a request are on it.
    package struct Part: Sendable, Equatable {
        package var node: Int
        package var count: Int

        package init(node: Int, count: Int) {
            self.node = node
            self.count = count
        }
    }

    /// How nodes are chosen. All but the first are for comparison: they look at every node.
    package enum Policy: String, Sendable, CaseIterable {
        /// The index; see `FreeIndex`.
        case packed
        case firstFit = "first-fit"
        /// The least left over, cores and memory as parts of the node's.
        case bestFit = "best-fit"
        case worstFit = "worst-fit"
        /// The score of Kubernetes's NodeResourcesFit plugin of the same name: the mean of free cores and memory, in
        /// whole percent of the node's.
        case leastAllocated = "least-allocated"
        case mostAllocated = "most-allocated"
    }
}

/// A request, from `submit` to `release`.
struct RequestRecord: BitwiseCopyable {
    var demand: Amounts
    var sharedStorage: Int
    /// Orders requests of equal priority.
    var sequence: Int
    var priority: Int32
    var queue: Int32
    var least: Int32
    var most: Int32
    /// Nodes it has.
    var count: Int32 = 0
    var firstPart = FreeIndex.none
    /// In the list of its queue beyond the window, or of running requests of its priority.
    var next = FreeIndex.none
    var previous = FreeIndex.none
    /// Nodes of its parts that owe something.
    var debts: Int32 = 0
    var generation: UInt32
    /// Row of `constraints`; none for what may go anywhere.
    var constraint = FreeIndex.none
    var state = Scheduler.State.pending
    var isAlive = true
    var isInWindow = false
    /// Treated as gone for the time of a search for victims.
    var isLent = false
    /// Was promised a node without anybody having to leave.
    var isReserved = false
}

/// What of a request is on one node.
struct PartRecord: BitwiseCopyable {
    var node: Int32
    var request: Int32
    var count: Int32
    var nextOfRequest: Int32
    var nextOnNode: Int32
    var previousOnNode: Int32
    var isWaiting = false
}
