import LeptonTensor

/// Where a fit stands between two steps: all that it knows beside the model's own state.
///
/// The order of the rows needs no place here: it is drawn from the model's seed and its count of epochs.
package struct TrainingPosition: Sendable, Equatable {
    /// The epoch that is being trained, from 0.
    package var epoch: Int
    /// Steps of it that are done.
    package var step: Int
    /// The scoreboard's sums over these steps.
    package var sums: [Double]
    package var history: History
    /// What the fit was asked for; a fit that goes on from here must have been asked for the same.
    package var terms: TrainingTerms
}

/// What must be the same for a fit to go on where another one stopped and come to the same bits.
package struct TrainingTerms: Sendable, Equatable {
    package var rows: Int
    package var batchSize: Int
    package var shuffle: Bool
    /// The names that the history has, which tell of losses, metrics and validation.
    package var names: [String]

    fileprivate init(rows: Int, batchSize: Int, shuffle: Bool, names: [String]) {
        self.rows = rows
        self.batchSize = batchSize
        self.shuffle = shuffle
        self.names = names
    }

    /// - Parameter isMeasured: whether there is validation data.
    /// - Throws: `invalidArgument` when the fit that is to be gone on with was asked for in other terms.
    init(
        _ context: TrainingContext, _ options: TrainingOptions, rows: Int, isMeasured: Bool
    ) throws(LeptonError) {
        let scores = try Scoreboard(context.objectives)
        self.rows = rows
        batchSize = min(options.batchSize, rows)
        shuffle = options.shuffle
        names = scores.names + (isMeasured ? scores.names.map { "val_" + $0 } : [])
        guard let position = options.resumption else { return }
        if let (argument, expected, received) = difference(from: position.terms) {
            throw LeptonError(
                .invalidArgument, argument: argument,
                expected: "\(expected), as in the fit that the checkpoint is of (remove it to begin anew)",
                received: received)
        }
        let steps = (rows + batchSize - 1) / batchSize
        guard position.sums.count == scores.sums.count, position.step <= steps else {
            throw LeptonError(
                .corruptData, argument: "checkpoint", expected: "\(scores.sums.count) sums and up to \(steps) steps",
                received: "\(position.sums.count) sums and \(position.step) steps")
        }
    }

    private func difference(from other: TrainingTerms) -> (argument: String, expected: String, received: String)? {
        if rows != other.rows { return ("x", "\(other.rows) rows to train on", "\(rows)") }
        if batchSize != other.batchSize { return ("batch_size", "\(other.batchSize)", "\(batchSize)") }
        if shuffle != other.shuffle { return ("shuffle", "\(other.shuffle)", "\(shuffle)") }
        if names != other.names {
            return (
                "model", "losses and metrics \(other.names.joined(separator: ", "))", names.joined(separator: ", ")
            )
        }
        return nil
    }
}

/// How often a fit keeps its position, and where.
package struct CheckpointPolicy {
    /// After so many steps; nil: not by steps.
    package var everySteps: Int?
    /// After so much time; nil: not by time.
    package var everyNanoseconds: UInt64?
    /// Nanoseconds of a clock that never runs backwards.
    package var now: () -> UInt64
    /// Keeps the model's state and the position; called between two steps on the thread that trains.
    package var save: (TrainingPosition) throws(LeptonError) -> Void

    package init(
        everySteps: Int?, everyNanoseconds: UInt64?, now: @escaping () -> UInt64,
        save: @escaping (TrainingPosition) throws(LeptonError) -> Void
    ) {
        self.everySteps = everySteps
        self.everyNanoseconds = everyNanoseconds
        self.now = now
        self.save = save
    }
}

// In files, numbers that must come back to the bit, NaN among them, are the 16 hexadecimal digits of their bits.
extension TrainingPosition {
    package var json: JSONValue {
        var series = JSONObject()
        for name in history.names { series[name] = .string(hexadecimal(history[name])) }
        return [
            "epoch": .integer(Int64(epoch)), "step": .integer(Int64(step)), "sums": .string(hexadecimal(sums)),
            "history_epochs": .array(history.epochs.map { .integer(Int64($0)) }), "history": .object(series),
            "rows": .integer(Int64(terms.rows)), "batch_size": .integer(Int64(terms.batchSize)),
            "shuffle": .bool(terms.shuffle), "names": .array(terms.names.map { .string($0) }),
        ]
    }

    /// - Throws: `corruptData` for anything but what `json` gives.
    package init(json: JSONValue) throws(LeptonError) {
        func missing(_ key: String) -> LeptonError {
            LeptonError(
                .corruptData, argument: "checkpoint", expected: "'\(key)' of a fit's position",
                received: json.objectValue?[key]?.kindName ?? "nothing")
        }
        func count(_ key: String) throws(LeptonError) -> Int {
            guard let value = json.objectValue?[key]?.intValue, (0...Int(Int32.max)).contains(value) else {
                throw missing(key)
            }
            return value
        }
        func numbers(_ value: JSONValue?, _ key: String) throws(LeptonError) -> [Double] {
            guard let text = value?.stringValue, let numbers = doubles(hexadecimal: text) else { throw missing(key) }
            return numbers
        }
        epoch = try count("epoch")
        step = try count("step")
        sums = try numbers(json.objectValue?["sums"], "sums")
        guard let shuffle = json.objectValue?["shuffle"]?.boolValue else { throw missing("shuffle") }
        guard let names = json.objectValue?["names"]?.arrayValue?.map(\.stringValue), !names.contains(nil) else {
            throw missing("names")
        }
        terms = TrainingTerms(
            rows: try count("rows"), batchSize: try count("batch_size"), shuffle: shuffle,
            names: names.compactMap(\.self))
        guard let epochs = json.objectValue?["history_epochs"]?.arrayValue?.map(\.intValue), !epochs.contains(nil),
            let series = json.objectValue?["history"]?.objectValue
        else { throw missing("history") }
        var values: [(name: String, values: [Double])] = []
        for name in series.keys {
            let column = try numbers(series[name], "history")
            guard column.count <= epochs.count else { throw missing("history") }
            values.append((name, column))
        }
        history = History(epochs: epochs.compactMap(\.self), series: values)
    }
}

private func hexadecimal(_ values: [Double]) -> String {
    values.map { value in
        let digits = String(value.bitPattern, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
}

private func doubles(hexadecimal text: String) -> [Double]? {
    let digits = Array(text.utf8)
    guard digits.count % 16 == 0 else { return nil }
    var values: [Double] = []
    for start in stride(from: 0, to: digits.count, by: 16) {
        guard let bits = UInt64(String(decoding: digits[start..<start + 16], as: UTF8.self), radix: 16) else {
            return nil
        }
        values.append(Double(bitPattern: bits))
    }
    return values
}
