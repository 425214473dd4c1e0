import CLepton
import Lepton

extension lepton_fit_options: VersionedStruct {
    static var defaults: Self {
        var options = Self()
        options.struct_size = MemoryLayout<Self>.size
        options.batch_size = 32
        options.epochs = 1
        options.shuffle = 1
        return options
    }

    /// - Parameters:
    ///   - inputCount: the number of tensors in x, and so in `validation_x`.
    ///   - outputCount: the number of tensors in y, and so in `validation_y`.
    ///   - allocation: what the `allocation` handle stands for; the caller keeps it alive during the call.
    func fitOptions(
        inputCount: Int, outputCount: Int, allocation: AllocationReference?
    ) throws(LeptonError) -> FitOptions {
        var options = FitOptions()
        options.batchSize = Int(batch_size)
        options.epochs = Int(epochs)
        options.initialEpoch = Int(initial_epoch)
        options.shuffle = try flag(shuffle, "options.shuffle")
        options.validationSplit = validation_split
        options.validation = try validation(inputCount: inputCount, outputCount: outputCount)
        options.validationBatchSize = validation_batch_size == 0 ? nil : Int(validation_batch_size)
        options.allowNonFinite = try allowsNonFinite(nonfinite)
        options.sampleWeights = try weightViews(sample_weight, sample_weight_count, "options.sample_weight")
        options.classWeight = try classWeights(class_weight_classes, class_weight_values, class_weight_count)
        options.allocation = allocation?.allocation
        options.storeName = try optionalText(store_name, "options.store_name")
        options.progress = progressReporter(progress, context: progress_context)
        options.cancel = try optionalObject(cancel, "options.cancel")
        options.autoscale = try flag(autoscale, "options.autoscale")
        if let name = try optionalText(checkpoint_name, "options.checkpoint_name") {
            options.checkpoint = CheckpointOptions(
                name: name, everySteps: checkpoint_steps == 0 ? nil : Int(checkpoint_steps),
                everySeconds: checkpoint_seconds == 0 ? nil : checkpoint_seconds)
        }
        return options
    }

    private func validation(inputCount: Int, outputCount: Int) throws(LeptonError) -> ValidationData? {
        guard validation_x != nil || validation_y != nil || validation_sample_weight != nil else { return nil }
        for (name, isMissing) in [("validation_x", validation_x == nil), ("validation_y", validation_y == nil)]
        where isMissing {
            throw LeptonError(
                .invalidArgument, argument: "options.\(name)",
                expected: "tensors, because other validation data is given", received: "NULL")
        }
        return ValidationData(
            x: try tensorViews(validation_x, count: inputCount, "options.validation_x", takesText: true),
            y: try tensorViews(validation_y, count: outputCount, "options.validation_y"),
            sampleWeights: try weightViews(
                validation_sample_weight, validation_sample_weight_count, "options.validation_sample_weight"))
    }
}

extension lepton_run_options: VersionedStruct {
    static var defaults: Self {
        var options = Self()
        options.struct_size = MemoryLayout<Self>.size
        options.batch_size = 32
        return options
    }

    func runOptions(allocation: AllocationReference?) throws(LeptonError) -> RunOptions {
        var options = RunOptions()
        options.batchSize = Int(batch_size)
        options.allowNonFinite = try allowsNonFinite(nonfinite)
        options.sampleWeights = try weightViews(sample_weight, sample_weight_count, "options.sample_weight")
        options.allocation = allocation?.allocation
        options.progress = progressReporter(progress, context: progress_context)
        options.cancel = try optionalObject(cancel, "options.cancel")
        return options
    }
}

/// Sample weights: as many tensors as `count` says, one where it is 0.
func weightViews(
    _ views: UnsafePointer<lepton_tensor_view>?, _ count: Int, _ argument: String
) throws(LeptonError) -> [TensorView] {
    guard views != nil else { return [] }
    return try tensorViews(views, count: count == 0 ? 1 : count, argument)
}

func allowsNonFinite(_ policy: Int32) throws(LeptonError) -> Bool {
    switch policy {
    case Int32(truncatingIfNeeded: LEPTON_NONFINITE_ERROR.rawValue): false
    case Int32(truncatingIfNeeded: LEPTON_NONFINITE_ALLOW.rawValue): true
    default:
        throw LeptonError(
            .invalidArgument, argument: "options.nonfinite", expected: "a lepton_nonfinite_policy (0 or 1)",
            received: "\(policy)")
    }
}

/// A caller's array, with its count checked as far as a count can be.
func array<Element>(
    _ pointer: UnsafePointer<Element>?, count: Int, _ argument: String, countName: String
) throws(LeptonError) -> UnsafeBufferPointer<Element> {
    // Far more than any model has; a count beyond it was never set.
    let maximum = 1 << 20
    guard (0...maximum).contains(count) else {
        throw LeptonError(
            .invalidArgument, argument: countName, expected: "0 ... \(maximum)",
            received: "\(UInt(bitPattern: count))")
    }
    guard count > 0 else { return UnsafeBufferPointer(start: nil, count: 0) }
    guard let pointer else {
        throw LeptonError(.invalidArgument, argument: argument, expected: "\(count) elements", received: "NULL")
    }
    try requireAligned(pointer, argument)
    return UnsafeBufferPointer(start: pointer, count: count)
}

/// Passes events to the caller's function. Nothing is allocated for an event: the struct is on the stack and the
/// names are C strings that the training made once.
func progressReporter(
    _ function: lepton_progress_fn?, context: UnsafeMutableRawPointer?
) -> ((borrowing ProgressEvent) -> Bool)? {
    guard let function else { return nil }
    return { event in
        var progress = lepton_progress()
        progress.struct_size = MemoryLayout<lepton_progress>.size
        progress.event = event.kind.rawValue
        progress.epoch = Int32(clamping: event.epoch)
        progress.epochs = Int32(clamping: event.epochs)
        progress.step = Int64(event.step)
        progress.steps = Int64(event.steps)
        progress.names = event.names.cStrings
        progress.values = event.values.baseAddress
        progress.count = event.values.count
        return function(&progress, context) == 0
    }
}

/// The weights of classes from two arrays; nil for none.
func classWeights(
    _ numbers: UnsafePointer<Int64>?, _ weights: UnsafePointer<Double>?, _ count: Int
) throws(LeptonError) -> [Int: Double]? {
    guard count != 0 else { return nil }
    let classes = try array(
        numbers, count: count, "options.class_weight_classes", countName: "options.class_weight_count")
    let values = try array(
        weights, count: count, "options.class_weight_values", countName: "options.class_weight_count")
    var weights: [Int: Double] = [:]
    for (index, (number, value)) in zip(classes, values).enumerated() {
        guard value >= 0, value.isFinite else {
            throw LeptonError(
                .invalidArgument, argument: "options.class_weight_values[\(index)]", expected: "a finite number >= 0",
                received: "\(value)")
        }
        guard weights.updateValue(value, forKey: Int(number)) == nil else {
            throw LeptonError(
                .invalidArgument, argument: "options.class_weight_classes[\(index)]", expected: "each class once",
                received: "\(number) again")
        }
    }
    return weights
}
