// A program that grants resources itself: a rack of machines that lends nodes by its own rules, here whole nodes and never
// the last one, which the program keeps for itself.

import Foundation
import Lepton
import Synchronization

let (nodes, cores) = (4, 2)

final class Rack: ResourceAllocator {
    private struct State {
        var grants: [String: ResourceRequest] = [:]
        var sizes: [String: Int] = [:]
        var count = 0
        var lent: Int { sizes.values.reduce(0, +) }
        var free: Int { nodes - 1 - lent }
    }

    private let state = Mutex(State())

    var capacity: ResourceShape { ResourceShape(cores: nodes * cores) }
    var allocated: ResourceShape { ResourceShape(cores: state.withLock { $0.lent } * cores) }

    func grant(_ request: ResourceRequest) throws(LeptonError) -> Grant {
        let (id, free) = state.withLock { state -> (String?, Int) in
            guard request.nodes <= state.free, request.coresPerNode <= cores else { return (nil, state.free) }
            let id = "rack-\(state.count)"
            state.count += 1
            state.grants[id] = request
            state.sizes[id] = request.nodes
            return (id, state.free)
        }
        guard let id else {
            throw LeptonError(
                .resourceExhausted, argument: "nodes", expected: "\(free) nodes of \(cores) cores",
                received: "\(request.nodes) of \(request.coresPerNode)")
        }
        print("lent \(request.nodes) nodes")
        return Grant(id: id, nodes: named(request.nodes), leaseSeconds: request.leaseSeconds)
    }

    func release(_ id: String) {
        let size = state.withLock { $0.sizes.removeValue(forKey: id) }
        if let size { print("got \(size) nodes back") }
    }

    func renew(_ id: String, seconds: Double) throws(LeptonError) {
        throw LeptonError(.notSupported, "the rack does not renew leases: allocate anew")
    }

    func resize(_ id: String, nodes count: Int) throws(LeptonError) -> [Node] {
        let isThere = state.withLock { state -> Bool in
            guard let size = state.sizes[id], count - size <= state.free else { return false }
            state.sizes[id] = count
            return true
        }
        guard isThere else {
            throw LeptonError(
                .resourceExhausted, argument: "nodes", expected: "nodes that the rack can lend", received: "\(count)")
        }
        return named(count)
    }

    private func named(_ count: Int) -> [Node] {
        (0..<count).map { Node(id: "machine-\($0)", kind: .compute, shape: ResourceShape(cores: cores)) }
    }
}

let client = LeptonClient(allocator: Rack())
let allocation = try await client.allocate(nodes: 2, coresPerNode: cores)
do {
    _ = try await client.allocate(nodes: 2, coresPerNode: cores)
    print("two more: granted")
} catch {
    print("two more: \(error.code == .resourceExhausted ? "refused" : error.message)")
}
try allocation.resize(nodes: 3)
print(String(format: "grown to 3 nodes: cores %.1f %%", client.utilization().cores * 100))

let model = Sequential(seed: 1) { Dense(units: 1, inputShape: [1]) }
model.compile(optimizer: .sgd(), loss: .meanSquaredError)
let x: [[Float]] = [[1], [2], [3], [4], [5]]
let y: [[Float]] = [[1], [4], [9], [16], [25]]
let loss = try await client.fit(model, x, y, epochs: 100, allocation: allocation)["loss"]
print(String(format: "loss: %.4f in the first epoch, %.4f in the last", loss[0], loss[99]))
try allocation.close()
print("bill:")
print(try client.usageText())
