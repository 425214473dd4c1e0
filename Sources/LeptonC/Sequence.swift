// Section "sequence" of lepton.h.

import CLepton
import Lepton
import LeptonTensor
import LeptonTraining

@implementation @c
public func lepton_model_output_shape_for(
    _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int, _ index: Int,
    _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32, _ ndim: UnsafeMutablePointer<Int32>?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        let shapes = try model.outputShapes(forRowsOf: tensorViews(x, count: x_count, "x", takesText: true))
        try writeShape(from: shapes.map(\.extents), index, to: shape, capacity: capacity, ndim)
    }
}

@implementation @c
public func lepton_model_reset_states(
    _ model: OpaquePointer?, _ layer: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(model, "model", as: Model.self).resetStates(layer: optionalText(layer, "layer"))
    }
}
