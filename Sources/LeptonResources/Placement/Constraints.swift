/// What requests may ask of nodes beside room: labels, and who else is there.
///
/// Names become numbers here, so that looking at a node compares whole numbers. None of this is touched by requests
/// that may go anywhere.
struct ConstraintTable {
    struct Constraint {
        var labels: [Int32] = []
        var onOwnNodes = false
        /// The label over whose values the nodes are spread.
        var spreadKey: Int32?
        var tag: Int32?
        var near: Int32?
        var apart: Int32?
    }

    private struct Place: Hashable {
        var node: Int32
        var tag: Int32
        /// Counts requests that want to be apart from the tag, instead of those that have it.
        var isApart: Bool
    }

    private var numbers: [String: Int32] = [:]
    private var constraints: [Constraint?] = []
    private var unused: [Int32] = []
    /// For each node: the numbers of its labels as "key=value", sorted.
    private var nodeLabels: [[Int32]] = []
    /// For each node: the number of the label's value by that of the label's name.
    private var nodeValues: [[Int32: Int32]] = []
    private var counts: [Place: Int] = [:]

    private mutating func number(_ kind: Character, _ name: String) -> Int32 {
        let next = Int32(truncatingIfNeeded: numbers.count)
        // The kind keeps names of labels, their values and tags apart.
        let key = "\(kind)\(name)"
        if let known = numbers[key] { return known }
        numbers[key] = next
        return next
    }

    private mutating func number(label key: String, _ value: String) -> Int32 {
        // The length of the name says where it ends.
        number("l", "\(key.utf8.count) \(key)\(value)")
    }

    mutating func addNode(labels: [String: String]) {
        var own: [Int32] = []
        var values: [Int32: Int32] = [:]
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            let label = number(label: key, value)
            own.append(label)
            values[number("k", key)] = label
        }
        nodeLabels.append(own.sorted())
        nodeValues.append(values)
    }

    mutating func add(_ spec: Scheduler.RequestSpec) -> Int32 {
        var made = Constraint()
        made.labels = spec.requiredLabels.sorted { $0.key < $1.key }.map { number(label: $0.key, $0.value) }.sorted()
        switch spec.spread {
        case .any: break
        case .nodes: made.onOwnNodes = true
        case .label(let key): made.spreadKey = number("k", key)
        }
        made.tag = spec.tag.map { number("t", $0) }
        made.near = spec.near.map { number("t", $0) }
        made.apart = spec.apart.map { number("t", $0) }
        if let row = unused.popLast() {
            constraints[Int(row)] = made
            return row
        }
        constraints.append(made)
        return Int32(truncatingIfNeeded: constraints.count - 1)
    }

    mutating func remove(_ row: Int32) {
        guard row != FreeIndex.none else { return }
        constraints[Int(row)] = nil
        unused.append(row)
    }

    subscript(row: Int32) -> Constraint? { row == FreeIndex.none ? nil : constraints[Int(row)] }

    /// Nodes of a request came to a node, or went.
    mutating func change(_ row: Int32, node: Int, by count: Int) {
        guard let constraint = self[row] else { return }
        let node = Int32(truncatingIfNeeded: node)
        if let tag = constraint.tag { change(Place(node: node, tag: tag, isApart: false), by: count) }
        if let apart = constraint.apart { change(Place(node: node, tag: apart, isApart: true), by: count) }
    }

    private mutating func change(_ place: Place, by count: Int) {
        let sum = (counts[place] ?? 0) &+ count
        counts[place] = sum == 0 ? nil : sum
    }

    /// Whether the node is one that the request may go to, as far as labels and others are concerned.
    func allows(_ constraint: Constraint, node: Int) -> Bool {
        let here = Int32(truncatingIfNeeded: node)
        func has(_ tag: Int32, isApart: Bool) -> Bool {
            counts[Place(node: here, tag: tag, isApart: isApart)] != nil
        }
        if let near = constraint.near, !has(near, isApart: false) { return false }
        if let apart = constraint.apart, has(apart, isApart: false) { return false }
        if let tag = constraint.tag, has(tag, isApart: true) { return false }
        return constraint.labels.allSatisfy { nodeLabels[node].contains($0) }
            && (constraint.spreadKey.map { nodeValues[node][$0] != nil } ?? true)
    }

    /// The number of a node's value of a label.
    func value(ofNode node: Int, key: Int32) -> Int32? { nodeValues[node][key] }
}
