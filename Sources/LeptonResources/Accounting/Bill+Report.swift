import LeptonTensor

extension Meter {
    /// What was used and what it costs, as JSON: the `json` of a `Bill` for `records()`.
    public func usageReport(prices: PriceList = .standard) throws(LeptonError) -> JSONValue {
        try Bill(records(), prices: prices).json
    }
}

extension Bill {
    /// Usage records, bill lines and totals as JSON. Money and quantities are exact decimals and therefore text:
    /// read as binary fractions they would not add up.
    public var json: JSONValue {
        [
            "currency": .string(prices.currency),
            "total": .string(total.text(decimals: 9)),
            "payable": .string(payable.text(decimals: prices.minorDigits)),
            "prices": prices.json,
            "records": .array(records.map(\.json)),
            "lines": .array(lines.map(\.json)),
        ]
    }

    /// What each tenant has to pay, as JSON.
    public var tenantsJSON: JSONValue {
        var costs: [String: Int128] = [:]
        // Parts of a sum that fits, of amounts that are not negative.
        for line in lines { costs[records[line.recordIndex].tenant, default: 0] += line.cost.nanoUnits }
        var object = JSONObject()
        for (tenant, cost) in costs.sorted(by: { $0.key < $1.key }) {
            object[tenant] = .string(Money(nanoUnits: cost).text(decimals: 9))
        }
        return .object(object)
    }

    /// The table, and what of the ledger could not be read.
    public func text(damaged: [String]) -> String {
        guard !damaged.isEmpty else { return text }
        let rows = damaged.prefix(10).joined(separator: ", ") + (damaged.count > 10 ? ", ..." : "")
        return text + "Not in this bill: \(damaged.count) damaged in the ledger (\(rows))\n"
    }

    /// A table for people, at most 100 columns wide as long as the amounts are of ordinary size.
    public var text: String {
        let cells = lines.map { line in
            [
                "  " + line.resource.rawValue, line.amountText, "\(line.billedSeconds) s", line.visibleUnitsText,
                line.unit,
                line.unitPrice.text(), line.cost.text(decimals: 9),
            ]
        }
        let heading = ["  resource", "held", "billed", "quantity", "unit", "price", "cost (\(prices.currency))"]
        let totalRow = ["total", "", "", "", "", "", total.text(decimals: 9)]
        let rows = Bill.aligned([heading] + cells + [totalRow])
        var output = [rows[0]]
        for (index, record) in records.enumerated() {
            output.append(Bill.title(record))
            output += lines.indices.filter { lines[$0].recordIndex == index }.map { rows[$0 + 1] }
        }
        output.append(rows[rows.count - 1])
        for resource in Resource.allCases {
            let free = lines.reduce(UInt128(0)) { $1.resource == resource ? $0 + $1.freeQuantity : $0 }
            guard free > 0 else { continue }
            output.append("Free of charge: \(Line.unitsText(free, resource)) \(resource.pricedUnit)")
        }
        output.append(
            "Time is charged in whole seconds, at least \(prices.minimumSeconds). Rounded to the currency's smallest "
                + "unit: \(payable.text(decimals: prices.minorDigits)) \(prices.currency)")
        return output.joined(separator: "\n") + "\n"
    }

    private static func title(_ record: UsageRecord) -> String {
        let duration = decimalText(UInt128(record.durationNanoseconds / 1_000_000), fractionDigits: 3, minimum: 3)
        var title = "\(record.allocationID)  \(WallTime.text(nanoseconds: record.startNanoseconds))  \(duration) s"
        title += record.isOpen ? ", open" : ""
        for (name, value) in record.labels.sorted(by: { $0.key < $1.key }) { title += "  \(name)=\(value)" }
        return title.count <= 100 ? title : title.prefix(97) + "..."
    }

    /// Columns padded to their widest cell; the first one and the units left-aligned, the others right-aligned.
    private static func aligned(_ rows: [[String]]) -> [String] {
        let widths = (rows.first ?? []).indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            let cells = zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 || column == 4 ? cell.0 + padding : padding + cell.0
            }
            return cells.joined(separator: "  ")
        }
    }
}

extension Bill.Line {
    var json: JSONValue {
        [
            "allocation_id": .string(allocationID),
            "resource": .string(resource.rawValue),
            "amount": .integer(Int64(amount)),
            "start": .string(WallTime.text(nanoseconds: startNanoseconds)),
            "billed_seconds": .integer(Int64(clamping: billedSeconds)),
            "billed_quantity": .string("\(billedQuantity)"),
            "free_quantity": .string("\(freeQuantity)"),
            "billed_unit": .string(resource.measuredUnit),
            "quantity": .string(unitsText),
            "unit": .string(unit),
            "unit_price": .string(unitPrice.text()),
            "cost": .string(cost.text(decimals: 9)),
        ]
    }

    /// What is too little for 9 decimals is still not nothing.
    fileprivate var visibleUnitsText: String {
        unitsText == "0" && billedQuantity > 0 ? "<0.000000001" : unitsText
    }

    /// Cores and accelerators as a number, bytes in the largest binary unit that keeps the number at 1 or more.
    fileprivate var amountText: String {
        switch resource {
        case .cores: return amount == 1 ? "1 core" : "\(amount) cores"
        case .accelerators: return "\(amount)"
        case .memory, .storage: return bytesText
        }
    }

    private var bytesText: String {
        let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"]
        let index = min(max(amount.bitWidth - 1 - amount.leadingZeroBitCount, 0) / 10, units.count - 1)
        let tenths = roundedHalfEven(UInt128(max(amount, 0)), times: 10, dividedBy: 1 << (10 * UInt128(index)))
        return decimalText(tenths ?? 0, fractionDigits: 1, minimum: 0) + " " + units[index]
    }
}
