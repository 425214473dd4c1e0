import LeptonResources
import LeptonTensor
import Testing

@Suite struct UtilizationTests {
    @Test func theWorkedExampleIsOneHalf() {
        let terabyte = 1_000_000_000_000
        let use = Utilization(
            total: ResourceShape(cores: 1000, storageBytes: 100 * terabyte),
            allocated: ResourceShape(cores: 500, storageBytes: 50 * terabyte))
        #expect(use.cores == 0.5)
        #expect(use.storage == 0.5)
        #expect(use.mean == 0.5)
        #expect(use.dominantShare == 0.5)
        #expect(use.memory == 0)
    }

    @Test func theDominantShareIsTheLargestRatio() {
        let use = Utilization(
            total: ResourceShape(cores: 9, memoryBytes: 18, storageBytes: 4),
            allocated: ResourceShape(cores: 3, memoryBytes: 12))
        #expect(use.dominantResource == .memory)
        #expect(use.dominantShare == 12.0 / 18)
        #expect(use.mean == (3.0 / 9) / 2)
    }

    @Test func nothingOfNothingIsZero() {
        let use = Utilization(total: .zero, allocated: .zero)
        #expect(use.dominantShare == 0 && use.mean == 0)
        #expect(Resource.allCases.allSatisfy { use.ratio(of: $0) == 0 })
    }

    @Test func readsAnAllocatorAndWritesJSON() throws {
        let allocator = try LocalAllocator(nodes: 4, coresPerNode: 2, memoryPerNode: 100, storageBytes: 0)
        let grant = try allocator.grant(ResourceRequest(nodes: 2, coresPerNode: 2))
        let report = try #require(Utilization(of: allocator).json.objectValue)
        #expect(report["cores"] == ["total": 8, "allocated": 4, "ratio": 0.5])
        #expect(report["dominant_resource"] == "cores")
        #expect(report["mean"] == 0.25)
        allocator.release(grant.id)
    }
}
