import CLepton
import Lepton

/// What an allocation handle stands for: the allocation, and the client that it must keep alive.
///
/// When the last reference goes, and no call uses it any more, the resources are given back.
final class AllocationReference: HandleObject {
    static var handleKind: HandleKind { .allocation }

    let allocation: Allocation
    private let client: LeptonClient

    init(_ allocation: Allocation, of client: LeptonClient) {
        self.allocation = allocation
        self.client = client
        allocation.addHandle()
    }

    deinit {
        // Nobody is left to be told; the one failure, a fit that is running, cannot be: a fit holds a reference.
        try? allocation.removeHandle()
    }
}

extension lepton_resource_request: VersionedStruct {
    static var defaults: Self {
        var request = Self()
        request.struct_size = MemoryLayout<Self>.size
        request.nodes = 1
        request.cores_per_node = 1
        request.lease_seconds = .infinity
        return request
    }

    func resourceRequest() throws(LeptonError) -> ResourceRequest {
        try ResourceRequest(
            nodes: Int(nodes), minimumNodes: min_nodes == 0 ? nil : Int(min_nodes),
            maximumNodes: max_nodes == 0 ? nil : Int(max_nodes), coresPerNode: Int(cores_per_node),
            memoryPerNode: Int(memory_per_node), acceleratorsPerNode: Int(accelerators_per_node),
            storageBytes: Int(storage_bytes), priority: Int(priority),
            queue: optionalText(queue, "request.queue") ?? ResourceRequest.defaultQueue,
            tenant: optionalText(tenant, "request.tenant") ?? "",
            idempotencyKey: optionalText(idempotency_key, "request.idempotency_key"), leaseSeconds: lease_seconds,
            labels: labelTexts())
    }

    private func labelTexts() throws(LeptonError) -> [String: String] {
        guard let json = try optionalJSON(labels, "request.labels") else { return [:] }
        guard let object = json.objectValue else {
            throw LeptonError(
                .invalidArgument, argument: "request.labels", expected: "a JSON object of strings",
                received: json.kindName)
        }
        var texts: [String: String] = [:]
        for key in object.keys {
            guard let text = object[key]?.stringValue else {
                throw LeptonError(
                    .invalidArgument, argument: "request.labels", expected: "a string for '\(key.prefix(64))'",
                    received: object[key]?.kindName ?? "nothing")
            }
            texts[key] = text
        }
        return texts
    }
}

extension lepton_allocation_info: VersionedStruct {
    static var defaults: Self {
        var info = Self()
        info.struct_size = MemoryLayout<Self>.size
        return info
    }
}

@implementation @c
public func lepton_resource_request_init_sized(
    _ request: UnsafeMutablePointer<lepton_resource_request>?, _ struct_size: Int
) {
    lepton_resource_request.initialize(request, size: struct_size)
}

@implementation @c
public func lepton_client_allocate(
    _ client: OpaquePointer?, _ request: UnsafePointer<lepton_resource_request>?, _ out: HandleOut?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let out = try output(out, "out")
        let allocation = try client.allocateNow(wanted(request))
        try deliver(AllocationReference(allocation, of: client), to: out)
    }
}

@implementation @c
public func lepton_client_submit(
    _ client: OpaquePointer?, _ request: UnsafePointer<lepton_resource_request>?, _ out: HandleOut?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let out = try output(out, "out")
        let allocation = try client.submit(wanted(request))
        try deliver(AllocationReference(allocation, of: client), to: out)
    }
}

private func wanted(_ request: UnsafePointer<lepton_resource_request>?) throws(LeptonError) -> ResourceRequest {
    guard let request else {
        throw LeptonError(
            .invalidArgument, argument: "request", expected: "a lepton_resource_request", received: "NULL")
    }
    return try lepton_resource_request.read(request, "request").resourceRequest()
}

@implementation @c
public func lepton_allocation_get_info(
    _ allocation: OpaquePointer?, _ out: UnsafeMutablePointer<lepton_allocation_info>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let reference = try object(allocation, "allocation", as: AllocationReference.self)
        let out = try output(out, "out")
        let size = try lepton_allocation_info.resultSize(out, "out")
        let allocation = reference.allocation
        let request = allocation.request
        var info = lepton_allocation_info.defaults
        info.state = allocation.state.rawValue
        // A request that waits has the nodes that it wants.
        info.nodes = Int32(clamping: allocation.state == .pending ? request.nodes : allocation.nodeCount)
        info.cores_per_node = Int32(clamping: request.coresPerNode)
        info.memory_per_node = Int64(request.memoryPerNode)
        info.storage_bytes = Int64(request.storageBytes)
        info.lease_remaining = allocation.leaseRemaining
        withUnsafeMutableBytes(of: &info.id) { fill($0, with: allocation.id) }
        lepton_allocation_info.write(info, to: out, size: size)
    }
}

@implementation @c
public func lepton_allocation_renew(
    _ allocation: OpaquePointer?, _ seconds: Double, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let reference = try object(allocation, "allocation", as: AllocationReference.self)
        try reference.allocation.renew(seconds: seconds)
    }
}

@implementation @c
public func lepton_allocation_close(_ allocation: OpaquePointer?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(allocation, "allocation", as: AllocationReference.self).allocation.close()
    }
}

@implementation @c
public func lepton_allocation_release(_ allocation: OpaquePointer?) {
    release(allocation, kind: .allocation)
}
