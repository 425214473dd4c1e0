import CLepton
import Lepton

extension lepton_batch_options: VersionedStruct {
    static var defaults: Self {
        var options = Self()
        options.struct_size = MemoryLayout<Self>.size
        return options
    }
}

@implementation @c
public func lepton_batch_options_init_sized(
    _ options: UnsafeMutablePointer<lepton_batch_options>?, _ struct_size: Int
) {
    lepton_batch_options.initialize(options, size: struct_size)
}

@implementation @c
public func lepton_model_train_on_batch(
    _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int,
    _ y: UnsafePointer<lepton_tensor_view>?, _ y_count: Int, _ options: UnsafePointer<lepton_batch_options>?,
    _ values: UnsafeMutablePointer<Double>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        let options = try lepton_batch_options.read(options, "options")
        try model.trainOnBatch(
            options.batch(x, x_count, y, y_count), allowNonFinite: allowsNonFinite(options.nonfinite),
            capacity: values == nil ? nil : max(capacity, 0), report: writer(values, count))
    }
}

@implementation @c
public func lepton_model_test_on_batch(
    _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int,
    _ y: UnsafePointer<lepton_tensor_view>?, _ y_count: Int, _ options: UnsafePointer<lepton_batch_options>?,
    _ values: UnsafeMutablePointer<Double>?, _ capacity: Int, _ count: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        let options = try lepton_batch_options.read(options, "options")
        guard options.class_weight_count == 0 else {
            throw LeptonError(
                .invalidArgument, argument: "options.class_weight_count", expected: "0: nothing is trained",
                received: "\(UInt(bitPattern: options.class_weight_count))")
        }
        try model.testOnBatch(
            options.batch(x, x_count, y, y_count), allowNonFinite: allowsNonFinite(options.nonfinite),
            capacity: values == nil ? nil : max(capacity, 0), report: writer(values, count))
    }
}

extension lepton_batch_options {
    fileprivate func batch(
        _ x: UnsafePointer<lepton_tensor_view>?, _ xCount: Int, _ y: UnsafePointer<lepton_tensor_view>?, _ yCount: Int
    ) throws(LeptonError) -> BatchData {
        BatchData(
            x: try tensorViews(x, count: xCount, "x", takesText: true), y: try tensorViews(y, count: yCount, "y"),
            sampleWeights: try weightViews(sample_weight, sample_weight_count, "options.sample_weight"),
            classWeight: try classWeights(class_weight_classes, class_weight_values, class_weight_count))
    }
}

private func writer(
    _ values: UnsafeMutablePointer<Double>?, _ count: UnsafeMutablePointer<Int>?
) -> (MetricNames, UnsafeBufferPointer<Double>) -> Void {
    { _, means in
        if let values, let base = means.baseAddress { values.update(from: base, count: means.count) }
        count?.pointee = means.count
    }
}

@implementation @c
public func lepton_model_batch_metric_name(
    _ model: OpaquePointer?, _ index: Int, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        guard let names = model.batchMetricNames else {
            throw LeptonError(
                .invalidState, "no batch has been trained or tested since the model was compiled")
        }
        try requireIndex(index, below: names.count)
        try write(names[index], to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_model_reset_metrics(_ model: OpaquePointer?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(model, "model", as: Model.self).resetMetrics()
    }
}
