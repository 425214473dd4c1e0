import CLepton
import Lepton

@implementation @c
public func lepton_model_optimizer_weight_count(
    _ model: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try writeCount(of: object(model, "model", as: Model.self), Model.optimizerWeightInfos, to: count)
    }
}

@implementation @c
public func lepton_model_optimizer_weight_info(
    _ model: OpaquePointer?, _ index: Int, _ out: UnsafeMutablePointer<lepton_weight_info>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try describe(index, of: object(model, "model", as: Model.self), Model.optimizerWeightInfos, to: out)
    }
}

@implementation @c
public func lepton_model_get_optimizer_weights(
    _ model: OpaquePointer?, _ views: UnsafePointer<lepton_tensor_view>?, _ count: Int, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try requireWeightCount(count, expected: model.optimizerWeightInfos().count)
        try model.copyOptimizerWeights(to: mutableTensorViews(views, count: count, "views"))
    }
}

@implementation @c
public func lepton_model_set_optimizer_weights(
    _ model: OpaquePointer?, _ views: UnsafePointer<lepton_tensor_view>?, _ count: Int, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try requireWeightCount(count, expected: model.optimizerWeightInfos().count)
        try model.setOptimizerWeights(from: tensorViews(views, count: count, "views"))
    }
}

@implementation @c
public func lepton_model_get_iterations(
    _ model: OpaquePointer?, _ out: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        let out = try output(out, "out")
        out.pointee = try model.iterations()
    }
}

@implementation @c
public func lepton_model_set_iterations(
    _ model: OpaquePointer?, _ value: UInt64, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(model, "model", as: Model.self).setIterations(value)
    }
}

@implementation @c
public func lepton_model_load_state(
    _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try model.loadState(from: text(path, "path"))
    }
}
