import LeptonNN
import LeptonTensor
import LeptonTraining
import Testing

/// Losses and metrics that need totals over the whole batch, and their configs.
@Suite struct ObjectiveTests {
    private static let losses: [(String, Loss, Bool)] = [
        ("dice", .dice(), true), ("tversky by class", .tversky(axes: [0]), true), ("hinge", .hinge, true),
        ("weighted mean", .meanSquaredError.reduced(by: .meanWithSampleWeight), true),
        ("ignored class", .sparseCategoricalCrossentropy(fromLogits: true, ignoreClass: 2), false),
        ("sum", .huber().reduced(by: .sum), true),
    ]

    /// A batch that is cut into several shards, whose parts of the totals are added in shard order.
    @Test(arguments: losses.indices)
    func batchTotalsAreTheSameBitsOnAnyNumberOfNodes(_ index: Int) throws {
        let (name, loss, isOneHot) = Self.losses[index]
        func trained(_ workers: Int) throws -> ([UInt32], [[Double]]) {
            let model = Sequential(seed: 9) {
                Dense(units: 256, activation: .relu, inputShape: [64])
                Dense(units: 4, activation: .sigmoid)
            }
            let metrics =
                isOneHot
                ? [
                    try Metric(className: "AUC"), try Metric(className: "F1Score", ["average": "macro"]),
                    try Metric(className: "R2Score"), .meanAbsoluteError,
                ] : [.sparseCategoricalAccuracy]
            model.compile(optimizer: .adam(), loss: loss, metrics: metrics, weightedMetrics: metrics)
            let x = try numbers([150, 64], seed: 1)
            let y = try labels(rows: 150, classes: 4, oneHot: isOneHot, seed: 2)
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
        for workers in [2, 5] {
            let together = try trained(workers)
            #expect(together.0 == alone.0, "\(name)")
            #expect(together.1 == alone.1, "\(name)")
        }
    }

    @Test func configsCrossOverUnchanged() throws {
        let losses: [Loss] =
            Loss.Kind.allCases.map { Loss($0) } + [
                .huber(delta: 2), .dice(axes: [1, 2]), .cosineSimilarity(axis: 1),
                .sparseCategoricalCrossentropy(ignoreClass: -1), .poisson.reduced(by: .sum),
            ]
        for loss in losses { #expect(try Loss(loss.config) == loss) }
        for name in Metric.ClassName.allCases {
            var arguments: JSONObject = [:]
            switch name {
            case .iou, .oneHotIoU: arguments = ["num_classes": 3, "target_class_ids": [0, 2]]
            case .meanIoU, .oneHotMeanIoU: arguments = ["num_classes": 3]
            case .f1Score, .fBetaScore: arguments = ["average": "weighted"]
            case .precisionAtRecall: arguments = ["recall": 0.5]
            case .recallAtPrecision: arguments = ["precision": 0.5]
            case .sensitivityAtSpecificity: arguments = ["specificity": 0.5]
            case .specificityAtSensitivity: arguments = ["sensitivity": 0.5]
            case .meanMetricWrapper: arguments = ["fn": "huber", "delta": 0.5]
            // Those have graphs; see TracedObjectiveTests.
            case .traced: continue
            default: break
            }
            let metric = try Metric(className: name.rawValue, arguments)
            #expect(try Metric(metric.config) == metric, "\(name)")
        }
    }

    @Test func badArgumentsAreNamed() throws {
        func message(_ body: () throws -> Void) -> String {
            do {
                try body()
                return ""
            } catch { return "\(error)" }
        }
        func loss(_ name: String, _ config: JSONObject) -> String {
            message { _ = try Loss(["class_name": .string(name), "config": .object(config)]) }
        }
        func metric(_ name: String, _ config: JSONObject) -> String {
            message { _ = try Metric(className: name, config) }
        }
        #expect(loss("MeanSquaredError", ["reduction": "avg"]).contains("mean_with_sample_weight"))
        #expect(loss("MeanSquaredError", ["reduction": nil]).contains("reduction"))
        #expect(loss("CategoricalGeneralizedCrossEntropy", ["q": 1]).contains("(0, 1)"))
        #expect(loss("Dice", ["axis": "x"]).contains("axis"))
        #expect(metric("AUC", ["curve": "XYZ"]).contains("PRGAIN"))
        #expect(metric("AUC", ["num_thresholds": 1]).contains("num_thresholds"))
        #expect(metric("F1Score", ["average": "mean"]).contains("'macro'"))
        #expect(metric("Precision", ["thresholds": []]).contains("at least one"))
        #expect(metric("Precision", ["thresholds": 1.5]).contains("[0, 1]"))
        #expect(metric("MeanIoU", [:]).contains("num_classes"))
        #expect(metric("IoU", ["num_classes": 2, "target_class_ids": [2]]).contains("[0, 2)"))
        #expect(metric("RecallAtPrecision", [:]).contains("precision"))
        #expect(metric("R2Score", ["class_aggregation": "sum"]).contains("uniform_average"))
    }
}
