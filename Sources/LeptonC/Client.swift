import CLepton
import Lepton

extension LeptonClient: HandleObject {
    static var handleKind: HandleKind { .client }
}

extension lepton_client_options: VersionedStruct {
    static var defaults: Self {
        var options = Self()
        options.struct_size = MemoryLayout<Self>.size
        return options
    }

    /// 0 and NULL stand for "not given"; everything else is the client's to judge.
    func clientOptions() throws(LeptonError) -> LeptonClient.Options {
        var options = LeptonClient.Options()
        options.nodes = nodes == 0 ? nil : Int(nodes)
        options.coresPerNode = cores_per_node == 0 ? nil : Int(cores_per_node)
        options.memoryPerNode = memory_per_node == 0 ? nil : Int(memory_per_node)
        options.storageBytes = storage_bytes == 0 ? nil : Int(storage_bytes)
        options.storePath = try optionalText(store_path, "options.store_path")
        options.priceList = try optionalJSON(price_list, "options.price_list")
        options.queues = try optionalJSON(queues, "options.queues")
        options.acceleratorsPerNode = Int(accelerators_per_node)
        return options
    }
}

extension lepton_utilization: VersionedStruct {
    static var defaults: Self {
        var utilization = Self()
        utilization.struct_size = MemoryLayout<Self>.size
        return utilization
    }
}

@implementation @c
public func lepton_client_options_init_sized(
    _ options: UnsafeMutablePointer<lepton_client_options>?, _ struct_size: Int
) {
    lepton_client_options.initialize(options, size: struct_size)
}

@implementation @c
public func lepton_client_create(
    _ options: UnsafePointer<lepton_client_options>?, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        let options = try lepton_client_options.read(options, "options")
        try deliver(LeptonClient(options: options.clientOptions()), to: out)
    }
}

@implementation @c
public func lepton_client_retain(_ client: OpaquePointer?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in try retain(client, "client", kind: .client) }
}

@implementation @c
public func lepton_client_release(_ client: OpaquePointer?) {
    release(client, kind: .client)
}

@implementation @c
public func lepton_client_utilization(
    _ client: OpaquePointer?, _ out: UnsafeMutablePointer<lepton_utilization>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let out = try output(out, "out")
        let size = try lepton_utilization.resultSize(out, "out")
        let now = client.utilization()
        var result = lepton_utilization.defaults
        result.cores_total = Double(now.total.cores)
        result.cores_allocated = Double(now.allocated.cores)
        result.memory_total = Double(now.total.memoryBytes)
        result.memory_allocated = Double(now.allocated.memoryBytes)
        result.storage_total = Double(now.total.storageBytes)
        result.storage_allocated = Double(now.allocated.storageBytes)
        result.cores = now.cores
        result.memory = now.memory
        result.storage = now.storage
        result.dominant_share = now.dominantShare
        result.mean = now.mean
        lepton_utilization.write(result, to: out, size: size)
    }
}

@implementation @c
public func lepton_client_usage(
    _ client: OpaquePointer?, _ format: lepton_report_format, _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int, _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        switch format {
        case LEPTON_REPORT_JSON:
            try write(client.usageReport().text, to: buffer, capacity: capacity, length: length)
        case LEPTON_REPORT_TEXT:
            try write(client.usageText(), to: buffer, capacity: capacity, length: length)
        default:
            throw LeptonError(
                .invalidArgument, argument: "format", expected: "a lepton_report_format (0 or 1)",
                received: "\(format.rawValue)")
        }
    }
}
