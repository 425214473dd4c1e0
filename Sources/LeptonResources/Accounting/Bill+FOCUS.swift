import LeptonTensor

// FinOps Open Cost and Usage Specification, version 1.2 (https://focus.finops.org, June 2025): the mandatory columns,
// and those of the conditional ones whose condition holds here (usage is measured, prices are listed, resources and
// tenants have names, labels are tags). Column names, their order, formats of dates and units are the specification's.
extension Bill {
    /// The version of the specification.
    public static let focusVersion = "1.2"

    private static let focusColumns = [
        "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency",
        "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory", "ChargeClass", "ChargeDescription",
        "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart", "ConsumedQuantity", "ConsumedUnit",
        "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceIssuer", "ListCost", "ListUnitPrice",
        "PricingCategory", "PricingQuantity", "PricingUnit", "Provider", "Publisher", "ResourceId", "ResourceName",
        "ResourceType", "ServiceCategory", "ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceId",
        "SubAccountId", "SubAccountName", "SubAccountType", "Tags",
    ]

    /// The bill as CSV (RFC 4180) in the columns of FOCUS 1.2: one row for each line, and one more for the part of it
    /// that a free allowance covers. Nothing is an empty field.
    ///
    /// Make the bill with `byMonth`, so that each row belongs to one billing period (a calendar month, UTC).
    ///
    /// - Parameter account: what BillingAccountId says: who the bill is for.
    public func focusCSV(account: String = "default") -> String {
        var text = Bill.focusColumns.joined(separator: ",") + "\r\n"
        for line in lines {
            let record = records[line.recordIndex]
            let charged = line.billedQuantity - line.freeQuantity
            if line.freeQuantity > 0 {
                text += focusRow(line, record, account, quantity: line.freeQuantity, isFree: true)
            }
            if charged > 0 { text += focusRow(line, record, account, quantity: charged, isFree: false) }
        }
        return text
    }

    private func focusRow(
        _ line: Line, _ record: UsageRecord, _ account: String, quantity: UInt128, isFree: Bool
    ) -> String {
        let resource = line.resource
        let month = WallTime.Month(containing: line.startNanoseconds)
        let end = Int64(clamping: Int128(line.startNanoseconds) + Int128(line.billedSeconds) * 1_000_000_000)
        let cost = isFree ? "0" : line.cost.text()
        let price = isFree ? "0" : line.unitPrice.text()
        let tenant = record.tenant
        let values: [String: String] = [
            "BilledCost": cost,
            "BillingAccountId": account,
            "BillingAccountType": "Account",
            "BillingCurrency": prices.currency,
            "BillingPeriodStart": WallTime.text(nanoseconds: month.startNanoseconds),
            "BillingPeriodEnd": WallTime.text(nanoseconds: month.next.startNanoseconds),
            "ChargeCategory": "Usage",
            "ChargeDescription": resource.focusDescription + (isFree ? ", free allowance" : ""),
            "ChargeFrequency": "Usage-Based",
            "ChargePeriodStart": WallTime.text(nanoseconds: line.startNanoseconds),
            "ChargePeriodEnd": WallTime.text(nanoseconds: end),
            "ConsumedQuantity": "\(quantity)",
            "ConsumedUnit": resource.focusMeasuredUnit,
            "ContractedCost": cost,
            "ContractedUnitPrice": price,
            "EffectiveCost": cost,
            "InvoiceIssuer": "Lepton",
            "ListCost": cost,
            "ListUnitPrice": price,
            "PricingCategory": "Standard",
            "PricingQuantity": Line.unitsText(quantity, resource),
            "PricingUnit": resource.focusPricedUnit,
            "Provider": "Lepton",
            "Publisher": "Lepton",
            "ResourceId": record.allocationID,
            "ResourceName": record.job,
            "ResourceType": "Allocation",
            "ServiceCategory": resource == .storage ? "Storage" : "Compute",
            "ServiceName": resource == .storage ? "Lepton Storage" : "Lepton Compute",
            "ServiceSubcategory": resource == .storage ? "Other (Storage)" : "Other (Compute)",
            "SkuId": resource.pricedUnit,
            "SkuMeter": resource.focusDescription,
            "SkuPriceId": resource.pricedUnit + (isFree ? "-free" : ""),
            "SubAccountId": tenant,
            "SubAccountName": tenant,
            "SubAccountType": tenant.isEmpty ? "" : "Tenant",
            "Tags": Bill.tags(record),
        ]
        return Bill.focusColumns.map { Bill.field(values[$0] ?? "") }.joined(separator: ",") + "\r\n"
    }

    private static func tags(_ record: UsageRecord) -> String {
        guard !record.labels.isEmpty else { return "" }
        var object = JSONObject()
        for (name, value) in record.labels.sorted(by: { $0.key < $1.key }) { object[name] = .string(value) }
        return JSONValue.object(object).text
    }

    /// Quoted where it must be. A text that a spreadsheet would take for a formula stays what it is: the file is data,
    /// and the columns that hold texts of users are named in the documentation.
    private static func field(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x22 || $0 == 0x2C || $0 == 0x0A || $0 == 0x0D }) else { return text }
        return "\"" + text.replacing("\"", with: "\"\"") + "\""
    }
}

extension Resource {
    fileprivate var focusDescription: String {
        switch self {
        case .cores: "CPU cores held"
        case .memory: "Memory held"
        case .storage: "Storage held"
        case .accelerators: "Accelerators held"
        }
    }

    fileprivate var focusPricedUnit: String {
        switch self {
        case .cores: "Core-Hours"
        case .memory: "GiB-Hours"
        case .storage: "GiB-Months"
        case .accelerators: "Accelerator-Hours"
        }
    }

    fileprivate var focusMeasuredUnit: String {
        switch self {
        case .cores: "Core-Seconds"
        case .memory, .storage: "B-Seconds"
        case .accelerators: "Accelerator-Seconds"
        }
    }
}
