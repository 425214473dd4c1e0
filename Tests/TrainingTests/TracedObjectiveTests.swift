import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Losses and metrics given as graphs: the form in which a program's own ones come to the library.
@Suite struct TracedObjectiveTests {
    /// A value in a graph, by the layer that makes it.
    private struct Value {
        let layer: String
        let shape: String

        var text: String {
            #"{"class_name": "__keras_tensor__", "config": {"shape": [\#(shape)], "dtype": "float32", "#
                + #""keras_history": ["\#(layer)", 0, 0]}}"#
        }
    }

    /// A graph while it is written down.
    private struct Graph {
        private var layers: [String] = []
        private var inputs: [String] = []

        private mutating func add(
            _ name: String, _ className: String, _ module: String, _ fields: String, _ calls: String
        ) {
            let config = #"{"name": "\#(name)"\#(fields.isEmpty ? "" : ", " + fields)}"#
            layers.append(
                #"{"module": "\#(module)", "class_name": "\#(className)", "config": \#(config), "name": "\#(name)", "#
                    + #""inbound_nodes": [\#(calls)]}"#)
        }

        mutating func input(_ name: String, _ shape: String) -> Value {
            add(name, "InputLayer", "keras.layers", #""batch_shape": [\#(shape)]"#, "")
            inputs.append(#"["\#(name)", 0, 0]"#)
            return Value(layer: name, shape: shape)
        }

        mutating func state(_ name: String, _ shape: String = "") -> Value {
            add(name, "Variable", "leptonai.layers", #""shape": [\#(shape)], "initializer": "zeros""#, "")
            return Value(layer: name, shape: shape)
        }

        mutating func call(_ className: String, _ arguments: [Value], _ shape: String, _ fields: String = "") -> Value {
            let name = "f\(layers.count)"
            let calls = #"{"args": [\#(arguments.map(\.text).joined(separator: ", "))], "kwargs": {}}"#
            add(name, className, "keras.ops", fields, calls)
            return Value(layer: name, shape: shape)
        }

        func written(_ outputs: [Value]) throws -> JSONValue {
            let ends = outputs.map { #"["\#($0.layer)", 0, 0]"# }.joined(separator: ", ")
            return try JSONValue(
                parsing: #"{"class_name": "Functional", "config": {"name": "g", "layers": "#
                    + #"[\#(layers.joined(separator: ", "))], "input_layers": [\#(inputs.joined(separator: ", "))], "#
                    + #""output_layers": [\#(ends)]}}"#)
        }
    }

    /// (y - p)² and what `end` makes of it.
    private static func squares(
        columns: Int, _ end: (inout Graph, Value, Value) -> Value
    ) throws -> JSONValue {
        var graph = Graph()
        let shape = "null, \(columns)"
        let (y, p) = (graph.input("y", shape), graph.input("p", shape))
        let difference = graph.call("Subtract", [y, p], shape)
        let squares = graph.call("Square", [difference], shape)
        let output = end(&graph, squares, p)
        return try graph.written([output])
    }

    private static func loss(_ graph: JSONValue, reduction: String = "sum_over_batch_size") throws -> Loss {
        try Loss([
            "class_name": "TracedLoss", "config": ["name": "own", "reduction": .string(reduction), "graph": graph],
        ])
    }

    private static let ofRows = { @Sendable (graph: inout Graph, squares: Value, _: Value) in
        graph.call("Mean", [squares], "null", #""axis": -1"#)
    }

    /// The root of the batch's mean, and the mean over the batch of each column's distance from the column's mean.
    private static let ofBatch = { @Sendable (graph: inout Graph, squares: Value, p: Value) in
        let mean = graph.call("Mean", [squares], "")
        let root = graph.call("Sqrt", [mean], "")
        let spread = graph.call("Std", [p], "4", #""axis": 0"#)
        let part = graph.call("Sum", [spread], "")
        return graph.call("Add", [root, part], "")
    }

    private static let scaled = { @Sendable (graph: inout Graph, squares: Value, p: Value) in
        let centre = graph.call("Mean", [p], "1, 4", #""axis": 0, "keepdims": true"#)
        let product = graph.call("Multiply", [squares, centre], "null, 4")
        return graph.call("Mean", [product], "null", #""axis": -1"#)
    }

    private static func metric() throws -> Metric {
        var update = Graph()
        let (y, p, w) = (update.input("y", "null, 4"), update.input("p", "null, 4"), update.input("w", "null"))
        let difference = update.call("Subtract", [y, p], "null, 4")
        let distance = update.call("Absolute", [difference], "null, 4")
        let largest = update.call("Max", [distance], "null", #""axis": -1"#)
        let weighted = update.call("Multiply", [largest, w], "null")
        let total = update.call("Sum", [weighted], "")
        let columns = update.call("Sum", [distance], "4", #""axis": 0"#)
        let weightedUpdate = try update.written([total, columns])
        var plain = Graph()
        let (a, b) = (plain.input("y", "null, 4"), plain.input("p", "null, 4"))
        let between = plain.call("Absolute", [plain.call("Subtract", [a, b], "null, 4")], "null, 4")
        let most = plain.call("Max", [between], "null", #""axis": -1"#)
        let sum = plain.call("Sum", [most], "")
        let each = plain.call("Sum", [between], "4", #""axis": 0"#)
        var result = Graph()
        _ = result.input("batch", "null, 1")
        let (first, second) = (result.state("total"), result.state("columns", "4"))
        let value = result.call("Divide", [second, first], "4")
        return try Metric(
            className: "TracedMetric",
            [
                "name": "own", "update": try plain.written([sum, each]), "weighted_update": weightedUpdate,
                "result": try result.written([value]),
                "state": [["name": "total", "shape": []], ["name": "columns", "shape": [4]]],
            ])
    }

    @Test(arguments: [1, 2, 5])
    func aGraphTrainsLikeTheLossThatItIs(_ workers: Int) throws {
        let x = try numbers([50, 6], seed: 1)
        let y = try numbers([50, 4], seed: 2)
        func trained(_ loss: Loss) throws -> ([Float], [Double]) {
            let model = Sequential(seed: 3) { Dense(units: 4, activation: .tanh, inputShape: [6]) }
            model.compile(optimizer: .sgd(learningRate: 0.5), loss: loss)
            let history = try fit(model, x, y, workers: workers) { ($0.batchSize, $0.epochs) = (20, 3) }
            return (try model.weights().flatMap(\.floats), history["loss"])
        }
        let own = try trained(Self.loss(Self.squares(columns: 4, Self.ofRows)))
        let built = try trained(.meanSquaredError)
        for (a, b) in zip(own.0, built.0) { #expect(abs(a - b) < 1e-5) }
        for (a, b) in zip(own.1, built.1) { #expect(abs(a - b) < 1e-5) }
    }

    @Test(arguments: [0, 1, 2])
    func theSameBitsOnAnyNumberOfNodes(_ index: Int) throws {
        let end = [Self.ofRows, Self.ofBatch, Self.scaled][index]
        let loss = try Self.loss(
            Self.squares(columns: 4, end), reduction: index == 2 ? "mean_with_sample_weight" : "mean")
        let metric = try Self.metric()
        func trained(_ workers: Int) throws -> ([UInt32], [[Double]]) {
            let model = Sequential(seed: 9) {
                Dense(units: 256, activation: .relu, inputShape: [64])
                Dense(units: 4, activation: .sigmoid)
            }
            model.compile(
                optimizer: .adam(), loss: loss, metrics: [metric, .meanAbsoluteError], weightedMetrics: [metric])
            let x = try numbers([150, 64], seed: 1)
            let y = try labels(rows: 150, classes: 4, oneHot: true, seed: 2)
            let weights = try numbers([150], seed: 3)
            let history = try weights.withView { view in
                try fit(model, x, y, workers: workers) {
                    $0.batchSize = 100
                    $0.epochs = 2
                    $0.sampleWeights = [view]
                }
            }
            return (try weightBits(model), history.names.map { history[$0] })
        }
        let alone = try trained(1)
        #expect(alone.1.allSatisfy { $0.allSatisfy(\.isFinite) })
        for workers in [2, 5] {
            let together = try trained(workers)
            #expect(together.0 == alone.0)
            #expect(together.1 == alone.1)
        }
    }

    @Test func aMetricOfSeveralValuesIsReportedByNumber() throws {
        let model = Sequential(seed: 3) { Dense(units: 4, inputShape: [6]) }
        model.compile(optimizer: .sgd(), loss: .meanSquaredError, metrics: [try Self.metric()])
        let history = try evaluate(model, numbers([30, 6], seed: 1), numbers([30, 4], seed: 2), batchSize: 7)
        #expect(history.names == ["loss", "own[0]", "own[1]", "own[2]", "own[3]"])
        // Each column's share of the largest distances is less than 1, and together they are at least 1.
        let shares = (0..<4).map { history["own[\($0)]"][0] }
        #expect(shares.allSatisfy { $0 > 0 && $0 < 1 } && shares.reduce(0, +) >= 1)
    }

    @Test func configsCrossOverUnchanged() throws {
        let loss = try Self.loss(Self.squares(columns: 4, Self.ofBatch))
        #expect(try Loss(loss.config) == loss)
        let metric = try Self.metric()
        #expect(try Metric(metric.config) == metric)
    }

    private func message(_ body: () throws -> Void) -> String {
        do {
            try body()
            return ""
        } catch { return "\(error)" }
    }

    @Test func lyingGraphsAreRefused() throws {
        let graph = try Self.squares(columns: 4, Self.ofRows)
        #expect(message { _ = try Self.loss("mse") }.contains("Functional"))
        #expect(message { _ = try Self.loss(["class_name": "Sequential", "config": [:]]) }.contains("Functional"))
        // Reductions over the batch are for losses and metrics.
        let total = try Self.squares(columns: 4) { graph, squares, _ in graph.call("Mean", [squares], "") }
        #expect(message { _ = try Model(config: total) }.contains("batch"))
        let metric = message {
            _ = try Metric(
                className: "TracedMetric",
                ["update": graph, "result": graph, "state": [["name": "total", "shape": []]]])
        }
        #expect(metric.contains("TracedMetric.update"))
        let x = try numbers([10, 6], seed: 1)
        let y = try numbers([10, 4], seed: 2)
        let model = Sequential(seed: 3) { Dense(units: 3, inputShape: [6]) }
        model.compile(optimizer: .sgd(), loss: try Self.loss(graph))
        #expect(message { _ = try fit(model, x, y) }.contains("(None, 3)"))
        let other = Sequential(seed: 3) { Dense(units: 4, inputShape: [6]) }
        other.compile(optimizer: .sgd(), loss: try Self.loss(.null))
        #expect(message { _ = try fit(other, x, y) }.contains("no graph yet"))
    }
}
