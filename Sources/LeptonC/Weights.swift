import CLepton
import Lepton

extension lepton_weight_info: VersionedStruct {
    static var defaults: Self {
        var info = Self()
        info.struct_size = MemoryLayout<Self>.size
        return info
    }

    init(_ weight: WeightInfo) {
        self = Self.defaults
        ndim = Int32(clamping: weight.shape.count)
        trainable = weight.isTrainable ? 1 : 0
        withUnsafeMutableBytes(of: &shape) { bytes in
            let extents = bytes.assumingMemoryBound(to: Int64.self)
            for (axis, extent) in weight.shape.prefix(extents.count).enumerated() { extents[axis] = Int64(extent) }
        }
        withUnsafeMutableBytes(of: &name) { fill($0, with: weight.name) }
    }
}

@implementation @c
public func lepton_model_weight_count(
    _ model: OpaquePointer?, _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try writeCount(of: object(model, "model", as: Model.self), Model.weightInfos, to: count)
    }
}

@implementation @c
public func lepton_model_weight_info(
    _ model: OpaquePointer?, _ index: Int, _ out: UnsafeMutablePointer<lepton_weight_info>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try describe(index, of: object(model, "model", as: Model.self), Model.weightInfos, to: out)
    }
}

@implementation @c
public func lepton_model_get_weights(
    _ model: OpaquePointer?, _ views: UnsafePointer<lepton_tensor_view>?, _ count: Int, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try requireWeightCount(count, expected: model.weightInfos().count)
        try model.copyWeights(to: mutableTensorViews(views, count: count, "views"))
    }
}

@implementation @c
public func lepton_model_set_weights(
    _ model: OpaquePointer?, _ views: UnsafePointer<lepton_tensor_view>?, _ count: Int, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try requireWeightCount(count, expected: model.weightInfos().count)
        try model.setWeights(from: tensorViews(views, count: count, "views"))
    }
}

/// Lists the weights of one kind: the model's own, or those of its optimizer.
typealias WeightList = (Model) -> () throws(LeptonError) -> [WeightInfo]

func writeCount(
    of model: Model, _ list: WeightList, to count: UnsafeMutablePointer<Int>?
) throws(LeptonError) {
    let count = try output(count, "count")
    count.pointee = try list(model)().count
}

func describe(
    _ index: Int, of model: Model, _ list: WeightList, to out: UnsafeMutablePointer<lepton_weight_info>?
) throws(LeptonError) {
    let out = try output(out, "out")
    let size = try lepton_weight_info.resultSize(out, "out")
    let weights = try list(model)()
    try requireIndex(index, below: weights.count)
    lepton_weight_info.write(lepton_weight_info(weights[index]), to: out, size: size)
}

/// Checked before the views are read, so that a count that is too large is not believed.
func requireWeightCount(_ count: Int, expected: Int) throws(LeptonError) {
    guard count == expected else {
        throw LeptonError(
            .shapeMismatch, argument: "count", expected: "\(expected), one tensor per weight",
            received: "\(UInt(bitPattern: count))")
    }
}
