import CLepton
import Lepton

@implementation @c
public func lepton_fit_options_init_sized(
    _ options: UnsafeMutablePointer<lepton_fit_options>?, _ struct_size: Int
) {
    lepton_fit_options.initialize(options, size: struct_size)
}

@implementation @c
public func lepton_client_fit(
    _ client: OpaquePointer?, _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int,
    _ y: UnsafePointer<lepton_tensor_view>?, _ y_count: Int, _ options: UnsafePointer<lepton_fit_options>?,
    _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let model = try object(model, "model", as: Model.self)
        let options = try lepton_fit_options.read(options, "options")
        let allocation = try optionalObject(options.allocation, "options.allocation", as: AllocationReference.self)
        // The allocation's last reference may be dropped by the progress callback; it closes after the call.
        defer { withExtendedLifetime(allocation) {} }
        let history = try client.fitNow(
            model, x: tensorViews(x, count: x_count, "x", takesText: true), y: tensorViews(y, count: y_count, "y"),
            options: options.fitOptions(inputCount: x_count, outputCount: y_count, allocation: allocation))
        if let out { try deliver(HistoryReference(history), to: out) }
    }
}

@implementation @c
public func lepton_run_options_init_sized(
    _ options: UnsafeMutablePointer<lepton_run_options>?, _ struct_size: Int
) {
    lepton_run_options.initialize(options, size: struct_size)
}

@implementation @c
public func lepton_client_evaluate(
    _ client: OpaquePointer?, _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int,
    _ y: UnsafePointer<lepton_tensor_view>?, _ y_count: Int, _ options: UnsafePointer<lepton_run_options>?,
    _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let model = try object(model, "model", as: Model.self)
        let out = try output(out, "out")
        let options = try lepton_run_options.read(options, "options")
        let allocation = try optionalObject(options.allocation, "options.allocation", as: AllocationReference.self)
        defer { withExtendedLifetime(allocation) {} }
        let history = try client.evaluateNow(
            model, x: tensorViews(x, count: x_count, "x", takesText: true), y: tensorViews(y, count: y_count, "y"),
            options: options.runOptions(allocation: allocation))
        try deliver(HistoryReference(history), to: out)
    }
}

@implementation @c
public func lepton_client_predict(
    _ client: OpaquePointer?, _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int,
    _ outputs: UnsafePointer<lepton_tensor_view>?, _ output_count: Int,
    _ options: UnsafePointer<lepton_run_options>?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let model = try object(model, "model", as: Model.self)
        let options = try lepton_run_options.read(options, "options")
        guard options.sample_weight == nil else {
            throw LeptonError(
                .invalidArgument, argument: "options.sample_weight", expected: "NULL for predict",
                received: "a tensor view")
        }
        let allocation = try optionalObject(options.allocation, "options.allocation", as: AllocationReference.self)
        defer { withExtendedLifetime(allocation) {} }
        try client.predictNow(
            model, x: tensorViews(x, count: x_count, "x", takesText: true),
            into: mutableTensorViews(outputs, count: output_count, "outputs"),
            options: options.runOptions(allocation: allocation))
    }
}

@implementation @c
public func lepton_model_predict(
    _ model: OpaquePointer?, _ x: UnsafePointer<lepton_tensor_view>?, _ x_count: Int,
    _ outputs: UnsafePointer<lepton_tensor_view>?, _ output_count: Int, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let model = try object(model, "model", as: Model.self)
        try model.predict(
            tensorViews(x, count: x_count, "x", takesText: true),
            into: mutableTensorViews(outputs, count: output_count, "outputs"))
    }
}
