import LeptonTensor

/// The columns of a fit's data as processes share them: a copy, made once for each fit.
///
/// Not `Sendable`: nobody writes to it once it is made.
final class DataMemory {
    let region: MemoryRegion
    let columns: [UnsafePointer<Float>]

    private static func places(
        _ floatsPerRow: [Int], rows: Int
    ) throws(LeptonError) -> (places: [Int], bytes: Int) {
        var layout = RegionLayout()
        let places = floatsPerRow.map { width in
            let (count, overflow) = width.multipliedReportingOverflow(by: rows)
            return layout.place(overflow ? Int.max : count, bytesEach: MemoryLayout<Float>.size)
        }
        return (places, try layout.checkedBytes("the data"))
    }

    private init(_ region: MemoryRegion, _ places: [Int]) {
        self.region = region
        columns = places.map { UnsafePointer((region.base + $0).assumingMemoryBound(to: Float.self)) }
    }

    /// A copy of data for worker processes.
    ///
    /// - Throws: `outOfMemory`.
    convenience init(copying data: PreparedData, floatsPerRow: [Int]) throws(LeptonError) {
        let (places, bytes) = try DataMemory.places(floatsPerRow, rows: data.rows)
        let region = try MemoryRegion(bytes: bytes, isShared: true, purpose: "data for worker processes")
        for (index, place) in places.enumerated() {
            (region.base + place).copyMemory(
                from: data.columns[index].pointer, byteCount: data.rows * floatsPerRow[index] * 4)
        }
        self.init(region, places)
    }

    /// As a worker process maps it: read-only.
    convenience init(adopting descriptor: Int32, floatsPerRow: [Int], rows: Int) throws(LeptonError) {
        let (places, bytes) = try DataMemory.places(floatsPerRow, rows: rows)
        self.init(try MemoryRegion(adopting: descriptor, bytes: bytes, isWritable: false), places)
    }
}
