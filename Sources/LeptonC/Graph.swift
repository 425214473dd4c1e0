import CLepton
import Lepton
import LeptonNN
import LeptonTensor
import LeptonTraining

// Section "model" of lepton.h: what functional models need beside the calls for all models.

@implementation @c
public func lepton_layer_output_shapes(
    _ layer: UnsafePointer<CChar>?, _ call: UnsafePointer<CChar>?, _ buffer: UnsafeMutablePointer<CChar>?,
    _ capacity: Int, _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let outputs = try LayerProbe.outputs(
            layer: json(layer, length: -1, "layer"), call: json(call, length: -1, "call"))
        let text = JSONValue.array(
            outputs.map { output in
                .array((output.isShared ? [] : [.null]) + Shape.config(output.sample))
            })
        try write(text.text, to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_model_set_trainable(
    _ model: OpaquePointer?, _ layer: UnsafePointer<CChar>?, _ trainable: Int32, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try model.setTrainable(flag(trainable, "trainable"), layer: optionalText(layer, "layer"))
    }
}

@implementation @c
public func lepton_model_weights_version(
    _ model: OpaquePointer?, _ out: UnsafeMutablePointer<UInt64>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try output(out, "out").pointee = model.currentWeightsVersion()
    }
}
