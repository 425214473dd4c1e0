import CLepton
import Lepton

extension Model: HandleObject {
    static var handleKind: HandleKind { .model }
}

extension lepton_compile_options: VersionedStruct {
    static var defaults: Self {
        var options = Self()
        options.struct_size = MemoryLayout<Self>.size
        return options
    }

    func compile(_ model: Model) throws(LeptonError) {
        try model.compile(
            optimizer: optionalNameOrConfig(optimizer, "options.optimizer") ?? .string("adam"),
            loss: optionalNameOrConfig(loss, "options.loss"),
            lossWeights: optionalNameOrConfig(loss_weights, "options.loss_weights"),
            metrics: list(metrics, count: metric_count, "options.metrics"),
            weightedMetrics: list(weighted_metrics, count: weighted_metric_count, "options.weighted_metrics"))
    }

    private func list(
        _ names: UnsafePointer<UnsafePointer<CChar>?>?, count: Int, _ argument: String
    ) throws(LeptonError) -> JSONValue {
        let pointers = try array(names, count: count, argument, countName: argument.dropLast() + "_count")
        var values: [JSONValue] = []
        for (index, pointer) in pointers.enumerated() {
            values.append(try nameOrConfig(pointer, "\(argument)[\(index)]"))
        }
        // By the outputs' names: one object for all.
        if values.count == 1, let object = values[0].objectValue, object["class_name"] == nil { return values[0] }
        return .array(values)
    }
}

@implementation @c
public func lepton_model_create(
    _ name: UnsafePointer<CChar>?, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        try deliver(Model(name: optionalText(name, "name")), to: out)
    }
}

@implementation @c
public func lepton_model_create_from_config(
    _ text: UnsafePointer<CChar>?, _ length: Int, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        try deliver(Model(config: json(text, length: length, "json")), to: out)
    }
}

@implementation @c
public func lepton_model_retain(_ model: OpaquePointer?, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in try retain(model, "model", kind: .model) }
}

@implementation @c
public func lepton_model_release(_ model: OpaquePointer?) {
    release(model, kind: .model)
}

@implementation @c
public func lepton_model_set_seed(_ model: OpaquePointer?, _ seed: UInt64, _ error: ErrorOut?) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(model, "model", as: Model.self).setSeed(seed)
    }
}

@implementation @c
public func lepton_model_add_layer(
    _ model: OpaquePointer?, _ class_name: UnsafePointer<CChar>?, _ config: UnsafePointer<CChar>?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        let className = try text(class_name, "class_name")
        let config = try optionalJSON(config, "config") ?? .object([:])
        guard let arguments = config.objectValue else {
            throw LeptonError(
                .invalidArgument, argument: "config", expected: "a JSON object of the layer's arguments",
                received: config.kindName)
        }
        try model.addLayer(className: className, config: arguments)
    }
}

@implementation @c
public func lepton_model_build(
    _ model: OpaquePointer?, _ shape: UnsafePointer<Int64>?, _ ndim: Int32, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        guard (0..<Int32(Shape.maximumRank)).contains(ndim) else {
            throw LeptonError(
                .invalidArgument, argument: "ndim", expected: "0 ... \(Shape.maximumRank - 1)", received: "\(ndim)")
        }
        guard let extents = try integers(shape, count: Int(ndim), "shape") else {
            throw LeptonError(
                .invalidArgument, argument: "shape", expected: "\(ndim) extents", received: "NULL")
        }
        try model.build(inputShape: extents)
    }
}

@implementation @c
public func lepton_model_get_config(
    _ model: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try write(model.config.text, to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_model_get_compile_config(
    _ model: OpaquePointer?, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        guard let config = model.compileConfig else {
            throw LeptonError(.invalidState, "the model is not compiled; call compile with an optimizer and a loss")
        }
        try write(config.text, to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_model_summary(
    _ model: OpaquePointer?, _ line_length: Int32, _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: Int,
    _ length: UnsafeMutablePointer<Int>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        // Wider lines only cost memory, so there is an end to them.
        guard (0...10_000).contains(line_length) else {
            throw LeptonError(
                .invalidArgument, argument: "line_length", expected: "0 ... 10000", received: "\(line_length)")
        }
        let summary = model.summary(lineLength: line_length == 0 ? nil : Int(line_length))
        try write(summary, to: buffer, capacity: capacity, length: length)
    }
}

@implementation @c
public func lepton_model_io_count(
    _ model: OpaquePointer?, _ inputs: UnsafeMutablePointer<Int>?, _ outputs: UnsafeMutablePointer<Int>?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        let inputCount = try model.inputShapes().count
        let outputCount = try model.outputShapes().count
        inputs?.pointee = inputCount
        outputs?.pointee = outputCount
    }
}

@implementation @c
public func lepton_model_input_shape(
    _ model: OpaquePointer?, _ index: Int, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32,
    _ ndim: UnsafeMutablePointer<Int32>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let shapes = try object(model, "model", as: Model.self).inputShapes()
        try writeShape(from: shapes, index, to: shape, capacity: capacity, ndim)
    }
}

@implementation @c
public func lepton_model_output_shape(
    _ model: OpaquePointer?, _ index: Int, _ shape: UnsafeMutablePointer<Int64>?, _ capacity: Int32,
    _ ndim: UnsafeMutablePointer<Int32>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let shapes = try object(model, "model", as: Model.self).outputShapes()
        try writeShape(from: shapes, index, to: shape, capacity: capacity, ndim)
    }
}

func writeShape(
    from shapes: [[Int]], _ index: Int, to shape: UnsafeMutablePointer<Int64>?, capacity: Int32,
    _ ndim: UnsafeMutablePointer<Int32>?
) throws(LeptonError) {
    let ndim = try output(ndim, "ndim")
    try requireIndex(index, below: shapes.count)
    guard capacity >= 0 else {
        throw LeptonError(.invalidArgument, argument: "capacity", expected: "at least 0", received: "\(capacity)")
    }
    let extents = shapes[index]
    if let shape {
        for (axis, extent) in extents.prefix(Int(capacity)).enumerated() { shape[axis] = Int64(extent) }
    }
    ndim.pointee = Int32(clamping: extents.count)
}

/// Checks an index that came as `size_t`; one beyond Int.max arrives as a negative number.
func requireIndex(_ index: Int, below count: Int) throws(LeptonError) {
    guard index >= 0, index < count else {
        throw LeptonError(
            .invalidArgument, argument: "index",
            expected: count == 0 ? "nothing: there are none" : "0 ... \(count - 1)",
            received: "\(UInt(bitPattern: index))")
    }
}

@implementation @c
public func lepton_compile_options_init_sized(
    _ options: UnsafeMutablePointer<lepton_compile_options>?, _ struct_size: Int
) {
    lepton_compile_options.initialize(options, size: struct_size)
}

@implementation @c
public func lepton_model_compile(
    _ model: OpaquePointer?, _ options: UnsafePointer<lepton_compile_options>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try lepton_compile_options.read(options, "options").compile(model)
    }
}

@implementation @c
public func lepton_model_get_learning_rate(
    _ model: OpaquePointer?, _ out: UnsafeMutablePointer<Double>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        let out = try output(out, "out")
        out.pointee = try model.learningRate()
    }
}

@implementation @c
public func lepton_model_set_learning_rate(
    _ model: OpaquePointer?, _ value: Double, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        try object(model, "model", as: Model.self).setLearningRate(value)
    }
}

@implementation @c
public func lepton_model_save(
    _ model: OpaquePointer?, _ path: UnsafePointer<CChar>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try model.save(to: text(path, "path"))
    }
}

@implementation @c
public func lepton_model_load(
    _ path: UnsafePointer<CChar>?, _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let out = try output(out, "out")
        try deliver(Model.load(from: text(path, "path")), to: out)
    }
}
