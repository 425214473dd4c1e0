import LeptonTensor

/// How much of a pool is allocated.
public struct Utilization: Sendable, Hashable {
    /// Everything there is.
    public let total: ResourceShape
    /// What is allocated of it.
    public let allocated: ResourceShape

    public init(total: ResourceShape, allocated: ResourceShape) {
        self.total = total
        self.allocated = allocated
    }

    /// The utilisation of an allocator's pool now.
    public init(of allocator: some ResourceAllocator) {
        self.init(total: allocator.capacity, allocated: allocator.allocated)
    }

    /// The allocated fraction of one resource; 0 when there is none of it.
    public func ratio(of resource: Resource) -> Double {
        total[resource] > 0 ? Double(allocated[resource]) / Double(total[resource]) : 0
    }

    /// The ratio of CPU cores.
    public var cores: Double { ratio(of: .cores) }
    /// The ratio of memory.
    public var memory: Double { ratio(of: .memory) }
    /// The ratio of storage.
    public var storage: Double { ratio(of: .storage) }

    /// The largest of the ratios.
    ///
    /// A job's dominant share in this sense (its own amounts as `allocated`) is what Dominant Resource Fairness
    /// equalises between users: Ghodsi et al., "Dominant Resource Fairness: Fair Allocation of Multiple Resource
    /// Types", NSDI 2011.
    public var dominantShare: Double { ratio(of: dominantResource) }

    /// The resource with the largest ratio; the first one when several have it.
    public var dominantResource: Resource {
        Resource.allCases.dropFirst().reduce(.cores) { ratio(of: $1) > ratio(of: $0) ? $1 : $0 }
    }

    /// One figure for the whole pool: the mean of the compute and the storage ratio.
    ///
    /// Utilisation is used over total resources. Cores and bytes cannot be added, so each kind is divided by its
    /// own total first: 500 of 1000 cores and 50 of 100 TB give (0.5 + 0.5) / 2 = 0.5.
    public var mean: Double { (cores + storage) / 2 }

    /// The report as JSON: total, allocated and ratio by resource, the dominant share, the mean.
    public var json: JSONValue {
        var report = JSONObject()
        for resource in Resource.allCases {
            report[resource.rawValue] = [
                "total": .integer(Int64(total[resource])), "allocated": .integer(Int64(allocated[resource])),
                "ratio": .number(ratio(of: resource)),
            ]
        }
        report["dominant_resource"] = .string(dominantResource.rawValue)
        report["dominant_share"] = .number(dominantShare)
        report["mean"] = .number(mean)
        return .object(report)
    }
}
