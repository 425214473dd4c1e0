import CLepton
import Lepton

extension CancelToken: HandleObject {
    static var handleKind: HandleKind { .cancel }
}

@implementation @c
public func lepton_cancel_create(_ out: HandleOut?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        try deliver(CancelToken(), to: out)
    }
}

@implementation @c
public func lepton_cancel_trigger(_ cancel: OpaquePointer?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(cancel, "cancel", as: CancelToken.self).cancel()
    }
}

@implementation @c
public func lepton_cancel_release(_ cancel: OpaquePointer?) {
    release(cancel, kind: .cancel)
}
