import CLepton
import Lepton

extension lepton_estimate: VersionedStruct {
    static var defaults: Self {
        var estimate = Self()
        estimate.struct_size = MemoryLayout<Self>.size
        return estimate
    }
}

@implementation @c
public func lepton_client_report(
    _ client: OpaquePointer?, _ query: UnsafePointer<CChar>?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        var asked = UsageQuery()
        if let json = try optionalJSON(query, "query") { asked = try UsageQuery(json: json) }
        try write(client.usageReport(asked), to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_client_flush_ledger(_ client: OpaquePointer?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(client, "client", as: LeptonClient.self).flushLedger()
    }
}

/// A C callback with its context, which its owner keeps alive and safe to use from the threads of the client.
private struct WarningTarget: @unchecked Sendable {
    let function: lepton_budget_fn
    let context: UnsafeMutableRawPointer?
}

@implementation @c
public func lepton_client_set_budget(
    _ client: OpaquePointer?, _ budget: UnsafePointer<CChar>?, _ warning: lepton_budget_fn?,
    _ context: UnsafeMutableRawPointer?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        guard let json = try optionalJSON(budget, "budget") else { return try client.setBudget(nil) }
        let target = warning.map { WarningTarget(function: $0, context: context) }
        guard let target else { return try client.setBudget(Budget(json: json)) }
        try client.setBudget(Budget(json: json)) { status in
            status.json.text.withCString { target.function($0, target.context) }
        }
    }
}

@implementation @c
public func lepton_client_budget(
    _ client: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let status = try client.budgetStatus()
        try write(status?.json.text ?? "null", to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_client_estimate(
    _ client: OpaquePointer?, _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int,
    _ y: UnsafePointer<lepton_tensor_view>?, _ y_count: Int, _ options: UnsafePointer<lepton_fit_options>?,
    _ request: UnsafePointer<lepton_resource_request>?, _ out: UnsafeMutablePointer<lepton_estimate>?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let model = try object(model, "model", as: Model.self)
        let out = try output(out, "out")
        let size = try lepton_estimate.resultSize(out, "out")
        let options = try lepton_fit_options.read(options, "options")
        let allocation = try optionalObject(options.allocation, "options.allocation", as: AllocationReference.self)
        defer { withExtendedLifetime(allocation) {} }
        var wanted: ResourceRequest?
        if let request { wanted = try lepton_resource_request.read(request, "request").resourceRequest() }
        let estimate = try client.estimateNow(
            model, x: tensorViews(x, count: x_count, "x", takesText: true), y: tensorViews(y, count: y_count, "y"),
            options: options.fitOptions(inputCount: x_count, outputCount: y_count, allocation: allocation),
            request: wanted)
        var result = lepton_estimate.defaults
        result.seconds = estimate.seconds
        result.seconds_per_step = estimate.secondsPerStep
        result.steps = Int64(estimate.steps)
        result.memory_bytes = Int64(estimate.memoryBytes)
        result.cores = Int64(estimate.shape.cores)
        withUnsafeMutableBytes(of: &result.cost) { fill($0, with: estimate.cost.text(decimals: 9)) }
        withUnsafeMutableBytes(of: &result.currency) { fill($0, with: estimate.currency) }
        lepton_estimate.write(result, to: out, size: size)
    }
}
