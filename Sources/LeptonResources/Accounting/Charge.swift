import LeptonTensor

/// Seconds of one allocation in which the amount of one resource, its price and the month stayed the same: a line of
/// the bill before it is priced.
struct Charge {
    let recordIndex: Int
    let resource: Resource
    let amount: Int
    /// By the wall clock, nanoseconds since 1970-01-01 UTC.
    let start: Int64
    var seconds: UInt64
    /// Of the price list.
    let version: Int

    var quantity: UInt128 { UInt128(max(amount, 0)) * UInt128(seconds) }

    /// The charges of a record, resource by resource.
    static func all(of record: UsageRecord, index: Int, prices: PriceList, byMonth: Bool) -> [Charge] {
        let pieces = Piece.all(of: record, prices: prices, byMonth: byMonth)
        var charges: [Charge] = []
        for resource in [Resource.cores, .memory, .storage, .accelerators] {
            var mayContinue = false
            // A piece in which no second began charges nothing; a record that is nothing else is a line of nothing.
            for piece in pieces where piece.seconds > 0 || pieces.count == 1 {
                let charge = Charge(
                    recordIndex: index, resource: resource, amount: piece.shape[resource], start: piece.start,
                    seconds: piece.seconds, version: piece.version)
                if mayContinue, charge.continues(charges[charges.count - 1], byMonth: byMonth) {
                    charges[charges.count - 1].seconds += charge.seconds
                } else if charge.amount > 0 {
                    charges.append(charge)
                }
                mayContinue = charge.amount > 0
            }
        }
        return charges
    }

    /// Whether it goes on as what came before it, and needs no line of its own.
    private func continues(_ other: Charge, byMonth: Bool) -> Bool {
        amount == other.amount && version == other.version
            && (!byMonth || WallTime.Month(containing: start) == WallTime.Month(containing: other.start))
    }

    /// - Throws: `outOfMemory` when the cost leaves 128 bits.
    func line(record: UsageRecord, free: UInt128, prices: PriceList) throws(LeptonError) -> Bill.Line {
        let price = prices.versions[version].price(of: resource)
        let cost = roundedHalfEven(
            quantity - free, times: price.nanoUnits.magnitude, dividedBy: resource.quantityPerUnit)
        guard let cost = cost.flatMap({ Int128(exactly: $0) }) else { throw Charge.tooLarge(record) }
        return Bill.Line(
            recordIndex: recordIndex, allocationID: record.allocationID, resource: resource, amount: amount,
            startNanoseconds: start, billedSeconds: seconds, freeQuantity: free, priceVersion: version,
            unitPrice: price, cost: Money(nanoUnits: cost))
    }

    static func tooLarge(_ record: UsageRecord) -> LeptonError {
        LeptonError(.outOfMemory, "the cost of allocation \(record.allocationID) is too large to be counted")
    }
}

/// Part of a record between two changes of shape, price or month.
private struct Piece {
    let shape: ResourceShape
    let start: Int64
    /// Seconds that began in it.
    let seconds: UInt64
    let version: Int

    /// Cuts a record at its resizes, at changes of price and, if asked, at the ends of months.
    ///
    /// The seconds of the record are counted from its start, and each belongs to the piece in which it began: so the
    /// pieces' seconds add up to those of the record. The last piece takes what is missing to the minimum.
    static func all(of record: UsageRecord, prices: PriceList, byMonth: Bool) -> [Piece] {
        let duration = record.durationNanoseconds
        var cuts = Set(record.intervals.map(\.offsetNanoseconds))
        for version in prices.versions {
            if let cut = version.effectiveNanoseconds.flatMap({ record.offset(ofWall: $0) }) { cuts.insert(cut) }
        }
        if byMonth { cuts.formUnion(record.monthOffsets()) }
        let starts = cuts.filter { $0 == 0 || $0 < duration }.sorted()

        let minimum = UInt64(prices.versions[prices.version(at: record.startNanoseconds)].minimumSeconds)
        let total = record.billedSeconds(minimum: minimum)
        var pieces: [Piece] = []
        var interval = 0
        for (index, offset) in starts.enumerated() {
            while interval + 1 < record.intervals.count, record.intervals[interval + 1].offsetNanoseconds <= offset {
                interval += 1
            }
            let isLast = index + 1 == starts.count
            let end = isLast ? total : begunSeconds(in: starts[index + 1])
            let start = Int64(clamping: Int128(record.startNanoseconds) + Int128(offset))
            pieces.append(
                Piece(
                    shape: record.intervals[interval].shape, start: start, seconds: end - begunSeconds(in: offset),
                    version: prices.version(at: start)))
        }
        return pieces
    }
}

extension UsageRecord {
    /// The offset of a moment of the wall clock; nil when it is not after the start.
    fileprivate func offset(ofWall moment: Int64) -> UInt64? {
        moment > startNanoseconds ? UInt64(clamping: Int128(moment) - Int128(startNanoseconds)) : nil
    }

    /// Offsets at which calendar months begin.
    fileprivate func monthOffsets() -> [UInt64] {
        var offsets: [UInt64] = []
        var month = WallTime.Month(containing: startNanoseconds).next
        while let offset = offset(ofWall: month.startNanoseconds), offset < durationNanoseconds,
            offsets.last != offset
        {
            offsets.append(offset)
            month = month.next
        }
        return offsets
    }
}
