import LeptonTensor
import Synchronization
import Testing

import LeptonResources

@Suite struct LocalAllocatorTests {
    private func pool(
        _ nodes: Int, cores: Int = 1, memory: Int = 1000, storage: Int = 1000, clock: ManualClock = ManualClock()
    ) throws -> LocalAllocator {
        try LocalAllocator(
            nodes: nodes, coresPerNode: cores, memoryPerNode: memory, storageBytes: storage, time: clock.source)
    }

    @Test func grantsNodesAndTakesThemBack() throws {
        let allocator = try pool(5)
        let grant = try allocator.grant(ResourceRequest(nodes: 5, memoryPerNode: 10, storageBytes: 100))
        #expect(grant.nodes.filter { $0.kind == .compute }.count == 5)
        #expect(grant.nodes.last == Node(id: "storage-0", kind: .storage, shape: ResourceShape(storageBytes: 100)))
        #expect(Set(grant.nodes.map(\.id)).count == 6)
        #expect(grant.id.utf8.count == 36)
        #expect(allocator.allocated == ResourceShape(cores: 5, memoryBytes: 50, storageBytes: 100))
        allocator.release(grant.id)
        allocator.release(grant.id)
        #expect(allocator.allocated == .zero)
    }

    @Test func nodesShareAPoolNodeWhenTheyFit() throws {
        let allocator = try pool(2, cores: 4)
        let grant = try allocator.grant(ResourceRequest(nodes: 5, coresPerNode: 1))
        let onNodes = [0, 1].map { node in grant.nodes.count { $0.id.hasPrefix("compute-\(node)") } }
        #expect(onNodes.sorted() == [1, 4])
        #expect(Set(grant.nodes.map(\.id)).count == 5)
        let second = try allocator.grant(ResourceRequest(nodes: 1, coresPerNode: 3))
        #expect(second.nodes.map(\.id) == [onNodes[0] == 1 ? "compute-0" : "compute-1"])
    }

    @Test func refusalsNameResourceAskedAndFree() throws {
        let allocator = try pool(4, cores: 2, memory: 100, storage: 50)
        func refusal(_ request: ResourceRequest) -> LeptonError {
            expectError(.resourceExhausted) { () throws(LeptonError) in try allocator.grant(request) }
        }
        let neverCores = try refusal(ResourceRequest(nodes: 10, coresPerNode: 1))
        #expect(neverCores.argument == "CPU cores")
        #expect(neverCores.message.contains("10") && neverCores.message.contains("at most 8"))
        #expect(neverCores.message.contains("never be granted"))

        let neverStorage = try refusal(ResourceRequest(storageBytes: 51))
        #expect(neverStorage.argument == "storage")
        #expect(neverStorage.received == "51 bytes")
        #expect(neverStorage.expected?.contains("at most 50 bytes") == true)

        let neverMemory = try refusal(ResourceRequest(memoryPerNode: 101))
        #expect(neverMemory.argument == "memory")
        #expect(neverMemory.message.contains("never be granted"))
        #expect(neverMemory.message.contains("at most 100 bytes on one"))

        let neverOnOneNode = try refusal(ResourceRequest(nodes: 1, coresPerNode: 3))
        #expect(neverOnOneNode.message.contains("at most 2 on one"))

        _ = try allocator.grant(ResourceRequest(nodes: 3, coresPerNode: 2))
        let notNow = try refusal(ResourceRequest(nodes: 2, coresPerNode: 2))
        #expect(notNow.argument == "CPU cores")
        #expect(notNow.message.contains("at most 2 free now of 8"))
        #expect(!notNow.message.contains("never"))
        #expect(notNow.received == "4 (2 nodes of 2)")
        // A refusal takes nothing.
        #expect(allocator.allocated == ResourceShape(cores: 6))
    }

    @Test func aShortageOfCombinationsIsNamed() throws {
        let allocator = try pool(2, cores: 4, memory: 100)
        // Leaves one node without memory and the other without cores.
        _ = try allocator.grant(ResourceRequest(coresPerNode: 1, memoryPerNode: 100))
        _ = try allocator.grant(ResourceRequest(coresPerNode: 4, memoryPerNode: 1))
        let request = try ResourceRequest(coresPerNode: 2, memoryPerNode: 50)
        let error = expectError(.resourceExhausted) { () throws(LeptonError) in try allocator.grant(request) }
        #expect(error.argument == "nodes")
        #expect(error.message.contains("at most 0 nodes free now of 2 cores and 50 bytes"))
    }

    @Test func absurdRequestsAreRefusedNotAttempted() throws {
        let huge = try pool(2, cores: 1 << 40, memory: 1 << 50, storage: .max)
        let many = try ResourceRequest(nodes: 1 << 40)
        let error = expectError(.resourceExhausted) { () throws(LeptonError) in try huge.grant(many) }
        #expect(error.argument == "nodes")
        let small = try pool(1)
        let request = try ResourceRequest(nodes: 1 << 40, coresPerNode: 1 << 20, memoryPerNode: 1 << 20)
        expectError(.resourceExhausted) { () throws(LeptonError) in try small.grant(request) }
    }

    @Test func badPoolsNameTheArgument() {
        func argument(_ make: () throws(LeptonError) -> LocalAllocator) -> String? {
            expectError(.invalidArgument, make).argument
        }
        #expect(argument { () throws(LeptonError) in try LocalAllocator(nodes: 0) } == "nodes")
        #expect(argument { () throws(LeptonError) in try LocalAllocator(nodes: 1_000_000) } == "nodes")
        #expect(argument { () throws(LeptonError) in try LocalAllocator(coresPerNode: 0) } == "cores_per_node")
        #expect(
            argument { () throws(LeptonError) in try LocalAllocator(nodes: 3, coresPerNode: .max) }
                == "cores_per_node")
        #expect(argument { () throws(LeptonError) in try LocalAllocator(memoryPerNode: -1) } == "memory_per_node")
        #expect(argument { () throws(LeptonError) in try LocalAllocator(storageBytes: -1) } == "storage_bytes")
        expectError(.notFound) { () throws(LeptonError) in try LocalAllocator(storageFolder: "/no/such/folder") }
    }

    @Test func theMachineHasCoresMemoryAndDisk() throws {
        let capacity = try LocalAllocator(storageFolder: "/tmp").capacity
        #expect(capacity.cores >= 1)
        #expect(capacity.memoryBytes > 1 << 20)
        #expect(capacity.storageBytes >= 0)
        #expect(try LocalAllocator(nodes: 7).capacity.cores == 7)
    }

    @Test func kernelTextsAreRead() {
        #expect(Machine.cpuCount(list: "0-3,8,10-11") == 7)
        #expect(Machine.cpuCount(list: "0") == 1)
        #expect(Machine.cpuCount(list: "3-1") == nil)
        #expect(Machine.cpuCount(list: "x") == nil)
        #expect(Machine.quotaCores("150000 100000") == 2)
        #expect(Machine.quotaCores("200000 100000") == 2)
        #expect(Machine.quotaCores("max 100000") == nil)
        #expect(Machine.quotaCores("-1 100000") == nil)
        #expect(Machine.quotaCores("1 0") == nil)
    }

    @Test func expiredLeasesAreReclaimedAtTheNextCall() throws {
        let clock = ManualClock()
        let allocator = try pool(2, clock: clock)
        let short = try allocator.grant(ResourceRequest(leaseSeconds: 10))
        let renewed = try allocator.grant(ResourceRequest(leaseSeconds: 10))
        try allocator.renew(renewed.id, seconds: 100)
        clock.advance(seconds: 9.999)
        #expect(allocator.allocated.cores == 2)
        clock.advance(seconds: 0.001)
        #expect(allocator.allocated.cores == 1)
        expectError(.notFound) { () throws(LeptonError) in try allocator.renew(short.id, seconds: 1) }
        allocator.release(short.id)
        #expect(allocator.allocated.cores == 1)
        clock.advance(seconds: 90)
        _ = try allocator.grant(ResourceRequest(nodes: 2))
    }

    @Test func manyThreadsNeverOvercommit() async throws {
        let allocator = try pool(8, cores: 2, memory: 100, storage: 64)
        let inUse = Mutex(0)
        let highest = Mutex(0)
        await onThreads(16) { index in
            for round in 0..<500 {
                let cores = 1 + (index + round) % 2
                guard let request = try? ResourceRequest(nodes: 3, coresPerNode: cores, memoryPerNode: 30),
                    let grant = try? allocator.grant(request)
                else { continue }
                let now = inUse.withLock {
                    $0 += 3 * cores
                    return $0
                }
                highest.withLock { $0 = max($0, now) }
                inUse.withLock { $0 -= 3 * cores }
                allocator.release(grant.id)
            }
        }
        #expect(highest.withLock { $0 } <= 16)
        #expect(highest.withLock { $0 } > 0)
        #expect(allocator.allocated == .zero)
    }

    @Test func identifiersAreUnique() {
        let ids = (0..<1000).map { _ in UniqueID.make() }
        #expect(Set(ids).count == 1000)
        #expect(ids.allSatisfy { $0.count == 36 && Array($0)[14] == "4" && "89ab".contains(Array($0)[19]) })
    }
}
