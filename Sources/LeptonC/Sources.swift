import CLepton
import Lepton

extension lepton_batch: VersionedStruct {
    static var defaults: Self {
        var batch = Self()
        batch.struct_size = MemoryLayout<Self>.size
        return batch
    }

    fileprivate func read(_ argument: String) throws(LeptonError) -> BatchData {
        BatchData(
            x: try tensorViews(x, count: x_count, "\(argument).x", takesText: true),
            y: try tensorViews(y, count: y_count, "\(argument).y"),
            sampleWeights: try weightViews(sample_weight, sample_weight_count, "\(argument).sample_weight"))
    }
}

/// A source from the caller's function.
private func dataSource(
    _ function: @escaping lepton_data_source_fn, _ context: UnsafeMutableRawPointer?, _ argument: String
) -> DataSource {
    DataSource { () throws(LeptonError) in
        var batch = lepton_batch.defaults
        let answer = function(&batch, context)
        guard answer >= 0 else { throw LeptonError(.cancelled, "the \(argument) stopped the call") }
        return answer == 0 ? nil : try batch.read("\(argument)'s batch")
    }
}

extension lepton_source_options: VersionedStruct {
    static var defaults: Self {
        var options = Self()
        options.struct_size = MemoryLayout<Self>.size
        options.epochs = 1
        return options
    }

    fileprivate func fitOptions(allocation: AllocationReference?) throws(LeptonError) -> SourceFitOptions {
        var options = SourceFitOptions()
        options.epochs = Int(epochs)
        options.initialEpoch = Int(initial_epoch)
        options.stepsPerEpoch = steps_per_epoch == 0 ? nil : Int(steps_per_epoch)
        options.validation = validation.map { dataSource($0, validation_context, "validation source") }
        options.validationSteps = validation_steps == 0 ? nil : Int(validation_steps)
        options.classWeight = try classWeights(class_weight_classes, class_weight_values, class_weight_count)
        options.allowNonFinite = try allowsNonFinite(nonfinite)
        options.allocation = allocation?.allocation
        options.progress = progressReporter(progress, context: progress_context)
        options.cancel = try optionalObject(cancel, "options.cancel")
        return options
    }
}

@implementation @c
public func lepton_source_options_init_sized(
    _ options: UnsafeMutablePointer<lepton_source_options>?, _ struct_size: Int
) {
    lepton_source_options.initialize(options, size: struct_size)
}

@implementation @c
public func lepton_client_fit_source(
    _ client: OpaquePointer?, _ model: OpaquePointer?, _ source: lepton_data_source_fn?,
    _ context: UnsafeMutableRawPointer?, _ options: UnsafePointer<lepton_source_options>?, _ out: HandleOut?,
    _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let model = try object(model, "model", as: Model.self)
        let source = try requireSource(source)
        let options = try lepton_source_options.read(options, "options")
        let allocation = try optionalObject(options.allocation, "options.allocation", as: AllocationReference.self)
        defer { withExtendedLifetime(allocation) {} }
        let history = try client.fitNow(
            model, source: dataSource(source, context, "source"), options: options.fitOptions(allocation: allocation))
        if let out { try deliver(HistoryReference(history), to: out) }
    }
}

@implementation @c
public func lepton_client_evaluate_source(
    _ client: OpaquePointer?, _ model: OpaquePointer?, _ source: lepton_data_source_fn?,
    _ context: UnsafeMutableRawPointer?, _ steps: Int64, _ options: UnsafePointer<lepton_run_options>?,
    _ out: HandleOut?, _ error: ErrorOut?
) -> lepton_status {
    boundary(error) { () throws(LeptonError) in
        let client = try object(client, "client", as: LeptonClient.self)
        let model = try object(model, "model", as: Model.self)
        let source = try requireSource(source)
        let out = try output(out, "out")
        guard steps >= 0 else {
            throw LeptonError(.invalidArgument, argument: "steps", expected: "at least 0", received: "\(steps)")
        }
        let options = try lepton_run_options.read(options, "options")
        let allocation = try optionalObject(options.allocation, "options.allocation", as: AllocationReference.self)
        defer { withExtendedLifetime(allocation) {} }
        let history = try client.evaluateNow(
            model, source: dataSource(source, context, "source"), steps: steps == 0 ? nil : Int(steps),
            options: options.runOptions(allocation: allocation))
        try deliver(HistoryReference(history), to: out)
    }
}

private func requireSource(_ source: lepton_data_source_fn?) throws(LeptonError) -> lepton_data_source_fn {
    guard let source else {
        throw LeptonError(.invalidArgument, argument: "source", expected: "a function", received: "NULL")
    }
    return source
}
