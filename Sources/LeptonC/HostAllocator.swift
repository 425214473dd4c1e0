import CLepton
import Lepton
import Synchronization

extension lepton_allocator: VersionedStruct {
    static var defaults: Self { Self() }
}

/// A program's own allocator behind the protocol that the library uses. What the program answers is checked: it may be
/// wrong, and must not bring the library into an impossible state.
///
/// `@unchecked Sendable`: the program promises that its functions may be called from several threads.
final class HostAllocator: ResourceAllocator, @unchecked Sendable {
    private let table: lepton_allocator
    private let capacityOf:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutablePointer<lepton_resource_shape>?,
            UnsafeMutablePointer<lepton_resource_shape>?
        ) -> Void
    private let grantOf:
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafePointer<lepton_resource_request>?, UnsafeMutablePointer<lepton_grant>?
        ) -> lepton_status
    private let releaseOf: @convention(c) (UnsafeMutableRawPointer?, UnsafePointer<CChar>?) -> Void
    /// The requests of what is held: nodes are as large as they say.
    private let held = Mutex<[String: ResourceRequest]>([:])

    init(_ table: lepton_allocator) throws(LeptonError) {
        func required<Function>(_ function: Function?, _ name: String) throws(LeptonError) -> Function {
            guard let function else {
                throw LeptonError(
                    .invalidArgument, argument: "allocator.\(name)", expected: "a function", received: "NULL")
            }
            return function
        }
        capacityOf = try required(table.capacity, "capacity")
        grantOf = try required(table.grant, "grant")
        releaseOf = try required(table.release, "release")
        self.table = table
    }

    /// Not in `deinit`: an allocator that was made for a client that could not be made leaves its context alone.
    private let isOwner = Atomic<Bool>(false)

    /// From now on the context is the library's.
    func takeOwnership() { isOwner.store(true, ordering: .releasing) }

    deinit {
        if isOwner.load(ordering: .acquiring) { table.destroy?(table.context) }
    }

    var capacity: ResourceShape { shapes().total }
    var allocated: ResourceShape { shapes().allocated }

    private func shapes() -> (total: ResourceShape, allocated: ResourceShape) {
        var (total, allocated) = (lepton_resource_shape(), lepton_resource_shape())
        capacityOf(table.context, &total, &allocated)
        return (ResourceShape(total), ResourceShape(allocated))
    }

    func grant(_ request: ResourceRequest) throws(LeptonError) -> Grant {
        var answer = lepton_grant()
        answer.struct_size = MemoryLayout<lepton_grant>.size
        let status = request.withCStruct { grantOf(table.context, $0, &answer) }
        let reason = withUnsafeBytes(of: &answer.reason) { HostAllocator.text($0) }
        guard status == 0 else { throw refusal(status, reason, "refused the request") }
        let id = withUnsafeBytes(of: &answer.id) { HostAllocator.text($0) } ?? ""
        let nodes = HostAllocator.nodes(Int(answer.nodes), of: request)
        let grant = Grant(id: id, nodes: nodes, leaseSeconds: answer.lease_seconds)
        let isNew = held.withLock { held in
            guard held[id] == nil else { return false }
            held[id] = request
            return true
        }
        guard isNew else {
            throw LeptonError(.internalError, "the allocator granted '\(id)', a name that is in use")
        }
        return grant
    }

    func release(_ id: String) {
        held.withLock { $0[id] = nil }
        id.withCString { releaseOf(table.context, $0) }
    }

    func renew(_ id: String, seconds: Double) throws(LeptonError) {
        guard let renew = table.renew else {
            throw LeptonError(.notSupported, "the program's allocator does not renew leases: allocate anew")
        }
        let status = id.withCString { renew(table.context, $0, seconds) }
        guard status == 0 else { throw refusal(status, nil, "refused to renew the lease") }
    }

    func resize(_ id: String, nodes count: Int) throws(LeptonError) -> [Node] {
        guard let resize = table.resize else {
            throw LeptonError(
                .notSupported,
                "the program's allocator does not resize: close the allocation and request one of \(count) nodes")
        }
        guard let request = held.withLock({ $0[id] }) else {
            throw LeptonError(.notFound, "there is no allocation '\(id)'")
        }
        let status = id.withCString { resize(table.context, $0, Int32(clamping: count)) }
        guard status == 0 else { throw refusal(status, nil, "refused to resize to \(count) nodes") }
        return HostAllocator.nodes(count, of: request)
    }

    private func refusal(_ status: lepton_status, _ reason: String?, _ what: String) -> LeptonError {
        let code = LeptonError.Code(rawValue: status) ?? .resourceExhausted
        let text = reason.map { ": \($0)" } ?? ""
        return LeptonError(code, "the program's allocator \(what)\(text)")
    }

    /// As many nodes as granted, named by number. More than any request can have are cut off: the count is wrong anyway.
    private static func nodes(_ count: Int, of request: ResourceRequest) -> [Node] {
        let shape = ResourceShape(
            cores: request.coresPerNode, memoryBytes: request.memoryPerNode, accelerators: request.acceleratorsPerNode)
        var nodes = (0..<min(max(count, 0), 1 << 16)).map { Node(id: "compute-\($0)", kind: .compute, shape: shape) }
        if request.storageBytes > 0 {
            nodes.append(
                Node(id: "storage-0", kind: .storage, shape: ResourceShape(storageBytes: request.storageBytes)))
        }
        return nodes
    }

    /// Text of a field that the program filled in; nil when it is empty or no UTF-8.
    private static func text(_ field: UnsafeRawBufferPointer) -> String? {
        let bytes = field.prefix { $0 != 0 }
        guard !bytes.isEmpty else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension ResourceShape {
    fileprivate init(_ shape: lepton_resource_shape) {
        // Amounts below nothing are a mistake of the program's, and would make ratios that mean nothing.
        self.init(
            cores: max(Int(shape.cores), 0), memoryBytes: max(Int(shape.memory_bytes), 0),
            storageBytes: max(Int(shape.storage_bytes), 0), accelerators: max(Int(shape.accelerators), 0))
    }
}

extension ResourceRequest {
    /// Lends the request as the C struct to `body`.
    fileprivate func withCStruct<Result>(_ body: (UnsafePointer<lepton_resource_request>) -> Result) -> Result {
        var request = lepton_resource_request.defaults
        request.nodes = Int32(clamping: nodes)
        request.min_nodes = Int32(clamping: minimumNodes ?? 0)
        request.max_nodes = Int32(clamping: maximumNodes ?? 0)
        request.cores_per_node = Int32(clamping: coresPerNode)
        request.memory_per_node = Int64(memoryPerNode)
        request.accelerators_per_node = Int32(clamping: acceleratorsPerNode)
        request.storage_bytes = Int64(storageBytes)
        request.lease_seconds = leaseSeconds
        request.priority = Int32(clamping: priority)
        var names = JSONObject()
        for (name, value) in labels.sorted(by: { $0.key < $1.key }) { names[name] = .string(value) }
        return queue.withCString { queue in
            tenant.withCString { tenant in
                JSONValue.object(names).text.withCString { labels in
                    (idempotencyKey ?? "").withCString { key in
                        request.queue = queue
                        request.tenant = tenant
                        request.labels = labels
                        request.idempotency_key = idempotencyKey == nil ? nil : key
                        return body(&request)
                    }
                }
            }
        }
    }
}

@implementation @c
public func lepton_client_create_with_allocator(
    _ options: UnsafePointer<lepton_client_options>?, _ allocator: UnsafePointer<lepton_allocator>?, _ out: HandleOut?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        guard let allocator else {
            throw LeptonError(
                .invalidArgument, argument: "allocator", expected: "a lepton_allocator", received: "NULL")
        }
        let options = try lepton_client_options.read(options, "options")
        let isPlain =
            options.nodes == 0 && options.memory_per_node == 0 && options.storage_bytes == 0
            && options.accelerators_per_node == 0 && options.queues == nil
        guard isPlain, options.cores_per_node >= 0 else {
            throw LeptonError(
                .invalidArgument, argument: "options",
                expected: "no nodes, sizes or queues: the allocator has them", received: "some")
        }
        let host = try HostAllocator(lepton_allocator.read(allocator, "allocator"))
        let client = try LeptonClient(options: options.clientOptions(), allocator: host)
        try deliver(client, to: out)
        host.takeOwnership()
    }
}
