import LeptonNN
import LeptonTensor

/// What a worker process is told of a fit, as JSON, so that it makes the same plan: the model's config and compile
/// settings, the lengths that the data has, and how it is cut. The weights are in the memory that it shares.
struct NodeSetup {
    let config: JSONValue
    let compileConfig: JSONValue
    let seed: UInt64
    /// Of the data, where the model has axes of unknown length; nil elsewhere.
    let inputShapes: [[Int]]?
    let labels: [Int]
    let batchRows: Int
    let weights: PreparedData.WeightColumns
    /// Rows in the data.
    let rows: Int

    init(_ context: TrainingContext, data: PreparedData, batchRows: Int) {
        config = context.graph.config
        compileConfig = context.settings.config
        seed = context.seed
        let operations = context.built.operations
        inputShapes =
            context.hasUnknownLengths ? operations.modelInputs.map { operations.sampleShapes[$0] } : nil
        labels = context.labels
        self.batchRows = batchRows
        weights = data.weights
        rows = data.rows
    }

    var json: JSONValue {
        func list(_ numbers: [Int]) -> JSONValue { .array(numbers.map { .integer(Int64($0)) }) }
        return [
            "config": config, "compile_config": compileConfig,
            // As text: JSON's numbers have a sign.
            "seed": .string(String(seed)), "input_shapes": inputShapes.map { .array($0.map(list)) } ?? .null,
            "labels": list(labels), "batch_rows": .integer(Int64(batchRows)),
            "weight_columns": .array(weights.columns.map { $0.map { .integer(Int64($0)) } ?? .null }),
            "weight_floats": list(weights.floatsPerRow), "rows": .integer(Int64(rows)),
        ]
    }

    /// - Throws: `corruptData` for what `json` did not write.
    init(json: JSONValue) throws(LeptonError) {
        func bad(_ name: String) -> LeptonError {
            LeptonError(
                .corruptData, argument: "setup", expected: "a valid \(name)",
                received: json.objectValue?[name]?.kindName ?? "none")
        }
        func count(_ name: String, _ value: JSONValue?) throws(LeptonError) -> Int {
            guard let number = value?.intValue, number >= 0 else { throw bad(name) }
            return number
        }
        func list(_ name: String, _ value: JSONValue?) throws(LeptonError) -> [Int] {
            guard let values = value?.arrayValue else { throw bad(name) }
            var numbers: [Int] = []
            for value in values { numbers.append(try count(name, value)) }
            return numbers
        }
        guard let fields = json.objectValue, let config = fields["config"],
            let compileConfig = fields["compile_config"]
        else { throw bad("config") }
        self.config = config
        self.compileConfig = compileConfig
        guard let seed = fields["seed"]?.stringValue.flatMap({ UInt64($0) }) else { throw bad("seed") }
        self.seed = seed
        if let shapes = fields["input_shapes"]?.arrayValue {
            var lists: [[Int]] = []
            for shape in shapes { lists.append(try list("input_shapes", shape)) }
            inputShapes = lists
        } else {
            inputShapes = nil
        }
        labels = try list("labels", fields["labels"])
        batchRows = try count("batch_rows", fields["batch_rows"])
        rows = try count("rows", fields["rows"])
        guard batchRows > 0, let columns = fields["weight_columns"]?.arrayValue else { throw bad("weight_columns") }
        var places: [Int?] = []
        for column in columns { places.append(column.isNull ? nil : try count("weight_columns", column)) }
        weights = PreparedData.WeightColumns(
            columns: places, floatsPerRow: try list("weight_floats", fields["weight_floats"]))
    }

    /// The model as the calling process has it, but for its weights.
    func makeContext() throws(LeptonError) -> TrainingContext {
        let graph = try ModelGraph(config: config)
        let settings = try CompileSettings(config: compileConfig)
        let lowered = try graph.lowered()
        let layout = try ParameterLayout(lowered)
        // Nobody reads or writes them here, so that they take no memory.
        let parameters = try AlignedBuffer<Float>(zeros: layout.totalFloats, purpose: "the model's weights")
        let whole = try BuiltModel(
            operations: lowered, layout: layout, parameters: parameters, batchSize: graph.batchSize)
        var built = whole
        if let inputShapes {
            built = try BuiltModel(
                operations: graph.lowered(inputShapes: inputShapes, encodedLengths: NoEncodedLengths()), layout: layout,
                parameters: parameters, batchSize: graph.batchSize)
        }
        return try TrainingContext(
            built, whole: whole, graph: graph, settings: settings, labels: labels, seed: seed)
    }
}

/// How long encoded texts are is known where the texts are.
private struct NoEncodedLengths: EncodedLengths {
    func longestRow(of encoder: any StretchingEncoder, input: Int) throws(LeptonError) -> Int {
        throw LeptonError(
            .notSupported, "a layer makes rows of a length that depends on the data; give it an output_sequence_length")
    }
}
