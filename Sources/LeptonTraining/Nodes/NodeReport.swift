import LeptonTensor
import Synchronization

/// What happened to nodes, and what it cost. Nothing of it changes a result.
public struct NodeReport: Sendable, Equatable {
    /// Nodes that were started, replacements with them.
    public var started = 0
    /// Nodes whose line was closed: killed, crashed, ended.
    public var died = 0
    /// Nodes that were given up because they did not answer for long.
    public var stalled = 0
    /// Times that a node was late, and its shards were given to others.
    public var late = 0
    /// Messages or results that were not what had been sent.
    public var corrupt = 0
    /// Nodes that took the place of others.
    public var replaced = 0
    /// Shards that were given out again.
    public var redone = 0
    /// Answers that were dropped because another had been first.
    public var dropped = 0
    /// Shards that the calling thread computed because no node could.
    public var local = 0
    /// What became of the node that ended last, such as "node 1 (process 4711) was killed by signal 9".
    public var lastFailure: String?

    public init() {}

    public var json: JSONValue {
        [
            "started": .integer(Int64(started)), "died": .integer(Int64(died)), "stalled": .integer(Int64(stalled)),
            "late": .integer(Int64(late)), "corrupt": .integer(Int64(corrupt)), "replaced": .integer(Int64(replaced)),
            "redone": .integer(Int64(redone)), "dropped": .integer(Int64(dropped)), "local": .integer(Int64(local)),
            "last_failure": lastFailure.map { .string($0) } ?? .null,
        ]
    }
}

/// A report that several fits add to.
package final class NodeLog: Sendable {
    private let counts = Mutex(NodeReport())

    package var report: NodeReport { counts.withLock { $0 } }
    func note(_ change: (inout NodeReport) -> Void) { counts.withLock { change(&$0) } }
}

extension NodeOptions {
    /// What has happened so far to the nodes of the fits that these options were given to.
    public var report: NodeReport { log.report }
}
