import CLepton
import Lepton

@implementation @c
public func lepton_client_set_nodes(
    _ client: OpaquePointer?, _ options: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        try client.setNodes(json: optionalJSON(options, "options") ?? [:])
    }
}

@implementation @c
public func lepton_client_node_report(
    _ client: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        try write(client.nodeReport().json.text, to: buffer, capacity: capacity, length: length)
    }
}
