import LeptonTensor

/// What one allocation has used: exact whole numbers, so that sums over any number of records are exact as well.
///
/// An allocation that was resized has several intervals, each of one shape, without gaps or overlaps between them.
public struct UsageRecord: Sendable, Hashable {
    /// From one resize to the next.
    public struct Interval: Sendable, Hashable {
        /// Nanoseconds from the start of the allocation to the start of the interval.
        public let offsetNanoseconds: UInt64
        /// What the allocation held, all nodes together.
        public let shape: ResourceShape

        package init(offsetNanoseconds: UInt64, shape: ResourceShape) {
            self.offsetNanoseconds = offsetNanoseconds
            self.shape = shape
        }
    }

    public let allocationID: String
    /// Who is charged; "" when there is one tenant only.
    public let tenant: String
    /// What it was for, such as "fit"; may be "".
    public let job: String
    public let labels: [String: String]
    /// At least one, the first from 0, in the order of time.
    public internal(set) var intervals: [Interval]
    /// Start by the wall clock: nanoseconds since 1970-01-01 UTC.
    public let startNanoseconds: Int64
    /// How long it was held, by the monotonic clock; up to now while it is open.
    public internal(set) var durationNanoseconds: UInt64
    /// Whether it is still held.
    public internal(set) var isOpen: Bool

    /// - Parameters:
    ///   - tenant, job: "" takes the label of that name, if there is one.
    ///   - shape: what was held from the start.
    ///   - resizes: later changes, in the order of time.
    package init(
        allocationID: String, tenant: String = "", job: String = "", labels: [String: String], shape: ResourceShape,
        resizes: [Interval] = [], startNanoseconds: Int64, durationNanoseconds: UInt64, isOpen: Bool
    ) {
        self.allocationID = allocationID
        self.tenant = tenant.isEmpty ? labels["tenant"] ?? "" : tenant
        self.job = job.isEmpty ? labels["job"] ?? "" : job
        self.labels = labels
        intervals = [Interval(offsetNanoseconds: 0, shape: shape)] + resizes
        self.startNanoseconds = startNanoseconds
        self.durationNanoseconds = durationNanoseconds
        self.isOpen = isOpen
    }

    /// What it held last, or holds now.
    public var shape: ResourceShape { intervals.last?.shape ?? .zero }

    /// Cores x nanoseconds.
    public var coreNanoseconds: UInt128 { used(.cores) }
    /// Bytes of memory x nanoseconds.
    public var memoryByteNanoseconds: UInt128 { used(.memory) }
    /// Bytes of storage x nanoseconds.
    public var storageByteNanoseconds: UInt128 { used(.storage) }
    /// Accelerators x nanoseconds.
    public var acceleratorNanoseconds: UInt128 { used(.accelerators) }

    /// Amount of a resource x nanoseconds, summed over the intervals.
    ///
    /// Never overflows: amounts are below 2^63, and the intervals' lengths together below 2^64.
    package func used(_ resource: Resource) -> UInt128 {
        intervals.indices.reduce(0) { sum, index in
            sum + UInt128(max(intervals[index].shape[resource], 0)) * UInt128(length(of: index))
        }
    }

    /// How long an interval lasted; nothing of it lies after the end of the record.
    private func length(of index: Int) -> UInt64 {
        let next = index + 1 < intervals.count ? intervals[index + 1].offsetNanoseconds : durationNanoseconds
        let (start, end) = (intervals[index].offsetNanoseconds, min(next, durationNanoseconds))
        return end > start ? end - start : 0
    }

    /// The seconds that are charged: whole ones, a begun second counted as one, and at least `minimum`.
    package func billedSeconds(minimum: UInt64) -> UInt64 { max(begunSeconds(in: durationNanoseconds), minimum) }

    /// The record as JSON. Amounts of use are exact decimals and therefore text; `cores` and the other amounts are
    /// those held last, and `resizes` is there when they changed.
    public var json: JSONValue {
        var labelObject = JSONObject()
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) { labelObject[name] = .string(value) }
        var object: JSONObject = [
            "allocation_id": .string(allocationID),
            "tenant": .string(tenant),
            "job": .string(job),
            "labels": .object(labelObject),
            "start": .string(WallTime.text(nanoseconds: startNanoseconds)),
            "open": .bool(isOpen),
            "cores": .integer(Int64(shape.cores)),
            "memory_bytes": .integer(Int64(shape.memoryBytes)),
            "storage_bytes": .integer(Int64(shape.storageBytes)),
            "accelerators": .integer(Int64(shape.accelerators)),
            "duration_seconds": .string(secondsText(UInt128(durationNanoseconds))),
            "core_seconds": .string(secondsText(coreNanoseconds)),
            "memory_byte_seconds": .string(secondsText(memoryByteNanoseconds)),
            "storage_byte_seconds": .string(secondsText(storageByteNanoseconds)),
            "accelerator_seconds": .string(secondsText(acceleratorNanoseconds)),
        ]
        if intervals.count > 1 { object["resizes"] = .array(intervals.dropFirst().map(\.json)) }
        return .object(object)
    }
}

extension UsageRecord.Interval {
    fileprivate var json: JSONValue {
        [
            "after_seconds": .string(secondsText(UInt128(offsetNanoseconds))),
            "cores": .integer(Int64(shape.cores)),
            "memory_bytes": .integer(Int64(shape.memoryBytes)),
            "storage_bytes": .integer(Int64(shape.storageBytes)),
            "accelerators": .integer(Int64(shape.accelerators)),
        ]
    }
}

/// Seconds that have begun within so many nanoseconds: the whole ones, and a part counted as one.
func begunSeconds(in nanoseconds: UInt64) -> UInt64 {
    let (seconds, rest) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
    return seconds + (rest > 0 ? 1 : 0)
}

/// Nanoseconds (or cores or bytes times them) as seconds, exact.
func secondsText(_ nanoseconds: UInt128) -> String {
    decimalText(nanoseconds, fractionDigits: 9, minimum: 0)
}
